"""What a source is: it turns a request into a delivery.

Owns the protocol between the intake, which knows HTTP and the journal, and a source,
which knows how one sender signs, names and packs its events.
"""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from callboard.delivery import Delivery


class Request(Struct, frozen=True, gc=False):
    """One POST, fully read."""

    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes


class Received(Struct, frozen=True, gc=False):
    """A request that its source vouches for."""

    hook: str
    guid: str
    event: str
    action: str | None
    organization: str | None
    repository: str | None
    body: bytes
    """The JSON document, taken out of a form where it came in one."""
    ignored: str | None = None
    """Why there is nothing to run, such as ``ping``; it is recorded all the same."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The request is not taken: an HTTP status and a reason that holds no secret."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Source(Protocol):
    """One sender of webhooks, at ``POST /webhooks/<name>``."""

    @property
    def name(self) -> str:
        """The last part of its path, and the source of its event names."""
        ...

    def delivery_of(self, headers: Mapping[str, str]) -> str | None:
        """How the sender names this delivery; not checked yet, and for the log alone."""
        ...

    def receive(self, request: Request) -> Received:
        """Check and name a request. Pure computation, on the front of house.

        Raises:
            Refused: The request is not genuine or not well formed.
        """
        ...

    def decode(self, delivery: Delivery) -> object:
        """The typed event, or ``Untyped``. Never fails; runs backstage."""
        ...
