"""A provider can do no harm, and nothing outlives its run."""

import logging
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
import pytest
import sniffio

from callboard import (
    Callboard,
    Delivery,
    DeliveryState,
    Provider,
    Retry,
    Run,
    Untyped,
    on,
)
from callboard.backstage import BackstageError
from callboard.testing import (
    THING,
    Gate,
    PlainSource,
    deliver,
    exchange,
    find,
    newest_tree,
    open_board,
    outline,
    post,
    reached,
    settled,
    signed,
)
from callboard.wake import Wake

pytestmark = pytest.mark.anyio


class Toy(Provider):
    """Does ``body`` for every thing."""

    name = "toy"
    retry = Retry(attempts=1)

    def __init__(
        self, body: Callable[[Run], Any], *, timeout: float | None = 5
    ) -> None:
        self.body = body
        self.timeout = timeout

    @on(THING)
    async def handle(self, _event: Untyped, run: Run) -> None:
        await self.body(run)


def tasks_here() -> int:
    """How many tasks the event loop has that calls."""
    if sniffio.current_async_library() == "trio":
        import trio

        root = trio.lowlevel.current_root_task()
        waiting = [] if root is None else [root]
        found = 0
        while waiting:
            task = waiting.pop()
            found += 1
            for nursery in task.child_nurseries:
                waiting += nursery.child_tasks
        return found
    import asyncio  # noqa: TID251 - counts asyncio's own tasks

    return len(asyncio.all_tasks())


async def raises(_run: Run) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(anyio.sleep_forever)
        group.start_soon(anyio.to_thread.run_sync, int)
        await anyio.lowlevel.checkpoint()
        raise ValueError("bad")


async def times_out(_run: Run) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            group.start_soon(swallows_once)
            await anyio.sleep_forever()


async def swallows_once() -> None:
    try:
        await anyio.sleep_forever()
    except anyio.get_cancelled_exc_class():
        await anyio.lowlevel.cancel_shielded_checkpoint()
        raise


async def exits(_run: Run) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        raise SystemExit(3)


async def returns_at_once(_run: Run) -> None: ...


@pytest.mark.parametrize("body", [raises, times_out, exits, returns_at_once])
async def test_nothing_that_a_run_started_is_there_when_it_has_ended(
    body: Callable[[Run], Any],
) -> None:
    async with open_board(Toy(body, timeout=0.05)) as board:
        with anyio.fail_after(10):
            before = await board.backstage.call(tasks_here)
            id_ = await deliver(board, "thing")
            await settled(board)
            while await board.backstage.call(tasks_here) > before:
                await anyio.lowlevel.checkpoint()
        (tree,) = board.trace.trees.values()
        assert tree.open == 0
        record = await newest_tree(board, id_)
    assert all(task.state.final and task.ended for task in record.tasks)
    assert all(task.cause for task in record.tasks if task.state == "halted")


async def test_end_of_its_loop_is_told_to_everybody_who_watches_and_by_readyz() -> None:
    async def watch() -> None:
        with pytest.raises(BackstageError, match="loop has ended"):
            await board.backstage.watch()

    async with open_board() as board:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                group.start_soon(watch)
                group.start_soon(watch)
                await anyio.wait_all_tasks_blocked()
                assert await anyio.to_thread.run_sync(board.backstage.stop, 5)
        asked: dict[str, Any] = {"type": "http", "method": "GET", "headers": []}
        ready = await exchange(board.front, asked | {"path": "/readyz"}, [b""])
    assert (ready.status, ready.content["backstage"]) == (503, False)


