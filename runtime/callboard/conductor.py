"""One run, from the journal's word that it begins to its word on how it ended.

Owns the runs in progress, and what becomes of a delivery after its run. A journal that
takes nothing for a while (a full disk, a database that is away) delays runs and loses
none: what is to be written waits in memory until it is taken.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import anyio
from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError

from callboard import clock
from callboard.delivery import Delivery, DeliveryState
from callboard.journal import INTERRUPTED, Begun, Journal, RunEnd, RunStart, Waiting
from callboard.logs import attach
from callboard.policy import Policy
from callboard.provider import Handler
from callboard.routes import Routes
from callboard.source import Source
from callboard.standing import Standing
from callboard.states import State
from callboard.supervisor import Outcome, outcome, supervise
from callboard.task import CURRENT
from callboard.trace import Trace
from callboard.tracing import watch
from callboard.tree import Tree

logger = logging.getLogger(__name__)

T = TypeVar("T")

SHUTDOWN = "shutdown"
"""The cause of a halt after which the delivery is run again at the next start."""
ACTIONS = "callboard.actions"
"""The logger by whose name a task's log tells what people did to it."""
_LOOK_AGAIN = 1.0
"""Seconds after which a journal that did not answer is asked again."""


class _InProgress:
    """A run, from before its record begins; it may be told to stop at any moment."""

    __slots__ = ("cause", "scope", "tree")

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.tree: Tree | None = None
        self.cause: str | None = None

    def halt(self, cause: str) -> None:
        self.cause = self.cause or cause
        if self.tree is not None:
            self.tree.root.halt_all(cause)
        self.scope.cancel(cause)


