"""Filters as SQL conditions.

Owns how a key is looked up: most in the search table, some elsewhere. Nothing of a
request becomes part of a statement; keys and values are bound.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    literal,
    not_,
    or_,
    select,
    true,
    union,
)

from callboard_catalog.entity import ORPHAN
from callboard_catalog.kinds import KINDS
from callboard_catalog.query.predicates import (
    All,
    Either,
    Has,
    HasPrefix,
    Not,
    Predicate,
)
from callboard_catalog.tables import claims, entities, providers, relations, search

_RELATION = "relations."
_ORPHAN = f"metadata.annotations.{ORPHAN}".lower()
_FEW = 1000

_TYPES = {
    type_.lower(): type_
    for kind in KINDS.values()
    for names in kind.names
    for type_ in (names.type, names.inverse)
}


def condition(predicate: Predicate | None, *, each: bool) -> ColumnElement[bool]:  # noqa: PLR0911 - one per part of the language
    """The predicate as a condition on the table of entities.

    Args:
        predicate: What must be true of an entity.
        each: Look it up for one entity after the other, as is best for few of them and
            for a page; otherwise for all at once, as is best for counting.
    """
    match predicate:
        case None:
            return true()
        case All(parts):
            return and_(true(), *(condition(part, each=each) for part in parts))
        case Either(parts):
            return or_(false(), *(condition(part, each=each) for part in parts))
        case Not(part):
            return not_(condition(part, each=each))
        case HasPrefix(key, prefix):
            values = values_of(key).subquery()
            matching = values.c.value.startswith(prefix, autoescape=True)
            return entities.c.id.in_(select(values.c.entity).where(matching))
        case Has(key, None):
            return _has_key(key, each)
        case Has(key, values):
            return _has_value(key, values or (), each)


def values_of(key: str) -> Select[Any, Any, Any]:
    """The values of a key (lower case): ``entity``, ``value`` and ``original``.

    Left out are those that are null or too long to be compared.
    """
    if key.startswith(_RELATION):
        type_ = _TYPES.get(key.removeprefix(_RELATION), "")
        return (
            select(
                entities.c.id.label("entity"),
                relations.c.target.label("value"),
                relations.c.target.label("original"),
            )
            .join(relations, relations.c.source == entities.c.ref)
            .where(relations.c.type == type_)
            .distinct()
        )
    if key == "metadata.uid":
        uid = entities.c.uid
        return select(
            entities.c.id.label("entity"), uid.label("value"), uid.label("original")
        )
    if key == _ORPHAN:
        yes = literal("true")
        return select(
            entities.c.id.label("entity"), yes.label("value"), yes.label("original")
        ).where(_is_orphan())
    original = search.c.original
    spelled = or_(search.c.value != "", original.is_not(None))
    return select(
        search.c.entity,
        search.c.value,
        original,
    ).where(search.c.key == key, spelled)


def few_entities(
    connection: Connection, predicate: Predicate | None
) -> list[int] | None:
    """Ids that hold everything matching, when the filter surely leaves only few.

    A database does not know how many rows a key and value have; this looks, and stops
    looking soon.
    """
    parts = predicate.parts if isinstance(predicate, All) else (predicate,)
    best: list[int] | None = None
    for part in parts:
        if not isinstance(part, Has) or not part.values:
            continue
        rows = values_of(part.key).subquery()
        query = select(rows.c.entity).where(rows.c.value.in_(part.values))
        # Along the index, or PostgreSQL gathers all of them before the first.
        query = query.order_by(rows.c.value, rows.c.entity)
        found = list(connection.scalars(query.limit(_FEW + 1)))
        if len(found) <= _FEW and (best is None or len(found) < len(best)):
            best = found
    return best


def matches_text(fields: tuple[str, ...], term: str) -> ColumnElement[bool]:
    """Whether one of the fields holds the term, both lower case."""
    found = union(
        *(
            select(rows.c.entity).where(rows.c.value.contains(term, autoescape=True))
            for rows in (values_of(field).subquery() for field in fields)
        )
    )
    return entities.c.id.in_(found)


def _has_key(key: str, each: bool) -> ColumnElement[bool]:
    if key.startswith(_RELATION) or key in {"metadata.uid", _ORPHAN}:
        return entities.c.id.in_(select(values_of(key).subquery().c.entity))
    return _found(select(search.c.entity).where(search.c.key == key), each)


def _has_value(key: str, values: tuple[str, ...], each: bool) -> ColumnElement[bool]:
    if key.startswith(_RELATION):
        type_ = _TYPES.get(key.removeprefix(_RELATION), "")
        return exists().where(
            relations.c.source == entities.c.ref,
            relations.c.type == type_,
            relations.c.target.in_(values),
        )
    if key == "metadata.uid":
        return entities.c.uid.in_(values)
    if key == _ORPHAN:
        return _is_orphan() if "true" in values else false()
    rows = select(search.c.entity).where(search.c.key == key)
    spelled = [value for value in values if value]
    found = _found(rows.where(search.c.value.in_(spelled)), each)
    if "" not in values:
        return found
    empty = rows.where(search.c.value == "", search.c.original.is_not(None))
    return or_(found, _found(empty, each))


def _found(rows: Select[Any], each: bool) -> ColumnElement[bool]:
    """Whether an entity is among the rows of the search table."""
    if not each:
        return entities.c.id.in_(rows)
    # The offset keeps PostgreSQL from making a join of it, for which it guesses too
    # few rows and then reads all of them for a page of twenty.
    one = rows.where(search.c.entity == entities.c.id).offset(0)
    return exists(one.correlate(entities))


def _is_orphan() -> ColumnElement[bool]:
    return entities.c.claim.in_(
        select(claims.c.id)
        .join(providers, providers.c.name == claims.c.provider)
        .where(providers.c.present.is_(False))
    )
