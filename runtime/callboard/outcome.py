"""The one place that turns exceptions into outcomes.

Owns the question how a task ended: completed, errored or halted, and why.
"""

import anyio

from callboard import clock
from callboard.failure import describe, leaves_of, text_of
from callboard.task import Task


def close(task: Task, error: BaseException) -> None:
    """End ``task``, whose body raised ``error``."""
    if task.state.final:
        return
    if is_cancellation(error):
        task.halted(task.cause or explain(task, error))
    else:
        task.fail(describe(error, task.tree.trace.redactor))


def is_cancellation(error: BaseException) -> bool:
    """Whether ``error`` is a cancellation and nothing else."""
    cancelled = anyio.get_cancelled_exc_class()
    return all(issubclass(type(leaf), cancelled) for leaf in leaves_of(error))


def explain(task: Task, error: BaseException) -> str:
    """Why ``task`` was cancelled, as far as the exception and its tree can tell.

    trio says on the exception what kind of cancellation it is; anyio on asyncio says it
    in the message, in part.
    """
    source = getattr(error, "source", None)
    reason = getattr(error, "reason", None) or _reason_in(text_of(error))
    if reason is not None:
        reason = task.tree.trace.redactor.name(str(reason))
    if source == "deadline" or reason == "deadline exceeded":
        return _deadline(task)
    if source == "explicit":
        return f"cancelled: {reason}" if reason else "cancelled by its own code"
    failed = _failed_beside(task)
    if failed is not None:
        return f"sibling `{failed.name}` failed"
    if source == "nursery":
        return f"its task group was cancelled: {reason}"
    return f"cancelled: {reason}" if reason else "cancelled by its own code"


def _reason_in(message: str) -> str | None:
    return message.partition("; reason: ")[2] or None


def _failed_beside(task: Task) -> Task | None:
    """The nearest task that failed beside ``task`` or beside one of its parents."""
    path, parent = task, task.parent
    while parent is not None:
        failed = parent.failed_child
        if failed is not None and failed is not path:
            return failed
        path, parent = parent, parent.parent
    return None


def _deadline(task: Task) -> str:
    """Which deadline it was, where that is known; how long the task ran in any case."""
    ran = clock.now() - (task.started or task.created)
    limited = task
    while limited.timeout is None and limited.parent is not None:
        limited = limited.parent
    if limited.timeout is not None and limited.started is not None:
        passed = clock.now() - limited.started
        if passed >= limited.timeout:
            return f"deadline {limited.timeout:g} s of `{limited.name}`"
    # One that passed inside the task does not leave it, unless something else stopped
    # the task in the same moment: trio then tells of the deadline alone.
    failed = _failed_beside(task)
    if failed is not None:
        return f"sibling `{failed.name}` failed"
    return f"a deadline passed {ran:.3g} s after its start"
