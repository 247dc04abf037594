"""From the texts of a repository's files to entities.

Owns what is made of each text: entities of catalog files, with an owner out of
CODEOWNERS and packages out of manifests where these are wanted. Nothing here asks
anybody; all of it may run in a thread.
"""

import posixpath
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from callboard_catalog import BadDocument, CatalogFile, Problem, read_catalog_file
from callboard_github.names import Names
from callboard_github.repositories import code_owners, packages
from callboard_github.repositories.answers import Contents, Files, Repository
from callboard_github.repositories.code_owners import CodeOwners
from callboard_github.repositories.manifests import (
    BadManifest,
    Manifest,
    read_manifest,
)
from callboard_github.repositories.ownership import owning
from callboard_github.repositories.packages import Packages

Text: TypeAlias = "str | bytes | Problem"
"""Of a file, or why there is none."""


class Parser:
    """Makes entities.

    Args:
        plain: The paths of catalog files that are no globs.
        owners: How owners are called that CODEOWNERS names; None leaves it unread.
        packages: Which packages are ours; None leaves manifests unread.
    """

    def __init__(
        self,
        plain: Sequence[str] = (),
        *,
        owners: Names | None = None,
        packages: Packages | None = None,
    ) -> None:
        self.plain = plain
        self._owners = owners
        self._packages = packages

    @property
    def asked(self) -> tuple[str, ...]:
        """Paths that may count, of those that are known before anything is read."""
        places = code_owners.PLACES if self._owners is not None else ()
        folders = map(posixpath.dirname, self.plain)
        beside = packages.in_folders(folders) if self._packages is not None else ()
        return (*self.plain, *places, *beside)

    def place_of_rules(self, there: Mapping[str, object]) -> str | None:
        """The path of the CODEOWNERS that counts, of the files that are there."""
        if self._owners is None:
            return None
        return next((place for place in code_owners.PLACES if place in there), None)

    def manifests_of(self, files: Mapping[str, CatalogFile]) -> list[str]:
        """Paths of manifests that would count beside some files."""
        return packages.beside(files) if self._packages is not None else []

    def whole(self, files: Files) -> Contents:
        """What a repository holds, when the texts of all its files came with it."""
        texts = {path: blob.text or "" for path, blob in files.blobs.items()}
        place = self.place_of_rules(texts)
        rules = place and code_owners.read_code_owners(place, texts[place])
        plain = {path: texts[path] for path in self.plain if path in texts}
        found = self.files(plain, rules or None)
        manifests = {p: texts[p] for p in self.manifests_of(found) if p in texts}
        found = self.with_packages(found, manifests, files.repository)
        return Contents(files.repository, files.branch, found)

    def files(
        self, texts: Mapping[str, Text], rules: CodeOwners | None
    ) -> dict[str, CatalogFile]:
        """Catalog files by path."""
        return {path: self._file(path, text, rules) for path, text in texts.items()}

    def with_packages(
        self,
        files: dict[str, CatalogFile],
        manifests: Mapping[str, Text],
        repository: Repository,
    ) -> dict[str, CatalogFile]:
        """The same files with what manifests add to them."""
        if self._packages is None:
            return files
        read = {path: _manifest(path, text) for path, text in manifests.items()}
        return packages.with_packages(files, read, self._packages, repository.owner)

    def _file(self, path: str, text: Text, rules: CodeOwners | None) -> CatalogFile:
        if isinstance(text, Problem):
            return CatalogFile((), (BadDocument(0, 1, (text,)),))
        if rules is None or self._owners is None:
            return read_catalog_file(text)
        return read_catalog_file(text, amend=owning(rules, self._owners, path))


def _manifest(path: str, text: Text) -> Manifest | BadManifest:
    if isinstance(text, Problem):
        return BadManifest(text.expected, text.came)
    try:
        return read_manifest(posixpath.basename(path), text)
    except BadManifest as bad:
        return bad
