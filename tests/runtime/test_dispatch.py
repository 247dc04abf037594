"""Which delivery runs when: order, folding, fair turns, limits, and flat memory."""

import gc
import itertools
import tracemalloc
from functools import partial
from typing import Any

import anyio
import pytest
from msgspec.structs import asdict
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from callboard import (
    Callboard,
    DeliveryState,
    Provider,
    Run,
    Trace,
    Untyped,
    history,
    on,
)
from callboard.journal import Arrival, Head
from callboard.routes import Order
from callboard.tables import deliveries
from callboard.testing import (
    THING,
    Gate,
    deliver,
    open_board,
    reached,
    sample,
    settled,
    view,
)
from callboard.wake import Wake
from callboard.window import Window

pytestmark = pytest.mark.anyio


def at_once(runs: int, **others: Any) -> dict[str, Any]:
    return {"runtime": {"runs_at_once": runs, "grace": 0, **others}}


async def fill(
    board: Callboard, count: int, *, organization: str, key: str | None = None
) -> list[str]:
    """Write ``count`` queued deliveries into the journal, as a burst left them there."""
    ids: list[str] = []
    for start in range(0, count, 500):
        async with anyio.create_task_group() as group:
            for number in range(start, min(start + 500, count)):
                payload = {
                    "n": f"{organization} {number}",
                    "organization": organization,
                }
                delivery = sample("thing", payload)
                order = Order((key or f"{organization} {number}",))
                ids.append(delivery.id)
                group.start_soon(board.journal.append, Arrival(delivery, order))
    return ids


async def test_same_ordering_key_runs_one_after_the_other_in_order() -> None:
    gate = Gate()
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            for n in range(5):
                await deliver(board, "thing", {"n": n, "repository": "acme/a"})
            await deliver(board, "thing", {"n": "other", "repository": "acme/b"})
            await gate.entered(2)
            assert sorted(map(str, gate.begun)) == ["0", "other"]
            for n in range(4):
                gate.let(n)
                await gate.entered(3 + n)
            gate.open()
            await settled(board)
    assert [n for n in gate.begun if n != "other"] == [0, 1, 2, 3, 4]


async def test_different_keys_run_at_once_up_to_the_limit() -> None:
    gate = Gate()
    async with open_board(gate, settings=at_once(3)) as board:
        with anyio.fail_after(10):
            ids = [
                await deliver(board, "thing", {"n": n, "repository": f"r{n}"})
                for n in range(8)
            ]
            await gate.entered(3)
            running = [(await view(board, id_)).state for id_ in ids]
            assert running.count(DeliveryState.RUNNING) == 3
            gate.let(gate.begun[0])
            await gate.entered(4)
            assert len(gate.begun) == 4
            gate.open()
            await settled(board)
    assert sorted(gate.ended, key=str) == list(range(8))


async def test_key_of_a_handler_is_the_value_at_its_path() -> None:
    class Ordered(Gate):
        @on(THING, ordered_by="team.slug")
        async def wait(self, event: Untyped, _run: Run) -> None:
            await super().wait(event, _run)

    gate = Ordered()
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            for n, slug in enumerate(["red", "red", "blue"]):
                team = {"slug": slug}
                # The repository, which orders by default, says otherwise.
                await deliver(
                    board, "thing", {"n": n, "team": team, "repository": f"r{n}"}
                )
            await gate.entered(2)
            assert sorted(map(str, gate.begun)) == ["0", "2"]
            gate.open()
            await settled(board)


async def test_later_delivery_takes_the_place_of_one_that_waits() -> None:
    class Folding(Gate):
        @on(THING, coalesced_by="repository")
        async def wait(self, event: Untyped, _run: Run) -> None:
            await super().wait(event, _run)

    gate = Folding()
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            ids = [await deliver(board, "thing", {"n": 0, "repository": "acme/a"})]
            await gate.entered(1)
            ids += [
                await deliver(board, "thing", {"n": n, "repository": "acme/a"})
                for n in range(1, 4)
            ]
            other = await deliver(board, "thing", {"n": "b", "repository": "acme/b"})
            await reached(board, ids[1], DeliveryState.FOLDED)
            await reached(board, ids[2], DeliveryState.FOLDED)
            gate.open()
            await settled(board)
        found = [await view(board, id_) for id_ in ids]
        shown = asdict(board.trace.deliveries[ids[1]]) | {"revision": 0}
        assert shown == asdict(found[1])
        assert (await view(board, other)).state is DeliveryState.COMPLETED
    # The one that ran is not folded, nor is the newest.
    assert set(gate.ended) == {0, 3, "b"}
    assert [(v.state.value, v.folded_into) for v in found] == [
        ("completed", None),
        ("folded", ids[2]),
        ("folded", ids[3]),
        ("completed", None),
    ]
    assert found[1].reason == f"superseded by delivery {ids[2]}"
    assert found[1].ended_at is not None


