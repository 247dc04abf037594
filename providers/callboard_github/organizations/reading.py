"""People and teams, read from GitHub.

Owns the GraphQL queries of organizations and what their answers hold.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from callboard_github.calls import Caller
from callboard_github.client import GitHub, Query
from callboard_github.organizations.answers import (
    Belonging,
    MembersRoot,
    OneTeam,
    OrganizationRead,
    Person,
    SomeTeams,
    Team,
    TeamNode,
    TeamsRoot,
    made,
)
from callboard_github.settings import Token
from callboard_github.together import together

_MEMBERS = 100
_TEAMS = 50
_TEAM_MEMBERS = 50
_AT_ONCE = 40


_LIMIT = "rateLimit { cost remaining }"
_TEAM = """
fragment team on Team {
  id databaseId slug combinedSlug name description avatarUrl url editTeamUrl
  parentTeam { slug }
  members(first: $members, membership: IMMEDIATE) {
    pageInfo { hasNextPage endCursor } nodes { login }
  }
}"""

TEAMS = Query(
    "OrganizationTeams",
    f"""
query OrganizationTeams($login: String!, $first: Int!, $after: String, $members: Int!) {{
  {_LIMIT}
  organization(login: $login) {{
    teams(first: $first, after: $after) {{
      pageInfo {{ hasNextPage endCursor }} nodes {{ ...team }}
    }}
  }}
}}
{_TEAM}""",
    TeamsRoot,
)
TEAM_MEMBERS = Query(
    "TeamMembers",
    f"""
query TeamMembers($id: ID!, $first: Int!, $after: String) {{
  {_LIMIT}
  node(id: $id) {{
    ... on Team {{
      id databaseId slug combinedSlug name url editTeamUrl
      members(first: $first, after: $after, membership: IMMEDIATE) {{
        pageInfo {{ hasNextPage endCursor }} nodes {{ login }}
      }}
    }}
  }}
}}""",
    OneTeam,
)


class Reader:
    """Reads organizations.

    Args:
        github: Where from.
        verified_emails: Whether to ask for addresses in verified domains.
        suspensions: Whether to ask who is suspended; only Enterprise Server knows.
    """

    def __init__(
        self,
        github: GitHub,
        *,
        verified_emails: bool = False,
        suspensions: bool = False,
    ) -> None:
        self._github = github
        # Apps are refused the public address.
        fields = ["id login name bio avatarUrl url"]
        if isinstance(github.credentials, Token):
            fields.append("email")
        if verified_emails:
            fields.append("organizationVerifiedDomainEmails(login: $login)")
        if suspensions:
            fields.append("suspendedAt")
        self._person = f"fragment person on User {{ {' '.join(fields)} }}"
        self._members = Query(
            "OrganizationMembers",
            f"""
