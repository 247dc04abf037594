"""The hook on asyncio: a task factory that wraps the coroutine of every new task."""

import asyncio  # noqa: TID251 - the one module that speaks to asyncio itself
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, cast

import anyio.to_thread

from callboard import tracing, tracing_threads
from callboard.task import CURRENT, Task
from callboard.tracing import child, take_expected, watch


class TaskFactory:
    """Makes tasks as the factory before it did, traced where their spawner is."""

    def __init__(self, before: Any) -> None:
        self.before = before
        self.broken = False

    def __call__(
        self,
        loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any],
        **options: Any,
    ) -> asyncio.Task[Any]:
        """See ``loop.set_task_factory``."""
        node = None
        traced = coro
        if not self.broken:
            try:
                node = take_expected()
                if node is None:
                    parent = CURRENT.get()
                    if parent is not None and not parent.state.final:
                        node = child(parent, coro.__qualname__, coro)
                if node is not None:
                    traced = _named(coro, node)
            except Exception:  # noqa: BLE001 - logged, and tracing is off
                self.broken = True
                tracing.logger.exception("tracing failed and is off; tasks run on")
        if self.before is None:
            task: asyncio.Task[Any] = asyncio.Task(traced, loop=loop, **options)
        else:
            task = self.before(loop, traced, **options)
        if node is not None:
            node.handle = task
            # Cancelled before its first step, it would never enter `watch`.
            task.add_done_callback(lambda _: _end_unstarted(node, coro))
        return task


async def _named(coro: Coroutine[Any, Any, Any], node: Task) -> Any:
    """Watch ``coro`` under its task's name, which asyncio sets after the factory ran."""
    task = asyncio.current_task()
    if task is not None and node.kind == "task":
        name = task.get_name()
        name = coro.__qualname__ if name.startswith("Task-") else name
        node.name = node.tree.trace.redactor.name(name)
    try:
        return await watch(coro, node)
    except (SystemExit, KeyboardInterrupt) as error:
        # Bare, either would end the event loop, and every other run with it.
        message = f"task `{node.name}` wanted to end the process"
        raise BaseExceptionGroup(message, [error]) from None


def _end_unstarted(node: Task, coro: Coroutine[Any, Any, Any]) -> None:
    if not node.state.final and node.started is None:
        coro.close()
        node.halted("cancelled before it began")


@contextmanager
def installed(*, cancellable: bool) -> Generator[None]:  # noqa: ARG001 - asyncio's own tasks can be cancelled as they are
    """See ``tracing.installed``."""
    loop = asyncio.get_running_loop()
    factory = TaskFactory(loop.get_task_factory())
    loop.set_task_factory(cast("Any", factory))
    try:
        with tracing_threads.installed(
            (anyio.to_thread, "run_sync"), (asyncio, "to_thread")
        ):
            yield
    finally:
        loop.set_task_factory(factory.before)
