"""The journal works alike on SQLite and PostgreSQL."""

from contextlib import closing
from typing import Any

import anyio
import pytest
from sqlalchemy import select, update

from callboard import (
    Callboard,
    Database,
    DeliveryState,
    Intensity,
    Provider,
    Retry,
    Run,
    Untyped,
    clock,
    history,
    on,
)
from callboard.history import DeliveryFilter
from callboard.ids import new_id
from callboard.journal import (
    INTERRUPTED,
    MOST_CUTS,
    Arrival,
    Journal,
    Move,
    Recovered,
    RunStart,
)
from callboard.retention import Retention, _sweep
from callboard.routes import Order
from callboard.tables import deliveries, runs
from callboard.testing import (
    THING,
    Gate,
    deliver,
    newest_tree,
    open_board,
    outline,
    post,
    reached,
    sample,
    settled,
    signed,
    view,
)

pytestmark = pytest.mark.anyio
COMPLETED, PARKED = DeliveryState.COMPLETED, DeliveryState.PARKED


class Failing(Provider):
    """Fails as often as it is told to."""

    name = "failing"
    retry = Retry(attempts=1)
    intensity = Intensity(failures=1_000)

    def __init__(self, failures: int) -> None:
        self.failures = failures

    @on(THING)
    async def handle(self, _event: Untyped, _run: Run) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("not yet")


async def listed(board: Callboard, **wanted: Any) -> list[str]:
    found = await board.database.read(
        lambda c: history.list_deliveries(c, DeliveryFilter(**wanted), None)
    )
    return [view.guid for view in found]


async def test_delivery_lives_its_whole_life(database_url: str) -> None:
    settings = {"runtime": {"first_wait": 0.001, "attempts": 3}}
    async with open_board(Failing(4), url=database_url, settings=settings) as board:
        with anyio.fail_after(20):
            payload = {"organization": "acme", "action": "added", "word": "\u2603"}
            id_ = await deliver(board, "thing", payload, guid="one")
            parked = await reached(board, id_, PARKED)
            assert parked.attempts == 3
            await board.actions.unpark(id_, "ada")
            await reached(board, id_, COMPLETED)
            again = (await board.actions.replay(id_, "ada")).view.id
            await settled(board)
        assert (await view(board, again)).replay_of == id_
        kept = await board.journal.load(id_)
        assert kept is not None
        assert (
            kept.body == '{"organization":"acme","action":"added","word":"☃"}'.encode()
        )
        assert outline(await newest_tree(board, id_))["state"] == "completed"
        kept_runs = await board.database.read(lambda c: history.list_runs(c, id_))
        assert [run.state for run in kept_runs] == ["errored"] * 4 + ["completed"]
        assert await listed(board, guid="one", organization="acme") == ["one"]
        assert await listed(board, event="thing", state=PARKED) == []
        assert len(await listed(board, provider="failing", since=1.0)) == 2
        assert await listed(board, before=id_) == []
        states = (COMPLETED, PARKED)
        assert await board.database.read(lambda c: history.count_in(c, states)) == {
            COMPLETED: 2,
            PARKED: 0,
        }


async def test_copies_join_and_a_later_one_runs_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(is_open=True)
    async with open_board(gate, url=database_url) as board:
        ids: list[str] = []

        async def send() -> None:
            ids.append(await deliver(board, "thing", {"n": 1}, guid="same"))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(send)
            await settled(board)
            later = clock.now() + 3_600
            monkeypatch.setattr(clock, "now", lambda: later)
            await send()
            await settled(board)
        found = await view(board, ids[0])
    assert len(set(ids)) == 1
    assert gate.ended == [1, 1]
    assert found.redeliveries == 1


