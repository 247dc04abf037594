"""Whose turn it is: the queue, and what moves a delivery into it or out of it."""

import random
from typing import Any

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Connection, Select, func, select, update

from callboard import clock
from callboard.delivery import DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard.journal.entries import ActionEntry, Fold, Head, Move, Released, Waiting
from callboard.journal.rows import SUMMARY, view_of
from callboard.tables import actions, deliveries

_RELEASED = 512
"""Deliveries that are put back into the queue in one transaction."""

_WAITING = select(
    *(
        deliveries.c[name]
        for name in ("id", "turn", "keys", "fold", "organization", "attempts", "done")
    )
).order_by(deliveries.c.turn)


_IS_QUEUED = deliveries.c.state == DeliveryState.QUEUED


def _organizations() -> Select[str]:
    """Those with something in the queue, by one look at the index for each."""
    t = deliveries.c
    first = select(func.min(t.organization).label("name")).where(_IS_QUEUED)
    known = first.cte("organizations", recursive=True)
    following = select(func.min(t.organization)).where(
        _IS_QUEUED, t.organization > known.c.name
    )
    known = known.union_all(
        select(following.scalar_subquery()).where(known.c.name.is_not(None))
    )
    return select(known.c.name).where(known.c.name.is_not(None))


_ORGANIZATIONS = _organizations()


_NAMELESS = (
    select(deliveries.c.id).where(_IS_QUEUED, deliveries.c.organization.is_(None))
).limit(1)


def queued(connection: Connection, limit: int) -> Head:
    """See ``Journal.queued``."""
    names: list[str | None] = list(connection.execute(_ORGANIZATIONS).scalars())
    if connection.execute(_NAMELESS).first() is not None:
        names.append(None)
    asked = names if len(names) <= limit else random.sample(names, limit)
    if not asked:
        return Head([], frozenset())
    share = limit // len(asked)
    heads = {name: _head_of(connection, name, share) for name in asked}
    longer = [name for name, rows in heads.items() if len(rows) > share]
    spare = limit - sum(min(len(rows), share) for rows in heads.values())
    if longer and spare >= len(longer):
        share += spare // len(longer)
        heads |= {name: _head_of(connection, name, share) for name in longer}
    found = [row for rows in heads.values() for row in rows[:share]]
    found.sort(key=lambda row: row.turn)
    longer = [name for name, rows in heads.items() if len(rows) > share]
    left_out = frozenset([*longer, *(set(names) - set(asked))])
    return Head([_waiting(row) for row in found], left_out)


def _head_of(connection: Connection, organization: str | None, share: int) -> list[Any]:
    """``share`` deliveries of one organization's queue, and one more if there is."""
    theirs = _WAITING.where(_IS_QUEUED, deliveries.c.organization == organization)
    return list(connection.execute(theirs.limit(share + 1)).all())


def release_due(connection: Connection, moments: list[float]) -> list[Released]:
    """See ``Journal.release_due``."""
    return [_release_batch(connection, moment) for moment in moments]


def _release_batch(connection: Connection, now: float) -> Released:
    t = deliveries.c
    failed = t.state.in_((DeliveryState.FAILED, DeliveryState.HELD))
    due = select(t.id).where(failed, t.not_before <= now).order_by(t.turn)
    ids = tuple(connection.execute(due.limit(_RELEASED)).scalars())
    if ids:
        queued = {"state": DeliveryState.QUEUED, "not_before": None}
        connection.execute(update(deliveries).where(t.id.in_(ids)).values(**queued))
    following = select(func.min(t.not_before)).where(failed)
    return Released(ids, connection.execute(following).scalar())


def _waiting(row: Any) -> Waiting:
    return Waiting(
        id=row.id,
        keys=msgspec.json.decode(row.keys, type=tuple[str, ...]),
        fold=row.fold,
        organization=row.organization,
        attempts=row.attempts,
        done=msgspec.json.decode(row.done, type=tuple[str, ...]),
    )


def fold(connection: Connection, folds: list[Fold]) -> list[dict[str, object]]:
    """See ``Journal.fold``."""
    written = [_folded(fold.into) for fold in folds]
    for fold, values in zip(folds, written, strict=True):
        this = deliveries.c.id == fold.delivery
        connection.execute(update(deliveries).where(this).values(**values))
    return written


def _folded(into: str) -> dict[str, object]:
    return {
        "state": DeliveryState.FOLDED,
        "folded_into": into,
        "reason": f"superseded by delivery {into}",
        "ended_at": clock.now(),
    }


def release_held(connection: Connection, arguments: list[None]) -> list[int]:
    """See ``Journal.release_held``."""
    released = connection.execute(
        update(deliveries)
        .where(deliveries.c.state == DeliveryState.HELD)
        .values(not_before=clock.now())
    )
    return [released.rowcount] * len(arguments)


def move(connection: Connection, moves: list[Move]) -> list[DeliveryView | None]:
    """See ``Journal.move``."""
    return [_move_one(connection, move) for move in moves]


def note(connection: Connection, entries: list[ActionEntry]) -> list[None]:
    """See ``Journal.note``."""
    connection.execute(actions.insert(), [asdict(entry) for entry in entries])
    return [None] * len(entries)


def _move_one(connection: Connection, move: Move) -> DeliveryView | None:
    this = deliveries.c.id == move.delivery
    values: dict[str, Any] = {"state": move.to, "reason": move.reason}
    if move.to is DeliveryState.QUEUED:
        values |= {"turn": new_id(), "not_before": None, "attempts": 0}
    moved = connection.execute(
        update(deliveries)
        .where(this, deliveries.c.state.in_(move.allowed))
        .values(**values)
    )
    if not moved.rowcount:
        return None
    return view_of(connection.execute(select(*SUMMARY).where(this)).one())
