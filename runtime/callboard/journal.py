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
from callboard.routes import Order
from callboard.states import State
from callboard.tables import deliveries, runs
from callboard.tree import TreeRecord

PACKAGE = "callboard"
VERSION_TABLE = "callboard_version"
INTERRUPTED = "interrupted: the process ended during the run"
_ENDED = (DeliveryState.COMPLETED, DeliveryState.PARKED, DeliveryState.FOLDED)
_COMPRESSION = 1
_RELEASED = 512
_JUST_DONE = 10.0
"""Seconds after its end within which a copy still joins a completed delivery."""


class Arrival(Struct, frozen=True):
    """A delivery to be recorded."""

    delivery: Delivery
    order: Order = Order()
    state: DeliveryState = DeliveryState.QUEUED
    replay_of: str | None = None
    reason: str | None = None
    """Why it is here, where nobody sent it."""


class Waiting(Struct, frozen=True):
    """A delivery whose turn may have come; its payload stays in the journal."""

    id: str
    keys: tuple[str, ...]
    fold: str | None
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
    attempts: int
    """Runs that count against the policy's limit; one that was held does not."""
    providers: tuple[str, ...]


class Fold(Struct, frozen=True):
    """A queued delivery that a later one makes superfluous."""

    delivery: str
    into: str


class Move(Struct, frozen=True):
    """A person's word on a delivery."""

    delivery: str
    allowed: tuple[DeliveryState, ...]
    """The states from which it may be moved."""
    to: DeliveryState
    reason: str


class Released(Struct, frozen=True):
    """Deliveries that were put back into the queue."""

    deliveries: tuple[str, ...]
    following: float | None
    """When the next is due, Unix seconds; in the past where a batch was not enough."""


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

    async def fold(self, fold: Fold) -> None:
        """Record that a delivery will not run, because a later one tells all."""
        await self.database.write(_fold, fold)

    async def release_held(self) -> int:
        """Let every held delivery run again now; returns how many."""
        return await self.database.write(_release_held, None)

    async def move(self, move: Move) -> DeliveryView | None:
        """Park or unpark a delivery; None if it was in no state for it."""
        return await self.database.write(_move, move)

    async def recover(self) -> int:
        """Queue again what a crash cut short; returns how many deliveries."""
        return await self.database.write(_recover, None)

    async def queued(self, limit: int) -> list[Waiting]:
        """The first ``limit`` queued deliveries, in the order of their turns."""
        return await self.database.read(lambda c: _queued(c, limit))

    async def release_due(self, now: float) -> Released:
        """Queue failed and held deliveries whose time has come, a batch of them."""
        return await self.database.write(_release_due, now)

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
        folded_into=row.folded_into,
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
            waiting = _waits(delivery.id, arrival)
        accepted.append(Accepted(view, waiting=waiting))
    if fresh:
        connection.execute(_INSERT, fresh)
    return accepted


def _waits(id_: str, arrival: Arrival, attempts: int = 0) -> Waiting:
    order, organization = arrival.order, arrival.delivery.organization
    return Waiting(id_, order.keys, order.fold, organization, attempts)


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
    "reason",
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
        "reason": arrival.reason,
        "keys": msgspec.json.encode(arrival.order.keys),
        "fold": arrival.order.fold,
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
    just_done = known.state is DeliveryState.COMPLETED and (
        clock.now() - (known.ended_at or 0.0) < _JUST_DONE
    )
    if known.state not in _ENDED or just_done:
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
    waiting = _waits(known.id, arrival, known.attempts)
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
        providers=bindparam("ran"),
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
        attempts=bindparam("counted"),
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
                "ran": "".join(f",{name}" for name in end.providers) + ",",
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
                "counted": end.attempts,
            }
            for end in ends
        ],
    )
    return [None] * len(ends)


def _fold(connection: Connection, folds: list[Fold]) -> list[None]:
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


def _release_held(connection: Connection, arguments: list[None]) -> list[int]:
    released = connection.execute(
        update(deliveries)
        .where(deliveries.c.state == DeliveryState.HELD)
        .values(not_before=clock.now())
    )
    return [released.rowcount] * len(arguments)


def _move(connection: Connection, moves: list[Move]) -> list[DeliveryView | None]:
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
    *(
        deliveries.c[name]
        for name in ("id", "keys", "fold", "organization", "attempts", "done")
    )
).order_by(deliveries.c.turn)


def _queued(connection: Connection, limit: int) -> list[Waiting]:
    query = _WAITING.where(deliveries.c.state == DeliveryState.QUEUED).limit(limit)
    return [_waiting(row) for row in connection.execute(query)]


def _release_due(connection: Connection, moments: list[float]) -> list[Released]:
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
