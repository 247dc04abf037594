"""Resolvers of teams."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from callboard_github.simulator.graphql.connection import Connection, connect
from callboard_github.simulator.graphql.fields import (
    Fields,
    Info,
    moment,
    page,
    path,
    picture,
)

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.team import Team
    from callboard_github.simulator.user import User

_PERMISSIONS = {"pull": "READ", "push": "WRITE"}


def team_of(organization: "Organization", info: Info, slug: str) -> "Team | None":
    """Resolve ``Organization.team``: null, without an error, if there is none."""
    info.context.inside(organization.login, "team")
    return organization.teams.get(slug.lower())


def teams_of(
    organization: "Organization", info: Info, **arguments: object
) -> Connection:
    """Resolve ``Organization.teams``."""
    info.context.inside(organization.login, "teams")
    teams: Iterable[Team] = organization.teams.values()
    if arguments.get("rootTeamsOnly"):
        teams = [team for team in teams if team.parent is None]
    return _page("teams", _filtered(teams, info, arguments), info, arguments)


def _filtered(
    teams: "Iterable[Team]", info: Info, arguments: dict[str, object]
) -> "list[Team]":
    found = list(teams)
    if (logins := arguments.get("userLogins")) is not None:
        users = info.context.state.users
        wanted = {
            users[login.lower()].id
            for login in cast("list[str]", logins)
            if login.lower() in users
        }
        # Like GitHub, someone in a child team counts for the parent as well.
        found = [team for team in found if wanted & _everybody(team).keys()]
    if (privacy := arguments.get("privacy")) is not None:
        found = [team for team in found if _privacy(team, info) == privacy]
    if isinstance(query := arguments.get("query"), str):
        found = [team for team in found if query.lower() in team.name.lower()]
    return found


def _page(
    name: str, teams: "Iterable[Team]", info: Info, arguments: dict[str, object]
) -> Connection:
    order = cast("dict[str, str] | None", arguments.get("orderBy"))
    shorten = info.context.faults.shortens()
    if order is None:
        return connect(name, teams, arguments, lambda team: team.id, shorten=shorten)
    return connect(
        name,
        teams,
        arguments,
        lambda team: team.slug,
        descending=order["direction"] == "DESC",
        shorten=shorten,
    )


def _everybody(team: "Team") -> dict[int, str]:
    people: dict[int, str] = {}
    for child in team.descendants():
        people |= dict.fromkeys(child.members, "member")
    return people | team.members


def _members(
    team: "Team",
    info: Info,
    membership: str = "ALL",
    role: str | None = None,
    query: str | None = None,
    **arguments: object,
) -> Connection:
    roles: dict[int, str] = dict(team.members)
    if membership == "ALL":
        roles = _everybody(team)
    elif membership == "CHILD_TEAM":
        everybody = _everybody(team)
        roles = {n: everybody[n] for n in everybody.keys() - team.members.keys()}
    people = [
        user
        for user in team.organization.people
        if user.id in roles
        and (role is None or roles[user.id].upper() == role)
        and (query is None or query.lower() in user.login.lower())
    ]

    def edge(user: "User") -> dict[str, object]:
        return {"role": roles[user.id].upper()}

    order = cast("dict[str, str] | None", arguments.get("orderBy"))
    shorten = info.context.faults.shortens()
    if order is None or order["field"] != "LOGIN":
        return connect(
            "members",
            people,
            arguments,
            lambda user: user.id,
            edge=edge,
            shorten=shorten,
        )
    return connect(
        "members",
        people,
        arguments,
        lambda user: user.login.lower(),
        descending=order["direction"] == "DESC",
        edge=edge,
        shorten=shorten,
    )


def _children(
    team: "Team",
    info: Info,
    immediateOnly: bool = True,  # noqa: N803 - the schema's argument
    **arguments: object,
) -> Connection:
    teams = team.children if immediateOnly else list(team.descendants())
    return _page("childTeams", _filtered(teams, info, arguments), info, arguments)


def _ancestors(team: "Team", info: Info, **arguments: object) -> Connection:
    return _page("ancestors", team.ancestors(), info, arguments)


def _repositories(
    team: "Team", info: Info, query: str | None = None, **arguments: object
) -> Connection:
    def edge(repository: "Repository") -> dict[str, object]:
        given = team.repositories[repository.id]
        return {"permission": _PERMISSIONS.get(given, given.upper())}

    given = [
        repository
        for repository in team.organization.repositories
        if repository.id in team.repositories
        and info.context.visible(repository)
        and (query is None or query.lower() in repository.name.lower())
    ]
    return connect("repositories", given, arguments, lambda found: found.id, edge=edge)


def _privacy(team: "Team", _info: Info) -> str:
    return "SECRET" if team.privacy == "secret" else "VISIBLE"


TEAM: Fields = {
    "ancestors": _ancestors,
    "avatarUrl": picture,
    "childTeams": _children,
    "combinedSlug": "combined_slug",
    "createdAt": moment("created"),
    "databaseId": "id",
    "editTeamResourcePath": path("/edit"),
    "editTeamUrl": page("/edit"),
    "id": "node_id",
    "members": _members,
    "membersResourcePath": path("/members"),
    "membersUrl": page("/members"),
    "parentTeam": "parent",
    "privacy": _privacy,
    "repositories": _repositories,
    "resourcePath": path(),
    "teamsUrl": page("/teams"),
    "updatedAt": moment("updated"),
    "url": page(),
}