async def test_run_ends_only_when_the_thread_has_that_it_left_behind() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def stuck() -> None:
        begun.set()
        go_on.wait(20)

    async def leaves_a_thread(_run: Run) -> None:
        await anyio.to_thread.run_sync(stuck, abandon_on_cancel=True)

    toy, gate = Toy(leaves_a_thread, timeout=None), Gate(is_open=True)
    async with open_board(toy, gate) as board:
        with anyio.fail_after(20):
            id_ = await deliver(board, "thing", {"n": 1})
            await anyio.to_thread.run_sync(begun.wait, 10)
            (tree,) = board.trace.trees.values()
            await board.actions.cancel(f"{tree.run}.1", "ada")
            await changed(board, lambda: "halting" in states(board, "thread"))
            # Its sibling has ended long since, and so has its own task's body.
            await changed(board, lambda: states(board, "provider")[1] == "completed")
            assert not tree.root.state.final
            go_on.set()
            await settled(board)
        record = await newest_tree(board, id_)
    assert find(record, "toy")["cause"] == "cancelled by ada"
    assert find(record, "toy")["state"] == "halted"
    assert outline(record)["state"] == "completed"
    assert all(task.state.final for task in record.tasks)


def states(board: Callboard, kind: str) -> list[str]:
    trees = tuple(board.trace.trees.values())
    tasks = [task for tree in trees for task in tuple(tree.tasks.values())]
    return [task.state.value for task in tasks if task.kind == kind]


