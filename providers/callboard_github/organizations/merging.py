"""Whole organizations, joined with what is known of others.

Owns the union that a user is: one entity with the teams of every organization that they
belong to, whichever of them was read just now.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from callboard_catalog import Delta, Entity, Located, LocatedRef
from callboard_github.names import Names
from callboard_github.organizations.answers import OrganizationRead, Person, Team
from callboard_github.organizations.entities import (
    key_of,
    organizations_of,
    texts,
    with_membership,
)
from callboard_github.organizations.known import Known


class Rendered(Struct):
    """Entities of some organizations."""

    groups: list[Located] = field(default_factory=list[Located])
    users: dict[str, Entity] = field(default_factory=dict[str, Entity])
    """By name in lower case."""


class Merger:
    """Makes entities of whole organizations.

    Args:
        provider: Whose they are.
        names: How they are called.
        known: What the catalog has.
        user: Makes a person's entity; None leaves them out.
        group: Makes a team's entity; None leaves it out.
    """

    def __init__(
        self,
        *,
        provider: str,
        names: Names,
        known: Known,
        user: Callable[[Person], Entity | None],
        group: Callable[[Team, str], Entity | None],
    ) -> None:
        self._provider = provider
        self._names = names
        self._known = known
        self._user = user
        self._group = group

    def rendered(self, read: Iterable[OrganizationRead]) -> Rendered:
        """The entities of what was read, and of nothing else."""
        made = Rendered()
        member_of: dict[str, set[str]] = {}
        organizations: dict[str, set[str]] = {}
        for one in sorted(read, key=lambda read: read.login.lower()):
            key = key_of(self._provider, one.login)
            for person in one.people.values():
                name = person.login.lower()
                organizations.setdefault(name, set()).add(one.login.lower())
                if name not in made.users and (entity := self._user(person)):
                    made.users[name] = entity
            for team in one.teams.values():
                group = self._group(team, one.login)
                if group is None:
                    continue
                made.groups.append(Located(group, key))
                text = self._names.member_of(one.login, team.slug)
                for login in team.members:
                    member_of.setdefault(login.lower(), set()).add(text)
        made.users = {
            name: with_membership(
                user,
                member_of=member_of.get(name, ()),
                organizations=organizations[name],
            )
            for name, user in made.users.items()
        }
        return made

    async def replaced(
        self, read: Sequence[OrganizationRead], also: Iterable[str], as_of: float
    ) -> Delta:
        """What turns all that is known of some organizations into what was read.

        Args:
            read: The organizations; one without people and teams is forgotten.
            also: Names that they had before.
            as_of: When they were read.
        """
        old = {login.lower() for login in also} | {one.login.lower() for one in read}
        removed: list[LocatedRef] = []
        theirs: set[str] = set()
        for login in old:
            key = key_of(self._provider, login)
            for slug, group in (await self._known.groups(login)).items():
                removed.append(LocatedRef(group.ref, key))
                theirs.add(self._names.member_of(login, slug))
        made = self.rendered(read)
        gone: list[str] = []
        for name, user in (await self._known.everybody()).items():
            organizations = organizations_of(user)
            fresh = made.users.get(name)
            if fresh is None and not organizations & old:
                continue
            member_of = texts(user, "memberOf") - theirs
            organizations -= old
            if fresh is not None or organizations:
                made.users[name] = _joined(user, fresh, member_of, organizations)
            else:
                gone.append(name)
        here = {(group.entity.ref, group.location_key) for group in made.groups}
        return Delta(
            added=[*made.groups, *made.users.values()],
            removed=[
                *(ref for ref in removed if (ref.ref, ref.location_key) not in here),
                *(self._names.user(name) for name in gone),
            ],
            as_of=as_of,
        )

    async def keep(self, organization: str, made: Rendered) -> None:
        """Take over what is known of an organization that could not be read."""
        groups = await self._known.groups(organization)
        key = key_of(self._provider, organization)
        made.groups += [Located(group, key) for group in groups.values()]
        theirs = {self._names.member_of(organization, slug) for slug in groups}
        for name, user in (await self._known.everybody()).items():
            if organization.lower() in organizations_of(user):
                made.users[name] = _joined(
                    user,
                    made.users.get(name),
                    texts(user, "memberOf") & theirs,
                    {organization.lower()},
                )


def _joined(
    user: Entity, fresh: Entity | None, member_of: set[str], organizations: set[str]
) -> Entity:
    """A user as read now, if they were, with what is known besides."""
    if fresh is not None:
        member_of = member_of | texts(fresh, "memberOf")
        organizations = organizations | organizations_of(fresh)
    return with_membership(
        fresh or user, member_of=member_of, organizations=organizations
    )
