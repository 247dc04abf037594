"""What goes wrong between a simulated GitHub and those who talk to it.

Owns the decisions, each drawn from the seed; whoever answers calls or sends webhooks
carries them out. Everything can be changed while the simulator runs.
"""

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callboard_github.simulator.hook import HookDelivery


@dataclass
class WebhookFaults:
    """Shares, between 0 and 1, of the webhooks that something happens to."""

    failed: float = 0.0
    """Not sent; GitHub's list of deliveries shows "failed to connect to host"."""
    lost: float = 0.0
    """Not sent, and nothing on GitHub shows that it ever was to be."""
    swallowed: float = 0.0
    """Answered by what stands between, such as a proxy; GitHub's list shows "OK"."""
    duplicated: float = 0.0
    """Sent twice with the same GUID."""
    reordered: float = 0.0
    """Sent after one or more that came later, if any wait."""
    delayed: float = 0.0
    """Sent only after `delay`; GitHub's list shows that it was throttled."""
    delay: float = 0.5
    """Seconds; later deliveries of the same webhook overtake it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is not the one that was asked for."""

    status: int
    message: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class _Planned:
    failure: Failure
    matching: str
    times: int


class Faults:
    """The switches.

    Attributes:
        latency: Seconds that every call takes at least.
        jitter: Seconds, at most, that are added to it by chance.
        errors: Share of calls that are answered with 502.
        slow: Share of calls that take `slow_by` seconds longer, as GitHub's do
            shortly before its own 10 s limit.
        slow_by: Seconds.
        dropped: Share of answers whose body is cut off in the middle.
        short_pages: Share of GraphQL pages with fewer nodes than were asked for,
            though more follow.
        partial: Share of GraphQL answers with a null and an error beside the data.
        webhooks: What happens to webhooks.
    """

    def __init__(self, seed: int = 0) -> None:
        # Not for secrets: a failing run must come back from its seed.
        self._calls = random.Random(f"{seed}:calls")  # noqa: S311
        self._sends = random.Random(f"{seed}:sends")  # noqa: S311
        self._planned: list[_Planned] = []
        self.clear()

    def clear(self) -> None:
        """Make everything work again."""
        self.latency = 0.0
        self.jitter = 0.0
        self.errors = 0.0
        self.slow = 0.0
        self.slow_by = 12.0
        self.dropped = 0.0
        self.short_pages = 0.0
        self.partial = 0.0
        self.webhooks = WebhookFaults()
        self._planned.clear()

    def fail(
        self,
        times: int = 1,
        *,
        status: int = 502,
        matching: str = "",
        message: str = "Server Error",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Answer the next calls with an error.

        Args:
            times: How many calls.
            status: HTTP status.
            matching: Only calls with this in their path, such as ``/teams``.
            message: The ``message`` of the body.
            headers: Sent with it.
        """
        failure = Failure(status, message, headers or {})
        self._planned.append(_Planned(failure, matching, times))

    def exhaust_secondary(
        self, times: int = 1, *, retry_after: int = 60, matching: str = ""
    ) -> None:
        """Answer the next calls with GitHub's secondary rate limit.

        Args:
            times: How many calls.
            retry_after: Seconds, sent as ``retry-after``.
            matching: Only calls with this in their path.
        """
        self.fail(
            times,
            status=403,
            matching=matching,
            message=SECONDARY_LIMIT,
            headers={"retry-after": str(retry_after)},
        )

    # Decisions about calls.

    def delay(self) -> float:
        """Return how many seconds this call takes longer than the simulator does."""
        seconds = self.latency + self.jitter * self._calls.random()
        return seconds + (self.slow_by if self._happens(self.slow) else 0.0)

    def failure(self, path: str) -> Failure | None:
        """Return the error to answer this call with, if any."""
        for planned in self._planned:
            if planned.matching in path:
                planned.times -= 1
                if planned.times <= 0:
                    self._planned.remove(planned)
                return planned.failure
        return Failure(502, "Server Error") if self._happens(self.errors) else None

    def drops(self) -> bool:
        """Return whether this answer is cut off."""
        return self._happens(self.dropped)

    def shortens(self) -> bool:
        """Return whether this GraphQL page has fewer nodes."""
        return self._happens(self.short_pages)

    def hides(self) -> bool:
        """Return whether this GraphQL answer is partial."""
        return self._happens(self.partial)

    def _happens(self, share: float) -> bool:
        # Without a fault nothing is drawn, so switching one on later starts where
        # it would have started at once.
        return share > 0 and self._calls.random() < share

    # Decisions about webhooks.

    def choose(self, waiting: int) -> int:
        """Return which of the waiting deliveries of a webhook is sent next."""
        share = self.webhooks.reordered
        if waiting > 1 and share > 0 and self._sends.random() < share:
            return self._sends.randrange(1, min(waiting, 8))
        return 0

    def fate(self, delivery: "HookDelivery") -> str:
        """Return ``sent``, or the name of what happens to it instead.

        A redelivery is always sent: somebody asked for it.
        """
        webhooks = self.webhooks
        shares = {
            "failed": webhooks.failed,
            "lost": webhooks.lost,
            "swallowed": webhooks.swallowed,
            "duplicated": webhooks.duplicated,
            "delayed": webhooks.delayed,
        }
        if delivery.redelivery or not any(shares.values()):
            return "sent"
        drawn = self._sends.random()
        for fate, share in shares.items():
            if drawn < share:
                return fate
            drawn -= share
        return "sent"


SECONDARY_LIMIT = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you "
    "try again."
)
"""The message that clients recognise the secondary limit by."""
