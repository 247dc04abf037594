"""Catalog files, read from GitHub.

Owns the way from an organization to the files that its repositories hold: repositories
are listed page by page while the files of those already listed are read in batches.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import anyio.to_thread

from callboard_catalog import CatalogFile, Problem
from callboard_catalog.catalog_file import LARGEST_FILE
from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.repositories import code_owners, targets
from callboard_github.repositories.answers import (
    Blob,
    Contents,
    EncodedBlob,
    Files,
    Repository,
)
from callboard_github.repositories.asking import (
    Question,
    blobs_in,
    files_at,
)
from callboard_github.repositories.code_owners import CodeOwners, read_code_owners
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.listing import list_repositories
from callboard_github.repositories.parsing import Parser, Text
from callboard_github.repositories.patterns import Patterns
from callboard_github.repositories.trees import paths_in
from callboard_github.together import together

_BATCH = 50
_DEEPEST = 10


class Reader:
    """Reads repositories.

    Args:
        github: Where from.
        patterns: Which files.
        parser: What is made of them.
        branch: Instead of the default branches.
    """

    def __init__(
        self,
        github: GitHub,
        patterns: Patterns,
        parser: Parser,
        branch: str | None = None,
    ) -> None:
        self._github = github
        self._patterns = patterns
        self._parser = parser
        self._question = Question(parser.asked, branch)

    async def organization(
        self, run: Caller, login: str, wanted: Filter
    ) -> list[Contents]:
        """The catalog files of all repositories that count.

        Raises:
            GitHubError: Some of it could not be read.
        """
        found: list[Contents] = []

        async def read(some: Sequence[Repository]) -> None:
            found.extend(await self._batch(run, login, some))

        async with together() as start:

            def page(counting: Sequence[Repository]) -> None:
                for index in range(0, len(counting), _BATCH):
                    some = counting[index : index + _BATCH]
                    names = f"{some[0].name} … {some[-1].name}"
                    start(f"files of {names}", partial(read, some))

            await list_repositories(run, self._github, login, wanted, page)
        return found

    async def repository(
        self, run: Caller, account: str, node_id: str
    ) -> Files | Repository | None:
        """A repository as it is now, with the files whose paths are known.

        None when there is none, or none that is shown; only the repository when the
        branch is not there.
        """
        query, variables = self._question.of_one(node_id)
        answer = await self._github.query(run, query, variables, account=account)
        return self._question.answered(answer.get("node"))

    async def contents(self, run: Caller, found: Files | Repository) -> Contents:
        """All that a repository's files give; Location targets are followed."""
        if isinstance(found, Repository):
            return Contents(found, None, {})
        rules = await self._rules(run, found)
        wanted = [path for path in self._patterns.plain if path in found.blobs]
        if self._patterns.globs:
            wanted += await paths_in(
                run, self._github, found.repository, found.commit, self._patterns.match
            )
        files: dict[str, CatalogFile] = {}
        for _ in range(_DEEPEST + 1):
            texts = await self._texts(run, found, wanted)
            files |= await anyio.to_thread.run_sync(self._parser.files, texts, rules)
            wanted = await self._targets(run, found, files)
            if not wanted:
                break
        manifests = await self._texts(run, found, self._parser.manifests_of(files))
        if manifests:
            files = await anyio.to_thread.run_sync(
                self._parser.with_packages, files, manifests, found.repository
            )
        return Contents(found.repository, found.branch, files)

    async def _rules(self, run: Caller, found: Files) -> CodeOwners | None:
        """The CODEOWNERS of a repository; None for one that GitHub would not load."""
        place = self._parser.place_of_rules(found.blobs)
        if place is None:
            return None
        text = await self._text(
            run, found.repository, found.blobs[place], code_owners.LARGEST_FILE
        )
        if isinstance(text, Problem):
            return None
        return await anyio.to_thread.run_sync(read_code_owners, place, text)

    async def _targets(
        self, run: Caller, found: Files, files: Mapping[str, CatalogFile]
    ) -> list[str]:
        """Paths that Locations in ``files`` name and that are not read yet."""
        wanted = Patterns(
            target
            for path, file in files.items()
            for target in targets.of(file, path, found.repository, found.branch)
        )
        paths = set(wanted.plain)
        if wanted.globs:
            matched = await paths_in(
                run, self._github, found.repository, found.commit, wanted.match
            )
            paths.update(matched)
        return sorted(paths - files.keys())

    async def _batch(
        self, run: Caller, login: str, some: Sequence[Repository]
    ) -> list[Contents]:
        names = {f"n{index}": one.name for index, one in enumerate(some)}
        query, variables = self._question.of_some(login, names)
        answer = await self._github.query(run, query, variables, account=login)
        read = [self._question.answered(answer.get(name)) for name in names]
        whole = [found for found in read if isinstance(found, Files)]
        # One thread for the files of a whole batch, where nothing else is to be read.
        quick = [f for f in whole if not self._patterns.globs and not _incomplete(f)]
        parsed = await anyio.to_thread.run_sync(
            lambda: [self._parser.whole(found) for found in quick]
        )
        made = [contents for contents in parsed if not _points(contents)]
        done = {contents.repository.id for contents in made}

        async def one(found: Files) -> None:
            made.append(await self.contents(run, found))

        async with together() as start:
            for found in whole:
                if found.repository.id not in done:
                    start(f"files of {found.repository.name}", partial(one, found))
        return made

    async def _texts(
        self, run: Caller, found: Files, paths: Iterable[str]
    ) -> dict[str, Text]:
        """The texts of the files that are there, in the order of ``paths``."""
        paths = dict.fromkeys(paths)
        asked = set(self._parser.asked)
        missing = [path for path in paths if path not in asked]
        blobs = found.blobs | await self._blobs(run, found, missing)
        return {
            path: await self._text(run, found.repository, blobs[path], LARGEST_FILE)
            for path in paths
            if path in blobs
        }

    async def _blobs(
        self, run: Caller, found: Files, paths: Sequence[str]
    ) -> dict[str, Blob]:
        blobs: dict[str, Blob] = {}
        repository = found.repository
        for start in range(0, len(paths), _BATCH):
            some = {f"p{i}": p for i, p in enumerate(paths[start : start + _BATCH])}
            query, variables = files_at(repository.node_id, found.commit, some)
            answer = await self._github.query(
                run, query, variables, account=repository.owner
            )
            blobs |= blobs_in(answer, some)
        return blobs

    async def _text(
        self, run: Caller, repository: Repository, blob: Blob, largest: int
    ) -> Text:
        if blob.is_binary:
            return Problem("", "a text", "a binary file")
        size = blob.byte_size or 0
        if size > largest:
            return Problem("", f"at most {largest} bytes", f"{size}")
        if _is_whole(blob):
            return blob.text or ""
        path = f"/repos/{repository.full_name}/git/blobs/{blob.oid}"
        answer = await self._github.get(
            run, path, EncodedBlob, account=repository.owner
        )
        return base64.b64decode(answer.content)


def _points(contents: Contents) -> bool:
    """Whether some file names further ones."""
    files = contents.files.values()
    return any(e.kind == "Location" for file in files for e in file.entities)


def _incomplete(files: Files) -> bool:
    """Whether the text of some file did not come with it."""
    return any(blob.is_binary or not _is_whole(blob) for blob in files.blobs.values())


def _is_whole(blob: Blob) -> bool:
    """Whether the text that came is the file's; GraphQL patches bytes that are no UTF-8."""
    return blob.text is not None and not blob.is_truncated and "\ufffd" not in blob.text
