"""What GitHub still lets us do.

Owns the budgets that its answers tell of, and the wait that a call owes before it may
be made. Pure: whoever calls does the waiting.
"""

from collections.abc import Mapping

from msgspec import Struct


class Budget(Struct):
    """One account's budget for one resource, as of the last answer."""

    remaining: int
    limit: int
    reset: float
    """Unix seconds when it is whole again."""


class Limits:
    """The budgets of everyone in whose name calls are made."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._paused: dict[str, float] = {}

    def note(
        self, who: str, resource: str, headers: Mapping[str, str]
    ) -> Budget | None:
        """Learn from the ``x-ratelimit-*`` headers of an answer."""
        try:
            budget = Budget(
                remaining=int(headers["x-ratelimit-remaining"]),
                limit=int(headers["x-ratelimit-limit"]),
                reset=float(headers["x-ratelimit-reset"]),
            )
        except (KeyError, ValueError):
            return None
        self._budgets[who, resource] = budget
        return budget

    def pause(self, who: str, until: float) -> None:
        """Make no call for ``who`` before ``until``, in Unix seconds."""
        self._paused[who] = max(until, self._paused.get(who, 0.0))

    def owed(self, who: str, resource: str, now: float) -> float:
        """Seconds to wait before a call; 0 when there is no need."""
        until = self._paused.get(who, 0.0)
        budget = self._budgets.get((who, resource))
        if budget is not None and budget.remaining <= 0:
            until = max(until, budget.reset)
        return max(until - now, 0.0)
