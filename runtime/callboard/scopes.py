"""What limits a live task, and what can end it: its cancel scopes.

Owns every look at state that trio and anyio keep private. Each look is taken only when
somebody asks, from whatever thread, and answers None where a version of theirs differs.
"""

import math
from typing import Any

from msgspec import Struct

from callboard import clock
from callboard.task import Cancellable, Task


class ScopeFacts(Struct, frozen=True):
    """What the cancel scopes around a live task say at this moment."""

    deadline: float | None
    """When the nearest deadline that reaches it passes, Unix seconds."""
    shielded: bool
    """Whether a shield holds off what comes from further out."""
    cancelled: bool
    """Whether it was told to stop, and has not ended yet."""


def facts_of(task: Task) -> ScopeFacts | None:
    """The scopes around ``task``; None once it has ended, and for a thread's call.

    A span's are those of the task that it is in.
    """
    node: Task | None = task
    while node is not None and node.kind == "span":
        node = node.parent
    handle = None if node is None or task.state.final else node.handle
    if handle is None:
        return None
    try:
        return _trio_facts(handle) if hasattr(handle, "coro") else _anyio_facts(handle)
    except (AttributeError, KeyError):  # another version keeps it elsewhere
        return None


def scope_of(task: Task) -> Cancellable | None:
    """What cancels ``task`` alone, with all below it; None where nothing does."""
    if task.scope is None and hasattr(task.handle, "get_coro"):
        return task.handle  # asyncio's own tasks are cancelled as they are
    return task.scope


def coroutine_of(handle: Any) -> Any:
    """The coroutine of a backend's task."""
    return handle.coro if hasattr(handle, "coro") else handle.get_coro()


def _trio_facts(handle: Any) -> ScopeFacts:
    now = handle._runner.clock.current_time()
    status = handle._cancel_status
    scopes: list[Any] = []
    while status is not None:
        scopes.append(status._scope)
        status = status._parent
    return _facts(scopes, now)


def _anyio_facts(handle: Any) -> ScopeFacts:
    from anyio._backends import _asyncio

    states: Any = getattr(_asyncio, "_task_states")  # noqa: B009 - private, and looked at here alone
    scope = states[handle].cancel_scope
    scopes: list[Any] = []
    while scope is not None:
        scopes.append(scope)
        scope = scope._parent_scope
    return _facts(scopes, handle.get_loop().time())


def _facts(scopes: list[Any], now: float) -> ScopeFacts:
    """From the innermost scope out, as far as a shield lets through."""
    nearest, shielded, cancelled = math.inf, False, False
    for scope in scopes:
        nearest = min(nearest, scope.deadline)
        # Not `cancel_called`: asked on another loop, whose clock differs, trio's takes
        # the deadline for passed and cancels.
        cancelled = cancelled or scope._cancel_called
        shielded = scope.shield
        if shielded:
            break
    deadline = None if nearest == math.inf else clock.now() + nearest - now
    return ScopeFacts(deadline=deadline, shielded=shielded, cancelled=cancelled)
