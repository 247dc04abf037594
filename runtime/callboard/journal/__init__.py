"""The journal: the durable, ordered record of deliveries, runs and outcomes.

Owns every write to its tables. Each operation takes a list, because the writer hands
over all that wait for it at once. Reading for people is ``history``'s.
"""

from collections.abc import Collection

from callboard.database import Database
from callboard.delivery import Delivery, DeliveryView
from callboard.journal import arrivals, lookups, runs, turns
from callboard.journal.entries import (
    Accepted,
    ActionEntry,
    Arrival,
    Fold,
    Head,
    Move,
    Released,
    RunEnd,
    RunStart,
    Waiting,
)
from callboard.journal.lookups import Heard
from callboard.journal.rows import load
from callboard.journal.runs import INTERRUPTED
from callboard.journal.turns import folded_reason

__all__ = [
    "INTERRUPTED",
    "Accepted",
    "ActionEntry",
    "Arrival",
    "Fold",
    "Head",
    "Heard",
    "Journal",
    "Move",
    "Released",
    "RunEnd",
    "RunStart",
    "Waiting",
    "folded_reason",
]
PACKAGE = "callboard"
VERSION_TABLE = "callboard_version"


class Journal:
    """The journal in one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def migrate(self) -> None:
        """Bring the tables to the newest version."""
        self.database.migrate(PACKAGE, VERSION_TABLE)

    async def append(self, arrival: Arrival) -> Accepted:
        """Record ``arrival``; it is on disk when this returns."""
        return await self.database.write(arrivals.append, arrival)

    async def start(self, start: RunStart) -> Delivery | None:
        """Record that a run begins; returns its delivery, None if it waits no more."""
        return await self.database.write(runs.start, start)

    async def finish(self, end: RunEnd) -> None:
        """Record how a run ended."""
        await self.database.write(runs.finish, end)

    async def fold(self, fold: Fold) -> None:
        """Record that a delivery will not run, because a later one tells all."""
        await self.database.write(turns.fold, fold)

    async def release_held(self) -> int:
        """Let every held delivery run again now; returns how many."""
        return await self.database.write(turns.release_held, None)

    async def move(self, move: Move) -> DeliveryView | None:
        """Park or unpark a delivery; None if it was in no state for it."""
        return await self.database.write(turns.move, move)

    async def note(self, entry: ActionEntry) -> None:
        """Record what a person did."""
        await self.database.write(turns.note, entry)

    async def recover(self) -> int:
        """Queue again what a crash cut short; returns how many deliveries."""
        return await self.database.write(runs.recover, None)

    async def queued(self, limit: int) -> Head:
        """About the first ``limit`` queued deliveries, as many of each organization.

        In the order of their turns.
        """
        return await self.database.read(lambda c: turns.queued(c, limit))

    async def release_due(self, now: float) -> Released:
        """Queue failed and held deliveries whose time has come, a batch of them."""
        return await self.database.write(turns.release_due, now)

    async def load(self, id_: str) -> Delivery | None:
        """A delivery with its payload; None if it is not, or no longer, kept."""
        return await self.database.read(lambda c: load(c, id_))

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
