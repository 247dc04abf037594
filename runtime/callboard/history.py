"""Reading the journal, for people.

Owns the queries behind lists of deliveries, trees of ended runs and the effects of a run
or a subject. They are plain functions of a connection, so that they serve a running
callboard and a command that opens the file on its own.
"""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import Connection, func, select

from callboard.delivery import UNENDED, DeliveryState, DeliveryView
from callboard.journal.entries import ActionEntry
from callboard.journal.rows import SUMMARY, load, unpack_tree, view_of
from callboard.tables import actions, deliveries, effects, runs
from callboard.tree import TreeRecord


class DeliveryFilter(Struct, frozen=True):
    """Which deliveries; every field that is set must match."""

    state: DeliveryState | None = None
    event: str | None = None
    source: str | None = None
    organization: str | None = None
    repository: str | None = None
    guid: str | None = None
    provider: str | None = None
    """Deliveries that this provider ran for."""
    since: float | None = None
    """Received at or after, Unix seconds."""
    until: float | None = None
    before: str | None = None
    """Older than the delivery with this id, for the next page."""


class RunSummary(Struct, frozen=True):
    """One run of a delivery."""

    id: str
    delivery: str
    attempt: int
    started_at: float
    ended_at: float | None
    state: str
    cause: str | None


class EffectRecord(Struct, frozen=True):
    """One effect, and who made it."""

    run: str
    task: int
    delivery: str
    provider: str
    at: float
    subject: str
    operation: str
    before: Raw | None
    after: Raw | None


class Payload(Struct, frozen=True):
    """What arrived with a delivery."""

    headers: dict[str, str]
    body: bytes


class KeptDelivery(Struct, frozen=True):
    """A delivery's summary, and what a list does not show."""

    view: DeliveryView
    hook: str
    size: int
    """Bytes of its body."""


def find_delivery(connection: Connection, delivery: str) -> KeptDelivery | None:
    """A delivery without its payload; None if it is not, or no longer, kept."""
    query = select(*SUMMARY).where(deliveries.c.id == delivery)
    row = connection.execute(query).first()
    return None if row is None else KeptDelivery(view_of(row), row.hook, row.size)


