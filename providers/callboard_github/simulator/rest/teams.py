"""Teams and their members."""

from typing import TYPE_CHECKING

from callboard_github.simulator.documents import (
    Document,
    repository_document,
    team_document,
    team_profile_document,
    user_document,
)
from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.rest.call import Call, Reply, Routes

if TYPE_CHECKING:
    from callboard_github.simulator.team import Team


def _team(call: Call) -> "Team":
    if "number" in call.path:
        team = call.state.teams.get(call.number("team"))
        if team is None or team.organization.id != call.number("number"):
            raise NotFound
    else:
        team = call.organization(inside=True).team(call.path["team"])
    if not call.identity.belongs_to(team.organization.login):
        raise NotFound
    return team


def _teams(call: Call) -> Reply:
    teams = list(call.organization(inside=True).teams.values())
    return call.page(teams, team_document)


def _one(call: Call) -> Reply:
    return Reply(team_profile_document(_team(call)))


def _children(call: Call) -> Reply:
    return call.page(_team(call).children, team_document)


def _members(call: Call) -> Reply:
    team = _team(call)
    # GitHub's REST API lists the people of child teams too; GraphQL can leave them
    # out with `membership: IMMEDIATE`.
    inside = {number for child in team.descendants() for number in child.members}
    role = call.query.get("role", "all")
    people = [
        user
        for user in team.organization.people
        if (user.id in team.members and role in {"all", team.members[user.id]})
        or (user.id in inside and role in {"all", "member"})
    ]
    return call.page(people, user_document)


def _membership(call: Call) -> Reply:
    team, user = _team(call), call.state.user(call.path["login"])
    if user.id not in team.members:
        raise NotFound
    document: Document = {
        "url": f"{team.api_url}/memberships/{user.login}",
        "role": team.members[user.id],
        "state": "active",
    }
    return Reply(document)


def _repositories(call: Call) -> Reply:
    team = _team(call)
    given = [r for r in team.organization.repositories if r.id in team.repositories]
    return call.page(given, repository_document)


ROUTES: Routes = (
    ("GET", "/orgs/{org}/teams", _teams),
    ("GET", "/orgs/{org}/teams/{team}", _one),
    ("GET", "/orgs/{org}/teams/{team}/teams", _children),
    ("GET", "/orgs/{org}/teams/{team}/members", _members),
    ("GET", "/orgs/{org}/teams/{team}/memberships/{login}", _membership),
    ("GET", "/orgs/{org}/teams/{team}/repos", _repositories),
    ("GET", "/organizations/{number}/team/{team}", _one),
    ("GET", "/organizations/{number}/team/{team}/members", _members),
    ("GET", "/organizations/{number}/team/{team}/teams", _children),
    ("GET", "/organizations/{number}/team/{team}/repos", _repositories),
)
