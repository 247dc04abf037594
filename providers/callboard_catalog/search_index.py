"""What entities can be found by.

Owns the flat rows, one per key and value of a document, that filters, order, facets and
full text read; and the relations beside them. Keys and limits are Backstage's
(``buildEntitySearch`` in ``@backstage/plugin-catalog-backend`` 4.0).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import Column, Connection, Table

from callboard_catalog.bulk import chunks, delete_rows, insert_rows
from callboard_catalog.documents import Document, JsonValue, decode_object
from callboard_catalog.relations import relations_of
from callboard_catalog.tables import relations, search

_LONGEST = 200
_AT_ONCE = 5000
_UNINDEXED = frozenset(
    ("attachments", "relations", "status", "metadata.uid", "metadata.etag")
)


class Row(NamedTuple):
    """A row of the search table without its entity."""

    key: str
    value: str
    original: str | None


class Indexed(Struct, frozen=True):
    """An entity as the index needs it: what it was, and what it is."""

    id: int
    ref: str
    before: bytes | None
    after: bytes | None


def search_rows(document: Document) -> list[Row]:
    """The rows of one document, each key and value once."""
    flat: list[tuple[str, JsonValue]] = []
    _flatten("", document, flat)
    found: dict[tuple[str, str], Row] = {}
    for key, value in flat:
        lower = key.lower()
        if len(lower) <= _LONGEST:
            row = _row(lower, value)
            found.setdefault((lower, row.value), row)
    return list(found.values())


def index(connection: Connection, entities: Sequence[Indexed]) -> None:
    """Bring the index from what the entities were to what they are.

    Rows are a function of the document, so only those that differ are written, and
    none has to be looked for. A change of that function needs a migration that fills
    both tables anew.
    """
    for some in chunks(entities, _AT_ONCE):
        for table, rows_of in ((search, _search_of), (relations, _relations_of)):
            added: list[tuple[object, ...]] = []
            removed: list[tuple[object, ...]] = []
            for entity in some:
                before = rows_of(entity, entity.before)
                after = rows_of(entity, entity.after)
                if before and after:
                    before, after = before - after, after - before
                removed += before
                added += after
            _delete(connection, table, removed)
            insert_rows(connection, table, list(table.columns), sorted(added))


def _search_of(entity: Indexed, document: bytes | None) -> set[tuple[object, ...]]:
    if document is None:
        return set()
    rows = search_rows(decode_object(document))
    return {(key, value, entity.id, original) for key, value, original in rows}


def _relations_of(entity: Indexed, document: bytes | None) -> set[tuple[object, ...]]:
    if document is None:
        return set()
    found = relations_of(entity.ref, decode_object(document))
    return {(*relation, entity.id) for relation in found}


def _delete(
    connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]
) -> None:
    places, key = zip(*_key_of(table), strict=True)
    keys = [tuple(map(row.__getitem__, places)) for row in rows]
    delete_rows(connection, table, key, keys)


@cache
def _key_of(table: Table) -> list[tuple[int, Column[Any]]]:
    """The columns of the primary key, each with its place among all."""
    return [(n, column) for n, column in enumerate(table.columns) if column.primary_key]


def _flatten(path: str, value: JsonValue, found: list[tuple[str, JsonValue]]) -> None:
    # Not Mapping and Sequence: decoded JSON has these types, and this is the hot path.
    if isinstance(value, dict):
        for key, inner in value.items():
            name = f"{path}.{key}" if path else key
            if name not in _UNINDEXED:
                _flatten(name, inner, found)
    elif isinstance(value, list):
        for item in value:
            _flatten(path, item, found)
            if isinstance(item, str):
                # So that `metadata.tags.java` finds what has the tag.
                found.append((f"{path}.{item}", True))
    else:
        found.append((path, value))


def _row(key: str, value: JsonValue) -> Row:
    if value is None:
        return Row(key, "", None)
    if isinstance(value, bool):
        return Row(key, "true" if value else "false", None)
    if isinstance(value, float) and value.is_integer():
        # As JavaScript writes it, so that the same filter finds it.
        value = int(value)
    text = str(value)
    lower = text.lower()
    if len(lower) > _LONGEST:
        return Row(key, "", None)
    if not lower:
        return Row(key, "", "")
    return Row(key, lower, None if text == lower else text)
