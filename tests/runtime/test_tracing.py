"""Tasks appear in the tree by themselves, on both event loops."""

import logging
import threading
from contextlib import suppress
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import sniffio

from callboard import tracing
from callboard.await_stack import await_stack
from callboard.testing import find, outline
from callboard.trace import Trace
from callboard.tracing import installed, watch
from callboard.tracing_threads import traced as traced_call
from callboard.tree import Tree

pytestmark = pytest.mark.anyio


async def traced(body: Any, *, tree: Tree | None = None) -> Tree:
    """``body()`` as the root of a tree; what it raises stays in the record."""
    tree = tree or Trace().open_tree("r", "d", "root")

    async def root() -> None:
        with suppress(Exception):
            await watch(body(), tree.root)

    with anyio.fail_after(5), installed():
        async with anyio.create_task_group() as group:
            group.start_soon(root)
    assert tree.open == 0
    return tree


def names(tree: Tree) -> Any:
    def nested(node: dict[str, Any]) -> Any:
        return {child["name"]: nested(child) for child in node["children"]}

    return nested(outline(tree))


async def test_nested_task_groups_appear_by_themselves() -> None:
    async def grandchild() -> None:
        await anyio.lowlevel.checkpoint()

    async def child() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(grandchild, name="grandchild")

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(child, name="one")
            group.start_soon(child, name="other")

    tree = await traced(body)
    assert names(tree) == {"one": {"grandchild": {}}, "other": {"grandchild": {}}}
    assert all(task.state.value == "completed" for task in tree.tasks.values())


async def test_native_task_groups_appear_too() -> None:
    async def trio_body() -> None:
        import trio

        async with trio.open_nursery() as nursery:
            nursery.start_soon(anyio.lowlevel.checkpoint, name="native")

    async def asyncio_body() -> None:
        import asyncio  # noqa: TID251 - its own task group is what is tested

        async with asyncio.TaskGroup() as group:
            group.create_task(anyio.lowlevel.checkpoint(), name="native")

    native = trio_body if sniffio.current_async_library() == "trio" else asyncio_body
    assert names(await traced(native)) == {"native": {}}


async def test_task_without_a_name_is_called_as_its_function() -> None:
    async def nameless() -> None:
        await anyio.lowlevel.checkpoint()

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(nameless)

    (name,) = names(await traced(body))
    assert name.endswith("nameless")


async def test_task_says_where_it_was_created_and_what_function_it_runs() -> None:
    async def here() -> None:
        await anyio.lowlevel.checkpoint()

    def there() -> None: ...

    async def natively() -> None:
        if sniffio.current_async_library() == "trio":
            import trio

            async with trio.open_nursery() as nursery:
                nursery.start_soon(here, name="trio")  # creates trio
        else:
            import asyncio  # noqa: TID251 - its own tasks are what is tested

            await asyncio.create_task(here(), name="asyncio")  # creates asyncio

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(here, name="anyio")  # creates anyio
        await natively()
        await anyio.to_thread.run_sync(there)  # creates there

    source = await anyio.Path(__file__).read_text(encoding="utf-8")
    lines = source.splitlines()
    tasks = (await traced(body)).record().tasks[1:]
    assert len(tasks) == 3
    for task in tasks:
        name = task.name.rpartition(".")[2]
        assert task.site is not None
        file, _, line = task.site.rpartition(":")
        assert file == __file__
        assert lines[int(line) - 1].endswith(f"  # creates {name}")
        code = (there if task.kind == "thread" else here).__code__
        assert task.function == f"{__file__}:{code.co_firstlineno}"


async def test_failing_task_and_its_halted_sibling_say_why() -> None:
    async def fails() -> None:
        await anyio.lowlevel.checkpoint()
        raise ValueError("v")

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever, name="waits")
            group.start_soon(fails, name="repositories")

    tree = await traced(body)
    assert find(tree, "repositories")["failure"] == "ValueError: v"
    waits = find(tree, "waits")
    assert waits["state"] == "halted"
    assert waits["cause"] == "sibling `repositories` failed"
    assert outline(tree)["state"] == "errored"
    assert outline(tree)["failure"].startswith("ExceptionGroup: ")


async def test_nephew_of_a_failed_task_says_why_too() -> None:
    async def fails() -> None:
        await anyio.wait_all_tasks_blocked()
        raise ValueError("v")

    async def family() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever, name="nephew")

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(family, name="family")
            group.start_soon(fails, name="failing")

    tree = await traced(body)
    assert find(tree, "nephew")["cause"] == "sibling `failing` failed"


async def test_task_cancelled_by_its_own_code_says_so() -> None:
    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever, name="waits")
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel("enough")

    tree = await traced(body)
    waits = find(tree, "waits")
    assert waits["state"] == "halted"
    assert waits["cause"] == "cancelled: enough"
    assert outline(tree)["state"] == "completed"


async def test_task_cancelled_before_its_first_step_ends_in_the_record() -> None:
    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever, name="never began")
            group.cancel_scope.cancel()

    tree = await traced(body)
    halted = find(tree, "never began")
    assert halted["state"] == "halted"
    assert halted["cause"]


async def test_work_in_threads_is_below_the_task_that_asked() -> None:
    def sync() -> int:
        logging.getLogger("toy").warning("from the thread")
        return anyio.from_thread.run(back)

    async def back() -> int:
        await anyio.lowlevel.checkpoint()
        return 7

    async def asks() -> None:
        assert await anyio.to_thread.run_sync(sync) == 7

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(asks, name="asks")

    found = names(await traced(body))
    (thread,) = found["asks"]
    assert thread.endswith("sync")


