"""A provider of your own: a Resource for every published release.

Run it in a server of your own:

    callboard serve --with examples/custom_provider.py:make_providers

or make it known by an entry point of the group ``callboard.providers``.
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
from callboard_github.events import ReleaseDeleted, ReleasePublished


class Releases(EntityProvider):
    """Keeps one Resource for each release of each repository."""

    name = "releases"

    @on(ReleasePublished, ReleaseDeleted, ordered_by="repository.full_name")
    async def changed(
        self, event: ReleasePublished | ReleaseDeleted, run: CatalogRun
    ) -> Delta:
        """A release came or went."""
        version = event.release.tag_name or str(event.release.id)
        run.label(version=version)
        ref = EntityRef("resource", "default", f"{event.repository.name}-{version}")
        if isinstance(event, ReleaseDeleted):
            return Delta(removed=[ref])
        annotations = {"github.com/project-slug": event.repository.full_name}
        metadata = Metadata(name=ref.name, annotations=annotations)
        spec = {"type": "release", "owner": "group:default/releases"}
        return Delta(added=[Entity(kind="Resource", metadata=metadata, spec=spec)])


def make_providers(board: Callboard) -> Iterable[EntityProvider]:
    """What the entry point names."""
    return [Releases(catalog_of(board))]
