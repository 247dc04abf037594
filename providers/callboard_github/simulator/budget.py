"""GitHub's rate limits, per token.

Facts: "Rate limits for the REST API" and "Rate limits and query limits for the
GraphQL API" in GitHub's docs.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from callboard_github.simulator.errors import SimulatorError
from callboard_github.simulator.faults import SECONDARY_LIMIT


class LimitExceeded(SimulatorError):  # noqa: N818 - named as GitHub names it
    """A limit is used up.

    Attributes:
        headers: What the answer carries.
        secondary: Whether it is the secondary one.
    """

    status = 403

    def __init__(
        self, message: str, headers: dict[str, str], *, secondary: bool
    ) -> None:
        super().__init__(message)
        self.headers = headers
        self.secondary = secondary


@dataclass
class Window:
    """One token's budget for one resource in the present hour."""

    resource: str
    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        """Points left until the reset."""
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        """Return the ``x-ratelimit-*`` headers."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-resource": self.resource,
        }


@dataclass
class Policy:
    """The limits themselves; smaller ones make them easy to reach."""

    per_hour: int = 5_000
    """Calls, or GraphQL points, of one token; each resource has its own."""
    anonymous_per_hour: int = 60
    rest_points_per_minute: int | None = 900
    """Secondary: a GET is one point, a change five. None switches it off."""
    graphql_points_per_minute: int | None = 2_000
    concurrent: int | None = 100
    """Secondary: calls at once."""


@dataclass
class Budgets:
    """Every token's budgets.

    Args:
        clock: Unix seconds.
        policy: May be changed at any time; a smaller hourly limit counts at once.
    """

    clock: Callable[[], float]
    policy: Policy = field(default_factory=Policy)
    _windows: dict[tuple[str, str], Window] = field(
        default_factory=dict[tuple[str, str], Window]
    )
    _minutes: dict[tuple[str, str], deque[tuple[float, int]]] = field(
        default_factory=dict[tuple[str, str], deque[tuple[float, int]]]
    )
    _running: dict[str, int] = field(default_factory=dict[str, int])
    _everybody: dict[str, int] = field(default_factory=dict[str, int])

    def window(self, who: str, resource: str) -> Window:
        """Return the present hour's budget of a token."""
        now = self.clock()
        window = self._windows.get((who, resource))
        limit = self.policy.per_hour
        if who.startswith("anonymous"):
            limit = self.policy.anonymous_per_hour
        if window is None or now >= window.reset:
            window = Window(resource, limit, int(now) + 3600)
            self._windows[who, resource] = window
        window.limit = limit
        return window

    def exhaust(self, resource: str = "core", reset_in: int = 3600) -> None:
        """Use up what every known token, and any new one, has left.

        Args:
            resource: ``core`` or ``graphql``.
            reset_in: Seconds until there is a new budget.
        """
        self._everybody[resource] = int(self.clock()) + reset_in

    def restore(self) -> None:
        """Give every token a whole new budget."""
        self._everybody.clear()
        self._windows.clear()
        self._minutes.clear()

    def check(self, who: str, resource: str) -> Window:
        """Return a token's budget if anything is left of it.

        Raises:
            LimitExceeded: Nothing is.
        """
        window = self.window(who, resource)
        until = self._everybody.get(resource, 0)
        if until > self.clock():
            window.used, window.reset = window.limit, until
        if window.remaining <= 0:
            message = f"API rate limit exceeded for {who}."
            raise LimitExceeded(message, window.headers(), secondary=False)
        return window

    def spend_minute(self, who: str, resource: str, points: int) -> None:
        """Count a call against the points per minute.

        Raises:
            LimitExceeded: There were too many in the last 60 s.
        """
        graphql = resource == "graphql"
        policy = self.policy
        limit = (
            policy.graphql_points_per_minute
            if graphql
            else policy.rest_points_per_minute
        )
        if limit is None:
            return
        now = self.clock()
        recent = self._minutes.setdefault((who, resource), deque())
        while recent and recent[0][0] <= now - 60:
            recent.popleft()
        if sum(cost for _, cost in recent) + points > limit:
            wait = max(1, round(60 - (now - recent[0][0]))) if recent else 60
            headers = {"retry-after": str(wait)}
            raise LimitExceeded(SECONDARY_LIMIT, headers, secondary=True)
        recent.append((now, points))

    def enter(self, who: str) -> None:
        """Count a call that begins.

        Raises:
            LimitExceeded: Too many of this token run already.
        """
        running = self._running.get(who, 0)
        limit = self.policy.concurrent
        if limit is not None and running >= limit:
            headers = {"retry-after": "1"}
            raise LimitExceeded(SECONDARY_LIMIT, headers, secondary=True)
        self._running[who] = running + 1

    def leave(self, who: str) -> None:
        """Count a call that ends."""
        self._running[who] = self._running.get(who, 1) - 1
