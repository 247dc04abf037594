"""The journal: the durable, ordered record of deliveries, runs and outcomes.

Owns every write to its tables. Each operation takes a list, because the writer hands
over all that wait for it at once. Reading for people is ``history``'s.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, select, tuple_, update

from callboard import clock
from callboard.database import Database
from callboard.delivery import Delivery, DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard.states import State
from callboard.tables import deliveries, runs
from callboard.tree import TreeRecord

PACKAGE = "callboard"
VERSION_TABLE = "callboard_version"
INTERRUPTED = "interrupted: the process ended during the run"
_ENDED = (DeliveryState.COMPLETED, DeliveryState.PARKED, DeliveryState.FOLDED)
_COMPRESSION = 1


class Arrival(Struct, frozen=True):
    """A delivery to be recorded."""

    delivery: Delivery
    keys: tuple[str, ...]
    """Deliveries that share a key run one after the other."""
    state: DeliveryState = DeliveryState.QUEUED
    replay_of: str | None = None


class Waiting(Struct, frozen=True):
    """A delivery whose turn may have come; its payload stays in the journal."""

    id: str
    keys: tuple[str, ...]
    organization: str | None
    attempts: int = 0
    done: tuple[str, ...] = ()


class Accepted(Struct, frozen=True):
    """What became of an arrival."""

    view: DeliveryView
    duplicate: bool = False
    """It has come before: it joined that delivery, or made it run again."""
    waiting: Waiting | None = None
    """What there is to run; None for a copy that joined, and for an ignored event."""


class RunStart(Struct, frozen=True):
    """A run that begins."""

    run: str
    delivery: str
    attempt: int
    at: float


class RunEnd(Struct, frozen=True):
    """A run that has ended, and where that leaves its delivery."""

    run: str
    delivery: str
    at: float
    state: State
    cause: str | None
    tree: TreeRecord
    then: DeliveryState
    reason: str | None
    not_before: float | None
    done: tuple[str, ...]


class Journal:
    """The journal in one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def migrate(self) -> None:
        """Bring the tables to the newest version."""
        self.database.migrate(PACKAGE, VERSION_TABLE)

    async def append(self, arrival: Arrival) -> Accepted:
        """Record ``arrival``; it is on disk when this returns."""
        return await self.database.write(_append, arrival)

    async def start(self, start: RunStart) -> Delivery | None:
        """Record that a run begins; returns its delivery, None if it is gone."""
        return await self.database.write(_start, start)

    async def finish(self, end: RunEnd) -> None:
        """Record how a run ended."""
        await self.database.write(_finish, end)

    async def recover(self) -> int:
        """Queue again what a crash cut short; returns how many deliveries."""
        return await self.database.write(_recover, None)

    async def queued(self, limit: int) -> list[Waiting]:
        """The first ``limit`` queued deliveries, in the order of their turns."""
        return await self.database.read(lambda c: _queued(c, limit))

    async def due(self, now: float, limit: int) -> tuple[list[Waiting], float | None]:
        """Failed deliveries whose time has come, and when the next one's will."""
        return await self.database.read(lambda c: _due(c, now, limit))

    async def load(self, id_: str) -> Delivery | None:
        """A delivery with its payload; None if it is not, or no longer, kept."""
        return await self.database.read(lambda c: load(c, id_))


def view_of(row: Any) -> DeliveryView:
    """The summary of a row of ``deliveries``."""
    return DeliveryView(
        id=row.id,
        source=row.source,
        guid=row.guid,
        event=row.event,
        action=row.action,
        organization=row.organization,
        repository=row.repository,
        received_at=row.received_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        redeliveries=row.redeliveries,
        run=row.run,
        started_at=row.started_at,
        ended_at=row.ended_at,
        reason=row.reason,
        replay_of=row.replay_of,
    )


