"""How long the journal keeps what has ended.

Owns the limits by age, count and bytes. Only ended deliveries go, oldest first, with
their runs and effects; what waits, runs or is parked stays whatever its age. How new
what went was is kept, so that it is not taken for never received.
"""

import logging
from typing import Annotated

import anyio
import sqlalchemy as sa
from msgspec import Meta, Struct
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from callboard import clock
from callboard.database import Database
from callboard.delivery import DeliveryState
from callboard.tables import actions, deliveries, effects, runs, swept

logger = logging.getLogger(__name__)

_ENDED = (DeliveryState.COMPLETED, DeliveryState.FOLDED, DeliveryState.IGNORED)
_BATCH = 500
_PERIOD = 600.0
_DAY = 86_400.0


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """``[retention]`` in ``callboard.toml``. Zero means no limit."""

    days: Annotated[float, Meta(ge=0)] = 30
    """Age of an ended delivery, from its arrival."""
    deliveries: Annotated[int, Meta(ge=0)] = 500_000
    """How many are kept."""
    megabytes: Annotated[int, Meta(ge=0)] = 4_096
    """Size of their payloads before compression, in 10^6 bytes."""


async def keep_within(database: Database, limits: Retention) -> None:
    """Remove what exceeds ``limits``, now and every ten minutes, until cancelled."""
    while True:
        try:
            while await database.write(_sweep, limits):
                pass
        except SQLAlchemyError:
            logger.exception("retention: the journal could not be swept")
        await anyio.sleep(_PERIOD)


def _sweep(connection: Connection, limits: list[Retention]) -> list[int]:
    """Remove one batch; a short transaction, so that deliveries need not wait long."""
    return [_sweep_once(connection, limit) for limit in limits]


def _sweep_once(connection: Connection, limits: Retention) -> int:
    t = deliveries.c
    oldest = select(t.id).where(t.state.in_(_ENDED)).order_by(t.id)
    excess = 0
    if limits.deliveries or limits.megabytes:
        count, size = connection.execute(
            select(func.count(), func.coalesce(func.sum(t.size), 0))
        ).one()
        if limits.deliveries:
            excess = max(count - limits.deliveries, 0)
        if limits.megabytes and size > limits.megabytes * 1_000_000:
            share = 1 - limits.megabytes * 1_000_000 / size
            excess = max(excess, int(count * share) + 1)
    gone = _ids(connection, oldest.limit(min(excess, _BATCH))) if excess else []
    if limits.days and len(gone) < _BATCH:
        aged = oldest.where(t.received_at < clock.now() - limits.days * _DAY)
        gone += [i for i in _ids(connection, aged.limit(_BATCH)) if i not in gone]
    if gone:
        newest = select(func.max(t.received_at)).where(t.id.in_(gone)).scalar_subquery()
        connection.execute(
            update(swept).where(swept.c.until < newest).values(until=newest)
        )
        connection.execute(delete(effects).where(effects.c.delivery.in_(gone)))
        connection.execute(delete(runs).where(runs.c.delivery.in_(gone)))
        connection.execute(delete(actions).where(actions.c.delivery.in_(gone)))
        connection.execute(delete(deliveries).where(t.id.in_(gone)))
    return len(gone)


def _ids(connection: Connection, query: sa.Select[str]) -> list[str]:
    return list(connection.execute(query).scalars())
