"""What entities can be found by.

Owns the flat rows, one per key and value of a document, that filters, order, facets and
full text read; and the relations beside them. Keys and limits are Backstage's
(``buildEntitySearch`` in ``@backstage/plugin-catalog-backend`` 4.0).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import Connection, Table, delete, select

from callboard_catalog.bulk import chunks, insert_rows
from callboard_catalog.documents import Document, JsonValue, decode_object
from callboard_catalog.relations import relations_of
from callboard_catalog.tables import relations, search

_LONGEST = 200
_UNINDEXED = frozenset(
    ("attachments", "relations", "status", "metadata.uid", "metadata.etag")
)


class Row(NamedTuple):
    """A row of the search table without its entity."""

    key: str
    value: str
    original: str | None


class Indexed(Struct, frozen=True):
    """An entity as the index needs it."""

    id: int
    ref: str
    document: bytes


def search_rows(document: Document) -> list[Row]:
    """The rows of one document, each key and value once."""
    found: dict[tuple[str, str], Row] = {}
    for key, value in _flat("", document):
        lower = key.lower()
        if len(lower) > _LONGEST:
            continue
        row = _row(lower, value)
        found.setdefault((lower, row.value), row)
    return list(found.values())


def add_to_index(connection: Connection, added: Sequence[Indexed]) -> None:
    """Index entities that are new."""
    found: list[tuple[object, ...]] = []
    related: list[tuple[object, ...]] = []
    for entity in added:
        document = decode_object(entity.document)
        found += [(entity.id, *row) for row in search_rows(document)]
        related += [(entity.id, *row) for row in relations_of(entity.ref, document)]
    insert_rows(connection, search, list(search.columns), found)
    insert_rows(connection, relations, list(relations.columns), related)


def change_in_index(connection: Connection, changed: Sequence[Indexed]) -> None:
    """Index what became of entities that are there: only rows that differ are written."""
    for some in chunks(changed):
        wanted: set[tuple[object, ...]] = set()
        related: set[tuple[object, ...]] = set()
        for entity in some:
            document = decode_object(entity.document)
            wanted.update((entity.id, *row) for row in search_rows(document))
            related.update(
                (entity.id, *row) for row in relations_of(entity.ref, document)
            )
        ids = [entity.id for entity in some]
        _replace(connection, search, ids, wanted)
        _replace(connection, relations, ids, related)


def remove_from_index(connection: Connection, ids: Sequence[int]) -> None:
    """Forget entities."""
    for some in chunks(ids):
        for table in (search, relations):
            connection.execute(delete(table).where(table.c.entity.in_(some)))


def _replace(
    connection: Connection,
    table: Table,
    ids: Sequence[int],
    wanted: set[tuple[object, ...]],
) -> None:
    there = {
        tuple(row)
        for row in connection.execute(select(table).where(table.c.entity.in_(ids)))
    }
    keys = list(table.primary_key.columns)
    for row in there - wanted:
        named = zip(table.columns, row, strict=True)
        same = [column == value for column, value in named if column in keys]
        connection.execute(delete(table).where(*same))
    insert_rows(connection, table, list(table.columns), sorted(wanted - there, key=str))


def _flat(path: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if path in _UNINDEXED:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _flat(path, item)
            if isinstance(item, str):
                # So that `metadata.tags.java` finds what has the tag.
                yield f"{path}.{item}", True
    else:
        yield path, value


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
