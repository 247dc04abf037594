"""Bringing repositories up to date.

Owns what an event leads to. None of this believes a payload: GitHub is asked how a
repository, or all of an owner's, is now, and what the catalog knows is made that.
"""

from collections.abc import Sequence
from functools import partial

from callboard.clock import now
from callboard_catalog import Catalog, CatalogRun, Delta, Full
from callboard_catalog.reading import claimed
from callboard_github.client import GitHub
from callboard_github.errors import GitHubError, NotFoundError, NotInstalledError
from callboard_github.guard import check_removals
from callboard_github.repositories.answers import Files, Repository
from callboard_github.repositories.entities import key_of, owner_of, prefix_in
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.known import Known, known_files
from callboard_github.repositories.listing import is_reached
from callboard_github.repositories.mutating import mutations_of
from callboard_github.repositories.source import Findings, Source
from callboard_github.scope import Scope
from callboard_github.together import together
from callboard_github.turns import Turns


class Updater:
    """Changes what one provider says of repositories.

    Args:
        provider: Its name.
        catalog: What is known.
        scope: Whose repositories count.
        wanted: Which of them.
        source: What repositories give.
        github: Knows whose repositories are.
    """

    def __init__(
        self,
        *,
        provider: str,
        catalog: Catalog,
        scope: Scope,
        wanted: Filter,
        source: Source,
        github: GitHub,
    ) -> None:
        self._provider = provider
        self._catalog = catalog
        self._scope = scope
        self._wanted = wanted
        self._source = source
        self._github = github
        self._turns = Turns[CatalogRun]()

    async def repository(
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
        if node_id is None or not await self._scope.covers(run, owner):
            # Of an organization that has another name by now, too: its renaming is a
            # delivery of its own.
            run.label(skipped=f"{owner} is not ours")
            return
        prefix = key_of(self._provider, id_)
        known = await known_files(self._catalog, self._provider, prefix)
        try:
            found = await self._found(run, owner, node_id, known)
        except NotInstalledError as error:
            run.label(skipped=str(error))
            return
        findings = await self._counting(run, found)
        read = [] if findings is None else [findings]
        for mutation in self._mutations(known, read, as_of):
            await run.apply(mutation)

    async def _found(
        self, run: CatalogRun, owner: str, node_id: str, known: Known
    ) -> Files | Repository | None:
        """A repository as it is now, asked for in the name of who can see it.

        An event that comes late may name an earlier owner, to whom it is gone: whoever
        has it as far as is known is asked too, before it is taken for gone.
        """
        found = await self._source.repository(run, owner, node_id)
        if found is not None or not known:
            return found
        entities = [e for file in known.values() for e in file.entities.values()]
        others = {owner_of(entity) for entity in entities}
        # Bad files alone do not tell whose they are.
        for login in sorted(others) if others else await self._scope.all(run):
            if login.lower() != owner.lower() and await self._scope.covers(run, login):
                found = await self._source.repository(run, login, node_id)
                if found is not None:
                    return found
        return None

    def _mutations(
        self, known: Known, read: Sequence[Findings], as_of: float
    ) -> list[Full | Delta]:
        given = [located for findings in read for located in findings.given]
        rejected = [bad for findings in read for bad in findings.rejected]
        supplementing = self._source.supplements
        return mutations_of(known, given, rejected, as_of, supplementing)

    async def _counting(
        self, run: CatalogRun, found: Files | Repository | None
    ) -> Findings | None:
        """What a repository gives; None when it is gone, not ours or does not count."""
        if found is None:
            run.label(gone=True)
            return None
        repository = found.repository if isinstance(found, Files) else found
        if not await self._scope.covers(run, repository.owner):
            run.label(skipped=f"{repository.owner} is not ours")
            return None
        if (reason := self._wanted.reason(repository)) is not None:
            run.label(skipped=reason)
            return None
        return await self._source.findings(run, found)

    async def owner(self, run: CatalogRun, login: str, past: str | None = None) -> None:
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
    ) -> tuple[set[str], list[Findings]]:
        """Names of an owner whose repositories are to be replaced, and by which."""
        await self._scope.changed(run)
        owners: set[str] = set()
        # The name may be another owner's by now, which is none to be replaced.
        if past is not None and not await self._scope.covers(run, past):
            owners.add(past.lower())
        if await self._scope.covers(run, login):
            owners.add(login.lower())
            try:
                return owners, await self._source.organization(run, login, self._wanted)
            except NotFoundError:
                run.label(gone=True)
                return owners, []
        if not self._scope.discovers:
            run.label(skipped=f"{login} is not ours")
            return set(), []
        return (owners if past is not None else {login.lower()}), []

    async def _replace(
        self, run: CatalogRun, owners: set[str], read: Sequence[Findings], as_of: float
    ) -> None:
        """Make what is known of some owners' repositories what was read."""
        known = await known_files(self._catalog, self._provider, f"{self._provider}/")
        read_now = {key_of(self._provider, findings.repository.id) for findings in read}
        if owners:
            read_now |= await self._lost(run, known, read_now)
        here = {
            key: file
            for key, file in known.items()
            if prefix_in(key) in read_now
            or any(owner_of(entity) in owners for entity in file.entities.values())
        }
        for mutation in self._mutations(here, read, as_of):
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
        logins = await self._scope.all(run)
        return {
            prefix
            for prefix in bad
            if not await is_reached(
                run, self._github, int(prefix.split("/")[1]), logins
            )
        }

    async def everything(
        self, run: CatalogRun, most_removed: float
    ) -> tuple[int, dict[str, GitHubError]]:
        """Make all that is known what could be read of all owners.

        Gives how many owners there are, and the errors of those that could not be read;
        what is known of these stays. More than the share ``most_removed`` of all
        entities is not removed.

        Raises:
            GitHubError: None could be read.
            TooManyRemovedError: It would remove more than that.
        """
        as_of = now()
        async with self._turns.reading() as meanwhile:
            logins = await self._scope.all(run)
            read, failed = await self._read(run, logins)
            if failed and len(failed) == len(logins):
                raise next(iter(failed.values()))
            given = [located for findings in read for located in findings.given]
            rejected = [bad for findings in read for bad in findings.rejected]
            async with self._turns.alone():
                lost = {login.lower() for login in failed}
                if lost:
                    owned = await self._catalog.database.read(
                        lambda connection: claimed(connection, self._provider)
                    )
                    given += [o for o in owned if owner_of(o.entity) in lost]
                full = Full(
                    given,
                    rejected=rejected,
                    as_of=as_of,
                    supplements=self._source.supplements(given),
                )
                await check_removals(self._catalog, self._provider, full, most_removed)
                await run.apply(full)
                for again in list(meanwhile.values()):
                    await again(run)
        return len(logins), failed

    async def _read(
        self, run: CatalogRun, logins: Sequence[str]
    ) -> tuple[list[Findings], dict[str, GitHubError]]:
        """What some owners' repositories hold, and whose could not be read."""
        read: list[Findings] = []
        failed: dict[str, GitHubError] = {}
        done = 0

        async def one(login: str) -> None:
            nonlocal done
            try:
                read.extend(await self._source.organization(run, login, self._wanted))
            except GitHubError as error:
                failed[login] = error
            done += 1
            run.progress(done, len(logins), "organizations")

        async with together() as start:
            for login in logins:
                start(f"read {login}", partial(one, login))
        return read, failed
