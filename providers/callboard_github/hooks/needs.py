"""Which events a webhook must send, so that the providers hear of everything.

Owns the table of which kinds of webhooks can send an event at all.
"""

from collections.abc import Iterable
from typing import Literal

from callboard import Provider
from callboard_github.source import GitHubSource

Kind = Literal["app", "organization", "repository"]
EVERYTHING = "*"

# As `@octokit/openapi-webhooks` 12.1 has it (``supported-webhook-types``).
_APPS_ALONE = frozenset(
    {
        "deployment_protection_rule",
        "deployment_review",
        "github_app_authorization",
        "installation",
        "installation_repositories",
        "installation_target",
        "merge_group",
        "repository_dispatch",
        "security_advisory",
        "workflow_dispatch",
    }
)
_NOT_REPOSITORIES = _APPS_ALONE | {
    "custom_property",
    "membership",
    "org_block",
    "organization",
    "personal_access_token_request",
    "projects_v2",
    "projects_v2_item",
    "projects_v2_status_update",
    "team",
}
# Every app is sent these, and none can subscribe to them (GitHub's page on events).
_UNASKED = frozenset(
    {"github_app_authorization", "installation", "installation_repositories"}
)
_NEVER: dict[Kind, frozenset[str]] = {
    "app": _UNASKED,
    "organization": _APPS_ALONE,
    "repository": _NOT_REPOSITORIES,
}


def events_of(providers: Iterable[Provider]) -> frozenset[str]:
    """The events of GitHub that providers handle."""
    return frozenset(
        name.event
        for provider in providers
        for handler in provider.handlers()
        for name in handler.events
        if name.source == GitHubSource.name
    )


def needed(events: Iterable[str], kind: Kind) -> frozenset[str]:
    """Those of ``events`` that a webhook of a kind can subscribe to."""
    return frozenset(events) - _NEVER[kind]


def absent(subscribed: Iterable[str], wanted: frozenset[str]) -> list[str]:
    """What is wanted and not subscribed to."""
    there = frozenset(subscribed)
    return [] if EVERYTHING in there else sorted(wanted - there)


def unneeded(subscribed: Iterable[str], wanted: frozenset[str]) -> list[str]:
    """What is subscribed to and not wanted."""
    return sorted(frozenset(subscribed) - wanted - {EVERYTHING})
