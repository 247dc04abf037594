"""What a test of a provider or of the API needs.

Owns a catalog with a client of its API, and the making of small valid entities.

    shelf = Shelf(database)
    await shelf.give(Full([component("a"), group("team-a")]))
    assert (await shelf.get("/entities/by-name/component/default/a"))["metadata"]["uid"]
"""

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from callboard import Database, Stamp
from callboard_catalog.api.application import make_application
from callboard_catalog.catalog import (
    PACKAGE,
    VERSION_TABLE,
    Catalog,
    CatalogSettings,
)
from callboard_catalog.documents import JsonValue
from callboard_catalog.entity import Entity, Metadata
from callboard_catalog.mutations import Applied, Delta, Full


class Shelf:
    """A catalog on a database, and a client of its API."""

    def __init__(
        self, database: Database, settings: CatalogSettings | None = None
    ) -> None:
        self.catalog = Catalog(database, settings)
        self.app = make_application(self.catalog)
        self.clock = 0.0

    async def give(
        self,
        mutation: Full | Delta,
        provider: str = "files",
        *,
        as_of: float | None = None,
    ) -> Applied:
        """Apply a mutation a second after the last one."""
        self.clock += 1.0
        at = self.clock
        stamp = Stamp(f"run{at:g}", f"run{at:g}.1", f"del{at:g}", provider, at)
        return await self.catalog.apply(
            mutation,
            stamp=stamp,
            location_key=provider,
            as_of=at if as_of is None else as_of,
        )

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client on this machine."""
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 1))
        return httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        )

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a successful answer."""
        async with self.client() as client:
            answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text  # noqa: S101 - see the lines below
        return answer.json()

    async def post(self, path: str, body: object) -> Any:
        """The JSON of a successful answer."""
        async with self.client() as client:
            answer = await client.post(path, json=body)
        assert answer.status_code < 300, answer.text  # noqa: S101 - see the lines below
        return answer.json() if answer.content else None


def migrate(address: str) -> None:
    """Give a database the tables of the runtime and of the catalog."""
    database = Database.open(address)
    try:
        database.migrate("callboard", "callboard_version")
        database.migrate(PACKAGE, VERSION_TABLE)
    finally:
        database.close()


def new_catalog(folder: Path) -> str:
    """The address of a SQLite file in ``folder``: a catalog with nothing in it."""
    file = folder / "catalog.db"
    # A copy: migrating takes longer than a test.
    file.write_bytes(_empty())
    return f"sqlite:///{file}"


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        file = Path(folder, "catalog.db")
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


def component(
    name: str, metadata: Mapping[str, Any] | None = None, **changes: JsonValue
) -> Entity:
    """A component; ``metadata`` and fields of its spec as given."""
    spec = {"type": "service", "lifecycle": "production", "owner": "team-a", **changes}
    described = Metadata(name=name, **(metadata or {}))
    return Entity(kind="Component", metadata=described, spec=spec)


def group(name: str, **changes: JsonValue) -> Entity:
    """A group; fields of its spec as given."""
    spec: dict[str, JsonValue] = {"type": "team", "children": [], **changes}
    return Entity(kind="Group", metadata=Metadata(name=name), spec=spec)
