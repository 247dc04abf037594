"""One clock for everything that is recorded.

Its times are Unix seconds that never run backwards while the process lives: the wall
clock is read once, at start, and the monotonic clock carries on from there.
"""

import time
from datetime import UTC, datetime

_OFFSET = time.time() - time.monotonic()


def now() -> float:
    """Unix seconds, steady within this process."""
    return _OFFSET + time.monotonic()


def isoformat(moment: float) -> str:
    """``2026-01-31T12:00:00.123Z``: UTC to the millisecond."""
    stamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return stamp.removesuffix("+00:00") + "Z"
