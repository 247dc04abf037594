"""The hook on trio: an Instrument that is told of every new task."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import anyio.to_thread
import trio
from trio.lowlevel import Task as TrioTask

from callboard import tracing, tracing_threads
from callboard.task import CURRENT
from callboard.tracing import child, take_expected, watch


class TaskInstrument(trio.abc.Instrument):
    """Gives every task below a traced one its node, by wrapping its coroutine.

    The wrapping happens between a task's creation and its first step, so it is never
    seen by the task. Should anything here raise, tracing ends with a log line and the
    tasks run on untraced.
    """

    def __init__(self) -> None:
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

    @staticmethod
    def _trace(task: TrioTask) -> None:
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
        node.handle = task
        task.coro = cast("Any", watch(task.coro, node))


@contextmanager
def installed() -> Generator[None]:
    """See ``tracing.installed``."""
    instrument = TaskInstrument()
    trio.lowlevel.add_instrument(instrument)
    try:
        # anyio's own function ends in trio's, and has the better name for the node.
        with tracing_threads.installed(
            (anyio.to_thread, "run_sync"), (trio.to_thread, "run_sync")
        ):
            yield
    finally:
        trio.lowlevel.remove_instrument(instrument)
