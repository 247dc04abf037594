"""Runs one delivery as a supervised tree.

Owns the run's task group and the failure policy of its providers: each has a scope, a
timeout and attempts of its own, and what it raises ends with it.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import sniffio
from msgspec import Struct

from callboard.delivery import Delivery
from callboard.failure import Failure, describe
from callboard.logs import attach
from callboard.outcome import is_cancellation
from callboard.provider import Handler
from callboard.run import Run
from callboard.states import State
from callboard.task import Task
from callboard.tracing import spawn
from callboard.tree import Tree

logger = logging.getLogger(__name__)


class ProviderTimeoutError(TimeoutError):
    """A provider did not end within the time it is allowed."""


class Outcome(Struct, frozen=True):
    """How a run ended."""

    state: State
    cause: str | None
    done: tuple[str, ...]
    """The handlers that completed."""
    failed: tuple[str, ...]


async def supervise(
    tree: Tree, delivery: Delivery, event: object, handlers: Sequence[Handler]
) -> None:
    """Run every handler as a child of the tree's root, which is the calling task.

    Returns when all have ended. Cancellation halts them, and none is left behind.
    """
    root = tree.root
    async with task_group() as group:
        for handler in handlers:
            node = tree.add(root, handler.provider.name, "provider")
            node.labels["handler"] = handler.method
            node.timeout = handler.provider.timeout
            spawn(group, node, _attempts, handler, node, delivery, event)
    providers = providers_of(tree)
    failed = [task.name for task in providers if task.state is State.ERRORED]
    if failed:
        names = ", ".join(f"`{name}`" for name in failed)
        cause = f"{len(failed)} of {len(providers)} providers failed: {names}"
        root.fail(Failure(type="ProvidersFailed", message=cause), cause)


def outcome(tree: Tree, handlers: Sequence[Handler]) -> Outcome:
    """What became of an ended tree."""
    ended = {
        handler.name: node.state
        for handler, node in zip(handlers, providers_of(tree), strict=False)
    }
    return Outcome(
        state=tree.root.state,
        cause=tree.root.cause,
        done=tuple(n for n, state in ended.items() if state is State.COMPLETED),
        failed=tuple(n for n, state in ended.items() if state is not State.COMPLETED),
    )


def providers_of(tree: Tree) -> list[Task]:
    """The providers' tasks, in the order of their handlers."""
    return [c for c in tree.root.children.values() if c.kind == "provider"]


def task_group() -> AbstractAsyncContextManager[Any]:
    """The backend's cheapest task group: trio's own nursery, or anyio's."""
    if sniffio.current_async_library() == "trio":
        import trio

        return trio.open_nursery()
    return anyio.create_task_group()


async def _attempts(
    handler: Handler, node: Task, delivery: Delivery, event: object
) -> None:
    """One provider: attempt after attempt, until one completes or none is left.

    The boundary that no exception of a provider's passes, but for the cancellation of
    the run itself.
    """
    policy = handler.provider.retry
    while True:
        node.attempt += 1
        try:
            await _attempt(handler, node, delivery, event)
        except BaseException as error:
            if is_cancellation(error):
                raise
            failure = describe(error, node.tree.trace.redactor)
            if node.attempt >= policy.attempts or not policy.wants(error):
                node.fail(failure)
                return
            wait = policy.wait(node.attempt, error)
        else:
            return
        again = f"attempt {node.attempt} of {policy.attempts} failed"
        attach(node, logging.WARNING, __name__, again, failure)
        node.waits = f"attempt {node.attempt + 1} of {policy.attempts} in {wait:.3g} s"
        node.publish()
        await anyio.sleep(wait)
        node.waits = None
        node.publish()


async def _attempt(
    handler: Handler, node: Task, delivery: Delivery, event: object
) -> None:
    provider = handler.provider
    run = provider.context(
        Run(
            delivery=delivery,
            provider=provider.name,
            attempt=node.attempt,
            task=node,
        )
    )
    method = getattr(provider, handler.method)
    arguments = (run,) if handler.every is not None else (event, run)
    with anyio.move_on_after(provider.timeout) as scope:
        result = await method(*arguments)
        await provider.conclude(run, result)
        return
    if scope.cancelled_caught:
        limit = f"it did not end within {provider.timeout:g} s"
        raise ProviderTimeoutError(limit)
