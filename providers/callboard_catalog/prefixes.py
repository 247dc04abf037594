"""Texts that begin with another one.

Owns the range of them. Not ``LIKE``, which finds no index when it escapes: then a question
about one repository would read all that its provider says.
"""

from sqlalchemy import Column, ColumnElement, and_, bindparam


def begins(column: Column[str]) -> ColumnElement[bool]:
    """The condition that a column, in byte order, begins so; ``so`` has its parameters."""
    return and_(column >= bindparam("first"), column < bindparam("after"))


def so(prefix: str) -> dict[str, str]:
    """The parameters of ``begins``; the prefix ends in ASCII."""
    return {"first": prefix, "after": prefix[:-1] + chr(ord(prefix[-1]) + 1)}
