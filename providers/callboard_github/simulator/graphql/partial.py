"""GraphQL answers with something missing, as GitHub gives when it runs out of time."""

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from callboard_github.simulator.documents import Document

_MESSAGE = (
    "Resource limits for this query exceeded. Something went wrong while executing "
    "your query."
)


def hide(response: "Document") -> "Document":
    """Return a response whose first list of nodes has null for its last one.

    A response without such a list comes back unchanged.
    """
    path: list[str | int] = []
    if _hide(response.get("data"), path):
        error: Document = {
            "type": "RESOURCE_LIMITS_EXCEEDED",
            "path": path,
            "locations": [{"line": 1, "column": 1}],
            "message": _MESSAGE,
        }
        errors = cast("list[Document]", response.get("errors", []))
        return response | {"errors": [*errors, error]}
    return response


def _hide(value: object, path: list[str | int]) -> bool:
    if not isinstance(value, dict):
        return False
    for name, inner in cast("dict[str, object]", value).items():
        path.append(name)
        nodes = cast("list[object]", inner)
        if name == "nodes" and isinstance(inner, list) and nodes:
            nodes[-1] = None
            path.append(len(nodes) - 1)
            return True
        if _hide(cast("object", inner), path):
            return True
        path.pop()
    return False
