"""What providers add to entities that others own."""

import pytest

from callboard import Database
from callboard_catalog import (
    Delta,
    EntityProvider,
    Full,
    InvalidRef,
    InvalidSupplement,
    Located,
    Supplement,
)
from callboard_catalog.testing import Shelf, component

pytestmark = pytest.mark.anyio
A = "/entities/by-name/component/default/a"
KEY = "files/1/catalog-info.yaml"
RED = Supplement("files/1/", {"ci": "red"}, {"ci": "red"}, ["resource:default/build"])


class Builds(EntityProvider):
    """A provider that is configured."""

    name = "ci"


async def annotations(shelf: Shelf) -> dict[str, str]:
    return (await shelf.get(A))["metadata"].get("annotations", {})


@pytest.mark.parametrize("first", ["entity", "supplement"])
async def test_supplement_shows_whichever_came_first(shelf: Shelf, first: str) -> None:
    async def entity() -> None:
        await shelf.give(Full([Located(component("a"), KEY)]))

    async def supplement() -> None:
        await shelf.give(Delta(supplements=[RED]), provider="ci")

    for give in [entity, supplement] if first == "entity" else [supplement, entity]:
        await give()
    shown = await shelf.get(A)
    assert shown["metadata"]["annotations"] == {"ci": "red"}
    assert shown["metadata"]["labels"] == {"ci": "red"}
    assert shown["spec"]["dependsOn"] == ["resource:default/build"]
    assert {r["type"] for r in shown["relations"]} == {"ownedBy", "dependsOn"}
    found = await shelf.get("/entities", filter="metadata.annotations.ci=red")
    assert [one["metadata"]["uid"] for one in found] == [shown["metadata"]["uid"]]


async def test_owner_wins_then_the_first_provider_by_name(shelf: Shelf) -> None:
    own = component("a", {"annotations": {"ci": "own"}})
    await shelf.give(Full([Located(own, KEY)]))
    await shelf.give(Full(supplements=[Supplement("files/", {"x": "b"})]), provider="b")
    both = Supplement("files/", {"x": "a", "ci": "a"})
    await shelf.give(Full(supplements=[both]), provider="a")
    assert await annotations(shelf) == {"ci": "own", "x": "a"}
    await shelf.give(Full([Located(component("a"), KEY)]))
    assert await annotations(shelf) == {"ci": "a", "x": "a"}
    await shelf.give(Full(), provider="a")
    assert await annotations(shelf) == {"x": "b"}


async def test_supplement_leaves_other_kinds_and_other_places_alone(
    shelf: Shelf,
) -> None:
    await shelf.give(
        Full([Located(component("a"), "files/12/x"), Located(component("b"), KEY)])
    )
    other = Supplement("files/12/", {"ci": "red"}, kinds=["API"])
    applied = await shelf.give(Full(supplements=[RED, other]), provider="ci")
    assert applied.supplemented == 1
    assert await annotations(shelf) == {}


async def test_older_supplement_never_overwrites_a_newer_one(shelf: Shelf) -> None:
    await shelf.give(Full([Located(component("a"), KEY)]))
    await shelf.give(Delta(supplements=[RED]), provider="ci", as_of=10.0)
    green = Supplement("files/1/", {"ci": "green"})
    await shelf.give(Delta(supplements=[green]), provider="ci", as_of=9.0)
    assert await annotations(shelf) == {"ci": "red"}
    await shelf.give(Delta(unsupplemented=["files/1/"]), provider="ci", as_of=11.0)
    await shelf.give(Delta(supplements=[green]), provider="ci", as_of=10.5)
    assert await annotations(shelf) == {}


async def test_history_and_why_tell_who_supplements(shelf: Shelf) -> None:
    await shelf.give(Full([Located(component("a"), KEY)]))
    await shelf.give(Delta(supplements=[RED]), provider="ci")
    account = await shelf.get(f"{A}/why")
    assert account["told"][0] == (
        "component:default/a is there: it was changed (metadata.annotations, "
        "metadata.labels, spec.dependsOn) by ci at 1970-01-01T00:00:02Z, "
        "run run2, task run2.1, delivery del2 (supplemented by ci)."
    )
    assert account["told"][1:3] == [
        f"files holds it under {KEY}.",
        "ci supplements it with ci, ci, resource:default/build.",
    ]
    await shelf.give(Full(), provider="ci")
    account = await shelf.get(f"{A}/why")
    assert account["last"]["message"] == "no longer supplemented by ci"
    assert account["additions"] == []


async def test_unchanged_supplement_changes_nothing(shelf: Shelf) -> None:
    await shelf.give(Full([Located(component("a"), KEY)]))
    before = await shelf.give(Full(supplements=[RED]), provider="ci")
    after = await shelf.give(Full(supplements=[RED]), provider="ci")
    assert (after.supplemented, after.version) == (0, before.version)


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        ("a text that ends with /", {"about": "files/1"}),
        ("separated by any of", {"annotations": {"a b": ""}}),
        ("an empty text, or letters", {"labels": {"ci": "not a label"}}),
        ("an entity ref", {"depends_on": ["website"]}),
    ],
)
def test_wrong_supplement_is_refused_where_it_is_made(
    expected: str, fields: dict[str, object]
) -> None:
    with pytest.raises((InvalidSupplement, InvalidRef), match=expected):
        Supplement(**{"about": "files/1/", **fields})  # pyright: ignore[reportArgumentType] - any field


async def test_two_supplements_about_the_same_are_refused(shelf: Shelf) -> None:
    with pytest.raises(InvalidSupplement, match='came "two"'):
        await shelf.give(Delta(supplements=[RED, RED]))


async def test_supplements_of_a_provider_no_longer_configured_go(
    database: Database,
) -> None:
    before, after = Shelf(database), Shelf(database)
    await Builds(before.catalog).catalog.open(1.0)
    await before.give(Full([Located(component("a"), KEY)]))
    await before.give(Full(supplements=[RED]), provider="ci")
    assert await annotations(before) == {"ci": "red"}
    await after.catalog.open(20.0)
    assert await annotations(after) == {}
