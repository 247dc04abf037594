"""How much of what is being sent is held in memory at once.

Owns the bound on the bytes of all bodies that are being read or wait for the journal.
"""

from collections.abc import Generator
from contextlib import contextmanager

from callboard.source import Refused

HELD_LIMIT = 256 * 1024 * 1024
"""Bytes; ten of the largest bodies that are taken, or thousands of common ones."""


class Admission:
    """Counts the bytes that requests hold. Used on one event loop."""

    def __init__(self, limit: int = HELD_LIMIT) -> None:
        self.limit = limit
        self.held = 0
        """Bytes at this moment."""

    @contextmanager
    def share(self) -> Generator["Share"]:
        """One request's share, given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.size


class Share:
    """What one request holds."""

    __slots__ = ("_admission", "size")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.size = 0
        """Bytes."""

    def grow(self, size: int) -> None:
        """Hold ``size`` bytes more.

        Raises:
            Refused: 503, so much is held already that there is no room for them.
        """
        admission = self._admission
        if admission.held + size > admission.limit:
            held = f"{admission.held:,} of {admission.limit:,} bytes are taken"
            raise Refused(503, f"too much is being sent at once: {held}")
        admission.held += size
        self.size += size
