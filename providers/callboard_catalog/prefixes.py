"""Texts that begin with another one.

Owns the range of them. Not ``LIKE``, which finds no index when it escapes: then a question
about one repository would read all that its provider says.
"""

from sqlalchemy import Column, ColumnElement, and_, bindparam

_LAST = "\U0010ffff"
_BEFORE_SURROGATES, _AFTER_SURROGATES = 0xD7FF, 0xE000


def begins(column: Column[str]) -> ColumnElement[bool]:
    """The condition that a column, in byte order, begins so; ``so`` has its parameters."""
    return and_(column >= bindparam("first"), column < bindparam("after"))


def so(prefix: str) -> dict[str, str]:
    """The parameters of ``begins``. The prefix has more than the last of all characters."""
    head = prefix.rstrip(_LAST)
    last = ord(head[-1])
    after = _AFTER_SURROGATES if last == _BEFORE_SURROGATES else last + 1
    return {"first": prefix, "after": head[:-1] + chr(after)}
