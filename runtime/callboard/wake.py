"""Waking a task from another thread.

Owns the crossing between threads and event loops: a task waits on its own loop, and
whoever has its answer, in whatever thread, wakes all waiters of one loop with one call.
"""

from collections.abc import Iterable

import anyio
from anyio import RunFinishedError
from anyio.lowlevel import EventLoopToken, current_token


class Wake:
    """A one-shot signal, made by the task that waits for it."""

    __slots__ = ("event", "token")

    def __init__(self) -> None:
        self.token = current_token()
        self.event = anyio.Event()

    async def wait(self) -> None:
        """Wait for the signal. Always a checkpoint; cancellation leaves nothing."""
        await self.event.wait()

    def __call__(self) -> None:
        """Give the signal, from any thread."""
        wake_all([self])


def wake_all(wakes: Iterable[Wake]) -> None:
    """Signal all of ``wakes``, with one crossing per event loop."""
    loops: dict[int, tuple[EventLoopToken, list[Wake]]] = {}
    for wake in wakes:
        loop = loops.setdefault(id(wake.token.native_token), (wake.token, []))
        loop[1].append(wake)
    for token, waiting in loops.values():
        try:
            token.backend_class.run_sync_soon(_set, (waiting,), token.native_token)
        except RunFinishedError:
            continue  # that loop has ended, and its waiters with it


def _set(wakes: list[Wake]) -> None:
    for wake in wakes:
        wake.event.set()