async def test_nothing_is_folded_if_one_handler_wants_every_delivery() -> None:
    class Folding(Gate):
        @on(THING, coalesced_by="repository")
        async def wait(self, event: Untyped, _run: Run) -> None:
            await super().wait(event, _run)

    class Counting(Provider):
        name = "counting"

        @on(THING)
        async def count(self, _event: Untyped, _run: Run) -> None: ...

    gate = Folding()
    async with open_board(gate, Counting()) as board:
        with anyio.fail_after(10):
            for n in range(3):
                await deliver(board, "thing", {"n": n, "repository": "acme/a"})
            gate.open()
            await settled(board)
    assert gate.ended == [0, 1, 2]


async def test_quiet_organization_does_not_wait_for_a_busy_ones_burst() -> None:
    gate = Gate()
    async with open_board(gate, settings=at_once(2)) as board:
        with anyio.fail_after(30):
            await deliver(board, "thing", {"n": "first", "organization": "busy"})
            await deliver(board, "thing", {"n": "second", "organization": "busier"})
            await gate.entered(2)
            await fill(board, 3_000, organization="busy")
            board.actions._dispatcher.reread()  # as if a burst had been offered
            await deliver(board, "thing", {"n": "quiet", "organization": "quiet"})
            gate.let("first", "second")
            await gate.until(lambda: "quiet" in gate.begun)
            before = len(gate.begun)
            gate.open()
    assert before < 10, f"{before} of the busy organization's came first"


async def test_every_delivery_of_a_backlog_larger_than_the_window_runs_in_order() -> (
    None
):
    gate = Gate()
    async with open_board(gate, settings=at_once(1)) as board:
        with anyio.fail_after(60):
            await deliver(board, "thing", {"n": "first"})
            await gate.entered(1)
            await fill(board, 1_500, organization="busy", key="one")
            board.actions._dispatcher.reread()
            late = [
                await deliver(
                    board,
                    "thing",
                    {"n": n, "organization": "busy", "repository": "late"},
                )
                for n in range(3)
            ]
            gate.open()
            await reached(board, late[-1], DeliveryState.COMPLETED)
            await settled(board)
    busy = [n for n in gate.ended if str(n).startswith("busy")]
    assert busy == [f"busy {n}" for n in range(1_500)]


async def test_burst_lies_in_the_journal_and_not_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Kept small, for it is bounded too, but not by as little: what watchers may look
    # back at, what is near its turn, and a burst that has only just been taken.
    small = partial(Trace, capacity=1_024, deliveries=100)
    monkeypatch.setattr("callboard.board.Trace", small)
    monkeypatch.setattr("callboard.dispatch.Window", partial(Window, capacity=64))
    gate = Gate()
    held: list[int] = []
    async with open_board(gate, settings=at_once(2)) as board:
        with anyio.fail_after(120):
            await deliver(board, "thing", {"n": "first"})
            await gate.entered(1)
            tracemalloc.start()
            try:
                for size in (4_000, 8_000):
                    while board.trace.sequence < size:
                        await burst(board, 100)
                    gc.collect()
                    held.append(tracemalloc.get_traced_memory()[0])
            finally:
                tracemalloc.stop()
        dispatcher = board.actions._dispatcher
        assert len(dispatcher._window) <= 2 * dispatcher._window.capacity
    first, other = held
    assert other < first * 1.1 + 200_000, f"{first:,} bytes, then {other:,}"


async def burst(board: Callboard, count: int) -> None:
    """Through ``accept``, as the intake does it."""
    async with anyio.create_task_group() as group:
        for n in range(count):
            delivery = sample("thing", {"n": n, "organization": f"o{n % 7}"})
            group.start_soon(board.accept, Arrival(delivery, Order((f"k{n % 100}",))))