class Conductor:
    """Makes runs. Used on the backstage loop."""

    def __init__(
        self,
        *,
        journal: Journal,
        trace: Trace,
        routes: Routes,
        sources: Mapping[str, Source],
        policy: Policy,
    ) -> None:
        self.standings = {p.name: Standing(p) for p in routes.providers}
        """How each provider stands, by its name."""
        self.asked: dict[str, str] = {}
        """What a person said of a delivery that is to run: it is on the run's record."""
        self._journal = journal
        self._trace = trace
        self._routes = routes
        self._sources = sources
        self._policy = policy
        self._in_progress: dict[str, _InProgress] = {}
        self._closing = False

    def close(self) -> None:
        """Wait no longer for a journal that does not answer."""
        self._closing = True

    def halt_all(self, cause: str) -> None:
        """Tell every run in progress to stop."""
        for run in tuple(self._in_progress.values()):
            run.halt(cause)

    def halt(self, run: str, cause: str) -> bool:
        """Tell a run to stop, because of ``cause``; False when there is none such."""
        found = self._in_progress.get(run)
        if found is not None:
            found.halt(cause)
        return found is not None

    async def conduct(self, waiting: Waiting, run: str) -> RunEnd | None:
        """Run a delivery, as the run ``run``.

        Returns how it ended; None if the delivery waits no more, because it was run
        or parked meanwhile, or retention took it. Cancellation halts the run, and that is written down too.

        Raises:
            DBAPIError: The journal does not answer, and callboard is closing.
        """
        progress = self._in_progress[run] = _InProgress()
        try:
            return await self._conduct(waiting, run, progress)
        finally:
            del self._in_progress[run]

    async def _conduct(
        self, waiting: Waiting, run: str, progress: _InProgress
    ) -> RunEnd | None:
        attempt = waiting.attempts + 1
        at = clock.now()
        start = RunStart(run=run, delivery=waiting.id, attempt=attempt, at=at)

        def show(begun: Begun | None) -> None:
            if begun is not None:
                self._trace.update(begun.view)

        begun = await self.insist(lambda: self._journal.start(start, show))
        if begun is None:
            return None
        delivery = begun.delivery
        handlers = [
            handler
            for handler in self._routes.wanting(delivery.name)
            if handler.name not in waiting.done
        ]
        tree = self._trace.open_tree(run, delivery.id, str(delivery.name))
        progress.tree = tree
        asked = self.asked.pop(delivery.id, None)
        if asked is not None:
            attach(tree.root, logging.INFO, ACTIONS, asked)
        try:
            # What is raised here, by a source that cannot decode, is on the tree's root.
            with progress.scope, suppress(Exception):
                await self._perform(tree, delivery, handlers, progress.cause)
        finally:
            CURRENT.set(None)
            result = outcome(tree, handlers)
            loop_ends = anyio.current_effective_deadline() == -math.inf
            if result.state is State.HALTED and progress.cause is None and loop_ends:
                result = replace(result, cause=INTERRUPTED)
            end = self._end(waiting, tree, attempt, result)
            with anyio.CancelScope(shield=True):
                # Shielded: what happened is written down, also while shutting down.
                await self.insist(
                    lambda: self._journal.finish(end, lambda _: self._ended(end))
                )
        return end

    def _ended(self, end: RunEnd) -> None:
        self._trace.change(
            end.delivery,
            state=end.then,
            attempts=end.attempts,
            reason=end.reason,
            ended_at=end.at,
        )

    async def _perform(
        self,
        tree: Tree,
        delivery: Delivery,
        handlers: Sequence[Handler],
        halted: str | None,
    ) -> None:
        if halted is not None:  # before its first step
            tree.root.halted(halted)
            return
        await watch(self._supervise(tree, delivery, handlers), tree.root)

    async def _supervise(
        self, tree: Tree, delivery: Delivery, handlers: Sequence[Handler]
    ) -> None:
        source = self._sources.get(delivery.source)
        event = source.decode(delivery) if source is not None and handlers else None
        await supervise(tree, delivery, event, handlers, self.standings)

    async def insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the journal until it answers.

        Raises:
            DBAPIError: It does not, and callboard is closing.
        """
        said = False
        while True:
            try:
                return await ask()
            except DBAPIError as error:
                if self._closing:
                    raise
                if not said:
                    # One line without a traceback: the driver's own word tells all.
                    message = "runs wait, the journal does not answer: %s"
                    logger.log(logging.ERROR, message, error.orig)
                    said = True
            await anyio.sleep(_LOOK_AGAIN)

    def _end(
        self, waiting: Waiting, tree: Tree, attempt: int, result: Outcome
    ) -> RunEnd:
        now = clock.now()
        then, not_before, reason = DeliveryState.COMPLETED, None, result.cause
        if result.state is State.HALTED:
            stopped = result.cause in {SHUTDOWN, INTERRUPTED}
            then = DeliveryState.QUEUED if stopped else DeliveryState.PARKED
        elif result.state is State.ERRORED:
            then = DeliveryState.PARKED
            if attempt < self._policy.attempts:
                then = DeliveryState.FAILED
                not_before = now + self._policy.wait(attempt)
        elif result.held:
            # A run that was held does not count against the policy's limit.
            then, attempt = DeliveryState.HELD, attempt - 1
            not_before = self._resumed_at(now)
            reason = "waits for a paused provider"
        elif result.halted is not None:
            then, reason = DeliveryState.PARKED, result.halted
        elif not tree.providers and not waiting.done:
            reason = "no provider handles this event"
        return RunEnd(
            run=tree.run,
            delivery=waiting.id,
            at=now,
            state=result.state,
            cause=result.cause,
            tree=tree.record(),
            then=then,
            reason=reason,
            not_before=not_before,
            done=(*waiting.done, *result.done),
            attempts=attempt,
            providers=tuple(task.name for task in tree.providers),
        )

    def _resumed_at(self, now: float) -> float | None:
        """When the first pause ends: now if all have ended, None if a person ends it."""
        paused = [p for s in self.standings.values() if (p := s.paused) is not None]
        ends = [pause.until for pause in paused if pause.until is not None]
        if ends:
            return min(ends)
        return None if paused else now
