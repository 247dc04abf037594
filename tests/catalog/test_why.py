"""Why an entity is so, and why it is not there."""

from pathlib import Path
from typing import Any

import pytest

from callboard import Database
from callboard_catalog import Delta, Full, Located, Problem, Rejected
from callboard_catalog.commands import why
from callboard_catalog.testing import Shelf, component

pytestmark = pytest.mark.anyio
A = "/entities/by-name/component/default/a"


async def test_removal_is_told_with_its_run(shelf: Shelf) -> None:
    await shelf.give(Full([component("a")]))
    await shelf.give(Delta(removed=["component:a"]))
    account = await shelf.get(f"{A}/why")
    assert account["there"] is False
    assert account["told"][0] == (
        "component:default/a is not there: it was removed by files at "
        "1970-01-01T00:00:02Z, run run2, task run2.1, delivery del2."
    )
    assert account["last"]["before"]["metadata"]["name"] == "a"


async def test_unmentioned_entity_is_told_with_who_looked(shelf: Shelf) -> None:
    await shelf.give(Full([component("b")]))
    account = await shelf.get(f"{A}/why")
    assert account["told"] == [
        "component:default/a is not there: no provider mentions it, nor did within "
        "the history kept.",
        "files last read everything at 1970-01-01T00:00:01Z, run run1, and gave "
        "1 entity; this is not among them.",
    ]


async def test_who_never_had_to_do_with_an_entity_is_not_told_of_while_it_is_there(
    shelf: Shelf,
) -> None:
    await shelf.give(Full([component("a")]))
    await shelf.give(Full([component("b")]), provider="others")
    told = (await shelf.get(f"{A}/why"))["told"]
    assert not any("others" in line for line in told), told
    await shelf.give(Full())
    told = (await shelf.get(f"{A}/why"))["told"]
    assert "others last read everything" in told[-1]


async def test_mistyped_ref_is_answered_with_those_of_the_same_name(
    shelf: Shelf,
) -> None:
    await shelf.give(Full([component("a")]))
    account = await shelf.get("/entities/by-name/api/default/a/why")
    assert account["similar"] == ["component:default/a"]


async def test_last_look_is_told_with_what_it_found(shelf: Shelf) -> None:
    files = [Located(component("a"), "one.yaml"), Located(component("b"), "two.yaml")]
    await shelf.give(Full(files))
    await shelf.give(Full(files))
    told = (await shelf.get(f"{A}/why"))["told"]
    assert told[-1] == (
        "files last read everything at 1970-01-01T00:00:02Z, run run2, and found it."
    )
    await shelf.give(Full(location_key="one.yaml"))
    told = (await shelf.get(f"{A}/why"))["told"]
    assert "was removed by files" in told[0]
    assert told[-1] == (
        "files last read one.yaml at 1970-01-01T00:00:03Z, run run3, and gave 0 "
        "entities; this is not among them."
    )


async def test_look_that_changed_nothing_is_told_to_who_asked_before(
    shelf: Shelf,
) -> None:
    await shelf.give(Full([component("a")]))
    async with shelf.client() as client:
        first = await client.get(f"{A}/why")
        await shelf.give(Full([component("a")]))
        tag = {"if-none-match": first.headers.get("etag", '"none"')}
        again = await client.get(f"{A}/why", headers=tag)
    assert again.status_code == 200
    assert "run run2" in again.json()["told"][-1]


async def test_unreadable_document_is_told_to_whoever_misses_an_entity(
    shelf: Shelf,
) -> None:
    bad = Rejected((Problem("", "YAML", "a tab", 3),), location_key="one.yaml")
    await shelf.give(Full(rejected=[bad]))
    assert (await shelf.get(f"{A}/why"))["told"][-1] == (
        "files could not read a document under one.yaml that may declare it: "
        "line 3: entity: expected YAML, came a tab."
    )


