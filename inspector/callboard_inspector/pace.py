"""How often a watcher is sent something, and how often it may say something."""

from collections.abc import Generator
from contextlib import contextmanager

from callboard import clock

BATCH = 0.05
"""Seconds between batches."""
BATCH_SLOW = 0.25
_SLOW = 0.1
"""Seconds that a send may take before the watcher counts as slow."""
_RATE = 40.0
_BURST = 200.0


class Pace:
    """When the next batch is due."""

    def __init__(self) -> None:
        self.due = 0.0

    @contextmanager
    def measured(self) -> Generator[None]:
        """Time the sending inside, and set the next batch's time by it."""
        begun = clock.now()
        yield
        ended = clock.now()
        self.due = ended + (BATCH_SLOW if ended - begun > _SLOW else BATCH)


class Allowance:
    """Frames that a client may send: a burst, then a steady rate."""

    def __init__(self) -> None:
        self._left = _BURST
        self._at = clock.now()

    def take(self) -> bool:
        """Whether one more is within the allowance."""
        now = clock.now()
        self._left = min(_BURST, self._left + (now - self._at) * _RATE)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
