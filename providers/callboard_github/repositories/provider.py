"""Entities that repositories describe in their catalog files.

Owns the handlers. Each of them asks GitHub how a repository is now, so that deliveries
may come twice, late or in another order; a push that touches no catalog file asks
nothing.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from callboard import every, on
from callboard.clock import now
from callboard_catalog import (
    Catalog,
    CatalogRun,
    EntityProvider,
    Full,
    Located,
    Rejected,
)
from callboard_catalog.reading import claimed
from callboard_github.client import GitHub
from callboard_github.errors import (
    GitHubError,
    IncompleteReadError,
    NotFoundError,
    NotInstalledError,
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
from callboard_github.guard import check_removals
from callboard_github.repositories.answers import Contents, Files, Repository
from callboard_github.repositories.entities import (
    key_of,
    owner_of,
    path_in,
    prefix_in,
)
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.known import Known, known_files
from callboard_github.repositories.mutating import (
    given_by,
    given_by_all,
    mutations_of,
    report,
)
from callboard_github.repositories.patterns import Patterns
from callboard_github.repositories.pushes import branch_of, is_vague, touches
from callboard_github.repositories.reading import Reader
from callboard_github.scope import Scope
from callboard_github.settings import RepositoriesSettings
from callboard_github.together import together
from callboard_github.turns import Turns


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
        most_removed: float = 0.5,
    ) -> None:
        super().__init__(catalog)
        self.github = github
        self.scope = scope
        self.settings = settings or RepositoriesSettings()
        self.most_removed = most_removed
        self.filter = Filter(self.settings)
        self.patterns = Patterns(self.settings.paths)
        self.reader = Reader(github, self.patterns, self.settings.branch)
        self._turns = Turns[CatalogRun]()

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

            def matters(path: str) -> bool:
                followed = points and path.endswith((".yaml", ".yml"))
                return followed or path in paths or self.patterns.match(path)

            if not touches(event, matters):
                run.label(skipped="no catalog file was touched")
                return
        owner = repository.full_name.partition("/")[0]
        await self._refresh(run, owner, repository.id, repository.node_id)

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
        await self._refresh(run, owner, repository.id, repository.node_id)

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
                            self._refresh,
                            run,
                            account.login,
                            repository.id,
                            repository.node_id,
                        )
                        start(f"refresh {repository.full_name}", call)

    async def _refresh(
        self, run: CatalogRun, owner: str, id_: int, node_id: str | None
    ) -> None:
        """Make what is known of a repository what GitHub says now."""

        async def work(run: CatalogRun) -> None:
            await self._refreshed(run, owner, id_, node_id)

        async with self._turns.single(id_, work):
            await work(run)

    async def _refreshed(
        self, run: CatalogRun, owner: str, id_: int, node_id: str | None
    ) -> None:
        as_of = now()
        if node_id is None or not await self.scope.covers(run, owner):
            # Of an organization that has another name by now, too: its renaming is a
            # delivery of its own.
            run.label(skipped=f"{owner} is not ours")
            return
        try:
            found = await self.reader.repository(run, owner, node_id)
        except NotInstalledError as error:
            run.label(skipped=str(error))
            return
        contents = await self._counting(run, found)
        prefix = key_of(self.name, id_)
        known = await known_files(self.catalog, self.name, prefix)
        given: list[Located] = []
        rejected: list[Rejected] = []
        if contents is not None:
            report([contents])
            given, rejected = given_by(self.name, contents)
        for mutation in mutations_of(known, given, rejected, as_of):
            await run.apply(mutation)

    async def _counting(
        self, run: CatalogRun, found: Files | Repository | None
    ) -> Contents | None:
        """A repository's files; None when it is gone, not ours or does not count."""
        if found is None:
            run.label(gone=True)
            return None
        repository = found.repository if isinstance(found, Files) else found
        if not await self.scope.covers(run, repository.owner):
            run.label(skipped=f"{repository.owner} is not ours")
            return None
        if (reason := self.filter.reason(repository)) is not None:
            run.label(skipped=reason)
            return None
        return await self.reader.contents(run, found)

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
        await self._whole(run, event.organization.login)

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
        await self._whole(run, account.login)

    async def _renamed(self, run: CatalogRun, old: str | None, new: str) -> None:
        if old is not None:
            self.scope.renamed(old, new)
        await self._whole(run, new, past=old)

    async def _whole(
        self, run: CatalogRun, login: str, past: str | None = None
    ) -> None:
        """Bring all repositories of an owner up to date, whatever it was called."""

        async def work(run: CatalogRun) -> None:
            as_of = now()
            owners, read = await self._look(run, login, past)
            await self._replace(run, owners, read, as_of)

        subject = ("owner", login.lower())
        async with self._turns.reading(subject, work) as meanwhile:
            as_of = now()
            owners, read = await self._look(run, login, past)
            async with self._turns.alone():
                await self._replace(run, owners, read, as_of)
                for again in list(meanwhile.values()):
                    await again(run)

    async def _look(
        self, run: CatalogRun, login: str, past: str | None
    ) -> tuple[set[str], list[Contents]]:
        """Names of an owner whose repositories are to be replaced, and by which."""
        await self.scope.changed(run)
        owners: set[str] = set()
        # The name may be another owner's by now, which is none to be replaced.
        if past is not None and not await self.scope.covers(run, past):
            owners.add(past.lower())
        if await self.scope.covers(run, login):
            owners.add(login.lower())
            try:
                return owners, await self.reader.organization(run, login, self.filter)
            except NotFoundError:
                run.label(gone=True)
                return owners, []
        if not self.scope.discovers:
            run.label(skipped=f"{login} is not ours")
            return set(), []
        return (owners if past is not None else {login.lower()}), []

    async def _replace(
        self, run: CatalogRun, owners: set[str], read: Sequence[Contents], as_of: float
    ) -> None:
        """Make what is known of some owners' repositories what was read."""
        report(read)
        given, rejected = given_by_all(self.name, read)
        known = await known_files(self.catalog, self.name, f"{self.name}/")
        read_now = {key_of(self.name, contents.repository.id) for contents in read}
        if owners:
            read_now |= await self._lost(run, known, read_now)
        here = {
            key: file
            for key, file in known.items()
            if prefix_in(key) in read_now
            or any(owner_of(entity) in owners for entity in file.entities.values())
        }
        for mutation in mutations_of(here, given, rejected, as_of):
            await run.apply(mutation)

    async def _lost(
        self, run: CatalogRun, known: Known, read_now: set[str]
    ) -> set[str]:
        """Prefixes of repositories that have nothing but bad files, and are not ours.

        No entity of theirs says whose they are, so GitHub is asked.
        """
        owned = {prefix_in(key) for key, file in known.items() if file.entities}
        bad = {prefix_in(key) for key in known} - owned - read_now
        if not bad:
            return set()
        logins = await self.scope.all(run)
        return {
            prefix
            for prefix in bad
            if not await self.reader.reached(run, int(prefix.split("/")[1]), logins)
        }

    # Everything.

    @every(hours=6)
    async def everything(self, run: CatalogRun) -> None:
        """All repositories are read; those of owners that could not be stay as known."""
        as_of = now()
        async with self._turns.reading() as meanwhile:
            logins = await self.scope.all(run)
            read, failed = await self._read(run, logins)
            if failed and len(failed) == len(logins):
                raise next(iter(failed.values()))
            report(read)
            given, rejected = given_by_all(self.name, read)
            async with self._turns.alone():
                lost = {login.lower() for login in failed}
                if lost:
                    owned = await self.catalog.database.read(
                        lambda connection: claimed(connection, self.name)
                    )
                    given += [o for o in owned if owner_of(o.entity) in lost]
                full = Full(given, rejected=rejected, as_of=as_of)
                await check_removals(self.catalog, self.name, full, self.most_removed)
                await run.apply(full)
                for again in list(meanwhile.values()):
                    await again(run)
        if failed:
            raise IncompleteReadError(failed, len(logins))

    async def _read(
        self, run: CatalogRun, logins: Sequence[str]
    ) -> tuple[list[Contents], dict[str, GitHubError]]:
        """What some owners' repositories hold, and whose could not be read."""
        read: list[Contents] = []
        failed: dict[str, GitHubError] = {}
        done = 0

        async def one(login: str) -> None:
            nonlocal done
            try:
                read.extend(await self.reader.organization(run, login, self.filter))
            except GitHubError as error:
                failed[login] = error
            done += 1
            run.progress(done, len(logins), "organizations")

        async with together() as start:
            for login in logins:
                start(f"read {login}", partial(one, login))
        return read, failed
