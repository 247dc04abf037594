"""The journal: the durable, ordered record of deliveries, runs and outcomes.

Owns every write to its tables. Each operation takes a list, because the writer hands
over all that wait for it at once. Reading for people is ``history``'s.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias, TypeVar

from callboard.database import Database
from callboard.delivery import Delivery, DeliveryView
from callboard.journal import arrivals, lookups, runs, turns
from callboard.journal.entries import (
    Accepted,
    ActionEntry,
    Arrival,
    Begun,
    Fold,
    Head,
    Move,
    Recovered,
    Released,
    RunEnd,
    RunStart,
    Waiting,
)
from callboard.journal.lookups import Heard
from callboard.journal.rows import load
from callboard.journal.runs import INTERRUPTED, MOST_CUTS

__all__ = [
    "INTERRUPTED",
    "MOST_CUTS",
    "Accepted",
    "ActionEntry",
    "Arrival",
    "Begun",
    "Fold",
    "Head",
    "Heard",
    "Journal",
    "Move",
    "Recovered",
    "Released",
    "RunEnd",
    "RunStart",
    "Then",
    "Waiting",
]
PACKAGE = "callboard"
VERSION_TABLE = "callboard_version"

T = TypeVar("T")
Then: TypeAlias = Callable[[T], object]
"""Told of a write once it is on disk, in the order of the writes; see ``Database.write``."""


class Journal:
    """The journal in one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def migrate(self) -> None:
        """Bring the tables to the newest version."""
        self.database.migrate(PACKAGE, VERSION_TABLE)

    async def append(
        self, arrival: Arrival, then: Then[Accepted] | None = None
    ) -> Accepted:
        """Record ``arrival``; it is on disk when this returns."""
        return await self.database.write(arrivals.append, arrival, then)

    async def start(
        self, start: RunStart, then: Then[Begun | None] | None = None
    ) -> Begun | None:
        """Record that a run begins; None if its delivery waits no more."""
        return await self.database.write(runs.start, start, then)

    async def finish(self, end: RunEnd, then: Then[None] | None = None) -> None:
        """Record how a run ended."""
        await self.database.write(runs.finish, end, then)

    async def fold(
        self, fold: Fold, then: Then[dict[str, object]] | None = None
    ) -> None:
        """Record that a delivery will not run, because a later one tells all.

        ``then`` is told what was written, by the names of ``DeliveryView``.
        """
        await self.database.write(turns.fold, fold, then)

    async def release_held(self) -> int:
        """Let every held delivery run again now; returns how many."""
        return await self.database.write(turns.release_held, None)

    async def move(
        self, move: Move, then: Then[DeliveryView | None] | None = None
    ) -> DeliveryView | None:
        """Park or unpark a delivery; None if it was in no state for it."""
        return await self.database.write(turns.move, move, then)

    async def note(self, entry: ActionEntry) -> None:
        """Record what a person did."""
        await self.database.write(turns.note, entry)

    async def recover(self) -> Recovered:
        """Queue again what a crash cut short, or park it after ``MOST_CUTS`` times."""
        return await self.database.write(runs.recover, None)

    async def queued(self, limit: int) -> Head:
        """About the first ``limit`` queued deliveries, as many of each organization.

        In the order of their turns.
        """
        return await self.database.read(lambda c: turns.queued(c, limit))

    async def release_due(
        self, now: float, then: Then[Released] | None = None
    ) -> Released:
        """Queue failed and held deliveries whose time has come, a batch of them."""
        return await self.database.write(turns.release_due, now, then)

    async def load(self, id_: str) -> Delivery | None:
        """A delivery with its payload; None if it is not, or no longer, kept."""
        return await self.database.read(lambda c: load(c, id_))

    async def probe(self) -> None:
        """Write what changes nothing.

        Raises:
            DBAPIError: The database takes no writes.
        """
        await self.database.write(arrivals.probe, None)

    async def known(self, source: str, hook: str, guids: Collection[str]) -> set[str]:
        """Which of ``guids`` came through a hook, whatever became of them."""
        return await self.database.read(lambda c: lookups.known(c, source, hook, guids))

    async def whole_since(self) -> float:
        """From when on everything that arrived is here, in Unix seconds.

        That is when the journal began, or as new as what retention removed.
        """
        return await self.database.read(lookups.whole_since)

    async def heard(self, source: str) -> list[Heard]:
        """The hooks of a source through which something came that is still kept."""
        return await self.database.read(lambda c: list(lookups.heard(c, source)))
