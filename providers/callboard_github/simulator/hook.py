"""Webhooks and what was sent to them."""

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote_plus

from callboard_github.signature import sign
from callboard_github.simulator.verb import verb

if TYPE_CHECKING:
    from callboard_github.simulator.app import App
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State

ContentType = Literal["json", "form"]
TargetType = Literal["repository", "organization", "integration"]


@dataclass(eq=False)
class Hook:
    """A webhook of a repository, an organization or an app."""

    state: "State" = field(repr=False)
    id: int
    url: str
    secret: str | None = field(repr=False)
    events: frozenset[str]
    """What it subscribes to; ``*`` is everything."""
    repository: "Repository | None" = field(default=None, repr=False)
    organization: "Organization | None" = field(default=None, repr=False)
    app: "App | None" = field(default=None, repr=False)
    """The owner: exactly one of the three."""
    content_type: ContentType = "json"
    insecure_ssl: bool = False
    """Whether GitHub would not look at the receiver's certificate."""
    active: bool = True
    created: int = 0
    updated: int = 0
    deliveries: "deque[HookDelivery]" = field(
        default_factory=deque["HookDelivery"], repr=False
    )
    """Oldest first."""

    def __str__(self) -> str:
        return f"hook {self.id}"

    @property
    def target_type(self) -> TargetType:
        """What kind of owner it has, in the words of its headers."""
        if self.repository is not None:
            return "repository"
        return "integration" if self.organization is None else "organization"

    @property
    def target_id(self) -> int:
        """The id of its owner, as in its headers."""
        owner = self.repository or self.organization or self.app
        return 0 if owner is None else owner.id

    def wants(self, event: str) -> bool:
        """Return whether it is active and subscribes to an event."""
        return self.active and (event in self.events or "*" in self.events)

    def remember(self, delivery: "HookDelivery") -> None:
        """Keep a delivery for the deliveries API."""
        self.deliveries.append(delivery)
        while len(self.deliveries) > self.state.limits.deliveries_kept:
            self.deliveries.popleft()

    def delivery(self, number: int) -> "HookDelivery | None":
        """Return a delivery by its id, if it is still remembered."""
        for delivery in reversed(self.deliveries):
            if delivery.id == number:
                return delivery
        return None

    @verb
    def edit(
        self,
        *,
        url: str | None = None,
        secret: str | None = None,
        events: frozenset[str] | None = None,
        active: bool | None = None,
        content_type: ContentType | None = None,
        insecure_ssl: bool | None = None,
    ) -> None:
        """Change the webhook; what is None stays."""
        self.url = url or self.url
        self.secret = self.secret if secret is None else secret
        self.events = self.events if events is None else events
        self.active = self.active if active is None else active
        self.content_type = content_type or self.content_type
        self.insecure_ssl = self.insecure_ssl if insecure_ssl is None else insecure_ssl
        self.updated = self.state.mint.moment()

    @verb
    def redeliver(self, number: int) -> "HookDelivery | None":
        """Send a delivery again, with its GUID and its old payload.

        Returns:
            The new delivery; None if the old one is not remembered.
        """
        old = self.delivery(number)
        if old is None:
            return None
        again = HookDelivery(
            hook=self,
            id=self.state.mint.number("delivery"),
            guid=old.guid,
            event=old.event,
            action=old.action,
            body=old.body,
            installation_id=old.installation_id,
            repository_id=old.repository_id,
            redelivery=True,
        )
        self.remember(again)
        self.state.outbox.put(again)
        return again


@dataclass(eq=False)
class HookDelivery:
    """One attempt to tell a webhook of an event, and what came of it."""

    hook: Hook
    id: int
    guid: str
    """The same for every webhook told of the event, and for every redelivery."""
    event: str
    action: str | None
    body: bytes = field(repr=False)
    """The payload as JSON, whatever the content type."""
    installation_id: int | None = None
    repository_id: int | None = None
    redelivery: bool = False
    throttled: float | None = None
    """Unix seconds when GitHub put it off, because there was too much to send."""
    delivered: float | None = None
    """Unix seconds when it was sent; None while it waits, or if it never was."""
    duration: float = 0.0
    status: str = "pending"
    """``OK``, or in words why not."""
    status_code: int = 0
    response_headers: dict[str, str] = field(default_factory=dict[str, str])
    response_body: str = ""

    @property
    def failed(self) -> bool:
        """Whether it was tried and not answered with success."""
        return self.delivered is not None and self.status != "OK"

    @property
    def content(self) -> bytes:
        """The request's body, form-encoded if the webhook wants that."""
        if self.hook.content_type == "form":
            return b"payload=" + quote_plus(self.body).encode()
        return self.body

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, signatures included."""
        hook, content = self.hook, self.content
        form = hook.content_type == "form"
        headers = {
            "Accept": "*/*",
            "Content-Type": (
                "application/x-www-form-urlencoded" if form else "application/json"
            ),
            "User-Agent": f"GitHub-Hookshot/{hook.id % 0xFFFFFFF:07x}",
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": str(hook.id),
            "X-GitHub-Hook-Installation-Target-ID": str(hook.target_id),
            "X-GitHub-Hook-Installation-Target-Type": hook.target_type,
        }
        if hook.secret:
            key = hook.secret.encode()
            sha1 = hmac.new(key, content, hashlib.sha1).hexdigest()
            headers["X-Hub-Signature"] = f"sha1={sha1}"
            headers["X-Hub-Signature-256"] = sign(content, hook.secret)
        return headers

    def answered(self, code: int, status: str, at: float, duration: float) -> None:
        """Record the answer, or why there was none."""
        self.status_code = code
        self.status = status
        self.delivered = at
        self.duration = duration
