"""What an entity says about others: relations, each with its inverse.

Owns the reading of the fields that name entities. A relation may point at an entity
that is not there; it is kept, for it may come.
"""

from collections.abc import Iterator
from typing import NamedTuple

from callboard_catalog.documents import Document, JsonValue, items, members
from callboard_catalog.kinds import Kind, kind_of
from callboard_catalog.refs import DEFAULT_NAMESPACE, InvalidRef, canonical


class Relation(NamedTuple):
    """``source`` has a relation of ``type`` to ``target``; both canonical refs."""

    source: str
    type: str
    target: str


def relations_of(ref: str, document: Document) -> list[Relation]:
    """Every relation that a valid entity makes, in both directions, each once."""
    kind = kind_of(document.get("kind"), document.get("apiVersion"))
    if kind is None:
        return []
    found: dict[Relation, None] = {}
    for _path, type_, inverse, target in _targets(kind, document):
        if not isinstance(target, InvalidRef):
            found[Relation(ref, type_, target)] = None
            found[Relation(target, inverse, ref)] = None
    return list(found)


def unreadable_names(kind: Kind, document: Document) -> Iterator[tuple[str, str]]:
    """Paths of texts that should name an entity but can not, with the reason."""
    for path, _type, _inverse, target in _targets(kind, document):
        if isinstance(target, InvalidRef):
            yield path, str(target)


def _targets(
    kind: Kind, document: Document
) -> Iterator[tuple[str, str, str, str | InvalidRef]]:
    spec = members(document.get("spec"))
    given = members(document.get("metadata")).get("namespace")
    namespace = given if isinstance(given, str) and given else DEFAULT_NAMESPACE
    for names in kind.names:
        value = spec.get(names.field)
        if value is None:
            continue
        for index, text in enumerate(items(value)):
            if not isinstance(text, str):
                continue
            target: str | InvalidRef
            try:
                target = canonical(text, names.kind, namespace)
            except InvalidRef as error:
                target = error
            path = _path(names.field, value, index)
            yield path, names.type, names.inverse, target


def _path(field: str, value: JsonValue, index: int) -> str:
    return f"spec.{field}" if isinstance(value, str) else f"spec.{field}[{index}]"
