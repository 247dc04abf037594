"""Whose turn it is: the queue, and what moves a delivery into it or out of it."""

from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from callboard import clock
from callboard.delivery import DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard.journal.entries import Fold, Move, Released, Waiting
from callboard.journal.rows import SUMMARY, view_of
from callboard.tables import deliveries

_RELEASED = 512
"""Deliveries that are put back into the queue in one transaction."""

_WAITING = select(
    *(
        deliveries.c[name]
        for name in ("id", "keys", "fold", "organization", "attempts", "done")
    )
).order_by(deliveries.c.turn)


def queued(connection: Connection, limit: int) -> list[Waiting]:
    """See ``Journal.queued``."""
    query = _WAITING.where(deliveries.c.state == DeliveryState.QUEUED).limit(limit)
    return [_waiting(row) for row in connection.execute(query)]


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


def fold(connection: Connection, folds: list[Fold]) -> list[None]:
    """See ``Journal.fold``."""
    for fold in folds:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == fold.delivery)
            .values(
                state=DeliveryState.FOLDED,
                folded_into=fold.into,
                reason=folded_reason(fold.into),
                ended_at=clock.now(),
            )
        )
    return [None] * len(folds)


def folded_reason(into: str) -> str:
    """What a folded delivery says for itself."""
    return f"superseded by delivery {into}"


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