SUMMARY = [c for c in deliveries.c if c.name not in {"headers", "body", "keys", "done"}]
"""The columns that ``view_of`` reads, and the small ones beside them."""


def load(connection: Connection, id_: str) -> Delivery | None:
    """See ``Journal.load``."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == id_)).first()
    if row is None:
        return None
    return Delivery(
        id=row.id,
        source=row.source,
        hook=row.hook,
        guid=row.guid,
        event=row.event,
        action=row.action,
        organization=row.organization,
        repository=row.repository,
        received_at=row.received_at,
        headers=msgspec.json.decode(row.headers, type=dict[str, str]),
        body=zlib.decompress(row.body),
    )


def pack_tree(tree: TreeRecord) -> bytes:
    """A tree as it is stored."""
    return zlib.compress(msgspec.json.encode(tree), _COMPRESSION)


def unpack_tree(packed: bytes) -> TreeRecord:
    """A tree as it was stored."""
    return msgspec.json.decode(zlib.decompress(packed), type=TreeRecord)


def _append(connection: Connection, arrivals: list[Arrival]) -> list[Accepted]:
    known = _known(connection, [a.delivery for a in arrivals])
    fresh: list[dict[str, Any]] = []
    accepted: list[Accepted] = []
    for arrival in arrivals:
        delivery = arrival.delivery
        key = (delivery.source, delivery.hook, delivery.guid)
        if key in known:
            accepted.append(_join(connection, known[key], arrival))
            continue
        row = _row(arrival)
        fresh.append(row)
        view = DeliveryView(
            **{name: row[name] for name in _VIEW_FIELDS}, state=arrival.state
        )
        known[key] = view
        waiting = None
        if arrival.state is DeliveryState.QUEUED:
            waiting = Waiting(delivery.id, arrival.keys, delivery.organization)
        accepted.append(Accepted(view, waiting=waiting))
    if fresh:
        connection.execute(_INSERT, fresh)
    return accepted


_INSERT = deliveries.insert()
_VIEW_FIELDS = (
    "id",
    "source",
    "guid",
    "event",
    "action",
    "organization",
    "repository",
    "received_at",
    "replay_of",
)


def _row(arrival: Arrival) -> dict[str, Any]:
    delivery = arrival.delivery
    return {
        "id": delivery.id,
        "source": delivery.source,
        "hook": delivery.hook,
        "guid": delivery.guid,
        "event": delivery.event,
        "action": delivery.action,
        "organization": delivery.organization,
        "repository": delivery.repository,
        "received_at": delivery.received_at,
        "turn": delivery.id,
        "state": arrival.state,
        "attempts": 0,
        "redeliveries": 0,
        "replay_of": arrival.replay_of,
        "keys": msgspec.json.encode(arrival.keys),
        "done": b"[]",
        "headers": msgspec.json.encode(delivery.headers),
        "size": len(delivery.body),
        "body": zlib.compress(delivery.body, _COMPRESSION),
    }


def _known(
    connection: Connection, arriving: Sequence[Delivery]
) -> dict[tuple[str, str, str], DeliveryView]:
    key = tuple_(deliveries.c.source, deliveries.c.hook, deliveries.c.guid)
    wanted = [(d.source, d.hook, d.guid) for d in arriving]
    found = connection.execute(select(*SUMMARY).where(key.in_(wanted)))
    return {(row.source, row.hook, row.guid): view_of(row) for row in found}


def _join(connection: Connection, known: DeliveryView, arrival: Arrival) -> Accepted:
    """The same delivery again: it joins the first, or runs again after its end."""
    if known.state not in _ENDED:
        return Accepted(known, duplicate=True)
    known.state = DeliveryState.QUEUED
    known.redeliveries += 1
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == known.id)
        .values(
            state=known.state,
            redeliveries=known.redeliveries,
            turn=new_id(),
            not_before=None,
            done=b"[]",
            reason=None,
        )
    )
    waiting = Waiting(
        known.id, arrival.keys, known.organization, attempts=known.attempts
    )
    return Accepted(known, duplicate=True, waiting=waiting)


_BEGIN = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery_id"))
    .values(
        state=DeliveryState.RUNNING,
        run=bindparam("run_id"),
        attempts=bindparam("attempt_number"),
        started_at=bindparam("begun_at"),
        ended_at=None,
        not_before=None,
    )
)


def _start(connection: Connection, starts: list[RunStart]) -> list[Delivery | None]:
    connection.execute(
        _BEGIN,
        [
            {
                "delivery_id": start.delivery,
                "run_id": start.run,
                "attempt_number": start.attempt,
                "begun_at": start.at,
            }
            for start in starts
        ],
    )
    connection.execute(
        runs.insert(),
        [
            {
                "id": start.run,
                "delivery": start.delivery,
                "attempt": start.attempt,
                "started_at": start.at,
                "state": State.RUNNING,
            }
            for start in starts
        ],
    )
    return [load(connection, start.delivery) for start in starts]


_END_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("run_id"))
    .values(
        ended_at=bindparam("end"),
        state=bindparam("end_state"),
        cause=bindparam("end_cause"),
        tree=bindparam("end_tree"),
    )
)
_END_DELIVERY = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery_id"))
    .values(
        state=bindparam("then"),
        ended_at=bindparam("end"),
        reason=bindparam("why"),
        not_before=bindparam("later"),
        done=bindparam("handlers_done"),
    )
)


def _finish(connection: Connection, ends: list[RunEnd]) -> list[None]:
    connection.execute(
        _END_RUN,
        [
            {
                "run_id": end.run,
                "end": end.at,
                "end_state": end.state,
                "end_cause": end.cause,
                "end_tree": pack_tree(end.tree),
            }
            for end in ends
        ],
    )
    connection.execute(
        _END_DELIVERY,
        [
            {
                "delivery_id": end.delivery,
                "end": end.at,
                "then": end.then,
                "why": end.reason,
                "later": end.not_before,
                "handlers_done": msgspec.json.encode(end.done),
            }
            for end in ends
        ],
    )
    return [None] * len(ends)


def _recover(connection: Connection, arguments: list[None]) -> list[int]:
    connection.execute(
        update(runs)
        .where(runs.c.ended_at.is_(None))
        .values(ended_at=clock.now(), state=State.HALTED, cause=INTERRUPTED)
    )
    cut = connection.execute(
        update(deliveries)
        .where(deliveries.c.state == DeliveryState.RUNNING)
        .values(state=DeliveryState.QUEUED, reason=INTERRUPTED)
    )
    return [cut.rowcount] * len(arguments)


_WAITING = select(
    *(deliveries.c[name] for name in ("id", "keys", "organization", "attempts", "done"))
).order_by(deliveries.c.turn)


def _queued(connection: Connection, limit: int) -> list[Waiting]:
    query = _WAITING.where(deliveries.c.state == DeliveryState.QUEUED).limit(limit)
    return [_waiting(row) for row in connection.execute(query)]


def _due(
    connection: Connection, now: float, limit: int
) -> tuple[list[Waiting], float | None]:
    failed = deliveries.c.state == DeliveryState.FAILED
    due = _WAITING.where(failed, deliveries.c.not_before <= now).limit(limit)
    found = [_waiting(row) for row in connection.execute(due)]
    later = select(func.min(deliveries.c.not_before)).where(failed)
    if len(found) < limit:
        later = later.where(deliveries.c.not_before > now)
    return found, connection.execute(later).scalar()


def _waiting(row: Any) -> Waiting:
    return Waiting(
        id=row.id,
        keys=msgspec.json.decode(row.keys, type=tuple[str, ...]),
        organization=row.organization,
        attempts=row.attempts,
        done=msgspec.json.decode(row.done, type=tuple[str, ...]),
    )
