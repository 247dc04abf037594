"""The one place that turns exceptions into outcomes.

Owns the question how a task ended: completed, errored or halted, and why.
"""

import anyio

from callboard.failure import describe, members_of
from callboard.states import State
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
    if members := members_of(error):
        return all(is_cancellation(member) for member in members)
    return isinstance(error, cancelled)


def explain(task: Task, error: BaseException) -> str:
    """Why ``task`` was cancelled, as far as its tree and the exception can tell."""
    path = task
    parent = task.parent
    while parent is not None:
        if parent.cause is not None and parent.state is State.HALTING:
            return parent.cause
        failed = parent.failed_child
        if failed is not None and failed is not path:
            return f"sibling `{failed.name}` failed"
        if parent.state is State.ERRORING:
            return f"parent `{parent.name}` failed"
        path, parent = parent, parent.parent
    source = getattr(error, "source", None)
    reason = getattr(error, "reason", None)
    if source == "deadline":
        return "a deadline passed"
    if source == "nursery":
        return f"its task group was cancelled: {reason}"
    return f"cancelled: {reason}" if reason else "cancelled by its own code"
