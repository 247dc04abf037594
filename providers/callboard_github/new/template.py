"""One Resource for every repository that is created, until it is deleted.

Run it with ``callboard serve --with template.py:make_providers``.
"""

from collections.abc import Iterable

from callboard import Callboard, on
from callboard_catalog import (
    CatalogRun,
    Delta,
    Entity,
    EntityProvider,
    EntityRef,
    Metadata,
    catalog_of,
)
from callboard_github.events import RepositoryCreated, RepositoryDeleted


class Template(EntityProvider):
    """Keeps a Resource for each new repository."""

    name = "template"

    @on(RepositoryCreated, RepositoryDeleted, ordered_by="repository.full_name")
    async def changed(
        self, event: RepositoryCreated | RepositoryDeleted, run: CatalogRun
    ) -> Delta:
        """A repository came or went."""
        repository = event.repository
        run.label(repository=repository.full_name)
        ref = EntityRef("resource", "default", repository.name)
        if isinstance(event, RepositoryDeleted):
            return Delta(removed=[ref])
        annotations = {"github.com/project-slug": repository.full_name}
        metadata = Metadata(name=ref.name, annotations=annotations)
        spec = {"type": "repository", "owner": "group:default/unknown"}
        return Delta(added=[Entity(kind="Resource", metadata=metadata, spec=spec)])


def make_providers(board: Callboard) -> Iterable[EntityProvider]:
    """What ``--with`` and an entry point name."""
    return [Template(catalog_of(board))]
