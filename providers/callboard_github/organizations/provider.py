"""Users and groups of organizations, kept current by every event that concerns them.

Owns the handlers. None of them believes a payload: it says what to look at, and GitHub
is asked how that is now. So deliveries may come twice, late or in another order, and a
payload that holds half of somebody never takes the other half away.
"""

import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from callboard import every, on
from callboard.clock import now
from callboard_catalog import (
    Catalog,
    CatalogRun,
    Delta,
    Entity,
    EntityProvider,
    Full,
    Located,
    LocatedRef,
)
from callboard_github.client import GitHub
from callboard_github.errors import GitHubError, IncompleteReadError, NotFoundError
from callboard_github.events import (
    InstallationCreated,
    InstallationDeleted,
    InstallationNewPermissionsAccepted,
    InstallationSuspend,
    InstallationTargetRenamed,
    InstallationUnsuspend,
    MembershipAdded,
    MembershipRemoved,
    OrganizationDeleted,
    OrganizationMemberAdded,
    OrganizationMemberRemoved,
    OrganizationRenamed,
    TeamCreated,
    TeamDeleted,
    TeamEdited,
)
from callboard_github.guard import check_removals
from callboard_github.organizations.answers import OrganizationRead, Person, Team
from callboard_github.organizations.entities import (
    Names,
    group_entity,
    key_of,
    organizations_of,
    texts,
    user_entity,
    with_membership,
)
from callboard_github.organizations.known import Known
from callboard_github.organizations.merging import Merger
from callboard_github.organizations.reading import Reader
from callboard_github.organizations.settling import Settled, settle, slugs_of
from callboard_github.scope import Scope
from callboard_github.settings import OrganizationsSettings
from callboard_github.together import together

logger = logging.getLogger(__name__)


