"""What a task changed.

Owns the record of effects. They are written in the same transaction as the change they
tell of, by the room that makes the change, so one is never without the other.
"""

from collections.abc import Iterable

from msgspec import Raw, Struct
from sqlalchemy import Connection

from callboard.tables import effects as table

CHANGES = ("added", "changed", "removed")
"""Operations that change their subject. Any other word is a remark: it says something of
its subject and leaves it as it is."""


class Stamp(Struct, frozen=True):
    """Who made a change, and when."""

    run: str
    task: str
    """``<run id>.<n>``."""
    delivery: str
    provider: str
    at: float
    """Unix seconds."""


class Effect(Struct, frozen=True):
    """One change or remark: about what, how, and its JSON before and after."""

    subject: str
    """What it is about; for the catalog an entity ref."""
    operation: str
    """One of ``CHANGES``, or a remark: a word of the room's own."""
    before: Raw | None = None
    after: Raw | None = None


_INSERT = table.insert()


def record_effects(
    connection: Connection, stamp: Stamp, effects: Iterable[Effect]
) -> None:
    """Write ``effects`` within the caller's transaction."""
    rows = [
        {
            "run": stamp.run,
            "task": int(stamp.task.rpartition(".")[2]),
            "delivery": stamp.delivery,
            "provider": stamp.provider,
            "at": stamp.at,
            "subject": effect.subject,
            "operation": effect.operation,
            "before": None if effect.before is None else bytes(effect.before),
            "after": None if effect.after is None else bytes(effect.after),
        }
        for effect in effects
    ]
    if rows:
        connection.execute(_INSERT, rows)
