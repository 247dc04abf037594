"""Entities that repositories describe in their catalog files.

Owns the handlers: which event makes what be looked at. A push that touches no catalog
file asks GitHub nothing.
"""

import posixpath
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from callboard import every, on
from callboard_catalog import (
    Catalog,
    CatalogRun,
    EntityProvider,
)
from callboard_github.client import GitHub
from callboard_github.errors import (
    IncompleteReadError,
)
from callboard_github.events import (
    InstallationCreated,
    InstallationDeleted,
    InstallationRepositoriesAdded,
    InstallationRepositoriesRemoved,
    InstallationSuspend,
    InstallationTargetRenamed,
    InstallationUnsuspend,
    OrganizationDeleted,
    OrganizationRenamed,
    Push,
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
from callboard_github.names import Names
from callboard_github.repositories.code_owners import PLACES
from callboard_github.repositories.entities import (
    key_of,
    path_in,
)
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.known import known_files
from callboard_github.repositories.packages import Packages, in_folders
from callboard_github.repositories.parsing import Parser
from callboard_github.repositories.patterns import Patterns
from callboard_github.repositories.pushes import branch_of, is_vague, touches
from callboard_github.repositories.reading import Reader
from callboard_github.repositories.updating import Updater
from callboard_github.scope import Scope
from callboard_github.settings import OrganizationsSettings, RepositoriesSettings
from callboard_github.together import together


class Repositories(EntityProvider):
    """Entities out of the catalog files of an organization's repositories."""

    name = "repositories"
    timeout = 900.0
    """A full read may have to wait for the rate limit."""

    def __init__(
        self,
        catalog: Catalog,
        github: GitHub,
        scope: Scope,
        settings: RepositoriesSettings | None = None,
        *,
        names: Names | None = None,
        most_removed: float = 0.5,
    ) -> None:
        super().__init__(catalog)
        self.github = github
        self.scope = scope
        self.settings = settings or RepositoriesSettings()
        self.most_removed = most_removed
        self.patterns = Patterns(self.settings.paths)
        names = names or Names.chosen(OrganizationsSettings(), scope)
        chosen = self.settings
        parser = Parser(
            self.patterns.plain,
            owners=names if chosen.code_owners else None,
            packages=Packages(chosen.packages) if chosen.dependencies else None,
        )
        self._updater = Updater(
            provider=self.name,
            catalog=catalog,
            scope=scope,
            wanted=Filter(chosen),
            reader=Reader(github, self.patterns, parser, chosen.branch),
        )

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Connections to GitHub are open meanwhile."""
        async with self.github.opened(), super().opened():
            yield

    # One repository.

    @on(Push, ordered_by="repository.id")
    async def pushed(self, event: Push, run: CatalogRun) -> None:
        """The files are read anew if the branch that counts changed in one that matters."""
        repository = event.repository
        counts = self.settings.branch or repository.default_branch
        if branch_of(event) != counts:
            run.label(skipped=f"{event.ref} is not the branch that counts")
            return
        if not is_vague(event):
            prefix = key_of(self.name, repository.id)
            known = await known_files(self.catalog, self.name, prefix)
            paths = {path_in(key) for key in known}
            points = any(
                entity.kind == "Location"
                for file in known.values()
                for entity in file.entities.values()
            )

            beside: set[str] = set()
            if self.settings.code_owners:
                beside.update(PLACES)
            if self.settings.dependencies:
                beside.update(in_folders(map(posixpath.dirname, paths)))

            def matters(path: str) -> bool:
                followed = points and path.endswith((".yaml", ".yml"))
                known = path in paths or path in beside
                return followed or known or self.patterns.match(path)

            if not touches(event, matters):
                run.label(skipped="no catalog file was touched")
                return
        owner = repository.full_name.partition("/")[0]
        await self._updater.repository(run, owner, repository.id, repository.node_id)

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
        """Looked at anew with its filters: its files' entities come, change or go."""
        repository = event.repository
        owner = repository.full_name.partition("/")[0]
        await self._updater.repository(run, owner, repository.id, repository.node_id)

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
                            self._updater.repository,
                            run,
                            account.login,
                            repository.id,
                            repository.node_id,
                        )
                        start(f"refresh {repository.full_name}", call)

    # Whole organizations.

    @on(OrganizationRenamed)
    async def organization_renamed(
        self, event: OrganizationRenamed, run: CatalogRun
    ) -> None:
        """All repositories are read anew: each has another address."""
        old = event.changes and event.changes.login and event.changes.login.from_
        await self._renamed(run, old, event.organization.login)

    @on(InstallationTargetRenamed)
    async def target_renamed(
        self, event: InstallationTargetRenamed, run: CatalogRun
    ) -> None:
        """The same, as an app is told of it."""
        old, new = event.changes.login, event.account.login
        if new is not None and event.target_type == "Organization":
            await self._renamed(run, old and old.from_, new)

    @on(OrganizationDeleted)
    async def organization_deleted(
        self, event: OrganizationDeleted, run: CatalogRun
    ) -> None:
        """Its repositories' entities go."""
        await self._updater.owner(run, event.organization.login)

    @on(
        InstallationCreated,
        InstallationDeleted,
        InstallationSuspend,
        InstallationUnsuspend,
    )
    async def installation_changed(
        self,
        event: InstallationCreated
        | InstallationDeleted
        | InstallationSuspend
        | InstallationUnsuspend,
        run: CatalogRun,
    ) -> None:
        """All repositories are read, or go if the app can not read them any more.

        Those of organizations that are configured by name stay: the app may come back.
        """
        account = event.installation.account
        if account is None or account.login is None:
            return
        gone = isinstance(event, InstallationDeleted | InstallationSuspend)
        if gone and not self.scope.discovers:
            run.label(skipped=f"{account.login} is configured by name")
            return
        await self._updater.owner(run, account.login)

    async def _renamed(self, run: CatalogRun, old: str | None, new: str) -> None:
        if old is not None:
            self.scope.renamed(old, new)
        await self._updater.owner(run, new, past=old)

    # Everything.

    @every(hours=6)
    async def everything(self, run: CatalogRun) -> None:
        """All repositories are read; those of owners that could not be stay as known."""
        owners, failed = await self._updater.everything(run, self.most_removed)
        if failed:
            raise IncompleteReadError(failed, owners)
