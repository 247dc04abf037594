"""From an event to the webhooks that receive it, and what each is sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from callboard_github.simulator.documents import (
    Document,
    organization_document,
    repository_document,
    user_document,
)
from callboard_github.simulator.hook import Hook, HookDelivery

if TYPE_CHECKING:
    from callboard_github.simulator.app import Installation
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State
    from callboard_github.simulator.user import User

# Only organizations, enterprises and apps can subscribe to these
# (GitHub's webhook pages, "Availability").
NOT_FOR_REPOSITORIES = frozenset({"membership", "organization", "team"})
# Every app receives these, subscribed or not; nobody else can.
FOR_EVERY_APP = frozenset({"installation", "installation_repositories"})
# Apps that subscribe receive these; nobody else can.
FOR_APPS_ONLY = FOR_EVERY_APP | {"installation_target"}


@dataclass(frozen=True)
class Event:
    """Something that happened, before anybody is told."""

    name: str
    """``X-GitHub-Event``."""
    action: str | None
    document: Callable[[], Document]
    """Makes the part of the payload that only this event has."""
    sender: "User"
    organization: "Organization | None" = None
    repository: "Repository | None" = None
    installation: "Installation | None" = None
    """The installation that the event is about, when it is about one."""
    only: Hook | None = None
    """The one webhook to tell, as for a ping."""


def publish(state: "State", event: Event) -> None:
    """Queue the event for every active webhook that subscribes to it.

    All webhooks get the same GUID. The payload is fixed here: later changes of the
    state do not reach it, as on GitHub.
    """
    guid = state.mint.guid()
    receivers = list(_receivers(state, event))
    if not receivers:
        return
    payload = _payload(event)
    for hook, installation in receivers:
        document = dict(payload)
        if installation is not None and "installation" not in document:
            document["installation"] = {
                "id": installation.id,
                "node_id": installation.node_id,
            }
        body = msgspec.json.encode(document)
        if len(body) > state.limits.payload_bytes:
            continue
        delivery = HookDelivery(
            hook=hook,
            id=state.mint.number("delivery"),
            guid=guid,
            event=event.name,
            action=event.action,
            body=body,
            installation_id=None if installation is None else installation.id,
            repository_id=None if event.repository is None else event.repository.id,
        )
        hook.remember(delivery)
        state.outbox.put(delivery)


def _payload(event: Event) -> Document:
    payload: Document = {}
    if event.action is not None:
        payload["action"] = event.action
    payload.update(event.document())
    if event.repository is not None and "repository" not in payload:
        payload["repository"] = repository_document(event.repository)
    if event.organization is not None:
        payload["organization"] = organization_document(event.organization)
    payload["sender"] = user_document(event.sender)
    return payload


def _receivers(
    state: "State", event: Event
) -> "Iterator[tuple[Hook, Installation | None]]":
    if event.only is not None:
        if event.only.active:
            yield event.only, None
        return
    if event.name in FOR_APPS_ONLY:
        installation = event.installation
        hook = None if installation is None else installation.app.hook
        if hook is not None and (
            hook.wants(event.name) or (hook.active and event.name in FOR_EVERY_APP)
        ):
            yield hook, installation
        return
    repository, organization = event.repository, event.organization
    if repository is not None and event.name not in NOT_FOR_REPOSITORIES:
        for hook in repository.hooks:
            if hook.wants(event.name):
                yield hook, None
    if organization is not None:
        for hook in organization.hooks:
            if hook.wants(event.name):
                yield hook, None
    account = organization or (repository.owner if repository else None)
    for installation in state.installations.values():
        hook = installation.app.hook
        if (
            hook is not None
            and installation.account is account
            and not installation.suspended
            and hook.wants(event.name)
            and (repository is None or installation.sees(repository))
        ):
            yield hook, installation
