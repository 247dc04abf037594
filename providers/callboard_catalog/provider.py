"""What an entity provider is.

Owns the run that its handlers are given, and what becomes of a mutation that a handler
returns.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from callboard import Provider, Run
from callboard.clock import now
from callboard_catalog.catalog import Catalog
from callboard_catalog.entity import Entity
from callboard_catalog.mutations import Applied, Delta, Full
from callboard_catalog.refs import EntityRef

logger = logging.getLogger(__name__)

_MOST_LINES = 20


class CatalogRun(Run):
    """One handler's share of a run, with the catalog at hand."""

    catalog: Catalog
    location_key: str
    """For entities that name none of their own."""

    async def apply(self, mutation: Full | Delta) -> Applied:
        """Apply a mutation, in one transaction, as a node of its own in the tree.

        Every change is stamped with run, task and delivery. Unless the mutation says
        how old its knowledge is, it counts as from when the delivery was received: a
        change that the catalog knows from later stays. Conflicts and rejected
        documents are logged as errors, and stay on the entities until they are settled.

        Cancellation abandons the wait; the mutation is then applied whole or not at all.

        Raises:
            InvalidRef: A ref to remove is none; nothing was applied.
            InvalidSupplement: Two are about the same; nothing was applied.
        """
        full = isinstance(mutation, Full)
        given = len(mutation.entities if full else mutation.added)
        async with self.span("full mutation" if full else "delta", given=given):
            if mutation.supplements:
                self.label(supplements=len(mutation.supplements))
            applied = await self.catalog.apply(
                mutation,
                stamp=self.stamp(),
                location_key=self.location_key,
                as_of=self.delivery.received_at,
            )
            self.affected(applied.recorded, applied.remarks)
            counts = {
                # What a person has to see to comes first: a narrow list cuts the rest.
                "rejected": len(applied.rejected),
                "conflicts": len(applied.conflicts),
                "added": applied.added,
                "changed": applied.changed,
                "removed": applied.removed,
                "handed over": applied.handed_over,
                "supplemented": applied.supplemented,
                "unchanged": applied.unchanged,
                "stale": applied.stale,
            }
            self.label(**{name: count for name, count in counts.items() if count})
            _report("conflict", [str(conflict) for conflict in applied.conflicts])
            _report("rejected", [str(rejected) for rejected in applied.rejected])
        return applied

    async def known(
        self, ref: EntityRef | str, location_key: str | None = None
    ) -> Entity | None:
        """What this provider last said of a ref; None: nothing, or not any more.

        So that a payload that holds a part of an entity can keep the rest.
        """
        return await self.catalog.given_by(self.provider, ref, location_key)


class EntityProvider(Provider):
    """Maintains the entities it owns, by mutations.

    Its handlers are given a ``CatalogRun``; one that returns a ``Full`` or a ``Delta``
    has it applied.
    """

    location_key: str | None = None
    """The key of entities that name none of their own; None means the name."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        catalog.enroll(self)

    def context(self, run: Run) -> CatalogRun:
        """The run with the catalog."""
        with_catalog = CatalogRun.extend(run)
        with_catalog.catalog = self.catalog
        with_catalog.location_key = self.location_key or self.name
        return with_catalog

    async def conclude(self, run: Run, result: object) -> None:
        """Apply the mutation that a handler returned.

        Raises:
            TypeError: It returned something else.
        """
        if isinstance(result, Full | Delta) and isinstance(run, CatalogRun):
            await run.apply(result)
        elif result is not None:
            came = type(result).__name__
            raise TypeError(f"{run.provider}: expected Full, Delta or None, got {came}")

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Make known which providers there are; then as any provider."""
        await self.catalog.open(now())
        async with super().opened():
            yield


def _report(what: str, lines: list[str]) -> None:
    for line in lines[:_MOST_LINES]:
        logger.error("%s: %s", what, line)
    if len(lines) > _MOST_LINES:
        logger.error("%s: and %d more", what, len(lines) - _MOST_LINES)
