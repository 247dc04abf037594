"""Entity providers in a running callboard."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from callboard import Callboard, Database, EventName, Settings, Untyped, every, on
from callboard.testing import PlainSource, deliver, newest_tree, outline, settled
from callboard_catalog import (
    Catalog,
    CatalogRun,
    Delta,
    EntityProvider,
    Full,
    catalog_of,
)
from callboard_catalog.mounts import make_mounts
from callboard_catalog.store import Presence, set_presence
from callboard_catalog.testing import component

pytestmark = pytest.mark.anyio
THING = EventName("plain", "thing", None)


class Things(EntityProvider):
    """Gives a component for every thing that comes."""

    name = "things"

    @on(THING)
    async def came(self, event: Untyped, run: CatalogRun) -> Delta:
        before = await run.known(f"component:{event.payload['name']}")
        seen = 1 if before is None else int(str((before.spec or {})["seen"])) + 1
        return Delta([component(event.payload["name"], seen=seen)])


class Others(EntityProvider):
    """Claims the same things."""

    name = "others"

    @on(THING)
    async def came(self, event: Untyped, run: CatalogRun) -> None:
        async with run.span("waiting for the first"):
            while (
                await self.catalog.entity(f"component:{event.payload['name']}") is None
            ):
                await anyio.lowlevel.checkpoint()
        applied = await run.apply(Delta([component(event.payload["name"], owner="me")]))
        run.label(conflicts=len(applied.conflicts))


class Confused(EntityProvider):
    """Returns something that is no mutation."""

    name = "confused"

    @on(THING)
    async def came(self, event: Untyped, run: CatalogRun) -> Any:
        return [event, run]


class Reader(EntityProvider):
    """Reads everything, when it is time."""

    name = "reader"
    reads = 0

    @every(hours=6)
    async def everything(self, run: CatalogRun) -> Full:
        assert run.provider == self.name
        self.reads += 1
        return Full([component("read", reads=self.reads)])


@asynccontextmanager
async def opened(
    database: Database, *kinds: type[EntityProvider], **settings: Any
) -> AsyncGenerator[tuple[Callboard, Catalog]]:
    board = Callboard(Settings({"catalog": settings}, environment={}), database)
    catalog = catalog_of(board)
    board.add(sources=[PlainSource()], providers=[kind(catalog) for kind in kinds])
    board.add(mounts=make_mounts(board))
    async with board.opened():
        yield board, catalog


def client(board: Callboard, host: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(board.front, client=(host, 1))
    return httpx.AsyncClient(
        transport=transport, base_url="http://localhost/api/catalog"
    )


async def test_delivery_becomes_an_entity_stamped_with_its_task(
    database: Database,
) -> None:
    with anyio.fail_after(20):
        async with opened(database, Things) as (board, _):
            delivery = await deliver(board, "thing", {"name": "a"})
            await settled(board)
            await deliver(board, "thing", {"name": "a"})
            await settled(board)
            tree = await newest_tree(board, delivery)
            async with client(board) as asked:
                path = "/entities/by-name/component/default/a"
                shown = (await asked.get(path)).json()
                past = (await asked.get(f"{path}/history")).json()["items"]
    assert shown["spec"]["seen"] == 2
    assert [change["operation"] for change in past] == ["changed", "added"]
    assert past[1]["delivery"] == delivery
    node = next(task for task in tree.tasks if task.name == "delta")
    assert node.labels == {"given": 1, "added": 1}
    assert past[1]["task"] == f"{tree.run}.{node.n}"
    assert outline(tree)["state"] == "completed"


async def test_conflict_is_told_to_the_run_that_made_it(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with anyio.fail_after(20), caplog.at_level(logging.ERROR):
        async with opened(database, Things, Others) as (board, catalog):
            delivery = await deliver(board, "thing", {"name": "a"})
            await settled(board)
            tree = await newest_tree(board, delivery)
            held = await catalog.entity("component:a")
    assert outline(tree)["state"] == "completed"
    assert "component:default/a is claimed by others" in caplog.text
    assert held is not None
    assert (held.spec or {})["owner"] == "team-a"


async def test_result_that_is_no_mutation_fails_its_task_alone(
    database: Database,
) -> None:
    with anyio.fail_after(20):
        async with opened(database, Things, Confused) as (board, catalog):
            await deliver(board, "thing", {"name": "a"})
            with anyio.fail_after(5):
                while await catalog.entity("component:a") is None:
                    await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("orphans", ["keep", "remove"])
async def test_entities_of_a_provider_no_longer_configured_are_orphans(
    database: Database, orphans: str
) -> None:
    with anyio.fail_after(20):
        async with opened(database, Things) as (board, _):
            await deliver(board, "thing", {"name": "a"})
            await settled(board)
        async with (
            opened(database, Reader, orphans=orphans) as (board, _),
            client(board) as asked,
        ):
            await settled(board)
            answer = await asked.get("/entities/by-name/component/default/a")
            orphaned = await asked.get(
                "/entities",
                params={"filter": "metadata.annotations.backstage.io/orphan=true"},
            )
            told = await asked.get("/entities/by-name/component/default/a/why")
    if orphans == "remove":
        assert "was removed by things" in told.text
        assert answer.status_code == 404
        assert orphaned.json() == []
    else:
        assert "no longer configured: it is an orphan" in told.text
        annotations = answer.json()["metadata"]["annotations"]
        assert annotations["backstage.io/orphan"] == "true"
        assert len(orphaned.json()) == 1


async def test_removal_of_orphans_that_was_cut_or_not_wanted_before_is_made_up_for(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with anyio.fail_after(20):
        async with opened(database, Things) as (board, _):
            await deliver(board, "thing", {"name": "a"})
            await settled(board)
        # What a start has done that was killed before it came to removing.
        await database.write(set_presence, Presence(("reader",), 1.0))
        async with opened(database, Reader, orphans="remove") as (_, catalog):
            left = await catalog.owned_by("things")
    assert left == []
    assert "things is no longer configured: 1 entity removed" in caplog.text


async def test_public_export_is_public_where_the_catalog_is_mounted(
    database: Database,
) -> None:
    with anyio.fail_after(20):
        async with (
            opened(database, Reader, public_export=True) as (board, _),
            client(board, "192.0.2.9") as asked,
        ):
            assert (await asked.get("/export.yaml")).status_code == 200
            assert (await asked.get("/entities")).status_code == 401


async def test_refresh_makes_the_provider_read_again(database: Database) -> None:
    with anyio.fail_after(20):
        async with opened(database, Reader) as (board, _), client(board) as asked:
            path = "/entities/by-name/component/default/read"
            while (await asked.get(path)).status_code != 200:
                await anyio.lowlevel.checkpoint()
            body = {"entityRef": "component:default/read"}
            assert (await asked.post("/refresh", json=body)).status_code == 200
            while (await asked.get(path)).json()["spec"]["reads"] != 2:
                await anyio.lowlevel.checkpoint()
            assert (await asked.post("/refresh", json=body)).status_code == 200
            nobody = await asked.post("/refresh", json={"entityRef": "a:b/c"})
    assert nobody.status_code == 404


class Picky(EntityProvider):
    """Gives one good entity and one that is none."""

    name = "picky"

    @on(THING)
    async def came(self, event: Untyped, run: CatalogRun) -> Delta:
        assert run.provider == self.name
        return Delta([component(event.payload["name"]), component("not a name!")])


async def test_entity_that_is_rejected_counts_as_a_remark_and_no_change(
    database: Database,
) -> None:
    with anyio.fail_after(20):
        async with opened(database, Picky) as (board, _):
            delivery = await deliver(board, "thing", {"name": "a"})
            await settled(board)
            tree = await newest_tree(board, delivery)
    node = next(task for task in tree.tasks if task.name == "delta")
    assert (node.effects, node.remarks) == (2, 1)
    assert list(node.labels) == ["given", "rejected", "added"]