class Organizations(EntityProvider):
    """Users and groups of GitHub organizations.

    Override ``user`` or ``group`` to give them another form, or to leave some out.
    """

    name = "organizations"
    timeout = 900.0
    """A full read may have to wait for the rate limit."""

    def __init__(
        self,
        catalog: Catalog,
        github: GitHub,
        scope: Scope,
        settings: OrganizationsSettings | None = None,
        *,
        most_removed: float = 0.5,
    ) -> None:
        super().__init__(catalog)
        self.github = github
        self.scope = scope
        self.settings = settings or OrganizationsSettings()
        self.most_removed = most_removed
        chosen = self.settings.namespaces
        own = chosen == "organization" or (chosen == "automatic" and not scope.alone)
        self.names = Names(own_namespaces=own)
        self.known = Known(catalog, self.name, self.names)
        self.merger = Merger(
            provider=self.name,
            names=self.names,
            known=self.known,
            user=self._user,
            group=self.group,
        )
        self.reader = Reader(
            github,
            verified_emails=self.settings.verified_emails,
            suspensions=not self.settings.suspended,
        )

    def user(self, person: Person) -> Entity | None:
        """The entity of a person, without memberships; None leaves them out.

        Its name must stay the login.
        """
        return user_entity(person)

    def group(self, team: Team, organization: str) -> Entity | None:
        """The entity of a team; None leaves it out. Its ref must stay as it is."""
        return group_entity(team, organization, self.names)

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Connections to GitHub are open meanwhile."""
        async with self.github.opened(), super().opened():
            yield

    # Teams.

    @on(TeamCreated, TeamDeleted, TeamEdited, ordered_by="organization.login")
    async def team_changed(
        self, event: TeamCreated | TeamDeleted | TeamEdited, run: CatalogRun
    ) -> None:
        """A team came, went, or has another name, description, privacy or parent."""
        deleted = isinstance(event, TeamDeleted)
        await self._team(
            run,
            event.organization.login,
            team=event.team.id,
            slug=event.team.slug,
            node_id=None if deleted else event.team.node_id,
        )

    @on(MembershipAdded, MembershipRemoved, ordered_by="organization.login")
    async def membership_changed(
        self, event: MembershipAdded | MembershipRemoved, run: CatalogRun
    ) -> None:
        """Somebody joined or left a team, or the team they were in is no more."""
        deleted = bool(event.team.deleted)
        await self._team(
            run,
            event.organization.login,
            team=event.team.id,
            slug=event.team.slug,
            node_id=None if deleted else event.team.node_id,
        )

    async def _team(
        self,
        run: CatalogRun,
        organization: str,
        *,
        team: int,
        slug: str | None,
        node_id: str | None,
    ) -> None:
        if not await self._ours(run, organization):
            return
        as_of = now()
        known = await self.known.groups(organization)
        slugs = [*slugs_of(known, team), *([slug] if slug else [])]
        if not slugs and node_id is None:
            run.label(unknown=True)
            return
        fresh = await self.reader.teams(run, organization, slugs, node_id)
        render = partial(self.group, organization=organization)
        settled = settle(known, fresh, render)
        users = await self._moved(run, organization, settled, fresh.values())
        key = key_of(self.name, organization)
        groups = [Located(group, key) for group in settled.groups.values()]
        gone = [
            LocatedRef(self.names.group(organization, slug), key)
            for slug in settled.gone
        ]
        await run.apply(Delta(added=[*groups, *users], removed=gone, as_of=as_of))

    async def _moved(
        self,
        run: CatalogRun,
        organization: str,
        settled: Settled,
        teams: Iterable[Team | None],
    ) -> list[Entity]:
        """The users who joined or left a group."""
        logins = {
            self.names.member(login): login
            for team in teams
            if team is not None
            for login in team.members
        }
        texts_ = settled.joined.keys() | settled.left.keys()
        known = await self.known.users(text.rpartition("/")[2] for text in texts_)
        strangers = [
            logins[text]
            for text in settled.joined
            if text in logins and logins[text].lower() not in known
        ]
        if strangers:
            people = await self.reader.people(run, organization, strangers)
            for person in people.values():
                entity = self._user(person)
                if entity is not None:
                    known[person.login.lower()] = entity
        moved: list[Entity] = []
        for text in texts_:
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

    # People.

    @on(
        OrganizationMemberAdded,
        OrganizationMemberRemoved,
        ordered_by="organization.login",
    )
    async def member_changed(
        self,
        event: OrganizationMemberAdded | OrganizationMemberRemoved,
        run: CatalogRun,
    ) -> None:
        """Somebody joined or left an organization."""
        organization = event.organization.login
        user = event.membership.user
        if user is None or not await self._ours(run, organization):
            return
        as_of = now()
        people = await self.reader.people(run, organization, [user.login])
        known = (await self.known.users([user.login])).get(user.login.lower())
        groups = await self.known.groups(organization)
        person = next(iter(people.values()), None)
        entity = known or (person and self._user(person))
        if entity is None:
            return
        member_of = texts(entity, "memberOf") - self._texts(organization, groups)
        organizations = organizations_of(entity) - {organization.lower()}
        if person is not None:
            text = self.names.member(person.login)
            inside = [
                s for s, group in groups.items() if text in texts(group, "members")
            ]
            member_of |= self._texts(organization, inside)
            organizations |= {organization.lower()}
        if not organizations:
            await run.apply(Delta(removed=[self.names.user(user.login)], as_of=as_of))
            return
        changed = with_membership(
            entity, member_of=member_of, organizations=organizations
        )
        await run.apply(Delta(added=[changed], as_of=as_of))

    # Whole organizations.

    @on(OrganizationRenamed, ordered_by="organization.login")
    async def organization_renamed(
        self, event: OrganizationRenamed, run: CatalogRun
    ) -> None:
        """An organization has another login."""
        old = event.changes and event.changes.login and event.changes.login.from_
        await self._renamed(run, old, event.organization.login)

    @on(InstallationTargetRenamed, ordered_by="account.login")
    async def target_renamed(
        self, event: InstallationTargetRenamed, run: CatalogRun
    ) -> None:
        """An organization that the app is installed on has another login."""
        new, old = event.account.login, event.changes.login
        if new is not None and event.target_type == "Organization":
            await self._renamed(run, old and old.from_, new)

    async def _renamed(self, run: CatalogRun, old: str | None, new: str) -> None:
        if old is not None and self.scope.renamed(old, new):
            message = "organization %s is now %s: change [github] organizations"
            logger.warning(message, old, new)
        await self.scope.changed(run)
        # The name may be another organization's by now, which is none to be replaced.
        past = [old] if old and not await self.scope.covers(run, old) else []
        if await self.scope.covers(run, new):
            await self._whole(run, new, also=past)
        else:
            # Renamed once more since; that event reads it under its last name.
            for name in past:
                await self._forget(run, name)

    @on(OrganizationDeleted, ordered_by="organization.login")
    async def organization_deleted(
        self, event: OrganizationDeleted, run: CatalogRun
    ) -> None:
        """An organization is no more."""
        await self.scope.changed(run)
        if await self.scope.covers(run, event.organization.login):
            await self._whole(run, event.organization.login)
        else:
            await self._forget(run, event.organization.login)

    @on(
        InstallationCreated,
        InstallationDeleted,
        InstallationNewPermissionsAccepted,
        InstallationSuspend,
        InstallationUnsuspend,
        ordered_by="installation.account.login",
    )
    async def installation_changed(
        self,
        event: InstallationCreated
        | InstallationDeleted
        | InstallationNewPermissionsAccepted
        | InstallationSuspend
        | InstallationUnsuspend,
        run: CatalogRun,
    ) -> None:
        """The app can, or can no longer, read an organization."""
        account = event.installation.account
        if account is None or account.login is None:
            return
        await self.scope.changed(run)
        if self.scope.discovers and not await self.scope.covers(run, account.login):
            await self._forget(run, account.login)
        elif await self._ours(run, account.login) and not isinstance(
            event, InstallationDeleted | InstallationSuspend
        ):
            await self._whole(run, account.login)

    async def _whole(
        self, run: CatalogRun, organization: str, also: Sequence[str] = ()
    ) -> None:
        """Read an organization anew; ``also`` are names that it had before."""
        as_of = now()
        try:
            read = await self.reader.organization(run, organization)
        except NotFoundError:
            run.label(gone=True)
            read = OrganizationRead(organization, {}, {})
        await run.apply(await self.merger.replaced([read], also, as_of))

    async def _forget(self, run: CatalogRun, organization: str) -> None:
        nobody = OrganizationRead(organization, {}, {})
        await run.apply(await self.merger.replaced([nobody], (), now()))

    # Everything.

    @every(hours=6)
    async def everything(self, run: CatalogRun) -> None:
        """Read every organization; what one of them could not tell stays as it was."""
        as_of = now()
        logins = await self.scope.all(run)
        read: list[OrganizationRead] = []
        failed: dict[str, GitHubError] = {}

        async def one(login: str) -> None:
            try:
                read.append(await self.reader.organization(run, login))
            except GitHubError as error:
                failed[login] = error
            run.progress(len(read) + len(failed), len(logins), "organizations")

        async with together() as start:
            for login in logins:
                start(f"read {login}", partial(one, login))
        if failed and not read:
            raise next(iter(failed.values()))
        made = self.merger.rendered(read)
        for login in failed:
            await self.merger.keep(login, made)
        full = Full([*made.groups, *made.users.values()], as_of=as_of)
        await check_removals(self.catalog, self.name, full, self.most_removed)
        await run.apply(full)
        if failed:
            raise IncompleteReadError(failed, len(logins))

    # What is known.

    async def _ours(self, run: CatalogRun, organization: str) -> bool:
        ours = await self.scope.covers(run, organization)
        if not ours:
            run.label(skipped=f"{organization} is not ours")
        return ours

    def _user(self, person: Person) -> Entity | None:
        if person.suspended_at is not None and not self.settings.suspended:
            return None
        return self.user(person)

    def _texts(self, organization: str, slugs: Iterable[str]) -> set[str]:
        return {self.names.member_of(organization, slug) for slug in slugs}