query OrganizationMembers($login: String!, $first: Int!, $after: String) {{
  {_LIMIT}
  organization(login: $login) {{
    login
    membersWithRole(first: $first, after: $after) {{
      pageInfo {{ hasNextPage endCursor }} nodes {{ ...person }}
    }}
  }}
}}
{self._person}""",
            MembersRoot,
        )

    async def organization(self, run: Caller, login: str) -> OrganizationRead:
        """All of an organization: its people and its teams at once.

        Raises:
            GitHubError: Some of it could not be read.
        """
        people: dict[str, Person] = {}
        teams: dict[str, Team] = {}
        found: list[str] = []

        async def read_people() -> None:
            pages = await self._github.query_pages(
                run,
                self._members,
                {"login": login},
                lambda page: page.organization.members_with_role.page_info.cursor,
                account=login,
                first=_MEMBERS,
            )
            for page in pages:
                found.append(page.organization.login)
                for person in page.organization.members_with_role.nodes:
                    people[person.login] = person

        async def read_teams() -> None:
            teams.update(await self._teams(run, login))

        async with together() as start:
            start(f"people of {login}", read_people)
            start(f"teams of {login}", read_teams)
        return OrganizationRead(found[0] if found else login, people, teams)

    async def _teams(self, run: Caller, login: str) -> dict[str, Team]:
        pages = await self._github.query_pages(
            run,
            TEAMS,
            {"login": login, "members": _TEAM_MEMBERS},
            lambda page: page.organization.teams.page_info.cursor,
            account=login,
            first=_TEAMS,
        )
        read = [team for page in pages for team in page.organization.teams.nodes]
        members = await self._all_members(run, login, read)
        children: dict[str, set[str]] = {}
        for team in read:
            if team.parent_team is not None:
                children.setdefault(team.parent_team.slug, set()).add(team.slug)
        return {
            team.slug: made(team, members[team.id], children.get(team.slug, ()))
            for team in read
        }

    async def _all_members(
        self, run: Caller, login: str, teams: Iterable[TeamNode]
    ) -> dict[str, set[str]]:
        """Logins by the team's node id; large teams are read on, all at once."""
        members = {team.id: {m.login for m in team.members.nodes} for team in teams}

        async def read_on(team: TeamNode) -> None:
            members[team.id] = await self._members_of(run, login, team.id)

        async with together() as start:
            for team in teams:
                if team.members.page_info.hasNextPage:
                    start(f"members of {team.slug}", partial(read_on, team))
        return members

    async def _members_of(self, run: Caller, login: str, team: str) -> set[str]:
        pages = await self._github.query_pages(
            run,
            TEAM_MEMBERS,
            {"id": team},
            lambda page: page.node.members.page_info.cursor,
            account=login,
        )
        return {m.login for page in pages for m in page.node.members.nodes}

    async def teams(
        self,
        run: Caller,
        login: str,
        slugs: Iterable[str],
        node_id: str | None = None,
    ) -> dict[str, Team | None]:
        """Some teams of an organization as they are now, by slug.

        Args:
            run: Under whose current task it is shown.
            login: The organization.
            slugs: Of which teams; a slug that no team has is None.
            node_id: Of one more, whatever its slug is now.
        """
        asked = list(dict.fromkeys(slugs))
        kinds = [f"$s{index}: String!" for index in range(len(asked))]
        parts = [
            f"s{index}: team(slug: $s{index}) {{ ...whole }}"
            for index in range(len(asked))
        ]
        variables: dict[str, Any] = {f"s{i}": slug for i, slug in enumerate(asked)}
        node = ""
        if node_id is not None:
            kinds.append("$id: ID!")
            variables["id"] = node_id
            node = "node(id: $id) { ... on Team { ...whole organization { login } } }"
        inside = " ".join(parts)
        organization_ = f"organization(login: $login) {{ {inside} }}" if parts else ""
        text = f"""
query Teams($login: String!, $members: Int!, {", ".join(kinds)}) {{
  {_LIMIT} {node} {organization_}
}}
fragment whole on Team {{
  ...team
  childTeams(first: 100) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ slug }} }}
}}
{_TEAM}"""
        root = await self._github.query(
            run,
            Query("Teams", text, SomeTeams, may_miss=True),
            {"login": login, "members": 100, **variables},
            account=login,
        )
        organization = root.organization or {}
        found: dict[str, TeamNode | None] = {
            slug: organization.get(f"s{index}") for index, slug in enumerate(asked)
        }
        named = root.node
        owner = None if named is None else named.organization
        # Another organization may have the name by now; this team's has another one.
        if named and owner and owner.login.lower() == login.lower():
            found[named.slug] = named
        there = [team for team in found.values() if team is not None]
        members = await self._all_members(run, login, there)
        return {
            slug: team
            and made(
                team,
                members[team.id],
                [c.slug for c in team.child_teams.nodes] if team.child_teams else (),
            )
            for slug, team in found.items()
        }

    async def people(
        self, run: Caller, login: str, logins: Iterable[str]
    ) -> dict[str, Person]:
        """Those of some people that belong to an organization, by login."""
        asked = list(dict.fromkeys(logins))
        found: dict[str, Person] = {}
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            kinds = ", ".join(f"$u{index}: String!" for index in range(len(some)))
            parts = " ".join(
                f"u{index}: user(login: $u{index})"
                " { ...person organization(login: $login) { login } }"
                for index in range(len(some))
            )
            text = f"""
query People($login: String!, {kinds}) {{
  {_LIMIT} {parts}
}}
{self._person}"""
            query = Query("People", text, dict[str, Any], may_miss=True)
            variables = {f"u{index}": one for index, one in enumerate(some)}
            variables["login"] = login
            root = await self._github.query(run, query, variables, account=login)
            for index in range(len(some)):
                person = root.get(f"u{index}")
                if person is None:
                    continue
                read = msgspec.convert(person, Belonging)
                if read.organization is not None:
                    found[read.login] = read
        return found
