"""The catalog as the rest of the program sees it.

Owns the way in: mutations go through one writer, reads are made in worker threads. The
one instance of a callboard comes from ``catalog_of``.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import anyio.to_thread
from msgspec import Meta, Struct, field

from callboard import Callboard, Database, Provider, Stamp
from callboard.plural import counted
from callboard_catalog import reading
from callboard_catalog.bell import Bell
from callboard_catalog.change import Change, prepare
from callboard_catalog.entity import Entity
from callboard_catalog.mutations import Applied, Delta, Full
from callboard_catalog.refs import EntityRef
from callboard_catalog.rules import Schema
from callboard_catalog.schemas import read_schemas
from callboard_catalog.store import Presence, apply_changes, set_presence

logger = logging.getLogger(__name__)

PACKAGE = "callboard_catalog"
VERSION_TABLE = "catalog_version"
_DAY = 86_400.0
# Checking fewer entities than this takes less than moving them to a thread and back.
_FEW = 50


class CatalogSettings(Struct, forbid_unknown_fields=True, frozen=True):
    """The section ``[catalog]`` of ``callboard.toml``."""

    history_days: Annotated[float, Meta(ge=0)] = 90.0
    """How long the history of entities is kept; 0 keeps it forever."""
    orphans: Literal["keep", "remove"] = "keep"
    """What happens to the entities of a provider that is no longer configured."""
    schemas: dict[str, str] = field(default_factory=dict[str, str])
    """Paths of JSON Schemas for custom kinds, by kind."""
    public: bool = False
    """Whether the API answers other machines without a token."""
    public_export: bool = False
    """Whether the export alone does; Backstage reads a ``url`` without one."""


class Catalog:
    """Entities, who claims them, and what became of them."""

    def __init__(
        self,
        database: Database,
        settings: CatalogSettings | None = None,
        schemas: Mapping[str, Schema] | None = None,
    ) -> None:
        self.database = database
        self.settings = settings or CatalogSettings()
        self.schemas = schemas or {}
        self.bell = Bell()
        self._providers: list[Provider] = []
        self._present = False

    def enroll(self, provider: Provider) -> None:
        """Know a provider before the catalog opens; the rest are orphaned then."""
        self._providers.append(provider)

    async def open(self, at: float) -> None:
        """Note which providers there are, once: those enrolled until now.

        Entities of others become orphans, and are removed if the settings say so; what
        an earlier start left behind as well.

        Args:
            at: Now, in Unix seconds.
        """
        if self._present:
            return
        names = tuple(sorted({provider.name for provider in self._providers}))
        absent = await self.database.write(set_presence, Presence(names, at))
        for name, count in absent.items():
            what = "orphaned" if self.settings.orphans == "keep" else "removed"
            entities = counted(count, "entity", "entities")
            message = "provider %s is no longer configured: %s %s"
            logger.warning(message, name, entities, what)
            mutation: Full | Delta = Full()
            if self.settings.orphans == "keep":
                # What it added to others' entities goes: nothing would mark it there.
                mutation = Delta(unsupplemented=await self.supplemented_by(name))
            stamp = Stamp(run="", task="", delivery="", provider=name, at=at)
            await self.apply(mutation, stamp=stamp, location_key=name, as_of=at)
        self._present = True
        self.bell.ring(await self.version())

    async def apply(
        self,
        mutation: Full | Delta,
        *,
        stamp: Stamp,
        location_key: str,
        as_of: float,
    ) -> Applied:
        """Apply a mutation of the provider that ``stamp`` names, in one transaction.

        Cancellation abandons the wait; the mutation is then applied whole or not at all.

        Args:
            mutation: What the provider says.
            stamp: Who says so, and when.
            location_key: For entities that name none of their own.
            as_of: When the knowledge was read, unless the mutation says so itself.

        Raises:
            InvalidRef: A ref to remove is none; nothing was applied.
            InvalidSupplement: Two are about the same; nothing was applied.
        """
        keep = self.settings.history_days * _DAY

        def ready() -> Change:
            return prepare(
                mutation,
                location_key=location_key,
                as_of=as_of,
                stamp=stamp,
                schemas=self.schemas,
                keep_seconds=keep,
            )

        size = len(mutation.entities if isinstance(mutation, Full) else mutation.added)
        change = ready() if size < _FEW else await anyio.to_thread.run_sync(ready)
        return await self.database.write(apply_changes, change, self._tell)

    def _tell(self, applied: Applied) -> None:
        if applied.recorded:
            self.bell.ring(applied.version)

    async def entity(self, ref: EntityRef | str) -> Entity | None:
        """The entity as the catalog shows it; None when there is none.

        Raises:
            InvalidRef: The text is no ref.
        """
        name = str(EntityRef.parse(ref))
        found = await self.database.read(lambda c: reading.entities_by_ref(c, [name]))
        return found.get(name)

    async def entities(
        self, refs: Iterable[EntityRef | str]
    ) -> dict[EntityRef, Entity]:
        """Those of the entities that are there, as the catalog shows them.

        Raises:
            InvalidRef: A text is no ref.
        """
        names = [str(EntityRef.parse(ref)) for ref in refs]
        found = await self.database.read(lambda c: reading.entities_by_ref(c, names))
        return {entity.ref: entity for entity in found.values()}

    async def given_by(
        self, provider: str, ref: EntityRef | str, location_key: str | None = None
    ) -> Entity | None:
        """What the provider itself says of a ref, shown or not; None: nothing."""
        name = str(EntityRef.parse(ref))
        found = await self.database.read(
            lambda c: reading.claimed(
                c, provider, location_key=location_key, refs=[name]
            )
        )
        return found[0].entity if found else None

    async def owned_by(
        self,
        provider: str,
        *,
        location_key: str | None = None,
        kind: str | None = None,
    ) -> list[Entity]:
        """All that the provider says now, shown or not, limited to a key or a kind."""
        found = await self.database.read(
            lambda c: reading.claimed(c, provider, location_key=location_key, kind=kind)
        )
        return [located.entity for located in found]

    async def refs_owned_by(self, provider: str) -> dict[str, list[EntityRef]]:
        """Refs that the provider claims, by location key."""
        return await self.database.read(lambda c: reading.claimed_refs(c, provider))

    async def supplemented_by(self, provider: str) -> list[str]:
        """What the supplements of a provider are about, each once."""
        return await self.database.read(lambda c: reading.supplemented(c, provider))

    async def version(self) -> int:
        """The number of the last change."""
        return await self.database.read(reading.version)


def catalog_of(board: Callboard) -> Catalog:
    """The catalog of a callboard; the first who asks makes it.

    Raises:
        SettingsError: The section ``[catalog]`` is wrong.
    """

    def make() -> Catalog:
        settings = board.settings.section("catalog", CatalogSettings)
        board.migrates(PACKAGE, VERSION_TABLE)
        return Catalog(board.database, settings, read_schemas(settings.schemas))

    return board.share(Catalog, make)
