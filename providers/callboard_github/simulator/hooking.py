"""How a webhook comes to be."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from callboard_github.simulator.documents import hook_document
from callboard_github.simulator.errors import Unprocessable
from callboard_github.simulator.hook import ContentType, Hook
from callboard_github.simulator.publish import Event

if TYPE_CHECKING:
    from callboard_github.simulator.app import App
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State

HOOKS_PER_EVENT = 20
"""How many webhooks of one owner may subscribe to the same event."""


def create_hook(
    state: "State",
    url: str,
    *,
    secret: str | None,
    events: Iterable[str],
    content_type: ContentType,
    active: bool = True,
    repository: "Repository | None" = None,
    organization: "Organization | None" = None,
    app: "App | None" = None,
) -> Hook:
    """Add a webhook to the one owner that is given, and ping it.

    Raises:
        Unprocessable: 20 webhooks of the owner want the same event already.
    """
    wanted = frozenset(events)
    owner = repository or organization
    siblings = [] if owner is None else owner.hooks
    for event in wanted:
        if sum(event in hook.events for hook in siblings) >= HOOKS_PER_EVENT:
            message = f'Validation Failed: the "{event}" event cannot have more hooks'
            raise Unprocessable(message)
    moment = state.mint.moment()
    hook = Hook(
        state,
        state.mint.number("hook"),
        url,
        secret,
        wanted,
        repository=repository,
        organization=organization,
        app=app,
        content_type=content_type,
        active=active,
        created=moment,
        updated=moment,
    )
    siblings.append(hook)
    if app is not None:
        app.hook = hook
    state.hooks[hook.id] = hook
    ping(hook)
    return hook


def ping(hook: Hook) -> None:
    """Tell a webhook, and nobody else, that it is there."""
    repository = hook.repository
    organization = repository.organization if repository else hook.organization
    hook.state.publish(
        Event(
            "ping",
            None,
            lambda: {
                "zen": "Non-blocking is better than blocking.",
                "hook_id": hook.id,
                "hook": hook_document(hook),
            },
            hook.state.operator,
            organization=organization,
            repository=repository,
            only=hook,
        )
    )
