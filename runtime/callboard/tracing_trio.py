"""The hook on trio: an Instrument that is told of every new task."""

from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, cast

import anyio.to_thread
import trio
from trio.lowlevel import Task as TrioTask

from callboard import tracing, tracing_threads
from callboard.task import CURRENT, Task
from callboard.tracing import child, is_wrapped, take_expected, watch


class TaskInstrument(trio.abc.Instrument):
    """Gives every task below a traced one its node, by wrapping its coroutine.

    The wrapping happens between a task's creation and its first step, so it is never
    seen by the task. Should anything here raise, tracing ends with a log line and the
    tasks run on untraced.
    """

    def __init__(self, *, cancellable: bool) -> None:
        self.cancellable = cancellable
        self.broken = False

    def task_spawned(self, task: TrioTask) -> None:
        """Trace ``task`` if the task that owns its nursery is traced."""
        if self.broken:
            return
        try:
            self._trace(task)
        except Exception:  # noqa: BLE001 - logged, and tracing is off
            self.broken = True
            tracing.logger.exception("tracing failed and is off; tasks run on")

    def _trace(self, task: TrioTask) -> None:
        nursery = task.parent_nursery
        if nursery is None:
            return
        node = take_expected()
        if node is None:
            # Not this task's own context: that is its spawner's, who may start it in a
            # nursery far from here, to outlive the run.
            parent = nursery.parent_task.context.get(CURRENT)
            if parent is None:
                if task.context.get(CURRENT) is not None:
                    task.context.run(CURRENT.set, None)
                return
            if parent.state.final:
                return
            node = child(parent, task.name, task.coro)
            if self.cancellable and not is_wrapped(task.coro):
                node.handle = task
                task.coro = cast("Any", _in_scope(task.coro, node))
                return
        node.handle = task
        task.coro = cast("Any", watch(task.coro, node))


async def _in_scope(coroutine: Coroutine[Any, Any, Any], node: Task) -> Any:
    """Watch ``coroutine`` in a scope of its own, which anyio's tasks have anyway."""
    with trio.CancelScope() as node.scope:
        return await watch(coroutine, node)


@contextmanager
def installed(*, cancellable: bool) -> Generator[None]:
    """See ``tracing.installed``."""
    instrument = TaskInstrument(cancellable=cancellable)
    trio.lowlevel.add_instrument(instrument)
    try:
        # anyio's own function ends in trio's, and has the better name for the node.
        with tracing_threads.installed(
            (anyio.to_thread, "run_sync"), (trio.to_thread, "run_sync")
        ):
            yield
    finally:
        trio.lowlevel.remove_instrument(instrument)