async def test_entity_taken_over_is_told_with_who_let_go(shelf: Shelf) -> None:
    await shelf.give(Full([component("a")]))
    await shelf.give(Full([component("a", owner="b")]), provider="others")
    waiting = (await shelf.get(f"{A}/why"))["told"]
    assert any(line.startswith("others claims it too") for line in waiting)
    await shelf.give(Full())
    told = (await shelf.get(f"{A}/why"))["told"]
    assert "changed (spec.owner) by files" in told[0]
    assert "(now as others has it under others)" in told[0]
    assert told[1] == "others holds it under others."
    assert "status" not in await shelf.get(A)


async def test_last_change_is_told_beyond_many_problems(shelf: Shelf) -> None:
    await shelf.give(Full([component("a")]))
    for _ in range(26):
        await shelf.give(Full([component("a", owner="b")]), provider="others")
        await shelf.give(Full(), provider="others")
    assert "it was added by files" in (await shelf.get(f"{A}/why"))["told"][0]


async def test_rejected_document_is_told_and_leaves_the_last_good_one(
    shelf: Shelf,
) -> None:
    await shelf.give(Full([component("a")]))
    problem = Problem("spec.owner", "a value", "nothing", 7)
    ref = "component:default/a"
    applied = await shelf.give(Full(rejected=[Rejected((problem,), ref)]))
    assert applied.removed == 0
    account = await shelf.get(f"{A}/why")
    assert account["there"] is True
    assert any(
        "line 7: spec.owner: expected a value" in line for line in account["told"]
    )
    shown = await shelf.get(A)
    assert shown["status"]["items"][0]["error"]["name"] == "InputError"
    await shelf.give(Full([component("a")]))
    assert "status" not in await shelf.get(A)


async def test_history_holds_every_change_with_its_patch(shelf: Shelf) -> None:
    await shelf.give(Full([component("a")]))
    await shelf.give(Full([component("a")]))
    await shelf.give(Delta([component("a", owner="b")]))
    found = (await shelf.get(f"{A}/history"))["items"]
    assert [item["operation"] for item in found] == ["changed", "added"]
    assert found[0]["patch"] == [{"op": "replace", "path": "/spec/owner", "value": "b"}]
    assert found[0]["run"] == "run3"
    older = await shelf.get(f"{A}/history", before=found[0]["number"])
    assert [item["operation"] for item in older["items"]] == ["added"]


async def test_older_knowledge_changes_nothing(shelf: Shelf) -> None:
    await shelf.give(Full([component("a"), component("b")]), as_of=10)
    for older in (
        Full([], as_of=9),
        Delta([component("a", owner="x")], as_of=9),
        Delta(removed=["component:a"], as_of=9),
        Delta([component("c")], as_of=9),
    ):
        applied = await shelf.give(older)
        assert (applied.recorded, applied.stale > 0) == (0, True)
    await shelf.give(Delta(removed=["component:b"]), as_of=11)
    assert (await shelf.give(Delta([component("b")]), as_of=10)).stale == 1
    assert (
        await shelf.give(Full([component("a"), component("b")]), as_of=10)
    ).stale == 1
    assert (await shelf.give(Delta([component("b")]), as_of=11)).added == 1


async def test_older_removal_does_not_undo_a_newer_read_of_one_location(
    shelf: Shelf,
) -> None:
    await shelf.give(Full([component("a")]), as_of=1)
    await shelf.give(Full([component("a")], location_key="files"), as_of=3)
    late = await shelf.give(Delta(removed=["component:a"]), as_of=2)
    assert (late.removed, late.stale) == (0, 1)
    assert (await shelf.get(A))["metadata"]["name"] == "a"


@pytest.mark.parametrize("there", [True, False])
async def test_command_tells_the_account(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    there: bool,
) -> None:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    database = Database.open(url)
    database.migrate("callboard", "callboard_version")
    database.migrate("callboard_catalog", "catalog_version")
    await Shelf(database).give(Full([component("a")] if there else []))
    database.close()
    monkeypatch.setenv("CALLBOARD_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    if there:
        why("component:a")
    else:
        with pytest.raises(SystemExit) as ended:
            why("component:a")
        assert ended.value.code == 1
    told: Any = capsys.readouterr().out
    assert ("was added by files" in told) is there
    # A sentence a line, however long: a pipe has no width.
    assert all(line.endswith(".") for line in told.splitlines())
