"""Log records, attached to the task that wrote them.

Owns the handler that sits on the root logger while a callboard is open. structlog's
records arrive the same way when it is set up to write through the standard library.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from callboard import clock
from callboard.failure import Failure, describe
from callboard.task import CURRENT, LogLine, Task

_MESSAGE = 2_000


class TaskHandler(logging.Handler):
    """Attaches each record to the task whose code wrote it, in whatever thread."""

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: a record that cannot be formatted says so instead."""
        task = CURRENT.get()
        if task is None:
            return
        redactor = task.tree.trace.redactor
        try:
            message = record.getMessage()
        except Exception as error:  # noqa: BLE001 - a stranger's arguments may raise anything
            message = f"{record.msg!r} (not formatted: {error!r})"
        failure = None
        if record.exc_info is not None and record.exc_info[1] is not None:
            failure = describe(record.exc_info[1], redactor)
        attach(task, record.levelno, record.name, message, failure)


def attach(
    task: Task, level: int, logger: str, message: str, failure: Failure | None = None
) -> None:
    """Put one line on ``task``'s own log."""
    redactor = task.tree.trace.redactor
    line = LogLine(
        at=clock.now(),
        level=logging.getLevelName(level),
        logger=redactor.name(logger),
        message=redactor.excerpt(message, _MESSAGE),
        failure=failure,
    )
    task.log(line)


@contextmanager
def attached() -> Generator[None]:
    """Attach log records to tasks until the end of the block."""
    handler = TaskHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
