"""Whether a document is an entity that the catalog takes.

Owns the rules, which are Backstage's, and the wording of what breaks them: every problem
names a path, what was expected and what came. Custom kinds pass, checked against a JSON
Schema when one was given.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from callboard_catalog import formats
from callboard_catalog.documents import Document, JsonValue, encode, shown
from callboard_catalog.entity import Entity
from callboard_catalog.kinds import BY_LOWER_NAME, KINDS, Kind, kind_of
from callboard_catalog.relations import unreadable_names

_ROOT = frozenset(("apiVersion", "kind", "metadata", "spec", "relations", "status"))
_LARGEST = 1024 * 1024
_NOTHING = "nothing"


class Problem(Struct, frozen=True):
    """One thing that is wrong with a document."""

    path: str
    """Such as ``metadata.tags[2]``; empty for the document itself."""
    expected: str
    came: str
    line: int | None = None
    """Where in the file, counted from 1, when the document was read from one."""

    def __str__(self) -> str:
        """One line for people."""
        where = self.path or "entity"
        line = "" if self.line is None else f"line {self.line}: "
        return f"{line}{where}: expected {self.expected}, came {self.came}"


Schema = Callable[[Document], list[Problem]]
"""Checks one custom kind; ``schemas.schema_of`` makes one."""


class InvalidEntity(ValueError):  # noqa: N818 - a ValueError that callers tell apart
    """A document that is no entity, with all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def parse_entity(
    document: object, schemas: Mapping[str, Schema] | None = None
) -> Entity:
    """Read a document from anywhere.

    Raises:
        InvalidEntity: Some rule is broken.
    """
    problems = problems_in(document, schemas)
    if problems or not isinstance(document, Mapping):
        raise InvalidEntity(problems)
    return Entity.of(document)  # pyright: ignore[reportUnknownArgumentType] - checked


def problems_in(
    document: object, schemas: Mapping[str, Schema] | None = None
) -> list[Problem]:
    """Everything wrong with a document, in the order of its fields; empty when valid.

    Args:
        document: JSON as decoded, from anywhere.
        schemas: Checks for custom kinds, by kind.
    """
    if not isinstance(document, Mapping):
        return [Problem("", "an object", shown(document))]
    entity: Document = document  # pyright: ignore[reportUnknownVariableType] - JSON
    found = [*_envelope(entity)]
    found += _metadata(entity.get("metadata"))
    kind = kind_of(entity.get("kind"), entity.get("apiVersion"))
    if kind is not None:
        found += _spec(kind, entity.get("spec"))
        if not found:
            found += _names(kind, entity)
    elif schemas and not found:
        schema = schemas.get(str(entity.get("kind")))
        found += schema(entity) if schema else []
    return found or _size(entity)


def _envelope(entity: Document) -> Iterator[Problem]:
    for key in entity:
        if key not in _ROOT:
            expected = "no member but apiVersion, kind, metadata and spec"
            yield Problem(str(key), expected, shown(key))
    yield from _formatted("apiVersion", entity, "apiVersion", formats.API_VERSION)
    yield from _formatted("kind", entity, "kind", formats.KIND)
    kind = entity.get("kind")
    if isinstance(kind, str) and kind not in KINDS:
        known = BY_LOWER_NAME.get(kind.lower())
        if known is not None:
            yield Problem("kind", f"{known} (upper and lower case count)", shown(kind))
    spec = entity.get("spec")
    if spec is not None and not isinstance(spec, Mapping):
        yield Problem("spec", "an object", shown(spec))


def _metadata(metadata: JsonValue) -> Iterator[Problem]:
    if not isinstance(metadata, Mapping):
        came = _NOTHING if metadata is None else shown(metadata)
        yield Problem("metadata", "an object", came)
        return
    yield from _formatted("metadata.name", metadata, "name", formats.NAME)
    if "namespace" in metadata:
        yield from _formatted(
            "metadata.namespace", metadata, "namespace", formats.NAMESPACE
        )
    if "title" in metadata:
        yield from _text("metadata.title", metadata["title"])
    description = metadata.get("description", "")
    if not isinstance(description, str):
        yield Problem("metadata.description", "a text", shown(description))
    for name, value_format in (
        ("labels", formats.LABEL_VALUE),
        ("annotations", None),
    ):
        if name in metadata:
            yield from _keyed(f"metadata.{name}", metadata[name], value_format)
    if "tags" in metadata:
        yield from _tags(metadata["tags"])
    if "links" in metadata:
        yield from _links(metadata["links"])


