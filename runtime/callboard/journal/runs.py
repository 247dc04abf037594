"""Recording that runs begin, how they ended, and that a crash cut them short."""

from msgspec import json
from sqlalchemy import Connection, bindparam, func, select, update

from callboard import clock
from callboard.delivery import DeliveryState
from callboard.journal.entries import Begun, Recovered, RunEnd, RunStart
from callboard.journal.rows import delivery_of, pack_tree, view_of
from callboard.states import State
from callboard.tables import deliveries, runs

INTERRUPTED = "interrupted: the process ended during the run"
MOST_CUTS = 10
"""Runs that a crash may cut short before it is their delivery that is thought to end the
process: one that does, at every start, would let nothing else run."""
_ENDS_THE_PROCESS = (
    f"the process ended during {MOST_CUTS} of its runs: one of those that ran then "
    "may be what ends it"
)

_QUEUED = select(deliveries).where(
    deliveries.c.id.in_(bindparam("asked", expanding=True)),
    deliveries.c.state == DeliveryState.QUEUED,
)
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


def start(connection: Connection, starts: list[RunStart]) -> list[Begun | None]:
    """See ``Journal.start``."""
    asked = [start.delivery for start in starts]
    found = {
        row.id: Begun(delivery_of(row), view_of(row))
        for row in connection.execute(_QUEUED, {"asked": asked})
    }
    # An offer may come late, when the delivery was found in the journal and run already.
    starts = [start for start in starts if start.delivery in found]
    if not starts:
        return [None] * len(asked)
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
    for start in starts:
        view = found[start.delivery].view
        view.state = DeliveryState.RUNNING
        view.run, view.attempts = start.run, start.attempt
        view.started_at, view.ended_at = start.at, None
    return [found.get(id_) for id_ in asked]


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


def finish(connection: Connection, ends: list[RunEnd]) -> list[None]:
    """See ``Journal.finish``."""
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
                "handlers_done": json.encode(end.done),
                "counted": end.attempts,
            }
            for end in ends
        ],
    )
    return [None] * len(ends)


_TO_RUN = (DeliveryState.QUEUED, DeliveryState.RUNNING)
_CUT_OFTEN = (
    select(runs.c.delivery)
    .where(runs.c.cause == INTERRUPTED)
    .group_by(runs.c.delivery)
    .having(func.count() >= MOST_CUTS)
)


def recover(connection: Connection, arguments: list[None]) -> list[Recovered]:
    """See ``Journal.recover``."""
    connection.execute(
        update(runs)
        .where(runs.c.ended_at.is_(None))
        .values(ended_at=clock.now(), state=State.HALTED, cause=INTERRUPTED)
    )
    running = update(deliveries).where(deliveries.c.state == DeliveryState.RUNNING)
    parked = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state.in_(_TO_RUN),
            # Counted anew since a person, or its source, had it queued again.
            deliveries.c.attempts >= MOST_CUTS,
            deliveries.c.id.in_(_CUT_OFTEN),
        )
        .values(state=DeliveryState.PARKED, reason=_ENDS_THE_PROCESS)
    )
    queued = connection.execute(
        running.values(state=DeliveryState.QUEUED, reason=INTERRUPTED)
    )
    return [Recovered(queued.rowcount, parked.rowcount)] * len(arguments)