async def changed(board: Callboard, condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds; it is asked after every change to the trace."""
    while True:
        wake = Wake()
        board.trace.arm(wake)
        if condition():
            board.trace.disarm(wake)
            return
        await wake.wait()


async def test_provider_that_blocks_its_loop_stops_no_answer() -> None:
    go_on, begun = threading.Event(), threading.Event()

    async def blocks(_run: Run) -> None:
        begun.set()
        go_on.wait(20)

    async with open_board(Toy(blocks)) as board:
        with anyio.fail_after(10):
            await deliver(board, "thing")
            await anyio.to_thread.run_sync(begun.wait, 5)
            for _ in range(50):
                assert (
                    await post(board, "plain", b"{}", signed("thing"))
                ).status == 202
            go_on.set()
            await settled(board)


async def test_watchdog_names_the_task_and_the_line_that_hold_the_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def holds() -> None:
        time.sleep(0.4)

    async def blocks(_run: Run) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child, name="the culprit")

    async def child() -> None:
        holds()
        await anyio.lowlevel.checkpoint()

    async with open_board(Toy(blocks)) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing")
            await settled(board)
        blockages = board.backstage.watchdog.blockages
        tree = await newest_tree(board, id_)
    # A busy machine may hold up the loop in other places too.
    (blockage,) = [b for b in blockages if b.name == "the culprit"]
    sources = [frame.source for frame in blockage.stack if not frame.library]
    assert sources[-1] == "time.sleep(0.4)"
    (culprit,) = [task for task in tree.tasks if task.name == "the culprit"]
    told = culprit.logs[0].message
    assert told.startswith(f"holds the event loop at {__file__}:")
    assert "`the culprit` holds the event loop" in caplog.text
    assert "`the culprit` held the event loop for" in caplog.text


async def test_watchdog_names_no_place_where_none_of_the_programs_own_is_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def child() -> None:
        time.sleep(0.4)  # noqa: ASYNC251 - to be caught at it

    child.__code__ = child.__code__.replace(co_filename=anyio.__file__)

    async def blocks(_run: Run) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child, name="of a library")

    async with open_board(Toy(blocks)) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing")
            await settled(board)
        tree = await newest_tree(board, id_)
    (culprit,) = [task for task in tree.tasks if task.name == "of a library"]
    assert culprit.logs[0].message == "holds the event loop"
    assert (
        "`of a library` holds the event loop; runs wait until it lets go" in caplog.text
    )


async def test_watchdog_names_the_innermost_span_that_holds_the_loop() -> None:
    async def blocks(run: Run) -> None:
        async with run.span("done before"):
            pass
        async with run.span("outer"), run.span("inner"):
            time.sleep(0.4)  # noqa: ASYNC251 - to be caught at it

    async with open_board(Toy(blocks)) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing")
            await settled(board)
        tree = await newest_tree(board, id_)
        blockages = board.backstage.watchdog.blockages
    (inner,) = [task for task in tree.tasks if task.name == "inner"]
    assert "inner" in {blockage.name for blockage in blockages}
    assert "holds the event loop" in inner.logs[0].message


async def test_flood_of_log_lines_is_bounded_and_counted() -> None:
    async def floods(_run: Run) -> None:
        for i in range(1_000):
            logging.getLogger("toy").warning("line %d", i)
            if i % 20 == 0:
                await anyio.lowlevel.checkpoint()

    async with open_board(Toy(floods, timeout=None), Gate(is_open=True)) as board:
        with anyio.fail_after(60):
            id_ = await deliver(board, "thing", {"n": 1})
            await settled(board)
        tree = await newest_tree(board, id_)
    (toy,) = [task for task in tree.tasks if task.name == "toy"]
    assert len(toy.logs) == 200
    assert toy.logs_left_out >= 800
    assert toy.logs[-1].message == "line 999"


async def test_provider_that_swallows_every_cancellation_is_shown_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on = threading.Event()

    async def stubborn(_run: Run) -> None:
        while not go_on.is_set():
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.01)

    settings = {"runtime": {"grace": 0}}
    gate = Gate(is_open=True)
    async with open_board(
        Toy(stubborn, timeout=0.05), gate, settings=settings
    ) as board:
        with anyio.fail_after(10):
            await deliver(board, "thing", {"n": 1})
            await gate.left(1)
            other = await deliver(board, "thing", {"n": 2, "repository": "acme/b"})
            await gate.left(2)
            assert other
    go_on.set()
    assert "`toy` does not stop" in caplog.text
    assert "`gate` does not stop" not in caplog.text


async def test_providers_are_opened_before_their_first_run_and_closed_after_the_last() -> (
    None
):
    told: list[str] = []

    class Opened(Toy):
        @asynccontextmanager
        async def opened(self) -> AsyncGenerator[None]:
            told.append("opened")
            yield
            told.append("closed")

    async def handle(_run: Run) -> None:
        told.append("run")

    async with open_board(Opened(handle)) as board:
        with anyio.fail_after(5):
            await deliver(board, "thing")
            await settled(board)
    assert told == ["opened", "run", "closed"]


async def test_provider_that_cannot_be_opened_keeps_callboard_from_starting() -> None:
    class Broken(Toy):
        @asynccontextmanager
        async def opened(self) -> AsyncGenerator[None]:
            raise ConnectionError("no such host")
            yield

    with pytest.raises(ConnectionError, match="no such host"):
        async with open_board(Broken(returns_at_once)):
            pytest.fail("it opened")  # pragma: no cover


async def test_source_that_cannot_decode_fails_its_run_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Odd(PlainSource):
        def decode(self, delivery: Delivery) -> object:
            raise ValueError(f"cannot decode {delivery.id}")

    settings = {"runtime": {"attempts": 1}}
    gate = Gate(is_open=True)
    async with open_board(gate, sources=[Odd("plain")], settings=settings) as board:
        with anyio.fail_after(20):
            first = await deliver(board, "thing", {"n": 1})
            await reached(board, first, DeliveryState.PARKED)
            id_ = await deliver(board, "thing", {"n": 2})
            await reached(board, id_, DeliveryState.PARKED)
        assert board.backstage.alive
        tree = await newest_tree(board, id_)
    # The journal knew it first: what watchers see is at rest once all is closed.
    assert board.trace.deliveries[id_].state is DeliveryState.PARKED
    assert outline(tree)["failure"] == f"ValueError: cannot decode {id_}"
    assert "is not recorded" not in caplog.text


async def test_run_that_ends_after_the_database_was_closed_takes_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    async with open_board(gate) as board:
        with anyio.fail_after(20):
            id_ = await deliver(board, "thing", {"n": 1})
            await gate.entered(1)
        await anyio.to_thread.run_sync(board.database.close)
        gate.open()
    (line,) = (r for r in caplog.records if "is not recorded" in r.getMessage())
    assert id_ in line.getMessage()
    assert line.exc_info is None
