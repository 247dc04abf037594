"""How a provider stands: its slots, its recent failures, whether it is paused.

Owns what is known of one provider across runs. Too many failures in a period pause it,
visibly, until a timer or a person resumes it; what it missed meanwhile waits in the
journal.
"""

from collections import deque

import anyio
from msgspec import Struct

from callboard import clock
from callboard.failure import Failure
from callboard.provider import Provider

_RECENT = 500


class Pause(Struct, frozen=True):
    """Why a provider does not run, and until when."""

    since: float
    """Unix seconds."""
    until: float | None
    """Unix seconds; None until a person resumes it."""
    reason: str


class Ended(Struct, frozen=True):
    """One end of a handler, for the figures on a provider."""

    at: float
    seconds: float
    ok: bool


class Standing:
    """One provider, across runs. Used on the backstage loop; read from anywhere."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.pause: Pause | None = None
        self.running = 0
        self.waiting = 0
        """Tasks that wait for a slot."""
        self.recent: deque[Ended] = deque(maxlen=_RECENT)
        self.last_failure: tuple[float, Failure] | None = None
        """When it failed last, Unix seconds, and how."""
        self._slots: anyio.CapacityLimiter | None = None
        self._failures: deque[float] = deque()

    @property
    def paused(self) -> Pause | None:
        """The pause in force; one whose time is over has ended."""
        pause = self.pause
        if pause is not None and pause.until is not None and pause.until <= clock.now():
            self.pause = pause = None
        return pause

    @property
    def slots(self) -> anyio.CapacityLimiter | None:
        """Its slots; None where it may run any number of times at once."""
        limit = self.provider.concurrency
        if limit is not None and self._slots is None:
            self._slots = anyio.CapacityLimiter(limit)
        return self._slots

    def ended(self, seconds: float, failure: Failure | None) -> None:
        """Take note of an end, and pause the provider if it was one too many."""
        now = clock.now()
        self.recent.append(Ended(now, seconds, ok=failure is None))
        if failure is None:
            return
        self.last_failure = (now, failure)
        intensity = self.provider.intensity
        self._failures.append(now)
        while self._failures[0] < now - intensity.period:
            self._failures.popleft()
        if len(self._failures) > intensity.failures and self.paused is None:
            self.pause = Pause(
                since=now,
                until=now + intensity.pause,
                reason=f"{len(self._failures)} failures in {intensity.period:g} s",
            )
            self._failures.clear()

    def resume(self) -> None:
        """End a pause, and forget the failures that led to it."""
        self.pause = None
        self._failures.clear()
