"""A delivery: one accepted POST, a tick of the clock, or a replay of either.

Owns its immutable content, its way through the journal, and the summary that a list of
deliveries shows.
"""

from enum import StrEnum

from msgspec import Struct

from callboard.event import EventName


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    """In the journal, waiting for its turn."""
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    """A provider failed; the delivery will be run again by policy."""
    HELD = "held"
    """A provider that wants it is paused; it is run again when that is resumed."""
    PARKED = "parked"
    """It failed as often as the policy allows, may be what ends the process, or was set
    aside by a person."""
    FOLDED = "folded"
    """A later delivery made it superfluous before it ran."""
    IGNORED = "ignored"
    """Recorded, but nothing to run: GitHub's ping."""


UNENDED = (
    DeliveryState.QUEUED,
    DeliveryState.RUNNING,
    DeliveryState.FAILED,
    DeliveryState.HELD,
)
"""The states of a delivery that will be run, or run again, without a person's word."""


class Delivery(Struct, frozen=True, gc=False):
    """What arrived, as a provider sees it."""

    id: str
    source: str
    hook: str
    """The hook it came through; with ``guid`` it names the delivery."""
    guid: str
    event: str
    action: str | None
    organization: str | None
    repository: str | None
    received_at: float
    """Unix seconds."""
    headers: dict[str, str]
    """Lower-case names; secret values were masked when the request was read."""
    body: bytes
    """The JSON document."""

    @property
    def name(self) -> EventName:
        """Its source, event and action."""
        return EventName(self.source, self.event, self.action)


class DeliveryView(Struct, eq=False, gc=False):
    """What a list of deliveries shows of one; mutable, absolute values."""

    id: str
    source: str
    guid: str
    event: str
    action: str | None
    organization: str | None
    repository: str | None
    received_at: float
    state: DeliveryState
    attempts: int = 0
    """Runs that count against the policy's limit, the one in progress included: none that
    was held, and none before a person queued it again."""
    redeliveries: int = 0
    """Times its source sent it again after it had ended."""
    run: str | None = None
    """Its newest run."""
    started_at: float | None = None
    """When the newest run began, Unix seconds."""
    ended_at: float | None = None
    reason: str | None = None
    """Why it stands where it stands, for people: the error, who parked it."""
    replay_of: str | None = None
    """The delivery it replays."""
    folded_into: str | None = None
    """The later delivery that made it superfluous."""
    revision: int = 0
    """The trace's sequence of its last change; 0 for one read from the journal."""
