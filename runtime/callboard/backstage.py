"""The second event loop, where runs take place.

Owns its thread: opening the providers, dispatching, ticking, and an end that waits for
runs as long as it may and names what would not stop.
"""

import logging
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import anyio
from anyio.lowlevel import EventLoopToken, current_token

from callboard import tracing
from callboard.conductor import SHUTDOWN, Conductor
from callboard.dispatch import Dispatcher
from callboard.provider import Provider
from callboard.schedule import Schedule
from callboard.task import Task
from callboard.trace import Trace
from callboard.wake import Wake, wake_all
from callboard.watchdog import Watchdog

logger = logging.getLogger(__name__)

T = TypeVar("T")

_UNWIND = 1.0
"""Seconds that halted runs have to unwind."""


class BackstageError(Exception):
    """The runs' event loop has ended, and nobody told it to."""


class Backstage:
    """One thread with one event loop."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        conductor: Conductor,
        schedule: Schedule,
        chores: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        providers: Sequence[Provider],
        trace: Trace,
        backend: str = "trio",
        cancellable: bool = False,
    ) -> None:
        self.watchdog = Watchdog(trace)
        self._dispatcher = dispatcher
        self._conductor = conductor
        self._schedule = schedule
        self._chores = chores
        self._providers = providers
        self._trace = trace
        self._backend = backend
        self._cancellable = cancellable
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._token: EventLoopToken | None = None
        self._watchers: list[Wake] = []
        self._over = False
        self._thread = threading.Thread(
            target=self._run, name="callboard-backstage", daemon=True
        )

    @property
    def alive(self) -> bool:
        """Whether its loop runs."""
        return self._ready.is_set() and not self._over

    def start(self) -> None:
        """Start the thread; returns once every provider is open. Blocks.

        Raises:
            BaseException: What a provider raised while it was opened.
        """
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    def stop(self, grace: float) -> bool:
        """End it: no new runs, ``grace`` seconds for the others, then halt. Blocks.

        Returns whether everything ended; what did not is named in the log.
        """
        self._dispatcher.close()
        self._thread.join(grace)
        if self._thread.is_alive():
            self._soon(lambda: self._conductor.halt_all(SHUTDOWN))
            self._thread.join(_UNWIND)
        if not self._thread.is_alive():
            return True
        for task in self._unended():
            logger.error("%s %s `%s` does not stop", task.kind, task.id, task.name)
        return False

    async def watch(self) -> None:
        """Wait, on another loop, until this one ends before it is told to.

        ``serving`` does, so that the process ends; an application that callboard is
        mounted in may, and cancels it before it leaves ``Callboard.opened``.

        Raises:
            BackstageError: It has; the log has the traceback.
        """
        wake = Wake()
        self._watchers.append(wake)
        if self.alive:
            await wake.wait()
        raise BackstageError(
            "the runs' event loop has ended; what was accepted is on disk, "
            "and runs at the next start"
        )

    def _unended(self) -> Iterator[Task]:
        """The tasks that hold up their runs: those with none below them."""
        for tree in tuple(self._trace.trees.values()):
            for task in tuple(tree.tasks.values()):
                if not task.state.final and not task.open_children:
                    yield task

    async def call(self, action: Callable[[], T]) -> T:
        """Run ``action`` on this loop, from any other; returns or raises what it does."""
        wake = Wake()
        answer: list[T] = []
        errors: list[Exception] = []

        def act() -> None:
            try:
                answer.append(action())
            except Exception as error:  # noqa: BLE001 - raised where it was asked for
                errors.append(error)
            wake()

        self._soon(act)
        await wake.wait()
        if errors:
            raise errors[0]
        return answer[0]

    def _soon(self, action: Callable[[], object]) -> None:
        token = self._token
        if token is not None:
            try:
                token.backend_class.run_sync_soon(action, (), token.native_token)
            except anyio.RunFinishedError:
                return

    def _run(self) -> None:
        try:
            anyio.run(self._work, backend=self._backend)
        except BaseException as error:
            self._error = error
            if self._ready.is_set():
                logger.exception("backstage has ended")
        finally:
            self._over = True
            self._ready.set()
            wake_all(self._watchers)

    async def _work(self) -> None:
        self._token = current_token()
        with tracing.installed(cancellable=self._cancellable):
            async with AsyncExitStack() as stack:
                for provider in self._providers:
                    try:
                        await stack.enter_async_context(provider.opened())
                    except Exception:
                        # Whoever reads the error is not told whose it is.
                        logger.error("provider `%s` cannot be opened", provider.name)  # noqa: TRY400 - whoever reads it prints the traceback
                        raise
                self._ready.set()
                async with anyio.create_task_group() as group:
                    group.start_soon(self.watchdog.beat)
                    group.start_soon(self._schedule.work)
                    for chore in self._chores:
                        group.start_soon(chore)
                    await self._dispatcher.work()
                    group.cancel_scope.cancel(SHUTDOWN)
