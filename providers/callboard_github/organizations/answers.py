"""What GitHub's GraphQL says of people and teams.

Owns the shapes of answers, and of what is made of them.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, field


class Page(Struct, frozen=True):
    """``pageInfo``."""

    hasNextPage: bool  # noqa: N815 - GitHub's name
    endCursor: str | None = None  # noqa: N815 - GitHub's name

    @property
    def cursor(self) -> str | None:
        """Where the next page starts; None on the last one."""
        return self.endCursor if self.hasNextPage else None


class Person(Struct, frozen=True, rename="camel"):
    """A user."""

    id: str
    login: str
    url: str
    name: str | None = None
    bio: str | None = None
    email: str | None = None
    avatar_url: str | None = None
    verified: Sequence[str] = field(default=(), name="organizationVerifiedDomainEmails")
    suspended_at: str | None = None


class Login(Struct, frozen=True):
    """Only who."""

    login: str


class Slug(Struct, frozen=True):
    """Only which."""

    slug: str


class Logins(Struct, frozen=True, rename="camel"):
    """A page of members."""

    page_info: Page
    nodes: list[Login]


class Slugs(Struct, frozen=True, rename="camel"):
    """A page of teams."""

    page_info: Page
    nodes: list[Slug]


class TeamNode(Struct, frozen=True, rename="camel"):
    """``Team``."""

    id: str
    slug: str
    combined_slug: str
    name: str
    url: str
    edit_team_url: str
    members: Logins
    database_id: int | None = None
    description: str | None = None
    avatar_url: str | None = None
    parent_team: Slug | None = None
    child_teams: Slugs | None = None
    organization: Login | None = None


class Team(Struct, frozen=True):
    """A team with its immediate members."""

    id: int
    node_id: str
    slug: str
    combined_slug: str
    name: str
    url: str
    edit_url: str
    description: str | None
    picture: str | None
    parent: str | None
    members: frozenset[str]
    """Logins."""
    children: frozenset[str] = frozenset()
    """Slugs."""


class OrganizationRead(Struct, frozen=True):
    """All of an organization."""

    login: str
    people: dict[str, Person]
    """By login."""
    teams: dict[str, Team]
    """By slug."""


class Members(Struct, frozen=True, rename="camel"):
    """A page of people."""

    page_info: Page
    nodes: list[Person]


class WithMembers(Struct, frozen=True, rename="camel"):
    """``Organization`` with its people."""

    login: str
    members_with_role: Members


class MembersRoot(Struct, frozen=True):
    """Answer to ``OrganizationMembers``."""

    organization: WithMembers


class Teams(Struct, frozen=True, rename="camel"):
    """A page of teams."""

    page_info: Page
    nodes: list[TeamNode]


class WithTeams(Struct, frozen=True):
    """``Organization`` with its teams."""

    teams: Teams


class TeamsRoot(Struct, frozen=True):
    """Answer to ``OrganizationTeams``."""

    organization: WithTeams


class OneTeam(Struct, frozen=True):
    """Answer to ``TeamMembers``."""

    node: TeamNode


class SomeTeams(Struct, frozen=True):
    """Answer to ``Teams``."""

    organization: dict[str, TeamNode | None] | None = None
    node: TeamNode | None = None


class Belonging(Person, frozen=True, rename="camel"):
    """A person, and whether they belong to an organization."""

    organization: Login | None = None


def made(node: TeamNode, members: Iterable[str], children: Iterable[str]) -> Team:
    """A team out of its pieces."""
    return Team(
        id=node.database_id or 0,
        node_id=node.id,
        slug=node.slug,
        combined_slug=node.combined_slug,
        name=node.name,
        url=node.url,
        edit_url=node.edit_team_url,
        description=node.description,
        picture=node.avatar_url,
        parent=None if node.parent_team is None else node.parent_team.slug,
        members=frozenset(members),
        children=frozenset(children),
    )
