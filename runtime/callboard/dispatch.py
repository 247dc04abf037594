"""From the journal to runs.

Owns which deliveries run now: up to a limit at once, in the order of their keys, failed
ones again when their time has come. What waits lies in the journal; only its head, a
window of ids and keys, is in memory.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import anyio
from anyio.abc import TaskGroup
from msgspec import Meta, Struct

from callboard import clock
from callboard.delivery import Delivery, DeliveryState
from callboard.ids import new_id
from callboard.journal import Fold, Journal, RunEnd, RunStart, Waiting, folded_reason
from callboard.provider import Handler
from callboard.routes import Routes
from callboard.source import Source
from callboard.standing import Standing
from callboard.states import State
from callboard.supervisor import Outcome, outcome, providers_of, supervise
from callboard.task import CURRENT
from callboard.trace import Trace
from callboard.tracing import watch
from callboard.tree import Tree
from callboard.wake import Wake
from callboard.window import Window

logger = logging.getLogger(__name__)

SHUTDOWN = "shutdown"
"""The cause of a halt after which the delivery is run again at the next start."""


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """``[runtime]`` in ``callboard.toml``."""

    runs_at_once: Annotated[int, Meta(ge=1)] = 32
    """Deliveries that run at the same time."""
    attempts: Annotated[int, Meta(ge=1)] = 3
    """Runs of one delivery before it is parked."""
    first_wait: Annotated[float, Meta(ge=0)] = 30.0
    """Seconds before a failed delivery is run again; four times as long each time."""
    grace: Annotated[float, Meta(ge=0)] = 10.0
    """Seconds that runs have to finish at shutdown."""


class Dispatcher:
    """Starts runs, and writes down how they ended."""

    def __init__(
        self,
        *,
        journal: Journal,
        trace: Trace,
        routes: Routes,
        sources: Mapping[str, Source],
        policy: Policy,
    ) -> None:
        self.running: dict[str, anyio.CancelScope | None] = {}
        """The scopes of the runs in progress, by run id; None before it has begun."""
        self.standings = {p.name: Standing(p) for p in routes.providers}
        """How each provider stands, by its name."""
        self._journal = journal
        self._trace = trace
        self._routes = routes
        self._sources = sources
        self._policy = policy
        self._window = Window()
        self._lock = threading.Lock()
        self._offered: deque[Waiting] = deque()
        # Whether the journal may hold queued deliveries beyond the window. True at
        # first: whatever an earlier process left behind.
        self._behind = True
        # When the first failed delivery is to be run again; None when there is none.
        self._next_due: float | None = 0.0
        self._wake: Wake | None = None
        self._open = True

    def offer(self, waiting: Waiting) -> None:
        """A delivery is in the journal and may run. From any thread."""
        with self._lock:
            if len(self._offered) >= self._window.capacity:
                self._behind = True
            else:
                self._offered.append(waiting)
        self._rouse()

    def reread(self) -> None:
        """The journal holds queued deliveries that were not offered. From any thread."""
        with self._lock:
            self._behind = True
        self._rouse()

    def look_again(self) -> None:
        """Failed or held deliveries may be due earlier than thought. From any thread."""
        self._due_at(0.0)
        self._rouse()

    def close(self) -> None:
        """Start no more runs. From any thread."""
        with self._lock:
            self._open = False
        self._rouse()

    def halt_all(self, cause: str) -> None:
        """Tell every run in progress to stop."""
        for run in tuple(self.running):
            self.halt(run, cause)

    def halt(self, run: str, cause: str) -> bool:
        """Tell a run to stop, because of ``cause``; False when there is none such."""
        scope = self.running.get(run)
        tree = self._trace.trees.get(run)
        if scope is None or tree is None:
            return False
        tree.root.halt_all(cause)
        scope.cancel(cause)
        return True

    async def work(self) -> None:
        """Dispatch until ``close``, then wait for the runs in progress."""
        async with anyio.create_task_group() as group:
            while self._open:
                wake = self._arm()
                await self._fill()
                while len(self.running) < self._policy.runs_at_once:
                    waiting = self._window.take()
                    if waiting is None:
                        break
                    self._begin(group, waiting)
                await self._sleep(wake)

    def _rouse(self) -> None:
        with self._lock:
            wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def _arm(self) -> Wake:
        wake = Wake()
        with self._lock:
            self._wake = wake
        return wake

    async def _sleep(self, wake: Wake) -> None:
        """Wait for an offer, the end of a run, or the next failed delivery's time."""
        if not self._open:
            return
        pause = None
        if self._next_due is not None:
            pause = max(self._next_due - clock.now(), 0.0)
        with anyio.move_on_after(pause):
            await wake.wait()

    def _due_at(self, moment: float | None) -> None:
        """A failed or held delivery is to be run again then."""
        with self._lock:
            if self._next_due is None:
                self._next_due = moment
            elif moment is not None:
                self._next_due = min(self._next_due, moment)

    async def _release_due(self) -> None:
        now = clock.now()
        with self._lock:
            if self._next_due is None or self._next_due > now:
                return
            # Before the journal is asked: a run that ends meanwhile says it anew.
            self._next_due = None
        released = await self._journal.release_due(now)
        self._due_at(released.following)
        for id_ in released.deliveries:
            self._behind = True
            view = self._trace.deliveries.get(id_)
            if view is not None:
                view.state = DeliveryState.QUEUED
                self._trace.publish(view)

    async def _fill(self) -> None:
        await self._release_due()
        with self._lock:
            offered = list(self._offered)
            self._offered.clear()
            if self._behind or len(self._window) + len(offered) > self._window.capacity:
                # These are in the journal, and will be read from there in their turn.
                self._behind, offered = True, []
        await self._add(offered)
        while self._behind and len(self._window) <= self._window.capacity // 2:
            self._behind = False
            # From the head, not from where the last reading ended: group commits may
            # record deliveries in another order than they are numbered.
            found = await self._journal.queued(self._window.capacity)
            await self._add(found)
            if len(found) == self._window.capacity:
                self._behind = True

    async def _add(self, found: Iterable[Waiting]) -> None:
        for waiting in found:
            older = self._window.add(waiting)
            if older is None:
                continue
            await self._journal.fold(Fold(older.id, waiting.id))
            view = self._trace.deliveries.get(older.id)
            if view is not None:
                view.state, view.folded_into = DeliveryState.FOLDED, waiting.id
                view.reason, view.ended_at = folded_reason(waiting.id), clock.now()
                self._trace.publish(view)

    def _begin(self, group: TaskGroup, waiting: Waiting) -> None:
        run = new_id()
        self.running[run] = None
        group.start_soon(self._run, waiting, run, name=f"run {run}")

    async def _run(self, waiting: Waiting, run: str) -> None:
        again = None
        try:
            again = await self._recorded(waiting, run)
        except Exception:
            # The journal did not take it. The delivery is still there, and is run again
            # at the next start; the run's tree says how far it came.
            logger.exception("run %s of delivery %s is not recorded", run, waiting.id)
        finally:
            del self.running[run]
            if self._window.release(waiting):
                self._behind = True
            # Not earlier: while it is in the window it cannot be added again.
            self._due_at(again)
            self._rouse()

    async def _recorded(self, waiting: Waiting, run: str) -> float | None:
        """Run it; returns when it is to be run again."""
        attempt = waiting.attempts + 1
        started = clock.now()
        start = RunStart(run=run, delivery=waiting.id, attempt=attempt, at=started)
        delivery = await self._journal.start(start)
        if delivery is None:
            return None  # retention took it while it waited
        view = self._trace.deliveries.get(waiting.id)
        if view is not None:
            view.state, view.run, view.attempts = DeliveryState.RUNNING, run, attempt
            view.started_at, view.ended_at = started, None
            self._trace.publish(view)
        handlers = [
            handler
            for handler in self._routes.wanting(delivery.name)
            if handler.name not in waiting.done
        ]
        tree = self._trace.open_tree(run, delivery.id, str(delivery.name))
        scope = self.running[run] = anyio.CancelScope()
        try:
            with scope:
                await watch(self._supervise(tree, delivery, handlers), tree.root)
        finally:
            CURRENT.set(None)
            end = self._end(waiting, tree, attempt, outcome(tree, handlers))
            with anyio.CancelScope(shield=True):
                # Shielded: what happened is written down, also while shutting down.
                await self._journal.finish(end)
        if view is not None:
            view.state, view.reason, view.ended_at = end.then, end.reason, end.at
            self._trace.publish(view)
        return end.not_before

    async def _supervise(
        self, tree: Tree, delivery: Delivery, handlers: Sequence[Handler]
    ) -> None:
        source = self._sources.get(delivery.source)
        event = source.decode(delivery) if source is not None else None
        await supervise(tree, delivery, event, handlers, self.standings)

    def _end(
        self, waiting: Waiting, tree: Tree, attempt: int, result: Outcome
    ) -> RunEnd:
        now = clock.now()
        then, not_before, reason = DeliveryState.COMPLETED, None, result.cause
        if result.state is State.HALTED:
            stopped = result.cause == SHUTDOWN
            then = DeliveryState.QUEUED if stopped else DeliveryState.PARKED
        elif result.state is State.ERRORED:
            then = DeliveryState.PARKED
            if attempt < self._policy.attempts:
                then = DeliveryState.FAILED
                not_before = now + self._policy.first_wait * 4 ** (attempt - 1)
        elif result.held:
            then, attempt = DeliveryState.HELD, attempt - 1
            paused = [p for s in self.standings.values() if (p := s.paused) is not None]
            ends = [p.until for p in paused if p.until is not None]
            not_before = min(ends) if ends else None if paused else now
            reason = "waits for a paused provider"
        elif result.halted is not None:
            then, reason = DeliveryState.PARKED, result.halted
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
            providers=tuple(task.name for task in providers_of(tree)),
        )
