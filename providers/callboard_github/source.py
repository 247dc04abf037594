"""GitHub as a source of deliveries.

Owns what makes a request genuine and complete: signature first, then the headers, the
body last, so that a stranger learns nothing but "wrong signature".
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from callboard.delivery import Delivery
from callboard.event import Untyped
from callboard.settings import SettingsError
from callboard.source import Received, Refused, Request
from callboard_github import signature
from callboard_github._body import Names, document_of, name, names_in
from callboard_github.events.decode import decode
from callboard_github.events.index import KNOWN_EVENTS
from callboard_github.events.payload import Payload

if TYPE_CHECKING:
    from callboard.board import Callboard

event_pattern = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
identifier_pattern = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}", re.ASCII)


class WebhookSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``[github_webhooks]``."""

    accept_unknown_events: bool = False
    """Take events that GitHub does not document, as a newer server may send."""


class GitHubSource:
    """``POST /webhooks/github``.

    Events that GitHub does not document are refused by default: GitHub sends none
    (a hook subscribes to events by name), so one is a sender's mistake, and 400 shows
    that in the hook's list of deliveries, from where it can be sent again. Who runs a
    server newer than this package sets ``accept_unknown_events``, and gets such
    deliveries untyped. An unknown *action* of a known event is always accepted:
    GitHub adds actions to events that hooks already receive, and nothing may be lost.
    """

    name = "github"

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        insecure: bool = False,
        accept_unknown_events: bool = False,
    ) -> None:
        """Accept what one of ``secrets`` signed; two at once are a rotation.

        Args:
            secrets: Webhook secrets, none of them empty.
            insecure: Accept anything while there is no secret. For a developer's own
                machine; where there is a secret it is checked all the same.
            accept_unknown_events: Accept events that GitHub does not document.

        Raises:
            ValueError: There is no secret, or an empty one.
        """
        if not all(secrets):
            raise ValueError("a webhook secret must not be empty")
        if not secrets and not insecure:
            raise ValueError("without a webhook secret anyone could send webhooks")
        self._secrets = tuple(secrets)
        self._accept_unknown_events = accept_unknown_events

    def delivery_of(self, headers: Mapping[str, str]) -> str | None:
        """How GitHub names this delivery, for the log."""
        return headers.get("x-github-delivery")

    def receive(self, request: Request) -> Received:
        """Check a request and name what it holds, decoding no more than the names.

        Raises:
            Refused: 401 not signed by one of the secrets; 415 neither JSON nor form;
                400 headers or body are not those of a webhook.
        """
        headers, body = request.headers, request.body
        self._check_signature(headers, body)
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused(415, "the body must not be compressed")
        document = document_of(headers.get("content-type", ""), body)
        event = self._event(headers)
        guid = _identifier(headers, "x-github-delivery", "X-GitHub-Delivery")
        if not guid:
            raise Refused(400, "the header X-GitHub-Delivery is missing")
        hook = _identifier(headers, "x-github-hook-id", "X-GitHub-Hook-ID")
        names = names_in(document)
        if KNOWN_EVENTS.get(event) and names.action is None:
            raise Refused(400, f"the event {event} must say its action")
        return Received(
            hook=hook,
            guid=guid,
            event=event,
            action=name(names.action, "action"),
            organization=name(_organization(names), "organization"),
            repository=name(_repository(names), "repository"),
            body=document,
            ignored="ping" if event == "ping" else None,
        )

    def decode(self, delivery: Delivery) -> Payload | Untyped:
        """The typed event, or ``Untyped`` with the reason. Never fails."""
        return decode(delivery.event, delivery.body)

    def _check_signature(self, headers: Mapping[str, str], body: bytes) -> None:
        if not self._secrets:
            return
        given = headers.get(signature.header)
        if given is None:
            raise Refused(401, "the header X-Hub-Signature-256 is missing")
        if not signature.is_well_formed(given):
            raise Refused(401, "the header X-Hub-Signature-256 is malformed")
        if not signature.is_genuine(body, given, self._secrets):
            raise Refused(401, "the signature is wrong")

    def _event(self, headers: Mapping[str, str]) -> str:
        event = headers.get("x-github-event")
        if event is None:
            raise Refused(400, "the header X-GitHub-Event is missing")
        if not event_pattern.fullmatch(event):
            raise Refused(400, "the header X-GitHub-Event names no event")
        if event not in KNOWN_EVENTS and not self._accept_unknown_events:
            hint = "[github_webhooks] accept_unknown_events = true lets it in"
            raise Refused(400, f"GitHub documents no event {event}; {hint}")
        return event


def _identifier(headers: Mapping[str, str], key: str, shown: str) -> str:
    text = headers.get(key, "")
    if text and not identifier_pattern.fullmatch(text):
        raise Refused(400, f"the header {shown} is malformed")
    return text


def _organization(names: Names) -> str | None:
    if names.organization is not None:
        return names.organization.login
    # Installation events carry no organization, only whose installation it is.
    account = names.installation and names.installation.account
    if account and account.type == "Organization":
        return account.login
    return None


def _repository(names: Names) -> str | None:
    return names.repository.full_name if names.repository else None


def make_source(board: "Callboard") -> GitHubSource:
    """The source that the settings describe.

    Raises:
        SettingsError: There is no ``CALLBOARD_GITHUB_WEBHOOK_SECRET``, and nobody said
            ``--insecure``.
    """
    settings = board.settings
    chosen = settings.section("github_webhooks", WebhookSettings)
    secrets = settings.secrets("GITHUB_WEBHOOK_SECRET")
    if not secrets and not settings.insecure:
        variable = "CALLBOARD_GITHUB_WEBHOOK_SECRET"
        expected = "expected the secret of the webhook, or --insecure on loopback"
        raise SettingsError(f"{variable}: {expected}; got none")
    return GitHubSource(
        secrets,
        insecure=settings.insecure,
        accept_unknown_events=chosen.accept_unknown_events,
    )