async def test_delivery_runs_once_although_its_offer_comes_late() -> None:
    """The journal may be read between the commit and the offer."""
    gate = Gate(is_open=True)
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            accepted = await board.journal.append(Arrival(sample("thing", {"n": 1})))
            board.actions._dispatcher.reread()
            await settled(board)
            assert accepted.waiting is not None
            board.actions._dispatcher.offer(accepted.waiting)
            await deliver(board, "thing", {"n": 2})
            await gate.left(2)
            await settled(board)
        runs = await board.database.read(
            lambda c: history.list_runs(c, accepted.view.id)
        )
    assert gate.ended == [1, 2]
    assert len(runs) == 1


async def test_delivery_that_ran_before_its_sender_was_answered_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever wrote it may be the last to hear that it is on disk."""
    async with open_board(Gate(is_open=True)) as board:
        append, move = board.journal.append, board.journal.move

        async def run_first(write: Any, argument: Any, then: Any = None) -> Any:
            written = await write(argument, then)
            board.actions._dispatcher.reread()
            await settled(board)
            return written

        monkeypatch.setattr(board.journal, "append", partial(run_first, append))
        monkeypatch.setattr(board.journal, "move", partial(run_first, move))

        async def expect_completed(id_: str, attempts: int) -> None:
            shown, kept = board.trace.deliveries[id_], await view(board, id_)
            kept.revision = shown.revision
            assert asdict(shown) == asdict(kept)
            assert (shown.state, shown.attempts) == ("completed", attempts)

        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1})
            await expect_completed(id_, 1)
            again = await board.actions.replay(id_, "ada")
            await expect_completed(again.view.id, 1)
            await board.database.write(parked, id_)
            await board.actions.unpark(id_, "ada")
            await expect_completed(id_, 1)


def parked(connection: Any, ids: list[str]) -> list[None]:
    those = update(deliveries).where(deliveries.c.id.in_(ids))
    connection.execute(those.values(state=DeliveryState.PARKED))
    return [None] * len(ids)


async def test_runs_wait_for_a_journal_that_does_not_answer_and_none_is_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("callboard.conductor._LOOK_AGAIN", 0.001)
    gate = Gate(is_open=True)
    async with open_board(gate) as board:
        finish = board.journal.finish
        failures = itertools.count()

        async def failing(end: Any, then: Any) -> None:
            if next(failures) < 5:
                raise OperationalError(
                    "UPDATE", {}, OSError("database or disk is full")
                )
            await finish(end, then)

        monkeypatch.setattr(board.journal, "finish", failing)
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1})
            await reached(board, id_, DeliveryState.COMPLETED)
    assert gate.ended == [1]
    said = [r for r in caplog.records if "the journal does not answer" in r.message]
    assert len(said) == 1


async def test_redelivery_that_comes_while_the_end_is_written_runs_again() -> None:
    """Between the end of a run and its leaving the window a copy may be queued."""
    gate = Gate(is_open=True)
    async with open_board(gate) as board:
        finish = board.journal.finish
        sent: list[str] = []

        async def finish_then_redeliver(end: Any, then: Any = None) -> None:
            await finish(end, then)
            if not sent:
                # What a redelivery does, in the moment in which it is hardest.
                sent.append(end.delivery)
                await board.database.write(requeue, end.delivery)
                was_read = Wake()
                reading.append(was_read)
                board.actions._dispatcher.reread()
                await was_read.wait()
                for _ in range(5):
                    await anyio.lowlevel.checkpoint()

        async def queued_and_say(limit: int) -> Head:
            head = await queued(limit)
            while reading:
                reading.pop()()
            return head

        reading: list[Wake] = []
        queued = board.journal.queued
        board.journal.finish = finish_then_redeliver
        board.journal.queued = queued_and_say
        with anyio.fail_after(10):
            await deliver(board, "thing", {"n": 1})
            await gate.left(2)
            await settled(board)
    assert gate.ended == [1, 1]


def requeue(connection: Any, ids: list[str]) -> list[None]:
    for id_ in ids:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == id_)
            .values(state=DeliveryState.QUEUED, done=b"[]")
        )
    return [None] * len(ids)


async def test_delivery_that_no_provider_handles_says_so() -> None:
    async with open_board(Gate()) as board:
        id_ = await deliver(board, "nothing", {})
        await settled(board)
        found = await view(board, id_)
    assert found.state is DeliveryState.COMPLETED
    assert found.reason == "no provider handles this event"
