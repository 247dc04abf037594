"""How often a watcher is sent something, and how often it may say something."""

import math
from collections.abc import Generator
from contextlib import contextmanager

import anyio

BATCH = 0.05
"""Seconds between batches."""
BATCH_SLOW = 0.25
SHARE = 0.007
"""Seconds between batches for each one who watches: what all are sent has a bound."""
BATCH_MANY = 0.4
"""Seconds that this comes to at most."""
_SLOW = 0.1
"""Seconds that a send may take before the watcher counts as slow."""
_ROUNDING = 1e-6
_RATE = 40.0
_BURST = 200.0


class Pace:
    """When the next batch is due: the first after a silence at once."""

    def __init__(self) -> None:
        self.due = -math.inf
        """On the event loop's clock."""
        self.length = BATCH
        """Seconds between two batches, as of the last one."""

    @contextmanager
    def measured(self, watchers: int = 1) -> Generator[None]:
        """Time the sending inside, and set the next batch's time by it.

        All who have the same pace are due at the same moments, so that they stand at the
        same place and are given the same text.
        """
        begun = anyio.current_time()
        yield
        ended = anyio.current_time()
        own = BATCH_SLOW if ended - begun > _SLOW else BATCH
        self.length = pace = max(own, min(watchers * SHARE, BATCH_MANY))
        self.due = (math.floor(ended / pace + _ROUNDING) + 1) * pace


class Allowance:
    """Frames that a client may send: a burst, then a steady rate."""

    def __init__(self) -> None:
        self._left = _BURST
        self._at = anyio.current_time()

    def take(self) -> bool:
        """Whether one more is within the allowance."""
        now = anyio.current_time()
        self._left = min(_BURST, self._left + (now - self._at) * _RATE)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
