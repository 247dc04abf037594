"""News of changes, for those who wait.

Owns the waiting: a change is heard as soon as it is on disk, also one whose giver waits
for it no more.
"""

import threading

import anyio

from callboard.wake import Wake, wake_all


class Bell:
    """Rung with the number of the newest change, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = 0
        self._wakes: set[Wake] = set()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._wakes)

    def ring(self, version: int) -> None:
        """Wake everyone who waits for this change or an earlier one."""
        with self._lock:
            if version <= self._newest:
                return
            self._newest = version
            wakes, self._wakes = self._wakes, set()
        wake_all(wakes)

    async def wait(self, after: int, seconds: float) -> None:
        """Return when a change after ``after`` was rung, or after ``seconds``.

        Cancellation leaves nothing behind.
        """
        wake = Wake()
        with self._lock:
            if self._newest > after:
                wake.event.set()
            else:
                self._wakes.add(wake)
        try:
            with anyio.move_on_after(seconds):
                await wake.wait()
        finally:
            with self._lock:
                self._wakes.discard(wake)
