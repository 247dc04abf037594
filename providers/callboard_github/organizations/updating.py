"""Bringing people and teams up to date.

Owns what an event leads to. None of this believes a payload: it says what to look at, and
GitHub is asked how that is now. So deliveries may come twice, late or in another order,
and a payload that holds half of somebody never takes the other half away.
"""

from collections.abc import Callable, Iterable, Sequence

import anyio

from callboard.clock import now
from callboard_catalog import CatalogRun, Delta, Entity, Located, LocatedRef
from callboard_github.errors import NotFoundError
from callboard_github.names import Names
from callboard_github.organizations.answers import OrganizationRead, Person, Team
from callboard_github.organizations.entities import (
    key_of,
    organizations_of,
    texts,
    with_membership,
)
from callboard_github.organizations.known import Known
from callboard_github.organizations.merging import Merger
from callboard_github.organizations.reading import Reader
from callboard_github.organizations.settling import Settled, settle, slugs_of


class Updater:
    """Changes what one provider says of organizations.

    Args:
        provider: Its name.
        names: How entities are called.
        known: What the catalog has.
        reader: What GitHub has.
        user: Makes a person's entity; None leaves them out.
        group: Makes a team's entity; None leaves it out.
    """

    def __init__(
        self,
        *,
        provider: str,
        names: Names,
        known: Known,
        reader: Reader,
        user: Callable[[Person], Entity | None],
        group: Callable[[Team, str], Entity | None],
    ) -> None:
        self._provider = provider
        self._names = names
        self._known = known
        self._reader = reader
        self._user = user
        self._group = group
        self._merger = Merger(
            provider=provider, names=names, known=known, user=user, group=group
        )
        # A user is one entity for all organizations: who adds to what is known of
        # somebody must not do so while another does.
        self._people = anyio.Lock()

    async def team(
        self,
        run: CatalogRun,
        organization: str,
        *,
        team: int,
        slug: str | None,
        node_id: str | None,
    ) -> None:
        """A team, its relatives, and those who joined or left it."""
        fresh: dict[str, Team | None] = {}
        slugs = [slug] if slug else []
        if slugs or node_id is not None:
            fresh = await self._reader.teams(run, organization, slugs, node_id)
        async with self._people:
            as_of = now()
            known = await self._known.groups(organization)
            past = [past for past in slugs_of(known, team) if past not in fresh]
            if past:
                # No team's by now, or another one's.
                fresh |= await self._reader.teams(run, organization, past)
            if not fresh:
                run.label(unknown=True)
                return
            settled = settle(known, fresh, lambda team: self._group(team, organization))
            users = await self._moved(run, organization, settled, fresh.values())
            key = key_of(self._provider, organization)
            groups = [Located(group, key) for group in settled.groups.values()]
            gone = [
                LocatedRef(self._names.group(organization, slug), key)
                for slug in settled.gone
            ]
            await run.apply(Delta(added=[*groups, *users], removed=gone, as_of=as_of))

    async def person(self, run: CatalogRun, organization: str, login: str) -> None:
        """Whether somebody belongs to an organization, and to which of its teams."""
        people = await self._reader.people(run, organization, [login])
        async with self._people:
            as_of = now()
            known = (await self._known.users([login])).get(login.lower())
            groups = await self._known.groups(organization)
            person = next(iter(people.values()), None)
            entity = known or (person and self._user(person))
            if entity is None:
                return
            member_of = texts(entity, "memberOf") - self._texts(organization, groups)
            organizations = organizations_of(entity) - {organization.lower()}
            if person is not None:
                text = self._names.member(person.login)
                inside = [
                    slug
                    for slug, group in groups.items()
                    if text in texts(group, "members")
                ]
                member_of |= self._texts(organization, inside)
                organizations |= {organization.lower()}
            if organizations:
                changed = with_membership(
                    entity, member_of=member_of, organizations=organizations
                )
                await run.apply(Delta(added=[changed], as_of=as_of))
            else:
                ref = self._names.user(login)
                await run.apply(Delta(removed=[ref], as_of=as_of))

    async def read(self, run: CatalogRun, organization: str) -> OrganizationRead:
        """An organization as it is now; empty when there is none."""
        try:
            return await self._reader.organization(run, organization)
        except NotFoundError:
            run.label(gone=True)
            return OrganizationRead(organization, {}, {})

    async def replace(
        self, run: CatalogRun, read: OrganizationRead, also: Sequence[str]
    ) -> None:
        """Make all that is known of an organization what was read of it.

        ``also`` are names that it had before.
        """
        async with self._people:
            # As of now, not as of the reading: it is joined with what others have said
            # of the same people since, and what changed since will be repeated.
            await run.apply(await self._merger.replaced([read], also, now()))

    async def merged(
        self, read: Sequence[OrganizationRead], unread: Iterable[str]
    ) -> list[Located | Entity]:
        """All entities, of organizations that were read and as known of those unread."""
        made = self._merger.rendered(read)
        for login in unread:
            await self._merger.keep(login, made)
        return [*made.groups, *made.users.values()]

    async def _moved(
        self,
        run: CatalogRun,
        organization: str,
        settled: Settled,
        teams: Iterable[Team | None],
    ) -> list[Entity]:
        """The users who joined or left a group."""
        logins = {
            self._names.member(login): login
            for team in teams
            if team is not None
            for login in team.members
        }
        members = settled.joined.keys() | settled.left.keys()
        known = await self._known.users(text.rpartition("/")[2] for text in members)
        strangers = [
            logins[text]
            for text in settled.joined
            if text in logins and logins[text].lower() not in known
        ]
        if strangers:
            people = await self._reader.people(run, organization, strangers)
            for person in people.values():
                entity = self._user(person)
                if entity is not None:
                    known[person.login.lower()] = entity
        moved: list[Entity] = []
        for text in members:
            user = known.get(text.rpartition("/")[2].lower())
            if user is None:
                continue
            member_of = texts(user, "memberOf")
            member_of -= self._texts(organization, settled.left.get(text, ()))
            member_of |= self._texts(organization, settled.joined.get(text, ()))
            organizations = organizations_of(user)
            if text in settled.joined:
                organizations |= {organization.lower()}
            moved.append(
                with_membership(user, member_of=member_of, organizations=organizations)
            )
        return moved

    def _texts(self, organization: str, slugs: Iterable[str]) -> set[str]:
        return {self._names.member_of(organization, slug) for slug in slugs}
