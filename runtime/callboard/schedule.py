"""The clock as a source: every tick is a delivery from ``schedule``.

Owns when a scheduled handler is next due. Ticks go the way of every delivery, so they
are recorded, ordered, retried and shown alike; a handler never has two at once, because
all its ticks share an ordering key, and a tick waits until the one before has ended.
"""

import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

import anyio
from cronsim import CronSim
from msgspec import Struct
from sqlalchemy.exc import DBAPIError

from callboard import clock
from callboard.delivery import Delivery
from callboard.ids import new_id
from callboard.journal import Accepted, Arrival
from callboard.provider import Handler
from callboard.routes import SCHEDULE, Order

logger = logging.getLogger(__name__)

_JITTER = 0.05
_LOOK_AGAIN = 30.0
"""Seconds after which a tick is made that the journal did not take."""


class Tick(Struct, eq=False):
    """A scheduled handler and its next time."""

    handler: Handler
    due: float
    """Unix seconds."""
    last: str | None = None
    """The delivery of its newest tick."""


class Schedule:
    """Makes ticks, each due by its handler's period with up to 5 % of jitter."""

    def __init__(
        self,
        handlers: Sequence[Handler],
        *,
        accept: Callable[[Arrival], Awaitable[Accepted]],
        unended: Callable[[str], Awaitable[bool]],
        last_ticks: Mapping[str, float],
        open_ticks: Mapping[str, str],
    ) -> None:
        """Begin from ``last_ticks``: when each handler last completed, by its name.

        One with a period is due at once if that is longer ago, or never was, or if it
        ticks at every start; one with a cron expression if a mark has passed since. ``open_ticks`` are the deliveries of
        ticks that have not ended, by the same names: none is made beside them.
        """
        self._accept = accept
        self._unended = unended
        self.ticks = [
            Tick(
                handler,
                due=_first(handler, last_ticks.get(handler.name)),
                last=open_ticks.get(handler.name),
            )
            for handler in handlers
        ]

    async def work(self) -> None:
        """Tick until cancelled; a tick half made is made again later."""
        while self.ticks:
            tick = min(self.ticks, key=lambda t: t.due)
            await anyio.sleep(max(tick.due - clock.now(), 0.0))
            try:
                await self._make(tick)
            except DBAPIError as error:
                logger.warning("%s: no tick, %s", tick.handler.name, error.orig)
                tick.due = clock.now() + _LOOK_AGAIN
            else:
                tick.due = _next(tick.handler, clock.now())

    async def _make(self, tick: Tick) -> None:
        """One tick, unless the one before has not ended."""
        if tick.last is None or not await self._unended(tick.last):
            tick.last = (await self._accept(tick_of(tick.handler))).view.id


def _first(handler: Handler, last: float | None) -> float:
    """At once for a period that has passed since; on the clock's mark for cron."""
    now = clock.now()
    if last is not None and last > now:
        ahead = "%s: its last tick is in the future, so the clock was ahead then"
        logger.warning(ahead, handler.name)
        last = now
    if handler.at_start:
        return now
    if handler.every is None:
        return _next(handler, last or now)
    return max((last or 0.0) + handler.every, now)


def _next(handler: Handler, after: float) -> float:
    if handler.cron is not None:
        return next(
            CronSim(handler.cron, datetime.fromtimestamp(after, UTC))
        ).timestamp()
    period = handler.every or 0.0
    spread = period * _JITTER * random.random()  # noqa: S311 - spreads load, guards nothing
    return after + period + spread


def tick_of(handler: Handler) -> Arrival:
    """One tick, now, also when none is due; it waits for those before it."""
    delivery = Delivery(
        id=(id_ := new_id()),
        source=SCHEDULE,
        hook="",
        guid=id_,
        event=handler.provider.name,
        action=handler.method,
        organization=None,
        repository=None,
        received_at=clock.now(),
        headers={},
        body=b"{}",
    )
    return Arrival(delivery=delivery, order=Order((f"{SCHEDULE}={handler.name}",)))
