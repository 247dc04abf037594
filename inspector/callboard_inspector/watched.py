"""What an inspector looks at.

Owns the narrow view of the runtime that everything else here is written against, so that
a bare trace can be watched as well as a whole callboard.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field
from sqlalchemy import Connection

from callboard.database import Database
from callboard.provider import Provider
from callboard.schedule import Tick
from callboard.standing import Standing
from callboard.trace import Trace
from callboard.watchdog import Watchdog
from callboard_inspector.wire import Place

if TYPE_CHECKING:
    from callboard.board import Callboard

T = TypeVar("T")


def _no_watchdog() -> Watchdog | None:
    return None


def _no_standings() -> Mapping[str, Standing]:
    return {}


class Watched(Struct, frozen=True):
    """A runtime, as far as it is watched."""

    trace: Trace
    database: Database | None = None
    """Its journal; without one, only what is in memory can be seen."""
    watchdog: Callable[[], Watchdog | None] = _no_watchdog
    """The one that listens to the runs' loop, while there is one."""
    providers: Sequence[Provider] = ()
    standings: Callable[[], Mapping[str, Standing]] = _no_standings
    """How each provider stands, by its name, while it can be known."""
    ticks: Callable[[], Sequence[Tick]] = tuple
    """Scheduled handlers and when each is due, while there are any."""
    places: list[Place] = field(default_factory=list[Place])

    async def read(self, query: Callable[[Connection], T], otherwise: T) -> T:
        """``query``'s answer from the journal; ``otherwise`` without a journal."""
        if self.database is None:
            return otherwise
        return await self.database.read(query)


def watched_board(board: "Callboard") -> Watched:
    """``board``, which may be opened later."""

    def watchdog() -> Watchdog | None:
        try:
            return board.backstage.watchdog
        except RuntimeError:
            return None  # not open

    def standings() -> Mapping[str, Standing]:
        try:
            return board.standings
        except RuntimeError:
            return {}  # not open

    def ticks() -> Sequence[Tick]:
        try:
            return tuple(board.schedule.ticks)
        except RuntimeError:
            return ()  # not open

    return Watched(
        trace=board.trace,
        database=board.database,
        watchdog=watchdog,
        providers=board.providers,
        standings=standings,
        ticks=ticks,
        places=[_place(board, name) for name in sorted(board.sources)],
    )


def _place(board: "Callboard", source: str) -> Place:
    path = f"/webhooks/{source}"
    url = None if board.front_url is None else f"{board.front_url}{path}"
    return Place(source, path, url)
