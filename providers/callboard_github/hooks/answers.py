"""What GitHub's API says of webhooks and of what they sent.

Shapes from the pages of its REST API on organization, repository and app webhooks.
"""

from datetime import datetime

from msgspec import Struct

OK = "OK"


class HookConfig(Struct, frozen=True):
    """Where a webhook sends to, and how."""

    url: str | None = None
    content_type: str = "form"
    insecure_ssl: str | float = "0"
    """``0`` where the receiver's certificate is checked."""
    secret: str | None = None
    """Stars, where there is one."""

    @property
    def checks_certificates(self) -> bool:
        """Whether GitHub makes sure that it speaks to the one it means."""
        return str(self.insecure_ssl) == "0"


class HookAnswer(Struct, frozen=True):
    """A webhook of an organization or a repository."""

    id: int
    active: bool
    events: tuple[str, ...]
    config: HookConfig
    url: str | None = None
    """Of the webhook in the API."""


class Sent(Struct, frozen=True):
    """One attempt at a delivery."""

    id: int
    guid: str
    """The same for all attempts at one delivery."""
    delivered_at: datetime
    status: str
    """``OK``, or in words why not."""
    event: str
    redelivery: bool = False
    status_code: int = 0
    action: str | None = None
    throttled_at: datetime | None = None
    """When GitHub put it off, because there was too much to send."""

    @property
    def at(self) -> float:
        """When it was sent, in Unix seconds."""
        return self.delivered_at.timestamp()

    @property
    def succeeded(self) -> bool:
        """Whether somebody answered it with success."""
        return self.status == OK


class SentRequest(Struct, frozen=True):
    """What was sent, without the body."""

    headers: dict[str, str] | None = None


class SentInFull(Struct, frozen=True):
    """One attempt, with its request."""

    request: SentRequest


class AppOwner(Struct, frozen=True):
    """Whose an app is."""

    login: str
    type: str = "Organization"


class AppAnswer(Struct, frozen=True):
    """The app itself."""

    id: int
    slug: str
    html_url: str
    events: tuple[str, ...] = ()
    owner: AppOwner | None = None