def list_deliveries(
    connection: Connection, wanted: DeliveryFilter, limit: int | None
) -> list[DeliveryView]:
    """Deliveries, newest first; ``limit`` None for all."""
    t = deliveries.c
    query = select(*SUMMARY).order_by(t.id.desc())
    for name in ("state", "event", "source", "organization", "repository", "guid"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(t[name] == value)
    if wanted.since is not None:
        query = query.where(t.received_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(t.received_at < wanted.until)
    if wanted.before is not None:
        query = query.where(t.id < wanted.before)
    if wanted.provider is not None:
        ran = runs.c.providers.contains(f",{wanted.provider},", autoescape=True)
        by = select(runs.c.delivery).where(ran)
        query = query.where(t.id.in_(by))
    return [view_of(row) for row in connection.execute(query.limit(limit))]


def count_in(
    connection: Connection, states: Collection[DeliveryState]
) -> dict[DeliveryState, int]:
    """How many deliveries stand in each of ``states``, in the whole journal."""
    t = deliveries.c
    query = select(t.state, func.count()).where(t.state.in_(states))
    found = {row[0]: row[1] for row in connection.execute(query.group_by(t.state))}
    return {state: found.get(state, 0) for state in states}


def list_runs(connection: Connection, delivery: str) -> list[RunSummary]:
    """The runs of a delivery, first to last."""
    t = runs.c
    query = select(
        t.id, t.delivery, t.attempt, t.started_at, t.ended_at, t.state, t.cause
    )
    found = connection.execute(query.where(t.delivery == delivery).order_by(t.id))
    return [RunSummary(*row) for row in found]


def find_tree(connection: Connection, run: str) -> TreeRecord | None:
    """The tree of an ended run; None while it runs, or when it was cut short."""
    packed = connection.execute(select(runs.c.tree).where(runs.c.id == run)).scalar()
    return None if packed is None else unpack_tree(packed)


def delivery_of_run(connection: Connection, run: str) -> str | None:
    """Whose run it is; None where ``find_tree`` finds none."""
    t = runs.c
    query = select(t.delivery).where(t.id == run, t.tree.is_not(None))
    return connection.execute(query).scalar()


def find_payload(connection: Connection, delivery: str) -> Payload | None:
    """The headers and body of a delivery, decompressed."""
    found = load(connection, delivery)
    return None if found is None else Payload(found.headers, found.body)


def effects_of_run(
    connection: Connection,
    run: str,
    limit: int = 500,
    *,
    task: int | None = None,
    offset: int = 0,
) -> list[EffectRecord]:
    """What a run changed, or one task of it, in order."""
    query = select(effects).where(effects.c.run == run).order_by(effects.c.id)
    if task is not None:
        query = query.where(effects.c.task == task)
    page = query.limit(limit).offset(offset)
    return [_effect(row) for row in connection.execute(page)]


def effects_on(
    connection: Connection,
    subject: str,
    limit: int = 500,
    *,
    operations: Iterable[str] | None = None,
) -> list[EffectRecord]:
    """Everything that changed ``subject``, newest first; None for any operation."""
    query = select(effects).where(effects.c.subject == subject)
    if operations is not None:
        query = query.where(effects.c.operation.in_(list(operations)))
    newest = query.order_by(effects.c.at.desc(), effects.c.id.desc()).limit(limit)
    return [_effect(row) for row in connection.execute(newest)]


def actions_on(
    connection: Connection, target: str, limit: int = 100
) -> list[ActionEntry]:
    """What people did to a delivery, its tasks, or a provider; the newest, in order."""
    t = actions.c
    query = select(actions).where((t.target == target) | (t.delivery == target))
    newest = connection.execute(query.order_by(t.id.desc()).limit(limit)).all()
    return [_action(row) for row in reversed(newest)]


def pauses(connection: Connection) -> dict[str, ActionEntry]:
    """The providers that a person paused and nobody resumed, by name."""
    t = actions.c
    of_providers = t.kind.in_(("pause", "resume"))
    newest = select(func.max(t.id)).where(of_providers).group_by(t.target)
    rows = connection.execute(
        select(actions).where(t.id.in_(newest), t.kind == "pause")
    )
    return {row.target: _action(row) for row in rows}


def _action(row: Any) -> ActionEntry:
    return ActionEntry(
        at=row.at,
        who=row.who,
        kind=row.kind,
        target=row.target,
        delivery=row.delivery,
        until=row.until,
    )


def last_ticks(connection: Connection, source: str) -> dict[str, float]:
    """When each scheduled handler last completed, by ``provider.method``."""
    t = deliveries.c
    query = (
        select(t.event, t.action, func.max(t.ended_at))
        .where(t.source == source, t.state == DeliveryState.COMPLETED)
        .group_by(t.event, t.action)
    )
    return {f"{row[0]}.{row[1]}": row[2] for row in connection.execute(query)}


def open_ticks(connection: Connection, source: str) -> dict[str, str]:
    """The newest tick of each scheduled handler that has not ended: its delivery."""
    t = deliveries.c
    query = (
        select(t.event, t.action, func.max(t.id))
        .where(t.source == source, t.state.in_(UNENDED))
        .group_by(t.event, t.action)
    )
    return {f"{row[0]}.{row[1]}": row[2] for row in connection.execute(query)}


def _effect(row: Any) -> EffectRecord:
    return EffectRecord(
        run=row.run,
        task=row.task,
        delivery=row.delivery,
        provider=row.provider,
        at=row.at,
        subject=row.subject,
        operation=row.operation,
        before=None if row.before is None else msgspec.Raw(row.before),
        after=None if row.after is None else msgspec.Raw(row.after),
    )
