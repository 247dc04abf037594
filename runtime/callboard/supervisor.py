"""Runs one delivery as a supervised tree.

Owns the run's task group and the failure policy of its providers: each has a scope, a
timeout and attempts of its own, and what it raises ends with it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache
from types import TracebackType
from typing import Any, NamedTuple

import anyio
import sniffio
from msgspec import Struct

from callboard import clock
from callboard.delivery import Delivery
from callboard.failure import Failure, describe
from callboard.logs import attach
from callboard.outcome import is_cancellation
from callboard.provider import Handler
from callboard.run import Run
from callboard.standing import Standing
from callboard.states import State
from callboard.task import Task
from callboard.tracing import spawn
from callboard.tree import Tree
from callboard.wake import Wake

PAUSED = "provider paused"


class ProviderTimeoutError(TimeoutError):
    """A provider did not end within the time it is allowed."""


class Outcome(Struct, frozen=True):
    """How a run ended."""

    state: State
    cause: str | None
    done: tuple[str, ...]
    """The handlers that completed."""
    held: bool
    """Whether a handler did not run, because its provider is paused."""
    halted: str | None
    """The first provider that was halted otherwise, and why."""


async def supervise(
    tree: Tree,
    delivery: Delivery,
    event: object,
    handlers: Sequence[Handler],
    standings: Mapping[str, Standing],
) -> None:
    """Run every handler as a child of the tree's root, which is the calling task.

    ``standings`` has one for each handler's provider, by name. Returns when all have
    ended. Cancellation halts them, and none is left behind.
    """
    root = tree.root
    backend = _backend(sniffio.current_async_library())
    try:
        async with backend.new_group() as group:
            for handler in handlers:
                node = tree.add(root, handler.provider.name, "provider")
                node.code = handler.code
                node.labels = {"handler": handler.method}
                node.timeout = handler.provider.timeout
                node.attempts = handler.provider.retry.attempts
                standing = standings[handler.provider.name]
                pause = standing.paused
                if pause is not None:
                    node.halted(f"{PAUSED}: {pause.reason}")
                    continue
                task = _Supervised(
                    handler,
                    node,
                    delivery,
                    event,
                    standing,
                    group=group,
                    backend=backend,
                )
                spawn(group, node, task.run)
    finally:
        if tree.open > 1:
            await _threads_left(tree)
    providers = tree.providers
    failed = [task.name for task in providers if task.state is State.ERRORED]
    if failed:
        names = ", ".join(f"`{name}`" for name in failed)
        cause = f"{len(failed)} of {len(providers)} providers failed: {names}"
        root.fail(Failure(type="ProvidersFailed", message=cause), cause)


async def _threads_left(tree: Tree) -> None:
    """Wait for threads that a cancellation left behind: nothing outlives its run.

    Until then the run is shown as it is, and its ordering keys stay taken.
    """
    left = tree.left = Wake()
    if tree.open > 1:
        with anyio.CancelScope(shield=True):
            await left.wait()


def outcome(tree: Tree, handlers: Sequence[Handler]) -> Outcome:
    """What became of an ended tree."""
    providers = tree.providers
    ended = zip(handlers, providers, strict=False)
    halted = [task for task in providers if task.state is State.HALTED]
    paused = [t for t in halted if (t.cause or "").startswith(PAUSED)]
    others = [f"`{t.name}` {t.cause}" for t in halted if t not in paused]
    return Outcome(
        state=tree.root.state,
        cause=tree.root.cause,
        done=tuple(h.name for h, task in ended if task.state is State.COMPLETED),
        held=bool(paused),
        halted=others[0] if others else None,
    )


class _Backend(NamedTuple):
    """The cheapest that a backend has: trio's own things, or anyio's."""

    new_group: Callable[[], AbstractAsyncContextManager[Any]]
    new_scope: Callable[[], Any]
    current_time: Callable[[], float]


@cache
def _backend(name: str) -> _Backend:
    if name == "trio":
        import trio

        return _Backend(trio.open_nursery, trio.CancelScope, trio.current_time)
    return _Backend(anyio.create_task_group, anyio.CancelScope, anyio.current_time)


class _Supervised:
    """One handler in one run: its slot, its scope, its attempts."""

    __slots__ = (
        "backend",
        "delivery",
        "event",
        "group",
        "handler",
        "has_slot",
        "node",
        "runs",
        "standing",
        "stood",
    )

    def __init__(
        self,
        handler: Handler,
        node: Task,
        delivery: Delivery,
        event: object,
        standing: Standing,
        *,
        group: Any,
        backend: _Backend,
    ) -> None:
        self.handler = handler
        self.node = node
        self.delivery = delivery
        self.event = event
        self.standing = standing
        self.group = group
        self.backend = backend
        self.has_slot = self.runs = False
        self.stood: TracebackType | None = None
        """Where the last attempt was when it was cancelled."""

    async def run(self) -> None:
        """Wait for a slot, then make attempt after attempt.

        Until one completes or none is left. The boundary that no exception of a
        provider's passes, but for cancellation.
        """
        slots = self.standing.slots
        if slots is None:
            await self._attempts(None)
            return
        try:
            await self._attempts(slots)
        finally:
            if self.has_slot:
                slots.release()

    async def _attempts(self, slots: anyio.CapacityLimiter | None) -> None:
        node, standing = self.node, self.standing
        policy = self.handler.provider.retry
        wait: float | None = None
        failure: Failure | None = None
        try:
            while True:
                try:
                    # One scope for both, a person's word and the time of the attempt: a
                    # scope costs more than all the rest here.
                    with self.backend.new_scope() as scope:
                        node.scope = scope
                        if failure is not None and wait is not None:
                            await self._pause_before_retry(failure, wait)
                        elif slots is not None:
                            await self._wait_for_slot(slots)
                        node.attempt += 1
                        if self.runs:
                            node.publish()
                        else:
                            self._begin()
                        await self._attempt(scope)
                        return
                    if node.state is State.HALTING:
                        return  # told to stop, by a person
                    raise self._late()  # noqa: TRY301 - it fails as any other error
                # A provider's SystemExit, too, is its own failure.
                except BaseException as error:
                    if is_cancellation(error):
                        raise
                    failure = describe(error, node.tree.trace.redactor)
                    if node.attempt >= policy.attempts or not policy.wants(error):
                        self._fail(failure)
                        return
                    if node.state is State.HALTING:
                        return
                    wait = policy.wait(node.attempt, error)
        finally:
            self.stood = None
            if self.runs:
                standing.running -= 1

    def _late(self) -> ProviderTimeoutError:
        """What an attempt fails with whose time is over, raised where it stood."""
        late = f"it did not end within {self.handler.provider.timeout:g} s"
        return ProviderTimeoutError(late).with_traceback(self.stood)

    def _begin(self) -> None:
        self.runs = True
        self.standing.running += 1
        if self.node.state is State.PENDING:  # not told to stop before its first step
            self.node.start()

    async def _wait_for_slot(self, slots: anyio.CapacityLimiter) -> None:
        self.standing.waiting += 1
        self.node.waits = f"a slot ({slots.total_tokens:g} at once)"
        self.node.publish()
        try:
            await slots.acquire()
        finally:
            self.standing.waiting -= 1
            self.node.waits = None
        self.has_slot = True

    def _fail(self, failure: Failure) -> None:
        node = self.node
        node.fail(failure)
        self.standing.failed()
        if self.handler.provider.fails_together:
            for sibling in node.tree.providers:
                if not sibling.state.final:
                    sibling.halt(f"sibling `{node.name}` failed")
            self.group.cancel_scope.cancel(f"sibling `{node.name}` failed")

    async def _pause_before_retry(self, failure: Failure, wait: float) -> None:
        node, attempts = self.node, self.handler.provider.retry.attempts
        failed = f"attempt {node.attempt} of {attempts} failed"
        attach(node, logging.WARNING, __name__, failed, failure)
        after = clock.duration(wait)
        node.waits = f"attempt {node.attempt + 1} of {attempts}, {after} after the last"
        node.publish()
        try:
            await anyio.sleep(wait)
        finally:
            node.waits = None

    async def _attempt(self, scope: Any) -> None:
        provider, node = self.handler.provider, self.node
        run = provider.context(
            Run(
                delivery=self.delivery,
                provider=provider.name,
                attempt=node.attempt,
                task=node,
            )
        )
        method = getattr(provider, self.handler.method)
        arguments = self.handler.arguments(self.event, self.delivery, run)
        if provider.timeout is not None:
            scope.deadline = self.backend.current_time() + provider.timeout
        try:
            await provider.conclude(run, await method(*arguments))
        except BaseException as error:
            if is_cancellation(error):
                self.stood = error.__traceback__
            raise
