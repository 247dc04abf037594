"""The description of what Backstage's catalog does not have."""

from callboard_catalog.api.openapi.terms import (
    FILTER,
    NAME,
    REF,
    TEXT,
    TEXTS,
    WHOLE,
    in_query,
    listed,
    number,
    operation,
    shape,
)
from callboard_catalog.documents import JsonValue


def beyond_paths() -> dict[str, JsonValue]:
    """Operations by path."""
    return {
        f"{NAME}/history": {
            "get": operation(
                "GetEntityHistory",
                "Changes of an entity, newest first.",
                shape(["items"], items=listed({"type": "object"})),
                parameters=[
                    *REF,
                    number("limit", 1, "How many at most."),
                    number("before", 1, "Only changes with a smaller number."),
                ],
                others=(404,),
            )
        },
        f"{NAME}/why": {
            "get": operation(
                "GetEntityReasons",
                "Why an entity is so, or is not there.",
                shape(["ref", "there", "told"], ref=TEXT, told=TEXTS),
                parameters=REF,
                others=(404,),
            )
        },
        "/changes": {
            "get": operation(
                "GetChanges",
                "What changed after a position.",
                shape(
                    ["position", "reset", "upserted", "removed"],
                    position=TEXT,
                    reset={"type": "boolean"},
                    upserted=listed(WHOLE),
                    removed=TEXTS,
                ),
                parameters=[
                    in_query("after", TEXT, "The position of the last answer."),
                    number("limit", 1, "How many changes at most."),
                    number("wait", 0, "Seconds to wait for a change, at most 55."),
                ],
            )
        },
        "/export.yaml": {
            "get": operation(
                "GetExport",
                "Entities as YAML documents, one each.",
                None,
                parameters=[FILTER],
                media="application/yaml",
            )
        },
    }
