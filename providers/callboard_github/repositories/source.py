"""What a provider that follows repositories reads of them.

Owns the form of what one repository gives, and the source of catalog files: good
documents are entities with annotations, bad ones are rejected under their file's
location key, which keeps the last good version.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from callboard_catalog import Located, Rejected, Supplement
from callboard_github.calls import Caller
from callboard_github.repositories.answers import Contents, Files, Repository
from callboard_github.repositories.entities import key_of, located
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.reading import Reader

logger = logging.getLogger(__name__)

_MOST_LINES = 50


class Findings(Struct, frozen=True):
    """What one repository gives."""

    repository: Repository
    given: list[Located] = []
    rejected: list[Rejected] = []


class Source(Protocol):
    """Where what repositories give is from."""

    async def organization(
        self, run: Caller, login: str, wanted: Filter
    ) -> list[Findings]:
        """Of all repositories that count.

        Raises:
            GitHubError: Some of it could not be read.
        """
        ...

    async def repository(
        self, run: Caller, account: str, node_id: str
    ) -> Files | Repository | None:
        """A repository as it is now; None when there is none, or none that is shown."""
        ...

    async def findings(self, run: Caller, found: Files | Repository) -> Findings:
        """What it gives.

        Raises:
            GitHubError: Some of it could not be read.
        """
        ...

    def supplements(self, given: Sequence[Located]) -> Sequence[Supplement]:
        """What entities that repositories gave add to those of other providers."""
        ...


class CatalogFiles:
    """The entities that repositories describe themselves.

    Args:
        provider: Whose they are.
        reader: Reads the files.
    """

    def __init__(self, provider: str, reader: Reader) -> None:
        self._provider = provider
        self._reader = reader
        self.repository = reader.repository

    async def organization(
        self, run: Caller, login: str, wanted: Filter
    ) -> list[Findings]:
        """See ``Source``."""
        read = await self._reader.organization(run, login, wanted)
        _report(read)
        return [self._given_by(contents) for contents in read]

    async def findings(self, run: Caller, found: Files | Repository) -> Findings:
        """See ``Source``."""
        contents = await self._reader.contents(run, found)
        _report([contents])
        return self._given_by(contents)

    def supplements(self, given: Sequence[Located]) -> Sequence[Supplement]:
        """See ``Source``."""
        del given
        return ()

    def _given_by(self, contents: Contents) -> Findings:
        """What a repository's files give, each under its file's key."""
        given: list[Located] = []
        rejected: list[Rejected] = []
        repository, branch = contents.repository, contents.branch or ""
        for path, file in contents.files.items():
            key = key_of(self._provider, repository.id, path)
            given += [
                Located(located(entity, repository, branch, path), key)
                for entity in file.entities
            ]
            rejected += [Rejected(bad.problems, bad.ref, key) for bad in file.bad]
        return Findings(repository, given, rejected)


def _report(found: Sequence[Contents]) -> None:
    """Say what is wrong in which file, on the task that read it."""
    lines = [
        f"{contents.repository.full_name}: {path}: {bad}"
        for contents in found
        for path, file in contents.files.items()
        for bad in file.bad
    ]
    for line in lines[:_MOST_LINES]:
        logger.warning("%s", line)
    if len(lines) > _MOST_LINES:
        logger.warning("and %d more documents", len(lines) - _MOST_LINES)