async def test_queue_is_shared_among_organizations(database_url: str) -> None:
    async with open_board(url=database_url) as board:
        board.actions._dispatcher.close()
        for organization, count in (("busy", 30), ("quiet", 2), (None, 3), ("some", 9)):
            for number in range(count):
                delivery = sample("thing", {"n": number, "organization": organization})
                await board.journal.append(Arrival(delivery, Order(("k",))))
        head = await board.journal.queued(20)
        whole = await board.journal.queued(100)
    names = [waiting.organization for waiting in head.waiting]
    assert {name: names.count(name) for name in set(names)} == {
        "busy": 7,
        "quiet": 2,
        None: 3,
        "some": 7,
    }
    assert head.left_out == {"busy", "some"}
    assert [w.id for w in head.waiting] == sorted(w.id for w in head.waiting)
    assert (len(whole.waiting), whole.left_out) == (44, frozenset())


async def test_run_cut_by_a_crash_runs_again(database_url: str) -> None:
    gate = Gate(is_open=True)
    async with open_board(gate, url=database_url) as board:
        with anyio.fail_after(20):
            id_ = await deliver(board, "thing", {"n": 1})
            await settled(board)

        def crash(connection: Any, arguments: list[None]) -> list[None]:
            cut = {"state": DeliveryState.RUNNING, "done": b"[]"}
            connection.execute(update(deliveries).values(**cut))
            unended = {"ended_at": None, "state": "running", "tree": None}
            connection.execute(update(runs).values(**unended))
            return arguments

        await board.database.write(crash, None)
    async with open_board(gate, url=database_url) as board:
        with anyio.fail_after(20):
            await settled(board)
        kept = await board.database.read(lambda c: history.list_runs(c, id_))
    assert gate.ended == [1, 1]
    assert [run.cause for run in kept] == [INTERRUPTED, None]


async def test_delivery_that_ends_the_process_each_time_is_parked_at_last(
    database_url: str,
) -> None:
    database = Database.open(database_url)
    with closing(database):
        journal = Journal(database)
        journal.migrate()
        arrival = Arrival(sample("thing", {"n": 1}))
        id_ = (await journal.append(arrival)).view.id
        for attempt in range(1, MOST_CUTS + 1):
            begun = await journal.start(RunStart(new_id(), id_, attempt, clock.now()))
            assert begun is not None
            # The process ends here, and another one starts.
            last = attempt == MOST_CUTS
            assert await journal.recover() == Recovered(not last, last)
        kept = await database.read(lambda c: history.find_delivery(c, id_))
        assert kept is not None
        shown = kept.view
        assert (shown.state, shown.attempts) == (PARKED, MOST_CUTS)
        assert shown.reason is not None
        assert shown.reason.startswith("the process ended during 10 of its runs")
        # Queued again, by a person or by its source, it has as many runs once more.
        again = Move(id_, (PARKED,), DeliveryState.QUEUED, "queued again by ada")
        assert await journal.move(again) is not None
        assert await journal.recover() == Recovered(0, 0)
        for attempt in range(1, MOST_CUTS + 1):
            await journal.start(RunStart(new_id(), id_, attempt, clock.now()))
            last = attempt == MOST_CUTS
            assert await journal.recover() == Recovered(not last, last)
        assert (await journal.append(arrival)).view.state is DeliveryState.QUEUED
        assert await journal.recover() == Recovered(0, 0)


async def test_retention_removes_the_oldest(database_url: str) -> None:
    async with open_board(url=database_url) as board:
        for number in range(10):
            arrival = Arrival(sample("thing", {"n": number}), state=COMPLETED)
            await board.journal.append(arrival)
        limits = Retention(days=0, deliveries=4, megabytes=0)
        assert await board.database.write(_sweep, limits) == 6
        left = await board.database.read(
            lambda c: list(c.execute(select(deliveries.c.id)).scalars())
        )
    assert len(left) == 4


async def test_names_that_no_database_keeps_are_refused(database_url: str) -> None:
    async with open_board(url=database_url) as board:
        for body in (b'{"organization": "\\u0000"}', b'{"repository": "a\\u0000"}'):
            assert (await post(board, "plain", body, signed("thing"))).status == 400
        odd = "\u2028 \U0001f3ad \u00df"
        with anyio.fail_after(20):
            id_ = await deliver(board, "thing", {"organization": odd, "word": "\0"})
            await settled(board)
        assert (await view(board, id_)).organization == odd
