"""Up to when the deliveries of each webhook are settled.

Owns a table of its own, so that a look reads only what is new, and what the journal's
retention removed meanwhile is not taken for missing.
"""

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

PACKAGE = "callboard_github"
VERSION_TABLE = "github_version"

metadata = sa.MetaData()

marks = sa.Table(
    "github_hook_marks",
    metadata,
    sa.Column("hook", sa.String, primary_key=True),
    # Unix seconds.
    sa.Column("settled", sa.Double, nullable=False),
)


class Mark(Struct, frozen=True):
    """Everything that a webhook sent before a moment is settled."""

    hook: str
    settled: float
    """Unix seconds."""


def settled_until(connection: Connection, hook: str) -> float:
    """The mark of a webhook; 0 if it has none."""
    query = sa.select(marks.c.settled).where(marks.c.hook == hook)
    return connection.scalars(query).first() or 0.0


def keep(connection: Connection, new: list[Mark]) -> list[None]:
    """Write marks."""
    t = marks.c
    for mark in new:
        change = sa.update(marks).where(t.hook == mark.hook)
        if not connection.execute(change.values(settled=mark.settled)).rowcount:
            connection.execute(
                sa.insert(marks).values(hook=mark.hook, settled=mark.settled)
            )
    return [None] * len(new)
