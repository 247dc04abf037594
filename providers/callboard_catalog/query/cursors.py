"""Cursors of paged queries.

Owns their form. They are opaque to clients, except that Backstage's looks whether a
cursor has the key ``query`` and then continues with POST; so it is there exactly when
the query came by POST. A cursor is not secret and not trusted: it is checked like any
other input.
"""

from base64 import b64decode, b64encode
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from callboard_catalog.query.predicates import (
    MOST_FIELDS,
    InvalidQuery,
    Predicate,
    check_limits,
    checked_text,
)

T = TypeVar("T")

_LARGEST = 2**63 - 1
_LONGEST = 256 * 1024


class Text(Struct, frozen=True):
    """A term to look for in fields; all lower case."""

    term: str
    fields: tuple[str, ...]


class Query(Struct, frozen=True):
    """What a paged query asks for, the page aside."""

    predicate: Predicate | None = None
    field: str | None = None
    """The key to order by, lower case; None orders by age."""
    descending: bool = False
    text: Text | None = None


class Cursor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place in the answer to a query."""

    asked: Query
    value: str | None = None
    """Value of the order field at the place."""
    entity: int
    first: tuple[str | None, int]
    """The place of the first row, so that no page before it is offered."""
    backwards: bool = False
    total: int | None = None
    query: Literal[True] | msgspec.UnsetType = msgspec.UNSET


class Offset(Struct, frozen=True, forbid_unknown_fields=True):
    """The place of ``after`` in the older, offset-based paging."""

    limit: int | None = None
    offset: int | None = None


def encode_cursor(cursor: Struct) -> str:
    """The cursor as clients hold it."""
    return b64encode(msgspec.json.encode(cursor)).decode()


def decode_cursor(text: str) -> Cursor:
    """Read a cursor.

    Raises:
        InvalidQuery: It is none of ours.
    """
    cursor = _decode(text, Cursor)
    places = (cursor.entity, cursor.first[1], cursor.total or 0)
    if not all(-1 <= number <= _LARGEST for number in places):
        raise InvalidQuery("Malformed cursor, a number is out of range")
    if cursor.asked.predicate is not None:
        check_limits(cursor.asked.predicate)
    checked_text(cursor.value or "")
    checked_text(cursor.asked.field or "")
    if cursor.asked.text is not None:
        if not 0 < len(cursor.asked.text.fields) <= MOST_FIELDS:
            message = f"expected 1 to {MOST_FIELDS} fields to look in"
            raise InvalidQuery(f"Malformed cursor, {message}")
        for part in (cursor.asked.text.term, *cursor.asked.text.fields):
            checked_text(part)
    if (cursor.asked.field is None) is not (cursor.value is None):
        raise InvalidQuery("Malformed cursor, its place and its order differ")
    return cursor


def decode_after(text: str) -> Offset:
    """Read the ``after`` parameter.

    Raises:
        InvalidQuery: It is none of ours.
    """
    return _decode(text, Offset)


def _decode(text: str, kind: type[T]) -> T:
    if len(text) > _LONGEST:
        raise InvalidQuery("Malformed cursor, too long")
    try:
        return msgspec.json.decode(b64decode(text, validate=True), type=kind)
    except (ValueError, RecursionError):
        raise InvalidQuery("Malformed cursor, could not be parsed") from None
