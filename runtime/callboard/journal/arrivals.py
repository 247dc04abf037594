"""Recording what arrives: new, or known already.

Owns the rule by which a copy joins the delivery that it is a copy of, and by which it
makes that one run again; and the question whether anything is recorded at all.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from callboard import clock
from callboard.delivery import Delivery, DeliveryState, DeliveryView
from callboard.ids import new_id
from callboard.journal.entries import Accepted, Arrival, Waiting
from callboard.journal.rows import SUMMARY, pack, view_of
from callboard.tables import deliveries, swept

_RUN_AGAIN = (
    DeliveryState.COMPLETED,
    DeliveryState.FAILED,
    DeliveryState.PARKED,
    DeliveryState.FOLDED,
)
_JUST_DONE = 10.0
"""Seconds after its end within which a copy still joins a completed delivery."""


def append(connection: Connection, arrivals: list[Arrival]) -> list[Accepted]:
    """See ``Journal.append``."""
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


def probe(connection: Connection, arguments: list[None]) -> list[None]:
    """See ``Journal.probe``."""
    # There and back: SQLite writes nothing for a value that is there already.
    for step in (1, -1):
        connection.execute(update(swept).values(until=swept.c.until + step))
    return arguments


def _waits(
    id_: str, arrival: Arrival, attempts: int = 0, done: tuple[str, ...] = ()
) -> Waiting:
    order, organization = arrival.order, arrival.delivery.organization
    return Waiting(id_, order.keys, order.fold, organization, attempts, done)


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
        "body": pack(delivery.body),
    }


_FROM_HOOK = select(*SUMMARY).where(
    deliveries.c.source == bindparam("sender"),
    deliveries.c.hook == bindparam("through"),
    deliveries.c.guid.in_(bindparam("guids", expanding=True)),
)


def _known(
    connection: Connection, arriving: Sequence[Delivery]
) -> dict[tuple[str, str, str], DeliveryView]:
    # Hook by hook: for a list of whole keys SQLite reads all of the table.
    guids: dict[tuple[str, str], list[str]] = {}
    for delivery in arriving:
        hook = (delivery.source, delivery.hook)
        guids.setdefault(hook, []).append(delivery.guid)
    known: dict[tuple[str, str, str], DeliveryView] = {}
    for (source, hook), wanted in guids.items():
        asked = {"sender": source, "through": hook, "guids": wanted}
        for row in connection.execute(_FROM_HOOK, asked):
            known[source, hook, row.guid] = view_of(row)
    return known


def _join(connection: Connection, known: DeliveryView, arrival: Arrival) -> Accepted:
    """The same delivery again: it joins the first, or runs again after its end."""
    just_done = known.state is DeliveryState.COMPLETED and (
        clock.now() - (known.ended_at or 0.0) < _JUST_DONE
    )
    if known.state not in _RUN_AGAIN or just_done:
        return Accepted(known, duplicate=True)
    this = deliveries.c.id == known.id
    done: tuple[str, ...] = ()
    if known.state is DeliveryState.FAILED:  # only what has not completed
        packed = connection.execute(select(deliveries.c.done).where(this)).scalar_one()
        done = msgspec.json.decode(packed, type=tuple[str, ...])
    elif known.state is DeliveryState.PARKED:  # with all its attempts
        known.attempts = 0
    known.state = DeliveryState.QUEUED
    known.redeliveries += 1
    connection.execute(
        update(deliveries)
        .where(this)
        .values(
            state=known.state,
            attempts=known.attempts,
            redeliveries=known.redeliveries,
            turn=new_id(),
            not_before=None,
            done=msgspec.json.encode(done),
            reason=None,
        )
    )
    waiting = _waits(known.id, arrival, known.attempts, done)
    return Accepted(known, duplicate=True, waiting=waiting)
