"""What the cancel scopes around a live task say, on both event loops."""

from typing import Any

import anyio
import anyio.to_thread
import pytest
import trio
import trio.testing

from callboard import clock
from callboard.scopes import ScopeFacts, facts_of
from callboard.trace import Trace
from callboard.tracing import installed, watch
from callboard.tree import Tree

pytestmark = pytest.mark.anyio


async def facts(child: Any, *, cancel: bool = False) -> ScopeFacts:
    """What is known of ``child`` while it waits."""
    tree: Tree = Trace().open_tree("r", "d", "root")
    found: list[ScopeFacts | None] = []

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child, name="child")
            await anyio.wait_all_tasks_blocked()
            if cancel:
                group.cancel_scope.cancel()
                await anyio.lowlevel.cancel_shielded_checkpoint()
                await anyio.lowlevel.cancel_shielded_checkpoint()
            found.append(facts_of(tree.tasks[1]))
            group.cancel_scope.cancel()

    with anyio.fail_after(5), installed():
        async with anyio.create_task_group() as group:
            group.start_soon(watch, body(), tree.root)
    assert facts_of(tree.tasks[1]) is None, "it has ended"
    assert found[0] is not None
    return found[0]


async def test_nearest_deadline_is_told_in_wall_time() -> None:
    async def child() -> None:
        with anyio.move_on_after(1_000), anyio.move_on_after(50):
            await anyio.sleep_forever()

    before = clock.now()
    found = await facts(child)
    assert found.deadline is not None
    # The test's own bound of five seconds is nearer than the child's.
    assert before < found.deadline <= clock.now() + 5
    assert not found.shielded
    assert not found.cancelled


async def test_deadline_beyond_a_shield_does_not_reach_it() -> None:
    async def child() -> None:
        with anyio.CancelScope(shield=True), anyio.move_on_after(50):
            # Shielded from the test's end: it ends by itself once the facts are taken.
            while not done:
                await anyio.lowlevel.checkpoint()

    done: list[bool] = []
    tree = Trace().open_tree("r", "d", "root")
    found: list[ScopeFacts | None] = []

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child, name="child")
            for _ in range(5):
                await anyio.lowlevel.checkpoint()
            found.append(facts_of(tree.tasks[1]))
            done.append(True)

    with anyio.fail_after(5), installed():
        async with anyio.create_task_group() as group:
            group.start_soon(watch, body(), tree.root)
    assert found[0] is not None
    assert found[0].shielded
    assert found[0].deadline is not None
    assert found[0].deadline > clock.now() + 10


async def test_task_that_was_told_to_stop_and_unwinds_says_so() -> None:
    async def child() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                for _ in range(10):
                    await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()

    found = await facts(child, cancel=True)
    assert found.shielded or found.cancelled


async def test_span_has_the_facts_of_its_task() -> None:
    tree = Trace().open_tree("r", "d", "root")
    found: list[ScopeFacts | None] = []

    async def child() -> None:
        with anyio.move_on_after(3):
            await anyio.sleep_forever()

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child, name="child")
            await anyio.wait_all_tasks_blocked()
            span = tree.add(tree.tasks[1], "span", "span")
            found.append(facts_of(span))
            found.append(facts_of(tree.tasks[1]))
            span.start()
            span.complete()
            group.cancel_scope.cancel()

    with anyio.fail_after(5), installed():
        async with anyio.create_task_group() as group:
            group.start_soon(watch, body(), tree.root)
    one, other = found
    assert one is not None
    assert other is not None
    assert one.deadline == pytest.approx(other.deadline, abs=0.5)


async def test_looking_from_a_loop_whose_clock_is_ahead_ends_nothing() -> None:
    tree = Trace().open_tree("r", "d", "root")
    ended: list[str] = []

    async def child() -> None:
        with anyio.move_on_after(1_000):
            await anyio.sleep_forever()
        ended.append("by its deadline")

    async def look() -> ScopeFacts | None:
        return facts_of(tree.tasks[1])

    def elsewhere() -> ScopeFacts | None:
        ahead = trio.testing.MockClock()
        ahead.jump(1e12)
        return trio.run(look, clock=ahead)

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child, name="child")
            await anyio.wait_all_tasks_blocked()
            found = await anyio.to_thread.run_sync(elsewhere)
            await anyio.wait_all_tasks_blocked()
            assert found is not None
            assert not found.cancelled
            assert not ended
            group.cancel_scope.cancel()

    with anyio.fail_after(5), installed():
        async with anyio.create_task_group() as group:
            group.start_soon(watch, body(), tree.root)
