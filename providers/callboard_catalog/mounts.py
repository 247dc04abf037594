"""What the catalog adds to a callboard: its API.

Owns the entry point, and how a refresh that a portal asks for becomes a run.
"""

from collections.abc import Iterable

from sqlalchemy import select

from callboard import Callboard, Mount
from callboard.clock import now
from callboard.schedule import tick_of
from callboard_catalog.api.application import make_application
from callboard_catalog.catalog import catalog_of
from callboard_catalog.supplements import supplements_on
from callboard_catalog.tables import claims

PATH = "/api/catalog"
# A provider that was asked just now is not asked again: one read serves all.
_BETWEEN = 30.0


def make_mounts(board: Callboard) -> Iterable[Mount]:
    """The catalog's API at ``/api/catalog``."""
    catalog = catalog_of(board)
    tokens = board.settings.header_secrets("CATALOG_TOKEN")
    refresher = Refresher(board)
    app = make_application(catalog, tokens=tokens, refresh=refresher.refresh)
    return [Mount(PATH, app)]


class Refresher:
    """Lets the providers of an entity read everything again, ahead of their schedule."""

    def __init__(self, board: Callboard) -> None:
        self._board = board
        self._asked: dict[str, float] = {}

    async def refresh(self, ref: str) -> None:
        """Ask who claims or supplements a ref; each provider makes a run of its own."""
        query = select(claims.c.provider).where(
            claims.c.ref == ref, claims.c.withdrawn.is_(False)
        )
        database = self._board.database
        names = set(await database.read(lambda c: list(c.scalars(query))))
        counted = await database.read(lambda c: supplements_on(c, ref))
        names |= {counts.said.provider for counts in counted}
        for provider in self._board.providers:
            asked = self._asked.get(provider.name, 0.0)
            if provider.name not in names or now() - asked < _BETWEEN:
                continue
            self._asked[provider.name] = now()
            for handler in provider.handlers():
                if handler.scheduled:
                    await self._board.accept(tick_of(handler))
