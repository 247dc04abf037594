"""Group commit: one thread, one connection, one transaction for all who wait.

Owns the order of writes. While one group is being committed the next one gathers, so a
slow disk makes groups larger instead of making everybody wait in line.
"""

import logging
import queue
import threading
from collections.abc import Callable
from itertools import groupby
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Connection

from callboard.wake import Wake, wake_all

logger = logging.getLogger(__name__)

A = TypeVar("A")
R = TypeVar("R")
Operation: TypeAlias = Callable[[Connection, list[A]], list[R]]

_GROUP = 512
_END_WAIT = 30.0


class WriterClosed(Exception):  # noqa: N818 - a state, met only while shutting down
    """The database was closed before the write was taken."""


class _Ticket(Generic[A, R]):
    """One write that somebody waits for."""

    __slots__ = ("argument", "error", "operation", "result", "then", "wake")

    def __init__(
        self,
        operation: Operation[A, R],
        argument: A,
        then: Callable[[R], object] | None,
        wake: Wake,
    ) -> None:
        self.operation = operation
        self.argument = argument
        self.then = then
        self.wake = wake
        self.result: R
        self.error: BaseException | None = None


_AnyTicket: TypeAlias = _Ticket[Any, Any]


class Writer:
    """The only connection that writes."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._waiting: queue.SimpleQueue[_AnyTicket | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self.before: Callable[[Connection], object] | None = None
        """Called in each transaction before all else; what it raises, the writes raise."""
        self._thread = threading.Thread(
            target=self._work, name="callboard-writer", daemon=True
        )
        self._thread.start()

    async def write(
        self,
        operation: Operation[A, R],
        argument: A,
        then: Callable[[R], object] | None = None,
    ) -> R:
        """See ``Database.write``."""
        ticket = _Ticket(operation, argument, then, Wake())
        with self._lock:
            if self._closed:
                raise WriterClosed("the database is closed")
            self._waiting.put(ticket)
        await ticket.wake.wait()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    def close(self) -> None:
        """Take no more; return once all that was taken is on disk."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join(_END_WAIT)

    def _work(self) -> None:
        with self._connect() as connection:
            while (group := self._next_group()) is not None:
                self._commit(connection, group)
                for ticket in group:
                    self._tell(ticket)
                wake_all(ticket.wake for ticket in group)

    def _next_group(self) -> list[_AnyTicket] | None:
        ticket = self._waiting.get()
        group: list[_AnyTicket] = []
        while ticket is not None:
            group.append(ticket)
            if len(group) == _GROUP or self._waiting.empty():
                return group
            ticket = self._waiting.get()
        if group:
            self._waiting.put(None)  # meet the end again, after this group
            return group
        return None

    def _commit(self, connection: Connection, group: list[_AnyTicket]) -> None:
        try:
            self._together(connection, group)
        except Exception as error:  # noqa: BLE001 - it is each waiter's to handle
            if len(group) == 1:
                group[0].error = error
                return
            for ticket in group:
                self._commit(connection, [ticket])

    @staticmethod
    def _tell(ticket: _AnyTicket) -> None:
        if ticket.error is None and ticket.then is not None:
            try:
                ticket.then(ticket.result)
            except Exception:
                # Not the waiter's: what it wrote is on disk.
                logger.exception("what follows a write failed")

    def _together(self, connection: Connection, group: list[_AnyTicket]) -> None:
        try:
            if self.before is not None:
                self.before(connection)
            for operation, same in groupby(group, key=lambda ticket: ticket.operation):
                tickets = list(same)
                results = operation(connection, [t.argument for t in tickets])
                for ticket, result in zip(tickets, results, strict=True):
                    ticket.result = result
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
