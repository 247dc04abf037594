"""The account of one write to the catalog.

Owns the numbers that a transaction gives out, its history rows and the effects it
reports to the runtime.
"""

from itertools import takewhile

from msgspec import Raw
from sqlalchemy import Connection, delete, select, update

from callboard import Effect, Stamp, record_effects
from callboard.effects import CHANGES
from callboard_catalog.bulk import insert_rows
from callboard_catalog.documents import decode, encode
from callboard_catalog.patch import patch_between
from callboard_catalog.tables import history, state

_PRUNE_EVERY = 3600.0
_PRUNE_AT_MOST = 5000

_TOUCH = update(state).values(change=state.c.change)
_NUMBERS = select(state.c.change, state.c.entity, state.c.claim, state.c.pruned_at)
_RENUMBER = update(state)


class Ledger:
    """Numbers and records of one transaction; ``close`` writes them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # First a write: from here on this transaction is the only writer, on SQLite as
        # on PostgreSQL.
        connection.execute(_TOUCH)
        row = connection.execute(_NUMBERS).one()
        self.change: int = row.change
        self.remarks = 0
        """How many of the changes noted here leave their entity as it was."""
        self._entity: int = row.entity
        self._claim: int = row.claim
        self._pruned_at: float = row.pruned_at
        self._rows: list[tuple[object, ...]] = []
        self._effects: list[tuple[Stamp, Effect]] = []

    def next_entity(self) -> int:
        """A number that no entity had before."""
        self._entity += 1
        return self._entity

    def next_claim(self) -> int:
        """A number greater than that of every claim before."""
        self._claim += 1
        return self._claim

    def record(
        self,
        stamp: Stamp,
        operation: str,
        *,
        ref: str,
        location_key: str,
        uid: str | None = None,
        before: bytes | None = None,
        after: bytes | None = None,
        message: str | None = None,
    ) -> None:
        """Note one change of one entity."""
        self.change += 1
        self.remarks += operation not in CHANGES
        patch = None
        if before is not None and after is not None and before != after:
            patch = encode(patch_between(decode(before), decode(after)))
        self._rows.append(
            (
                self.change,
                ref,
                uid,
                operation,
                stamp.provider,
                location_key,
                stamp.at,
                stamp.run,
                stamp.task,
                stamp.delivery,
                message,
                before,
                patch,
            )
        )
        if message is not None and after is None:
            after = encode({"message": message})
        effect = Effect(
            ref or location_key,
            operation,
            None if before is None else Raw(before),
            None if after is None else Raw(after),
        )
        self._effects.append((stamp, effect))

    def prune(self, horizon: float, now: float) -> None:
        """Drop history from before ``horizon``, a piece at a time and not often."""
        if not horizon or now - self._pruned_at < _PRUNE_EVERY:
            return
        oldest = self._connection.execute(
            select(history.c.id, history.c.at)
            .order_by(history.c.id)
            .limit(_PRUNE_AT_MOST)
        )
        # Only from the beginning: a gap would hide a change from a follower.
        old = [row.id for row in takewhile(lambda row: row.at < horizon, oldest.all())]
        if old:
            self._connection.execute(delete(history).where(history.c.id <= old[-1]))
        if len(old) < _PRUNE_AT_MOST:
            self._pruned_at = now

    def close(self) -> None:
        """Write what was noted."""
        insert_rows(self._connection, history, list(history.columns), self._rows)
        by_stamp: dict[Stamp, list[Effect]] = {}
        for stamp, effect in self._effects:
            # Without a run, as when a provider is retired, there is no task to show it.
            if stamp.run:
                by_stamp.setdefault(stamp, []).append(effect)
        for stamp, effects in by_stamp.items():
            record_effects(self._connection, stamp, effects)
        numbers = {
            "change": self.change,
            "entity": self._entity,
            "claim": self._claim,
            "pruned_at": self._pruned_at,
        }
        self._connection.execute(_RENUMBER, numbers)
