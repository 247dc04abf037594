"""When a provider that failed is tried again, and when it is not.

Owns the policies of one provider: how many attempts, how far apart, after which errors,
and how long a server asked to wait.
"""

import math
import random
from typing import Any

from msgspec import Struct

from callboard.failure import leaves_of


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
        kinds = [type(leaf) for leaf in leaves_of(error)]
        return all(
            issubclass(kind, self.on) and not issubclass(kind, self.never_on)
            for kind in kinds
        )

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


def asked_wait(error: BaseException) -> float:
    """Seconds that ``error`` says to wait, by a ``retry_after`` on it or its cause.

    Never raises: what the error makes of being asked counts as nothing said.
    """
    try:
        seconds = _asked_wait(error)
    except BaseException:  # noqa: BLE001 - a stranger's property may raise anything
        return 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def _asked_wait(error: BaseException | None) -> float:
    seen: set[int] = set()  # causes may go round in a circle
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        asked: Any = getattr(error, "retry_after", None)
        if hasattr(asked, "total_seconds"):
            asked = asked.total_seconds()
        if isinstance(asked, int | float):
            return float(asked)
        error = error.__cause__ or error.__context__
    return 0.0
