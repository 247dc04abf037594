"""What a delivery is about.

Owns the name of an event and the shape of a payload that has no type of its own.
"""

from typing import Any, ClassVar, NamedTuple, Protocol

from msgspec import Struct


class EventName(NamedTuple):
    """Which event: the source that sends it, its name, and the payload's action.

    ``action`` None stands for every action of the event, and for events that have none.
    """

    source: str
    event: str
    action: str | None = None

    def __str__(self) -> str:
        """``github:team.created``, or ``github:push``."""
        name = f"{self.source}:{self.event}"
        return name if self.action is None else f"{name}.{self.action}"


class TypedEvent(Protocol):
    """A class that stands for one event; sources decode payloads into its instances."""

    __event__: ClassVar[EventName]


class Untyped(Struct, frozen=True):
    """A delivery without a type: unknown to its source, or contradicting its schema."""

    name: EventName
    payload: Any
    """The decoded JSON document."""
    reason: str
    """Why there is no type, for people."""
