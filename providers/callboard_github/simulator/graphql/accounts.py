"""Resolvers of people and organizations."""

from typing import TYPE_CHECKING

from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.graphql.connection import Connection, connect
from callboard_github.simulator.graphql.fields import (
    Fields,
    Info,
    constant,
    moment,
    page,
    path,
    picture,
)
from callboard_github.simulator.graphql.refusal import Refusal
from callboard_github.simulator.graphql.repositories import (
    repositories_of,
    repository_of,
)
from callboard_github.simulator.graphql.teams import team_of, teams_of

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.user import User


def _members(
    organization: "Organization", info: Info, **arguments: object
) -> Connection:
    inside = info.context.identity.belongs_to(organization.login)
    return connect(
        "membersWithRole",
        organization.people if inside else [],
        arguments,
        lambda user: user.id,
        edge=lambda user: {
            "role": organization.members[user.id].upper(),
            "hasTwoFactorEnabled": True,
        },
        shorten=info.context.faults.shortens(),
    )


def _organizations(user: "User", info: Info, **arguments: object) -> Connection:
    scope = info.context
    return connect(
        "organizations",
        [
            organization
            for organization in scope.state.organizations.values()
            if user.id in organization.members
            and scope.identity.belongs_to(organization.login)
        ],
        arguments,
        lambda organization: organization.id,
    )


def _organization_of(user: "User", info: Info, login: str) -> "Organization | None":
    found = info.context.state.organizations.get(login.lower())
    return found if found is not None and user.id in found.members else None


def _email(user: "User", info: Info) -> str:
    # The public address; apps are not shown it (facts: "email (only PAT)").
    return user.email or "" if info.context.identity.kind == "user" else ""


def _verified(user: "User", info: Info, login: str) -> list[str]:
    scope = info.context
    organization = scope.state.organizations.get(login.lower())
    if organization is None or user.id not in organization.members:
        return []
    return [user.email] if user.email else []


def _is_viewer(user: "User", info: Info) -> bool:
    return info.context.identity.user is user


def _suspended(user: "User", info: Info) -> object:
    return moment("updated")(user, info) if user.suspended else None


def _is_member(organization: "Organization", info: Info) -> bool:
    user = info.context.identity.user
    return user is not None and user.id in organization.members


def find_organization(_root: object, info: Info, login: str) -> "Organization":
    """Resolve ``organization``.

    Raises:
        Refusal: No such login.
    """
    try:
        return info.context.state.organization(login)
    except NotFound:
        message = f"Could not resolve to an Organization with the login of '{login}'."
        raise Refusal("NOT_FOUND", message) from None


def find_user(_root: object, info: Info, login: str) -> "User":
    """Resolve ``user``.

    Raises:
        Refusal: No such login.
    """
    try:
        return info.context.state.user(login)
    except NotFound:
        message = f"Could not resolve to a User with the login of '{login}'."
        raise Refusal("NOT_FOUND", message) from None


def find_owner(_root: object, info: Info, login: str) -> "User | Organization | None":
    """Resolve ``repositoryOwner``: null, without an error, if there is none."""
    try:
        return info.context.state.account(login)
    except NotFound:
        return None


def find_viewer(_root: object, info: Info) -> "User":
    """Resolve ``viewer``: the person who asks, or the app's owner for an app."""
    return info.context.identity.user or info.context.state.operator


_ACCOUNT: Fields = {
    "avatarUrl": picture,
    "createdAt": moment("created"),
    "databaseId": "id",
    "id": "node_id",
    "location": constant(None),
    "repositories": repositories_of,
    "repository": repository_of,
    "resourcePath": path(),
    "updatedAt": moment("updated"),
    "url": page(),
    "websiteUrl": constant(None),
}

ORGANIZATION: Fields = {
    **_ACCOUNT,
    "archivedAt": constant(None),
    "descriptionHTML": "description",
    "isVerified": constant(value=False),
    "membersWithRole": _members,
    "newTeamResourcePath": path("/new-team"),
    "newTeamUrl": page("/new-team"),
    "team": team_of,
    "teams": teams_of,
    "teamsResourcePath": path("/teams"),
    "teamsUrl": page("/teams"),
    "viewerCanAdminister": constant(value=True),
    "viewerIsAMember": _is_member,
}

USER: Fields = {
    **_ACCOUNT,
    "bioHTML": constant(""),
    "company": constant(None),
    "email": _email,
    "isSiteAdmin": "site_admin",
    "isViewer": _is_viewer,
    "organization": _organization_of,
    "organizationVerifiedDomainEmails": _verified,
    "organizations": _organizations,
    "suspendedAt": _suspended,
}
