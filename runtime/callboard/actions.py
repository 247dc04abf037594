"""What a person may do: cancel, replay, park and unpark, pause and resume.

Owns the rules of when each is possible. Who did it is part of the cause or reason that
the action leaves behind, so every action is seen where it had its effect, and each is
recorded in the journal, with who and when.
"""

import logging
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from callboard import clock
from callboard.backstage import Backstage
from callboard.conductor import ACTIONS, Conductor
from callboard.delivery import DeliveryState, DeliveryView
from callboard.dispatch import Dispatcher
from callboard.ids import new_id
from callboard.journal import (
    Accepted,
    ActionEntry,
    Arrival,
    Journal,
    Move,
)
from callboard.logs import attach
from callboard.routes import Routes
from callboard.scopes import scope_of
from callboard.standing import Pause, Standing
from callboard.task import Task
from callboard.trace import Trace

REPLAY_HEADER = "x-callboard-replay"
"""The header of a replayed delivery that says who replayed it, and how."""


class ActionError(Exception):
    """The action is not possible: says what was expected and what is."""


class Actions:
    """The actions on one open callboard; awaited on any of its loops."""

    def __init__(
        self,
        *,
        backstage: Backstage,
        dispatcher: Dispatcher,
        conductor: Conductor,
        journal: Journal,
        trace: Trace,
        routes: Routes,
        accept: Callable[[Arrival], Awaitable[Accepted]],
    ) -> None:
        self._backstage = backstage
        self._dispatcher = dispatcher
        self._conductor = conductor
        self._journal = journal
        self._trace = trace
        self._routes = routes
        self._accept = accept

    async def cancel(self, task: str, who: str) -> None:
        """Halt a task and all below it; a run by its root's id, ``<run>.0``.

        Raises:
            ActionError: It is not running here, or has no scope of its own.
        """
        delivery = await self._backstage.call(lambda: self._cancel(task, who))
        await self._note(who, "cancel", task, delivery)

    async def replay(
        self, delivery: str, who: str, body: bytes | None = None
    ) -> Accepted:
        """Run a delivery again, as it was or with another payload, as a new delivery.

        Raises:
            ActionError: It is not, or no longer, in the journal.
        """
        origin = await self._journal.load(delivery)
        if origin is None:
            raise ActionError(f"replay: no delivery {delivery} in the journal")
        id_ = new_id()
        how = "with an edited payload " if body is not None else ""
        reason = f"replayed {how}by {who}"
        again = replace(
            origin,
            id=id_,
            guid=f"{origin.guid}/replay/{id_}",
            received_at=clock.now(),
            # Its reason is overwritten by what becomes of it; this stays.
            headers=origin.headers | {REPLAY_HEADER: reason},
            body=origin.body if body is None else body,
        )
        order = self._routes.order(
            again.name,
            organization=again.organization,
            repository=again.repository,
            body=again.body,
        )
        arrival = Arrival(again, order, replay_of=delivery, reason=reason)
        self._conductor.asked[id_] = reason  # before the dispatcher can find it
        accepted = await self._accept(arrival)
        await self._note(who, "replay", delivery, id_)
        return accepted

    async def park(self, delivery: str, who: str) -> DeliveryView:
        """Set a delivery aside that has failed or is held.

        Raises:
            ActionError: It is in another state.
        """
        allowed = (DeliveryState.FAILED, DeliveryState.HELD)
        reason = f"parked by {who}"
        view = await self._move(delivery, allowed, DeliveryState.PARKED, reason)
        await self._note(who, "park", delivery, delivery)
        return view

    async def unpark(self, delivery: str, who: str) -> DeliveryView:
        """Queue a parked, failed or held delivery again, with all its attempts.

        Raises:
            ActionError: It is in another state.
        """
        allowed = (DeliveryState.PARKED, DeliveryState.FAILED, DeliveryState.HELD)
        reason = f"queued again by {who}"
        self._conductor.asked[delivery] = reason  # before the dispatcher can find it
        try:
            view = await self._move(delivery, allowed, DeliveryState.QUEUED, reason)
        except ActionError:
            self._conductor.asked.pop(delivery, None)
            raise
        await self._note(who, "unpark", delivery, delivery)
        return view

    async def pause(
        self, provider: str, who: str, seconds: float | None = None
    ) -> None:
        """Let a provider start nothing more, for ``seconds`` or until resumed.

        That holds over a restart.

        Raises:
            ActionError: There is no such provider.
        """
        now = clock.now()
        until = None if seconds is None else now + seconds
        self._standing(provider).hold(Pause(now, until, f"by {who}"))
        await self._note(who, "pause", provider, until=until)

    async def resume(self, provider: str, who: str) -> int:
        """Let a provider run again; returns how many deliveries waited for it.

        Raises:
            ActionError: There is no such provider.
        """
        self._standing(provider).resume()
        await self._note(who, "resume", provider)
        released = await self._journal.release_held()
        self._dispatcher.look_again()
        return released

    def _standing(self, provider: str) -> Standing:
        standing = self._conductor.standings.get(provider)
        if standing is None:
            known = ", ".join(sorted(self._conductor.standings)) or "none"
            message = f"expected a provider ({known}), got {provider!r}"
            raise ActionError(message)
        return standing

    async def _note(
        self,
        who: str,
        kind: str,
        target: str,
        delivery: str | None = None,
        until: float | None = None,
    ) -> None:
        entry = ActionEntry(clock.now(), who, kind, target, delivery, until)
        await self._journal.note(entry)
        for changed in dict.fromkeys((target, delivery or target)):
            self._trace.change(changed)  # who watches it asks for its actions again

    def _cancel(self, id_: str, who: str) -> str:
        """Returns the delivery whose task it is."""
        task = self._find(id_)
        cause = f"cancelled by {who}"
        if task.parent is None:
            attach(task, logging.INFO, ACTIONS, cause)
            if not self._conductor.halt(task.tree.run, cause):
                raise ActionError(f"cancel: run {task.tree.run} is not running")
            return task.tree.delivery
        scope = scope_of(task)
        if scope is None:
            message = f"cancel: task {id_} has no scope of its own: expected a run, a"
            raise ActionError(f"{message} provider or a span, got a {task.kind}")
        attach(task, logging.INFO, ACTIONS, cause)
        task.halt_all(cause)
        scope.cancel()
        return task.tree.delivery

    def _find(self, id_: str) -> Task:
        run, _, n = id_.rpartition(".")
        tree = self._trace.trees.get(run)
        task = tree.tasks.get(int(n)) if tree is not None and n.isdigit() else None
        if task is None or task.state.final:
            raise ActionError(f"expected a task that has not ended, got {id_!r}")
        return task

    async def _move(
        self,
        delivery: str,
        allowed: tuple[DeliveryState, ...],
        to: DeliveryState,
        reason: str,
    ) -> DeliveryView:
        def show(moved: DeliveryView | None) -> None:
            if moved is not None:
                self._trace.update(moved)
                if to is DeliveryState.QUEUED:
                    self._dispatcher.reread()

        moved = await self._journal.move(Move(delivery, allowed, to, reason), show)
        if moved is None:
            expected = " or ".join(allowed)
            message = f"delivery {delivery}: expected it to be {expected}"
            raise ActionError(message)
        return moved