async def test_failure_in_a_thread_is_the_threads() -> None:
    def sync() -> None:
        raise ValueError("in the thread")

    async def body() -> None:
        await anyio.to_thread.run_sync(sync)

    tree = await traced(body)
    (thread,) = outline(tree)["children"]
    assert thread["failure"] == "ValueError: in the thread"


async def test_call_that_waits_for_a_thread_says_so() -> None:
    tree = Trace().open_tree("r", "d", "root")
    threads = anyio.CapacityLimiter(1)
    seen: list[tuple[str, str | None]] = []

    async def body() -> None:
        async with anyio.create_task_group() as group, threads:
            group.start_soon(calls)
            await anyio.wait_all_tasks_blocked()
            (call,) = (task for task in tree.tasks.values() if task.kind == "thread")
            assert call in (tree.trace.since(0) or ())
            seen.append((call.state, call.waits))

    async def calls() -> None:
        await anyio.to_thread.run_sync(len, (), limiter=threads)

    await traced(body, tree=tree)
    assert seen == [("pending", "a worker thread")]
    assert {task.waits for task in tree.tasks.values()} == {None}


async def test_abandoned_thread_is_seen_until_it_is_over() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def stuck() -> None:
        begun.set()
        assert go_on.wait(5)

    tree = Trace().open_tree("r", "d", "root")
    seen: list[str] = []

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(abandons, name="abandons")
            while not begun.is_set():
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        seen.append(find(tree, "abandons")["children"][0]["state"])
        go_on.set()
        while tree.open > 1:
            await anyio.lowlevel.checkpoint()

    async def abandons() -> None:
        await anyio.to_thread.run_sync(stuck, abandon_on_cancel=True)

    await traced(body, tree=tree)
    assert seen == ["halting"]
    assert find(tree, "abandons")["children"][0]["state"] == "halted"


async def test_function_whose_caller_left_before_its_first_step_is_not_called() -> None:
    called: list[bool] = []

    async def body() -> None:
        # A thread that gets to its function only when its caller has been cancelled.
        async def late(call: Any) -> None:
            try:
                await anyio.lowlevel.cancel_shielded_checkpoint()
                raise OSError("as if cancelled")
            finally:
                left.append(call)

        left: list[Any] = []
        with pytest.raises(OSError, match="as if cancelled"):
            await traced_call(late)(lambda: called.append(True))
        assert left[0]() is None

    tree = await traced(body)
    (thread,) = outline(tree)["children"]
    assert (thread["state"], thread["failure"]) == (
        "errored",
        "OSError: as if cancelled",
    )
    assert called == []


async def test_thread_that_is_told_to_stop_before_its_first_step_ends_all_the_same() -> (
    None
):
    tree = Trace().open_tree("r", "d", "root")

    async def told_meanwhile(call: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        tree.root.halt_all("by ada")
        return call()

    async def body() -> None:
        assert await traced_call(told_meanwhile)(lambda: "done") == "done"

    await traced(body, tree=tree)
    (thread,) = outline(tree)["children"]
    assert (thread["state"], thread["cause"]) == ("halted", "by ada")


async def test_task_started_elsewhere_to_outlive_the_run_is_not_in_its_tree() -> None:
    ended: list[bool] = []
    tree = Trace().open_tree("r", "d", "root")

    async def outlives() -> None:
        await anyio.lowlevel.checkpoint()
        ended.append(True)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as outside:

            async def body() -> None:
                outside.start_soon(outlives, name="outlives")
                await anyio.lowlevel.checkpoint()

            with installed():
                async with anyio.create_task_group() as group:
                    group.start_soon(watch, body(), tree.root)
    assert ended == [True]
    assert tree.open == 0


async def test_broken_tracing_is_switched_off_and_work_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []

    async def works(i: int) -> None:
        await anyio.lowlevel.checkpoint()
        done.append(i)

    async def body() -> None:
        async with anyio.create_task_group() as group:
            for i in range(3):
                group.start_soon(works, i)

    def broken(*_arguments: Any) -> None:
        raise RuntimeError("tracing is broken")

    backend = sniffio.current_async_library()
    monkeypatch.setattr(f"callboard.tracing_{backend}.child", broken)
    tree = await traced(body)
    assert sorted(done) == [0, 1, 2]
    assert len(tree.tasks) == 1
    off = [r.message for r in caplog.records if r.name == tracing.logger.name]
    assert off == ["tracing failed and is off; tasks run on"]


async def test_nothing_is_traced_once_the_block_has_ended() -> None:
    async def body() -> None:
        await anyio.lowlevel.checkpoint()

    tree = await traced(body)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.lowlevel.checkpoint)
    assert len(tree.tasks) == 1


async def test_await_stack_of_a_live_task_has_its_source_lines() -> None:
    async def inner() -> None:
        await anyio.sleep_forever()

    async def outer() -> None:
        await inner()

    tree = Trace().open_tree("r", "d", "root")
    found: list[list[str]] = []

    async def body() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(outer, name="outer")
            await anyio.wait_all_tasks_blocked()
            stack = await_stack(tree.tasks[1])
            found.append([frame.source for frame in stack if not frame.library])
            group.cancel_scope.cancel()

    await traced(body, tree=tree)
    assert found == [["await inner()", "await anyio.sleep_forever()"]]
    assert await_stack(tree.tasks[1]) == []
