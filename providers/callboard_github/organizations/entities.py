"""People and teams as entities of the catalog.

Owns what a User and a Group look like, which are Backstage's forms, and the edits that
a change of membership makes to a User whose other fields stay.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from callboard_catalog import Entity, JsonValue, Metadata
from callboard_github.names import Names
from callboard_github.organizations.answers import Person, Team

USER_LOGIN = "github.com/user-login"
USER_ID = "github.com/user-id"
TEAM_SLUG = "github.com/team-slug"
TEAM_ID = "github.com/team-id"
ORGANIZATIONS = "callboard/organizations"
"""Which organizations somebody belongs to: logins in lower case, with commas."""


def key_of(provider: str, organization: str) -> str:
    """The location key of an organization's groups."""
    return f"{provider}/{organization.lower()}"


def user_entity(person: Person) -> Entity:
    """A person, without any membership yet."""
    fields: dict[str, JsonValue] = {
        "displayName": person.name,
        "email": next(iter(person.verified), None) or person.email,
        "picture": person.avatar_url,
    }
    profile = {name: value for name, value in fields.items() if value}
    return Entity(
        kind="User",
        metadata=Metadata(
            name=person.login,
            description=person.bio or None,
            annotations={
                USER_LOGIN: person.login,
                USER_ID: person.id,
                **_managed_by(person.url),
            },
        ),
        spec={"profile": profile, "memberOf": []},
    )


def group_entity(team: Team, organization: str, names: Names) -> Entity:
    """A team."""
    profile: dict[str, JsonValue] = {"displayName": team.name}
    if team.picture:
        profile["picture"] = team.picture
    spec: dict[str, JsonValue] = {
        "type": "team",
        "profile": profile,
        "children": sorted(team.children),
        "members": sorted(names.member(login) for login in team.members),
    }
    if team.parent is not None:
        spec["parent"] = team.parent
    return Entity(
        kind="Group",
        metadata=Metadata(
            name=team.slug,
            namespace=names.namespace(organization),
            description=team.description or None,
            annotations={
                TEAM_SLUG: team.combined_slug,
                TEAM_ID: str(team.id),
                "backstage.io/edit-url": team.edit_url,
                **_managed_by(team.url),
            },
        ),
        spec=spec,
    )


def organizations_of(user: Entity) -> set[str]:
    """Logins, in lower case, of the organizations somebody belongs to."""
    listed = user.metadata.annotations.get(ORGANIZATIONS, "")
    return {login for login in listed.split(",") if login}


def texts(entity: Entity, field: str) -> set[str]:
    """A list of texts in an entity's ``spec``."""
    value: Any = (entity.spec or {}).get(field)
    return {str(text) for text in value or ()}


def with_membership(
    user: Entity,
    *,
    member_of: Iterable[str],
    organizations: Iterable[str],
) -> Entity:
    """The same person with other teams and organizations."""
    annotations: Mapping[str, str] = {
        **user.metadata.annotations,
        ORGANIZATIONS: ",".join(sorted({login.lower() for login in organizations})),
    }
    return replace(
        user,
        metadata=replace(user.metadata, annotations=annotations),
        spec={**(user.spec or {}), "memberOf": sorted(set(member_of))},
    )


def with_spec(entity: Entity, **fields: JsonValue) -> Entity:
    """The same entity with other fields in ``spec``; None takes a field away."""
    spec = {**(entity.spec or {}), **fields}
    return replace(
        entity, spec={name: value for name, value in spec.items() if value is not None}
    )


def _managed_by(url: str) -> dict[str, str]:
    return {
        "backstage.io/managed-by-location": f"url:{url}",
        "backstage.io/managed-by-origin-location": f"url:{url}",
    }
