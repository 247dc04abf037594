"""Entity refs: how entities name each other.

Owns the text form ``[<kind>:][<namespace>/]<name>`` and the canonical one, lower case
with kind and namespace always there, as in Backstage's catalog model.
"""

from functools import lru_cache

from msgspec import Struct
from msgspec.structs import force_setattr

DEFAULT_NAMESPACE = "default"


class InvalidRef(ValueError):  # noqa: N818 - a ValueError that callers tell apart
    """A text that is no entity ref."""

    def __init__(self, text: str, expected: str) -> None:
        came = text if len(text) <= 80 else text[:77] + "…"
        super().__init__(f"expected an entity ref, {expected}, came {came!r}")


class EntityRef(Struct, frozen=True, order=True):
    """The identity of an entity; parts are lower case, whatever they were given as."""

    kind: str
    namespace: str
    name: str

    def __post_init__(self) -> None:
        force_setattr(self, "kind", self.kind.lower())
        force_setattr(self, "namespace", self.namespace.lower())
        force_setattr(self, "name", self.name.lower())

    def __str__(self) -> str:
        """The canonical form, ``kind:namespace/name``."""
        return f"{self.kind}:{self.namespace}/{self.name}"

    @classmethod
    def parse(
        cls,
        text: "str | EntityRef",
        *,
        kind: str | None = None,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> "EntityRef":
        """Read ``[<kind>:][<namespace>/]<name>``.

        Args:
            text: What to read.
            kind: Taken when the text names none; without it the text must.
            namespace: Taken when the text names none.

        Raises:
            InvalidRef: A part is empty, or no kind is known.
        """
        if isinstance(text, EntityRef):
            return text
        return cls(*_split(text, kind, namespace))


def canonical(text: str, kind: str | None, namespace: str) -> str:
    """The canonical text of a ref, without an object in between.

    Raises:
        InvalidRef: As ``EntityRef.parse``.
    """
    return _canonical(text, kind, namespace)


@lru_cache(maxsize=8192)
def _canonical(text: str, kind: str | None, namespace: str) -> str:
    parts = _split(text, kind, namespace)
    return f"{parts[0]}:{parts[1]}/{parts[2]}".lower()


def _split(text: str, kind: str | None, namespace: str) -> tuple[str, str, str]:
    colon = text.find(":")
    slash = text.find("/")
    if -1 < slash < colon:
        colon = -1
    given_kind = kind if colon == -1 else text[:colon]
    given_namespace = namespace if slash == -1 else text[colon + 1 : slash]
    name = text[max(colon, slash) + 1 :]
    if given_kind is None:
        raise InvalidRef(text, "<kind>:[<namespace>/]<name> (no default kind here)")
    if not (given_kind and given_namespace and name):
        raise InvalidRef(text, "[<kind>:][<namespace>/]<name>")
    return given_kind, given_namespace, name
