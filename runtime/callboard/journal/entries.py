"""What is handed to the journal, and what it hands back."""

from msgspec import Struct

from callboard.delivery import Delivery, DeliveryState, DeliveryView
from callboard.routes import Order
from callboard.states import State
from callboard.tree import TreeRecord


class Arrival(Struct, frozen=True, gc=False):
    """A delivery to be recorded."""

    delivery: Delivery
    order: Order = Order()
    state: DeliveryState = DeliveryState.QUEUED
    replay_of: str | None = None
    reason: str | None = None
    """Why it is here, where nobody sent it."""


class Waiting(Struct, frozen=True, gc=False):
    """A delivery whose turn may have come; its payload stays in the journal."""

    id: str
    keys: tuple[str, ...]
    fold: str | None
    organization: str | None
    attempts: int = 0
    done: tuple[str, ...] = ()


class Head(Struct, frozen=True):
    """The head of the queue."""

    waiting: list[Waiting]
    left_out: frozenset[str | None]
    """Organizations that have more waiting than their share of the head."""


class Accepted(Struct, frozen=True, gc=False):
    """What became of an arrival."""

    view: DeliveryView
    duplicate: bool = False
    """It has come before: it joined that delivery, or made it run again."""
    waiting: Waiting | None = None
    """What there is to run; None for a copy that joined, and for an ignored event."""


class RunStart(Struct, frozen=True, gc=False):
    """A run that begins."""

    run: str
    delivery: str
    attempt: int
    at: float


class Begun(Struct, frozen=True, gc=False):
    """The delivery of a run that begins."""

    delivery: Delivery
    view: DeliveryView
    """Its summary, which says that it runs."""


class RunEnd(Struct, frozen=True, gc=False):
    """A run that has ended, and where that leaves its delivery."""

    run: str
    delivery: str
    at: float
    state: State
    cause: str | None
    tree: TreeRecord
    then: DeliveryState
    reason: str | None
    not_before: float | None
    done: tuple[str, ...]
    attempts: int
    """Runs that count against the policy's limit; one that was held does not."""
    providers: tuple[str, ...]


class Fold(Struct, frozen=True, gc=False):
    """A queued delivery that a later one makes superfluous."""

    delivery: str
    into: str


class Move(Struct, frozen=True):
    """A person's word on a delivery."""

    delivery: str
    allowed: tuple[DeliveryState, ...]
    """The states from which it may be moved."""
    to: DeliveryState
    reason: str


class ActionEntry(Struct, frozen=True):
    """What a person did, that had an effect."""

    at: float
    """Unix seconds."""
    who: str
    kind: str
    """``cancel``, ``replay``, ``park``, ``unpark``, ``pause`` or ``resume``."""
    target: str
    """A task, a delivery or a provider, as ``kind`` wants it."""
    delivery: str | None = None
    """Whose task it was, or the delivery that a replay made; None for a provider."""
    until: float | None = None
    """The end of a pause, Unix seconds; None until somebody resumes it."""


class Recovered(Struct, frozen=True):
    """How many deliveries a crash cut short, by what became of them."""

    queued: int
    parked: int
    """Those during whose runs the process has ended too often."""


class Released(Struct, frozen=True):
    """Deliveries that were put back into the queue."""

    deliveries: tuple[str, ...]
    following: float | None
    """When the next is due, Unix seconds; in the past where a batch was not enough."""
