"""The change feed and the export: how others stay equal."""

import threading
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import yaml
from sqlalchemy import Connection, delete

from callboard import Database
from callboard_catalog import CatalogSettings, Delta, Full
from callboard_catalog.tables import history
from callboard_catalog.testing import Shelf, component, group

pytestmark = pytest.mark.anyio
STRANGE = (0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x1F600, 0x1FFFE)


def names(entities: list[Any]) -> set[str]:
    return {entity["metadata"]["name"] for entity in entities}


async def test_follower_is_told_of_every_entity_once(shelf: Shelf) -> None:
    begin = await shelf.get("/changes")
    assert begin["reset"] is True
    await shelf.give(Full([component("a"), component("b")]))
    await shelf.give(Delta([component("a", owner="x"), group("g")], ["component:b"]))
    news = await shelf.get("/changes", after=begin["position"])
    assert news["reset"] is False
    assert names(news["upserted"]) == {"a", "g"}
    assert news["removed"] == ["component:default/b"]
    nothing = await shelf.get("/changes", after=news["position"])
    assert nothing == {**nothing, "upserted": [], "removed": [], "reset": False}
    assert nothing["position"] == news["position"]


async def test_small_pages_lead_to_the_same_end(shelf: Shelf) -> None:
    position = (await shelf.get("/changes"))["position"]
    await shelf.give(Full([component(f"c{index}") for index in range(7)]))
    found = set[str]()
    while True:
        news = await shelf.get("/changes", after=position, limit=3)
        if news["position"] == position:
            break
        found |= names(news["upserted"])
        position = news["position"]
    assert len(found) == 7


async def test_waiting_follower_hears_of_a_change_at_once(shelf: Shelf) -> None:
    position = (await shelf.get("/changes"))["position"]
    heard: list[Any] = []

    async def follow() -> None:
        heard.append(await shelf.get("/changes", after=position, wait=50))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow)
            while not shelf.catalog.bell.waiting:
                await anyio.lowlevel.checkpoint()
            await shelf.give(Full([component("a")]))
    assert names(heard[0]["upserted"]) == {"a"}


async def test_waiting_follower_hears_of_a_change_whose_giver_has_left(
    shelf: Shelf,
) -> None:
    position = (await shelf.get("/changes"))["position"]
    go_on = threading.Event()
    heard: list[Any] = []

    def hold(_: Connection, some: list[None]) -> list[None]:
        assert go_on.wait(5)
        return some

    async def follow() -> None:
        heard.append(await shelf.get("/changes", after=position, wait=50))

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(shelf.catalog.database.write, hold, None)
            await anyio.wait_all_tasks_blocked()
            async with anyio.create_task_group() as giver:
                giver.start_soon(shelf.give, Full([component("a")]))
                await anyio.wait_all_tasks_blocked()
                giver.cancel_scope.cancel()
            tasks.start_soon(follow)
            while not shelf.catalog.bell.waiting:
                await anyio.lowlevel.checkpoint()
            go_on.set()
    assert names(heard[0]["upserted"]) == {"a"}


async def test_follower_of_another_or_a_forgotten_past_begins_anew(
    shelf: Shelf,
) -> None:
    begin = (await shelf.get("/changes"))["position"]
    await shelf.give(Full([component("a")]))
    middle = (await shelf.get("/changes"))["position"]
    await shelf.give(Delta([component("b")]))
    epoch = begin.partition(".")[0]
    for strange in ("0" * 32 + ".1", f"{epoch}.99"):
        assert (await shelf.get("/changes", after=strange))["reset"] is True
    with shelf.catalog.database.engine.begin() as connection:
        connection.execute(delete(history).where(history.c.id == 1))
    assert (await shelf.get("/changes", after=begin))["reset"] is True
    assert (await shelf.get("/changes", after=middle))["reset"] is False


async def test_history_goes_when_it_is_older_than_it_is_kept(
    database: Database,
) -> None:
    shelf = Shelf(database, CatalogSettings(history_days=1))
    await shelf.give(Full([component("a")]))
    begin = (await shelf.get("/changes"))["position"]
    await shelf.give(Delta([component("a", owner="x")]))
    shelf.clock = 90_000
    await shelf.give(Delta([component("b")]))
    path = "/entities/by-name/component/default/a"
    assert (await shelf.get(f"{path}/history"))["items"] == []
    told = (await shelf.get(f"{path}/why"))["told"]
    assert "is there; its last change is older than the history kept" in told[0]
    assert (await shelf.get(path))["spec"]["owner"] == "x"
    assert (await shelf.get("/changes", after=begin))["reset"] is True


async def test_history_goes_from_its_beginning_alone(database: Database) -> None:
    shelf = Shelf(database, CatalogSettings(history_days=1))
    shelf.clock = 10
    await shelf.give(Full([component("a")]))
    begin = (await shelf.get("/changes"))["position"]
    shelf.clock = 50_000
    await shelf.give(Delta([component("b")]))
    shelf.clock = 5  # this change was stamped early and came late
    await shelf.give(Delta([component("c")]), as_of=50_001)
    shelf.clock = 90_000
    await shelf.give(Delta([component("d")]))
    news = await shelf.get("/changes", after=begin)
    assert names(news["upserted"]) == {"b", "c", "d"}


async def test_export_is_yaml_documents_as_providers_gave_them(shelf: Shelf) -> None:
    await shelf.give(Full([component("a", {"description": "--- :\n%"}), group("g")]))
    async with shelf.client() as client:
        answer = await client.get("/export.yaml", params={"filter": "kind=component"})
        everything = await client.get("/export.yaml")
    [document] = yaml.safe_load_all(answer.text)
    assert document == component("a", {"description": "--- :\n%"}).document()
    assert len(list(yaml.safe_load_all(everything.text))) == 2


async def test_no_character_of_a_document_makes_the_export_unreadable(
    shelf: Shelf,
) -> None:
    codes = [*range(1, 0x20), *range(0x7F, 0xA0), *STRANGE]
    odd = [
        component(f"c{code}", {"description": f"a{chr(code)}--- b"}) for code in codes
    ]
    await shelf.give(Full(odd))
    async with shelf.client() as client:
        answer = await client.get("/export.yaml")
    read = list(yaml.safe_load_all(answer.content))
    assert read == [entity.document() for entity in odd]
