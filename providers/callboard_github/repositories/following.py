"""Providers that follow repositories.

Owns the handlers that all of them have: which event about a repository, an organization
or an installation makes what be looked at.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from callboard import every, on
from callboard_catalog import Catalog, CatalogRun, EntityProvider
from callboard_github.client import GitHub
from callboard_github.errors import IncompleteReadError
from callboard_github.events import (
    InstallationCreated,
    InstallationDeleted,
    InstallationNewPermissionsAccepted,
    InstallationRepositoriesAdded,
    InstallationRepositoriesRemoved,
    InstallationSuspend,
    InstallationTargetRenamed,
    InstallationUnsuspend,
    OrganizationDeleted,
    OrganizationRenamed,
    RepositoryArchived,
    RepositoryCreated,
    RepositoryDeleted,
    RepositoryEdited,
    RepositoryPrivatized,
    RepositoryPublicized,
    RepositoryRenamed,
    RepositoryTransferred,
    RepositoryUnarchived,
)
from callboard_github.organization_events import Installation, installed_for, new_name
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.source import Source
from callboard_github.repositories.updating import Updater
from callboard_github.scope import Scope
from callboard_github.settings import RepositoriesSettings
from callboard_github.together import together


class Following(EntityProvider):
    """Entities that come, change and go with repositories.

    Args:
        catalog: Where they are written.
        github: Where repositories are.
        scope: Whose count.
        settings: Which of them.
        source: What each gives.
        most_removed: The largest share of its entities that a full read may remove.
    """

    timeout = 900.0
    """A full read may have to wait for the rate limit."""

    def __init__(
        self,
        catalog: Catalog,
        github: GitHub,
        scope: Scope,
        settings: RepositoriesSettings,
        source: Source,
        *,
        most_removed: float = 0.5,
    ) -> None:
        super().__init__(catalog)
        self.github = github
        self.scope = scope
        self.settings = settings
        self.most_removed = most_removed
        self.updater = Updater(
            provider=self.name,
            catalog=catalog,
            scope=scope,
            wanted=Filter(settings),
            source=source,
            github=github,
        )

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Connections to GitHub are open meanwhile."""
        async with self.github.opened(), super().opened():
            yield

    @on(
        RepositoryArchived,
        RepositoryCreated,
        RepositoryDeleted,
        RepositoryEdited,
        RepositoryPrivatized,
        RepositoryPublicized,
        RepositoryRenamed,
        RepositoryTransferred,
        RepositoryUnarchived,
        ordered_by="repository.id",
    )
    async def repository_changed(
        self,
        event: RepositoryArchived
        | RepositoryCreated
        | RepositoryDeleted
        | RepositoryEdited
        | RepositoryPrivatized
        | RepositoryPublicized
        | RepositoryRenamed
        | RepositoryTransferred
        | RepositoryUnarchived,
        run: CatalogRun,
    ) -> None:
        """Looked at anew with its filters: its entities come, change or go."""
        repository = event.repository
        owner = repository.full_name.partition("/")[0]
        await self.updater.repository(run, owner, repository.id, repository.node_id)

    @on(InstallationRepositoriesAdded, InstallationRepositoriesRemoved)
    async def access_changed(
        self,
        event: InstallationRepositoriesAdded | InstallationRepositoriesRemoved,
        run: CatalogRun,
    ) -> None:
        """Repositories that the app may see now are read; what it may not see goes."""
        account = event.installation.account
        if account is None or account.login is None:
            return
        async with together() as start:
            for some in (event.repositories_added, event.repositories_removed):
                for repository in some:
                    if repository.id is not None:
                        call = partial(
                            self.updater.repository,
                            run,
                            account.login,
                            repository.id,
                            repository.node_id,
                        )
                        start(f"refresh {repository.full_name}", call)

    # Whole organizations.

    @on(OrganizationRenamed, InstallationTargetRenamed)
    async def organization_renamed(
        self, event: OrganizationRenamed | InstallationTargetRenamed, run: CatalogRun
    ) -> None:
        """All repositories are read anew: each has another address."""
        if (renamed := new_name(event)) is not None:
            old, new = renamed
            if old is not None:
                self.scope.renamed(old, new)
            await self.updater.owner(run, new, past=old)

    @on(OrganizationDeleted)
    async def organization_deleted(
        self, event: OrganizationDeleted, run: CatalogRun
    ) -> None:
        """Its repositories' entities go."""
        await self.updater.owner(run, event.organization.login)

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
        """All repositories are read, or go if the app can not read them any more."""
        if (login := installed_for(event, self.scope, run)) is not None:
            await self.updater.owner(run, login)

    # Everything.

    @every(hours=6)
    async def everything(self, run: CatalogRun) -> None:
        """All repositories are read; those of owners that could not be stay as known."""
        owners, failed = await self.updater.everything(run, self.most_removed)
        if failed:
            raise IncompleteReadError(failed, owners)
