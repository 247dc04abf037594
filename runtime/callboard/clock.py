"""One clock for everything that is recorded.

Its times are Unix seconds that never run backwards while the process lives: the wall
clock is read once, at start, and the monotonic clock carries on from there.
"""

import time
from datetime import UTC, datetime

_MINUTE, _HOUR = 60, 3_600
_OFFSET = time.time() - time.monotonic()


def now() -> float:
    """Unix seconds, steady within this process."""
    return _OFFSET + time.monotonic()


def isoformat(moment: float) -> str:
    """``2026-01-31T12:00:00.123Z``: UTC to the millisecond."""
    stamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return stamp.removesuffix("+00:00") + "Z"


def duration(seconds: float) -> str:
    """As short as it stays clear: ``8 ms``, ``1.24 s``, ``3:07 min``."""
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.2f} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)}:{int(seconds % _MINUTE):02} min"
    return f"{int(seconds // _HOUR)}:{int(seconds % _HOUR // _MINUTE):02} h"
