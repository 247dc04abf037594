"""Users and groups of organizations, kept current by every event that concerns them.

Owns the handlers: what each event makes the provider look at. ``updating`` looks.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias

from callboard import every, on
from callboard.clock import now
from callboard_catalog import Catalog, CatalogRun, Entity, EntityProvider, Full
from callboard_github.client import GitHub
from callboard_github.errors import (
    GitHubError,
    IncompleteReadError,
    NotInstalledError,
)
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
from callboard_github.names import Names
from callboard_github.organization_events import Installation, installed_for, new_name
from callboard_github.organizations.answers import OrganizationRead, Person, Team
from callboard_github.organizations.entities import group_entity, user_entity
from callboard_github.organizations.known import Known
from callboard_github.organizations.reading import Reader
from callboard_github.organizations.updating import Updater
from callboard_github.scope import Scope
from callboard_github.settings import OrganizationsSettings
from callboard_github.together import together
from callboard_github.turns import Turns

logger = logging.getLogger(__name__)

_Change: TypeAlias = Callable[[CatalogRun], Awaitable[None]]


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
        self.names = Names.chosen(self.settings, scope)
        self.reader = Reader(
            github,
            verified_emails=self.settings.verified_emails,
            suspensions=not self.settings.suspended,
        )
        self._updater = Updater(
            provider=self.name,
            names=self.names,
            known=Known(catalog, self.name, self.names),
            reader=self.reader,
            user=self._user,
            group=self.group,
        )
        self._turns = Turns[CatalogRun]()

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

    @on(TeamCreated, TeamDeleted, TeamEdited)
    async def team_changed(
        self, event: TeamCreated | TeamDeleted | TeamEdited, run: CatalogRun
    ) -> None:
        """The team is read anew: its name, description, parent, children, members."""
        deleted = isinstance(event, TeamDeleted)
        await self._team(
            run,
            event.organization.login,
            team=event.team.id,
            slug=event.team.slug,
            node_id=None if deleted else event.team.node_id,
        )

    @on(MembershipAdded, MembershipRemoved)
    async def membership_changed(
        self, event: MembershipAdded | MembershipRemoved, run: CatalogRun
    ) -> None:
        """The team is read anew, and with it the memberships of whoever came or went."""
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
        change = partial(
            self._updater.team,
            organization=organization,
            team=team,
            slug=slug,
            node_id=node_id,
        )
        await self._single(run, organization, (team, slug), change)

    # People.

    @on(OrganizationMemberAdded, OrganizationMemberRemoved)
    async def member_changed(
        self,
        event: OrganizationMemberAdded | OrganizationMemberRemoved,
        run: CatalogRun,
    ) -> None:
        """The person is read anew; whoever is in none of the organizations goes."""
        organization = event.organization.login
        user = event.membership.user
        if user is not None:
            change = partial(
                self._updater.person, organization=organization, login=user.login
            )
            subject = (organization.lower(), user.login.lower())
            await self._single(run, organization, subject, change)

    async def _single(
        self, run: CatalogRun, organization: str, subject: object, change: _Change
    ) -> None:
        """Bring one thing of an organization up to date, if that is ours."""

        async def work(run: CatalogRun) -> None:
            if not await self.scope.covers(run, organization):
                run.label(skipped=f"{organization} is not ours")
                return
            try:
                await change(run)
            except NotInstalledError as error:
                run.label(skipped=str(error))

        async with self._turns.single(subject, work):
            await work(run)

    # Whole organizations.

    @on(OrganizationRenamed, InstallationTargetRenamed)
    async def organization_renamed(
        self, event: OrganizationRenamed | InstallationTargetRenamed, run: CatalogRun
    ) -> None:
        """All of the organization is read anew under its new login."""
        if (renamed := new_name(event)) is not None:
            await self._renamed(run, *renamed)

    async def _renamed(self, run: CatalogRun, old: str | None, new: str) -> None:
        if old is not None and self.scope.renamed(old, new):
            message = "organization %s is now %s: change [github] organizations"
            logger.warning(message, old, new)
        await self._whole(run, new, past=old)

    @on(OrganizationDeleted)
    async def organization_deleted(
        self, event: OrganizationDeleted, run: CatalogRun
    ) -> None:
        """Its groups go, and so do people who are in no other organization."""
        await self._whole(run, event.organization.login)

    @on(
        InstallationCreated,
        InstallationDeleted,
        InstallationNewPermissionsAccepted,
        InstallationSuspend,
        InstallationUnsuspend,
    )
    async def installation_changed(
        self,
        event: Installation,
        run: CatalogRun,
    ) -> None:
        """All of the organization is read, or goes if the app can not read it."""
        if (login := installed_for(event, self.scope, run)) is not None:
            await self._whole(run, login)

    async def _whole(
        self, run: CatalogRun, organization: str, past: str | None = None
    ) -> None:
        """Bring all of an organization up to date, and what it was called before."""

        async def work(run: CatalogRun) -> None:
            read, also = await self._look(run, organization, past)
            if read is not None:
                await self._updater.replace(run, read, also)

        subject = (organization.lower(), None)
        async with self._turns.reading(subject, work) as meanwhile:
            read, also = await self._look(run, organization, past)
            async with self._turns.alone():
                if read is not None:
                    await self._updater.replace(run, read, also)
                for again in list(meanwhile.values()):
                    await again(run)

    async def _look(
        self, run: CatalogRun, organization: str, past: str | None
    ) -> tuple[OrganizationRead | None, list[str]]:
        """What an organization is now, and under which other names it may be known."""
        await self.scope.changed(run)
        # The name may be another organization's by now, which is none to be replaced.
        free = past is not None and not await self.scope.covers(run, past)
        if await self.scope.covers(run, organization):
            also = [past] if past is not None and free else []
            return await self._updater.read(run, organization), also
        # Renamed once more since: that event reads it under its last name.
        gone = organization if past is None else past
        if (past is not None and not free) or not self.scope.discovers:
            run.label(skipped=f"{organization} is not ours")
            return None, []
        return OrganizationRead(gone, {}, {}), []

    # Everything.

    @every(hours=6)
    async def everything(self, run: CatalogRun) -> None:
        """All organizations are read; what one could not tell stays as it was."""
        async with self._turns.reading() as meanwhile:
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
            async with self._turns.alone():
                entities = await self._updater.merged(read, failed)
                # As of now: groups and their users must be of one moment, and what
                # changed since the reading is repeated below.
                full = Full(entities, as_of=now())
                await check_removals(self.catalog, self.name, full, self.most_removed)
                await run.apply(full)
                for again in list(meanwhile.values()):
                    await again(run)
        if failed:
            raise IncompleteReadError(failed, len(logins))

    def _user(self, person: Person) -> Entity | None:
        if person.suspended_at is not None and not self.settings.suspended:
            return None
        return self.user(person)
