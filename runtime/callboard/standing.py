"""How a provider stands: its slots, its recent failures, whether it is paused.

Owns what is known of one provider across runs. Too many failures in a period pause it,
visibly, until a timer or a person resumes it; what it missed meanwhile waits in the
journal.
"""

import threading
from collections import deque

import anyio
from msgspec import Struct

from callboard import clock
from callboard.provider import Provider


class Pause(Struct, frozen=True):
    """Why a provider does not run, and until when."""

    since: float
    """Unix seconds."""
    until: float | None
    """Unix seconds; None until a person resumes it."""
    reason: str


class Standing:
    """One provider, across runs.

    Its tasks and slots are counted on the backstage loop; it is paused, resumed and read
    from any thread.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.running = 0
        self.waiting = 0
        """Tasks that wait for a slot."""
        self._slots: anyio.CapacityLimiter | None = None
        self._pause: Pause | None = None
        self._failures: deque[float] = deque()
        self._lock = threading.Lock()

    @property
    def paused(self) -> Pause | None:
        """The pause in force; one whose time is over has ended."""
        pause = self._pause
        if pause is not None and pause.until is not None and pause.until <= clock.now():
            return None
        return pause

    @property
    def slots(self) -> anyio.CapacityLimiter | None:
        """Its slots; None where it may run any number of times at once."""
        limit = self.provider.concurrency
        if limit is not None and self._slots is None:
            self._slots = anyio.CapacityLimiter(limit)
        return self._slots

    def failed(self) -> None:
        """Take note of a failure, and pause the provider if it was one too many."""
        now = clock.now()
        intensity = self.provider.intensity
        with self._lock:
            self._failures.append(now)
            while self._failures[0] < now - intensity.period:
                self._failures.popleft()
            if len(self._failures) > intensity.failures and self.paused is None:
                self._pause = Pause(
                    since=now,
                    until=now + intensity.pause,
                    reason=f"{len(self._failures)} failures in {intensity.period:g} s",
                )
                self._failures.clear()

    def hold(self, pause: Pause) -> None:
        """Pause it, in place of a pause that is in force."""
        with self._lock:
            self._pause = pause

    def resume(self) -> None:
        """End a pause, and forget the failures that led to it."""
        with self._lock:
            self._pause = None
            self._failures.clear()
