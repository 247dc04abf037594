"""Entities that repositories describe in their catalog files.

Owns the handler of pushes; one that touches no catalog file asks GitHub nothing.
"""

import posixpath

from callboard import on
from callboard_catalog import Catalog, CatalogRun
from callboard_github.client import GitHub
from callboard_github.events import Push
from callboard_github.names import Names
from callboard_github.repositories.code_owners import PLACES
from callboard_github.repositories.entities import key_of, path_in
from callboard_github.repositories.following import Following
from callboard_github.repositories.known import known_files
from callboard_github.repositories.packages import Packages, in_folders
from callboard_github.repositories.parsing import Parser
from callboard_github.repositories.patterns import Patterns
from callboard_github.repositories.pushes import branch_of, is_vague, touches
from callboard_github.repositories.reading import Reader
from callboard_github.repositories.source import CatalogFiles
from callboard_github.scope import Scope
from callboard_github.settings import OrganizationsSettings, RepositoriesSettings


class Repositories(Following):
    """Entities out of the catalog files of an organization's repositories."""

    name = "repositories"

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
        chosen = settings or RepositoriesSettings()
        names = names or Names.chosen(OrganizationsSettings(), scope)
        self.patterns = Patterns(chosen.paths)
        parser = Parser(
            self.patterns.plain,
            owners=names if chosen.code_owners else None,
            packages=Packages(chosen.packages) if chosen.dependencies else None,
        )
        reader = Reader(github, self.patterns, parser, chosen.branch)
        super().__init__(
            catalog,
            github,
            scope,
            chosen,
            CatalogFiles(self.name, reader),
            most_removed=most_removed,
        )

    @on(Push, ordered_by="repository.id")
    async def pushed(self, event: Push, run: CatalogRun) -> None:
        """The files are read anew if the branch that counts changed in one that matters."""
        repository = event.repository
        counts = self.settings.branch or repository.default_branch
        if branch_of(event) != counts:
            run.label(skipped=f"{event.ref} is not the branch that counts")
            return
        plainly = is_vague(event) or touches(event, self.patterns.match)
        if not plainly and not await self._touches_known(event):
            run.label(skipped="no catalog file was touched")
            return
        owner = repository.full_name.partition("/")[0]
        await self.updater.repository(run, owner, repository.id, repository.node_id)

    async def _touches_known(self, event: Push) -> bool:
        """Whether a file that counts by what is known was touched.

        A file that a Location named, one that gave something before, or one beside it.
        """
        prefix = key_of(self.name, event.repository.id)
        known = await known_files(self.catalog, self.name, prefix)
        paths = {path_in(key) for key in known}
        points = any(
            entity.kind == "Location"
            for file in known.values()
            for entity in file.entities.values()
        )
        if self.settings.dependencies:
            paths.update(in_folders({posixpath.dirname(path) for path in paths}))
        if self.settings.code_owners:
            paths.update(PLACES)

        def matters(path: str) -> bool:
            return path in paths or (points and path.endswith((".yaml", ".yml")))

        return touches(event, matters)