def _formatted(
    path: str, parent: Document, key: str, form: formats.Format
) -> Iterator[Problem]:
    value = parent.get(key)
    if value is None:
        yield Problem(path, form.expected, _NOTHING)
    elif not isinstance(value, str) or not form.check(value):
        yield Problem(path, form.expected, shown(value))


def _text(path: str, value: JsonValue) -> Iterator[Problem]:
    if not isinstance(value, str) or not value:
        yield Problem(path, "a text that is not empty", shown(value))


def _keyed(
    path: str, value: JsonValue, value_format: formats.Format | None
) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, "an object of texts", shown(value))
        return
    for key, text in value.items():
        if not formats.KEY.check(key):
            yield Problem(path, f"keys of the form {formats.KEY.expected}", shown(key))
        if not isinstance(text, str):
            yield Problem(f"{path}.{key}", "a text", shown(text))
        elif value_format is not None and not value_format.check(text):
            yield Problem(f"{path}.{key}", value_format.expected, shown(text))


def _tags(value: JsonValue) -> Iterator[Problem]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        yield Problem("metadata.tags", "a list of texts", shown(value))
        return
    for index, tag in enumerate(value):
        if not isinstance(tag, str) or not formats.TAG.check(tag):
            path = f"metadata.tags[{index}]"
            yield Problem(path, formats.TAG.expected, shown(tag))


def _links(value: JsonValue) -> Iterator[Problem]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        yield Problem("metadata.links", "a list of objects", shown(value))
        return
    for index, link in enumerate(value):
        path = f"metadata.links[{index}]"
        if not isinstance(link, Mapping):
            yield Problem(path, "an object", shown(link))
            continue
        yield from _formatted(f"{path}.url", link, "url", formats.URL)
        for key in ("title", "icon", "type"):
            text = link.get(key)
            if key in link and (not isinstance(text, str) or not text.strip()):
                yield Problem(f"{path}.{key}", "a text that is not blank", shown(text))


def _spec(kind: Kind, spec: JsonValue) -> Iterator[Problem]:
    if not isinstance(spec, Mapping):
        if spec is None and kind.required:
            fields = ", ".join(kind.required)
            yield Problem("spec", f"an object with {fields}", _NOTHING)
        return
    required = kind.required
    if kind.name == "API" and spec.get("type") == "mcp-server":
        required = ("lifecycle", "owner", "remotes")
    for name in required:
        if name not in spec:
            what = "a list of texts" if name in kind.lists else "a value"
            yield Problem(f"spec.{name}", what, _NOTHING)
    for name in kind.texts:
        if name in spec:
            yield from _text(f"spec.{name}", spec[name])
    for name in kind.lists:
        if name in spec:
            yield from _list_of_texts(f"spec.{name}", spec[name])
    if kind.profile and "profile" in spec:
        yield from _profile(spec["profile"])
    presence = spec.get("presence", "required")
    if kind.name == "Location" and presence not in {"required", "optional"}:
        yield Problem("spec.presence", "required or optional", shown(presence))


def _list_of_texts(path: str, value: JsonValue) -> Iterator[Problem]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        yield Problem(path, "a list of texts", shown(value))
        return
    for index, text in enumerate(value):
        yield from _text(f"{path}[{index}]", text)


def _profile(value: JsonValue) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem("spec.profile", "an object", shown(value))
        return
    for name in ("displayName", "email", "picture"):
        if name in value:
            yield from _text(f"spec.profile.{name}", value[name])


def _names(kind: Kind, entity: Document) -> Iterator[Problem]:
    for path, reason in unreadable_names(kind, entity):
        expected, _, came = reason.removeprefix("expected ").partition(", came ")
        yield Problem(path, expected, came)


def _size(entity: Document) -> list[Problem]:
    try:
        encoded = encode(entity)
    except ValueError as error:
        return [Problem("", "a document that JSON can hold", str(error))]
    if len(encoded) > _LARGEST:
        return [Problem("", f"at most {_LARGEST} bytes", f"{len(encoded)} bytes")]
    # PostgreSQL keeps no NUL in a text.
    if b"\\u0000" in encoded and _holds_nul(entity):
        return [Problem("", "texts without NUL characters", "one with NUL")]
    return []


def _holds_nul(value: JsonValue) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any("\0" in key or _holds_nul(item) for key, item in value.items())
    if isinstance(value, Sequence):
        return any(map(_holds_nul, value))
    return False
