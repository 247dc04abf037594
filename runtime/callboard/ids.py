"""Ids that sort by the time they were made and are never used twice.

Thirteen characters of Crockford's base 32: 43 bits of milliseconds, then a counter that
starts at random in every millisecond. Ids of one process rise strictly, also when its
wall clock steps back; ids of two processes differ by the random part.
"""

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Two digits at a time: digit by digit an id takes three times as long.
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_COUNTER_BITS = 22
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """The next id, greater than every id this process made before."""
    global _last  # noqa: PLW0603 - the counter belongs to the process
    fresh = (time.time_ns() // 1_000_000) << _COUNTER_BITS
    with _lock:
        if fresh >> _COUNTER_BITS > _last >> _COUNTER_BITS:
            # Half the range stays free for the ids that follow in this millisecond.
            _last = fresh | secrets.randbits(_COUNTER_BITS - 1)
        else:
            _last += 1
        return encode(_last)


def encode(number: int) -> str:
    """``number`` in base 32, padded so that text order is number order."""
    pairs = _PAIRS
    return (
        f"{_ALPHABET[number >> 60 & 31]}{pairs[number >> 50 & 1023]}"
        f"{pairs[number >> 40 & 1023]}{pairs[number >> 30 & 1023]}"
        f"{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}"
        f"{pairs[number & 1023]}"
    )
