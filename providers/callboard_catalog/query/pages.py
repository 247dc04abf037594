"""Pages of entities: filtered, ordered, counted.

Owns the two ways Backstage pages: by cursor, which holds its place while the catalog
changes, and the older one by offset. Without an order entities come by age.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    null,
    select,
    tuple_,
)

from callboard_catalog.bulk import rows_in
from callboard_catalog.query.conditions import (
    condition,
    few_entities,
    matches_text,
    values_of,
)
from callboard_catalog.query.cursors import Cursor, Query
from callboard_catalog.query.predicates import Predicate
from callboard_catalog.tables import entities

_EVERYWHERE = frozenset(("kind", "metadata.name", "metadata.namespace"))
"""Keys that every entity has a value of."""


class Order(NamedTuple):
    """A key to order by, lower case, and the direction."""

    field: str
    descending: bool


class Place(NamedTuple):
    """Where a row is in the order."""

    value: str | None
    entity: int


class Page(Struct, frozen=True):
    """Ids of one page, and the cursors of its neighbours."""

    ids: tuple[int, ...]
    total: int
    after: Cursor | None
    before: Cursor | None


def first_page(
    connection: Connection,
    query: Query,
    *,
    limit: int,
    offset: int = 0,
    count: bool = True,
    by_post: bool = False,
) -> Page:
    """The first page of a query, or the one at ``offset``; total is 0 unless counted."""
    few = few_entities(connection, query.predicate)
    total = _count(connection, query, few) if count else 0
    ordered = _ordered(query, few, backwards=False).offset(offset).limit(limit + 1)
    places = _places(connection, ordered) if limit else []
    page, more = places[:limit], len(places) > limit
    after = None
    if more:
        after = _cursor(query, page[-1], page[0], total if count else None, by_post)
    return Page(tuple(place.entity for place in page), total, after, None)


def page_at(connection: Connection, cursor: Cursor, *, limit: int) -> Page:
    """The page that a cursor leads to."""
    query = cursor.asked
    few = few_entities(connection, query.predicate)
    place = Place(cursor.value, cursor.entity)
    ordered = _ordered(query, few, backwards=cursor.backwards, beyond=place)
    # One more than asked for tells whether there is a page beyond.
    rows = _places(connection, ordered.limit(limit + 1)) if limit else []
    page = rows[:limit]
    if cursor.backwards:
        page.reverse()
    by_post, first = cursor.query is True, Place(*cursor.first)
    after = before = None
    if page and (cursor.backwards or len(rows) > limit):
        after = _cursor(query, page[-1], first, cursor.total, by_post)
    if page and page[0] != first:
        before = _cursor(query, page[0], first, cursor.total, by_post, backwards=True)
    total = cursor.total or 0
    return Page(tuple(place.entity for place in page), total, after, before)


def ordered_ids(
    connection: Connection,
    predicate: Predicate | None,
    orders: Sequence[Order],
    *,
    keep_unordered: bool,
) -> list[int]:
    """Ids of all that match, by ``orders``, then by age.

    Entities without a value to order by come last, or not at all.
    """
    few = few_entities(connection, predicate)
    query = select(entities.c.id).where(*_filters(predicate, few, each=few is not None))
    ids = list(connection.scalars(query.order_by(entities.c.id)))
    for field, descending in reversed(orders):
        values = _values(connection, field)
        there = [id_ for id_ in ids if id_ in values]
        there.sort(key=values.__getitem__, reverse=descending)
        absent = [id_ for id_ in ids if id_ not in values] if keep_unordered else []
        ids = there + absent
    return ids


_IDS = select(entities.c.ref, entities.c.id).where(
    entities.c.ref.in_(bindparam("refs", expanding=True))
)


def ids_of_refs(
    connection: Connection, refs: Sequence[str], predicate: Predicate | None = None
) -> dict[str, int]:
    """Ids of those entities that are there and match, by ref."""
    query = _IDS
    if predicate is not None:
        query = query.where(condition(predicate, each=True))
    return {row.ref: row.id for row in rows_in(connection, query, "refs", refs)}


def id_of_uid(connection: Connection, uid: str) -> int | None:
    """The id of the entity with this uid."""
    return connection.scalar(select(entities.c.id).where(entities.c.uid == uid))


def facet(
    connection: Connection, key: str, predicate: Predicate | None
) -> list[tuple[str, int]]:
    """The values of a key (lower case) as they were written, and how many have each."""
    rows = values_of(key).subquery()
    value = func.coalesce(rows.c.original, rows.c.value)
    query = select(value, func.count()).group_by(value).order_by(value)
    if predicate is not None:
        few = few_entities(connection, predicate)
        matching = select(entities.c.id).where(
            *_filters(predicate, few, each=few is not None)
        )
        query = query.where(rows.c.entity.in_(matching))
    return [(str(row[0]), int(row[1])) for row in connection.execute(query)]


def _ordered(
    query: Query,
    few: list[int] | None,
    *,
    backwards: bool,
    beyond: Place | None = None,
) -> Select[Any, Any]:
    """Places in order; from the one ``beyond``, which is left out."""
    descending = query.descending is not backwards if query.field else backwards
    if query.field is None:
        columns: list[ColumnElement[Any]] = [entities.c.id]
        selected = select(null(), entities.c.id)
        place: tuple[object, ...] = (beyond.entity,) if beyond else ()
    else:
        rows = values_of(query.field).subquery()
        columns = [rows.c.value, rows.c.entity]
        selected = select(*columns).join(entities, entities.c.id == rows.c.entity)
        place = (beyond.value, beyond.entity) if beyond else ()
    matched = _filters(query.predicate, few, each=True)
    if place:
        here = tuple_(*columns)
        selected = selected.where(here < place if descending else here > place)
    if query.text is not None:
        matched.append(matches_text(query.text.fields, query.text.term))
    order = [column.desc() if descending else column.asc() for column in columns]
    return selected.where(*matched).order_by(*order)


def _filters(
    predicate: Predicate | None, few: list[int] | None, *, each: bool
) -> list[ColumnElement[bool]]:
    filters = [condition(predicate, each=each)]
    if few is not None:
        filters.append(entities.c.id.in_(few))
    return filters


def _count(connection: Connection, query: Query, few: list[int] | None) -> int:
    matched = _filters(query.predicate, few, each=few is not None)
    if query.text is not None:
        matched.append(matches_text(query.text.fields, query.text.term))
    if query.field is not None and query.field not in _EVERYWHERE:
        rows = values_of(query.field).subquery()
        matched.append(entities.c.id.in_(select(rows.c.entity)))
    counted = select(func.count()).select_from(entities).where(*matched)
    return connection.scalar(counted) or 0


def _places(connection: Connection, query: Select[Any, Any]) -> list[Place]:
    return [Place(row[0], row[1]) for row in connection.execute(query)]


def _values(connection: Connection, field: str) -> dict[int, str]:
    rows = values_of(field).subquery()
    query = select(rows.c.entity, func.min(rows.c.value)).group_by(rows.c.entity)
    return {row[0]: row[1] for row in connection.execute(query)}


def _cursor(
    query: Query,
    place: Place,
    first: Place,
    total: int | None,
    by_post: bool,
    *,
    backwards: bool = False,
) -> Cursor:
    cursor = Cursor(
        asked=query,
        value=place.value,
        entity=place.entity,
        first=(first.value, first.entity),
        backwards=backwards,
        total=total,
    )
    return replace(cursor, query=True) if by_post else cursor
