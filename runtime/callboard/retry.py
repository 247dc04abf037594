"""When a provider that failed is tried again, and when it is not.

Owns the policies of one provider: how many attempts, how far apart, after which errors,
and how long a server asked to wait.
"""

import random
from typing import Any

from msgspec import Struct

from callboard.failure import members_of


class Retry(Struct, frozen=True):
    """How often, how far apart, and after which errors."""

    attempts: int = 3
    """At most, the first included."""
    first_wait: float = 1.0
    """Seconds before the second attempt; doubles from then on."""
    longest_wait: float = 60.0
    """Seconds at most, unless the server asked for more."""
    jitter: float = 0.5
    """Up to this share of the wait is added at random."""
    on: tuple[type[Exception], ...] = (Exception,)
    never_on: tuple[type[Exception], ...] = (TypeError, AttributeError, NameError)
    """Faults of the code, which a second attempt would only repeat."""

    def wants(self, error: BaseException) -> bool:
        """Whether ``error`` is worth another attempt; a group if all of it is."""
        if members := members_of(error):
            return all(self.wants(member) for member in members)
        return isinstance(error, self.on) and not isinstance(error, self.never_on)

    def wait(self, attempt: int, error: BaseException) -> float:
        """Seconds to wait after ``attempt`` (from 1) ended with ``error``."""
        backoff = min(self.first_wait * 2 ** (attempt - 1), self.longest_wait)
        backoff += backoff * self.jitter * random.random()  # noqa: S311 - spreads load, guards nothing
        return max(backoff, asked_wait(error))


class Intensity(Struct, frozen=True):
    """How many failures of a provider are too many, and what follows."""

    failures: int = 20
    """Failed runs of the provider, its attempts used up, that are still tolerated."""
    period: float = 60.0
    """Seconds within which they are counted."""
    pause: float = 300.0
    """Seconds that it pauses when there is one more."""


def asked_wait(error: BaseException | None) -> float:
    """Seconds that ``error`` says to wait, by a ``retry_after`` on it or its cause."""
    while error is not None:
        asked: Any = getattr(error, "retry_after", None)
        if hasattr(asked, "total_seconds"):
            asked = asked.total_seconds()
        if isinstance(asked, int | float):
            return max(float(asked), 0.0)
        error = error.__cause__ or error.__context__
    return 0.0
