"""A provider that stands still until a test lets it through."""

import threading
from collections.abc import Callable

from callboard.event import Untyped
from callboard.provider import Provider, on
from callboard.retry import Retry
from callboard.run import Run
from callboard.testing.runs import THING
from callboard.wake import Wake


class Gate(Provider):
    """Handles ``thing``; what is inside, and what has left, is known by its ``n``.

    The test and the provider may run on different event loops.
    """

    name = "gate"
    timeout = None
    retry = Retry(attempts=1)

    def __init__(self, *, is_open: bool = False) -> None:
        self.begun: list[object] = []
        """The ``n`` of each delivery that came in, in order."""
        self.ended: list[object] = []
        """The ``n`` of each that was let through, in order."""
        self.halted: list[object] = []
        """The ``n`` of each that was cancelled meanwhile."""
        self._open = is_open
        self._let_through: set[object] = set()
        self._waiting: list[Wake] = []
        self._lock = threading.Lock()

    @on(THING)
    async def wait(self, event: Untyped, _run: Run) -> None:
        """Stand still until let through."""
        n = event.payload.get("n")
        self.begun.append(n)
        self._changed()
        try:
            await self.until(lambda: self._open or n in self._let_through)
        except BaseException:
            self.halted.append(n)
            raise
        else:
            self.ended.append(n)
        finally:
            self._changed()

    def open(self) -> None:
        """Let all through, from now on."""
        self._open = True
        self._changed()

    def let(self, *numbers: object) -> None:
        """Let the deliveries with these ``n`` through."""
        self._let_through.update(numbers)
        self._changed()

    async def entered(self, count: int) -> None:
        """Wait until ``count`` deliveries have come in, since its making."""
        await self.until(lambda: len(self.begun) >= count)

    async def left(self, count: int) -> None:
        """Wait until ``count`` deliveries have left, let through or cancelled."""
        await self.until(lambda: len(self.ended) + len(self.halted) >= count)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds; it is asked again after every change here."""
        while True:
            wake = Wake()
            with self._lock:
                self._waiting.append(wake)
            if condition():
                return
            await wake.wait()

    def _changed(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()
