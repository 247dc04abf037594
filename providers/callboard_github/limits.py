"""What GitHub still lets us do.

Owns the budgets that its answers tell of, and the wait that a call owes before it may
be made. Pure: whoever calls does the waiting, by the clock of its event loop.
"""

from collections.abc import Mapping

from msgspec import Struct


class Budget(Struct, frozen=True):
    """One account's budget for one resource, as of the last answer."""

    remaining: int
    limit: int
    whole_at: float
    """When there is a new one, in seconds of the event loop's clock."""


class Limits:
    """The budgets of everyone in whose name calls are made.

    ``now`` is always a time of the event loop's clock.
    """

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._paused: dict[str, float] = {}

    def note(
        self,
        who: str,
        resource: str,
        headers: Mapping[str, str],
        *,
        now: float,
        unix: float,
    ) -> Budget | None:
        """Learn from the ``x-ratelimit-*`` headers of an answer.

        ``unix`` is the same moment as ``now``, in the seconds that the headers count.
        """
        try:
            budget = Budget(
                remaining=int(headers["x-ratelimit-remaining"]),
                limit=int(headers["x-ratelimit-limit"]),
                whole_at=now + float(headers["x-ratelimit-reset"]) - unix,
            )
        except (KeyError, ValueError):
            return None
        self._budgets[who, resource] = budget
        return budget

    def pause(self, who: str, seconds: float, *, now: float) -> None:
        """Make no call for ``who`` within the next ``seconds``."""
        self._paused[who] = max(now + seconds, self._paused.get(who, now))

    def owed(self, who: str, resource: str, *, now: float) -> float:
        """Seconds to wait before a call; 0 when there is no need."""
        until = self._paused.get(who, now)
        budget = self._budgets.get((who, resource))
        if budget is not None and budget.remaining <= 0:
            until = max(until, budget.whole_at)
        return max(until - now, 0.0)
