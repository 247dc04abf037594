"""The commands ``show`` and ``watch``, and a run as a file."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import msgspec
import pytest
from msgspec import structs
from rich.console import Console

from callboard import (
    Callboard,
    Effect,
    Provider,
    Retry,
    Run,
    SettingsError,
    Untyped,
    on,
)
from callboard.cli.runs import runs as runs_command
from callboard.clock import duration
from callboard.testing import THING, deliver, open_board, record, settled
from callboard_inspector import bundle as files
from callboard_inspector.bundle import Bundle, BundleError
from callboard_inspector.detail import Details
from callboard_inspector.terminal.changes import differences
from callboard_inspector.terminal.show import account, show
from callboard_inspector.terminal.trees import Node, tree_table
from callboard_inspector.watched import watched_board

pytestmark = pytest.mark.anyio
PAGE = Path(__file__).parents[2] / "inspector" / "callboard_inspector" / "static"


class Shelf(Provider):
    """Keeps things; ``bad`` ones make it fail in a group."""

    name = "shelf"
    retry = Retry(attempts=1)

    def __init__(self) -> None:
        self.board: Callboard | None = None

    @on(THING)
    async def keep(self, event: Untyped, run: Run) -> None:
        assert self.board is not None
        before, after = (msgspec.Raw(text) for text in (b'{"n":1}', b'{"n":2,"m":[]}'))
        effects = [Effect("thing:a", "changed", before, after)]
        if event.payload.get("refused"):
            said = msgspec.Raw(b'{"message":"it has no\\nname"}')
            effects = [Effect("thing:b", "rejected", None, said)]
        await record(self.board.database, run, *effects)
        if event.payload.get("bad"):
            async with anyio.create_task_group() as group:
                group.start_soon(self._fail, name="look for it")
                group.start_soon(anyio.sleep_forever, name="wait for it")

    async def _fail(self) -> None:
        raise LookupError("no such thing\non any shelf")


@asynccontextmanager
async def shelved(path: Path) -> AsyncGenerator[Callboard]:
    shelf = Shelf()
    with anyio.fail_after(20):
        async with open_board(
            shelf, path=path, settings={"runtime": {"attempts": 1}}
        ) as board:
            shelf.board = board
            yield board


@pytest.fixture
async def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The delivery and the run of a failure in the journal of this folder."""
    async with shelved(tmp_path / "callboard.db") as board:
        delivery = await deliver(board, "thing", {"bad": True, "text": "<b>\u202e"})
        await deliver(board, "thing", {})
        await settled(board)
        run = board.trace.deliveries[delivery].run
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLBOARD_DATABASE_URL", raising=False)
    assert run is not None
    return delivery, run


def printed(bundle: Bundle, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(account(bundle))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_what_was_refused_is_told_apart_from_what_changed(tmp_path: Path) -> None:
    async with shelved(tmp_path / "callboard.db") as board:
        delivery = await deliver(board, "thing", {"refused": True})
        await settled(board)
        run = board.trace.deliveries[delivery].run or ""
        details = Details(watched_board(board))
        text = printed(await files.collect(details, delivery, run, {}))
    assert "1 remark" in text
    assert "Left as it was (1 rejected)" in text
    assert "it has no\\nname" in text
    assert "changed" not in text.lower()


async def in_thread(call: Callable[[], object]) -> None:
    """A command runs an event loop of its own."""
    await anyio.to_thread.run_sync(call)


async def test_show_tells_the_tree_the_error_and_the_changes(
    failed: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    delivery, run = failed
    for target in (delivery, run, f"{run}.1"):
        await in_thread(lambda target=target: show(target))
        text = capsys.readouterr().out
        for expected in (
            delivery,
            run,
            "✗ shelf",
            "✗ look for it",
            "⊘ wait for it",
            "sibling `look for it` failed",
            "ExceptionGroup",
            "└─ LookupError: no such thing",
            'raise LookupError("no such thing',
            "test_terminal.py:",
            "~ thing:a  changed by shelf",
            "- n: 1",
            "+ n: 2",
            "+ m: []",
        ):
            assert expected in text, f"{expected!r} is missing in:\n{text}"


async def test_show_says_in_one_line_what_cannot_be_read(
    failed: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(tmp_path / "callboard.db")) as database:
        database.execute("UPDATE deliveries SET headers = '{'")
        database.commit()
    await in_thread(lambda: show(failed[0]))
    said = capsys.readouterr()
    assert "Missing: no answer: " in said.out
    assert "DecodeError" in said.out
    with closing(sqlite3.connect(tmp_path / "callboard.db")) as database:
        database.execute("UPDATE runs SET tree = X'00'")
        database.commit()
    for target in failed:
        with pytest.raises(SystemExit):
            await in_thread(lambda target=target: show(target))
        line = capsys.readouterr().err
        assert line.startswith("callboard: no answer: zlib.error: ")
        assert line.count("\n") == 1


async def test_into_a_pipe_show_wraps_nothing_and_ends_lines_where_they_end(
    failed: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    await in_thread(lambda: show(failed[1]))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "sibling `look for it` failed" in line]
    assert [line for line in lines if line != line.rstrip()] == []
    # The reason of the delivery is the run's cause: it is said once.
    assert sum("1 of 1 providers failed" in line for line in lines) == 2


async def test_on_a_narrow_terminal_what_is_said_stands_below_its_beginning(
    failed: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    await in_thread(lambda: show(failed[1], export=file))
    lines = printed(files.read(file.read_bytes()), width=40).splitlines()
    assert max(map(len, lines)) <= 40
    at = next(i for i, line in enumerate(lines) if "✗ look for it" in line)
    assert lines[at].startswith("   ├─ ✗ look for it  ")
    assert lines[at + 1].startswith("   │    LookupError: no such thing")
    at = next(i for i, line in enumerate(lines) if line.startswith("  because"))
    assert lines[at + 1].startswith(" " * 11 + "`shelf`")
    at = next(i for i, line in enumerate(lines) if "└─ LookupError" in line)
    assert lines[at + 1].startswith("     ")


async def test_show_says_what_it_expected(
    failed: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    delivery, _ = failed
    for call, expected in (
        (lambda: show("nothing"), "expected a run, a delivery or a file"),
        (lambda: show("nothing.json"), "no such file"),
        (lambda: show(delivery, run=7), "has 1 run, and no run 7"),
    ):
        with pytest.raises(SystemExit) as ended:
            await in_thread(call)
        assert ended.value.code == 1
        assert expected in capsys.readouterr().err


async def test_a_run_is_the_same_from_the_journal_and_from_its_file(
    failed: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = failed
    file = tmp_path / "run.json"
    await in_thread(lambda: show(run, export=file))
    await in_thread(lambda: show(run, json_=True))
    one, other = (json.loads(t) for t in (file.read_text(), capsys.readouterr().out))
    assert {**one, "exported": 0} == {**other, "exported": 0}
    bundle = files.read(file.read_bytes())
    assert bundle.payload is not None
    assert json.loads(bundle.payload.text)["bad"] is True
    assert json.loads(files.write(bundle)) == one
    await in_thread(lambda: show(str(file)))
    assert "└─ LookupError: no such thing" in capsys.readouterr().out
    with pytest.raises(SettingsError, match="cannot be written"):
        await in_thread(lambda: show(run, export=tmp_path / "none" / "run.json"))


async def test_the_page_opens_the_file_and_the_terminal_opens_the_pages(
    failed: tuple[str, str], tmp_path: Path
) -> None:
    node = shutil.which("node")
    if node is None:
        assert not os.environ.get("CI"), "node is missing"
        pytest.skip("node is missing: the page's side was not tried")
    _, run = failed
    file, back = tmp_path / "run.json", tmp_path / "back.json"
    await in_thread(lambda: show(run, export=file))
    script = f"""
        import {{ readFileSync, writeFileSync }} from "node:fs";
        import * as bundle from {json.dumps((PAGE / "state/bundle.js").as_uri())};
        const found = bundle.readBundle(readFileSync({json.dumps(str(file))}, "utf8"));
        const collecting = new bundle.Collecting(bundle.idOf(found), found.run);
        while (collecting.next !== null) {{
          collecting.take(bundle.answerFrom(found, collecting.next), null);
        }}
        const again = collecting.bundle(1);
        writeFileSync({json.dumps(str(back))}, JSON.stringify(again));
        console.log(bundle.framesOf(found).length);
    """
    done = await anyio.run_process(
        [node, "--input-type=module", "-e", script], stderr=subprocess.PIPE
    )
    assert done.stdout.decode().strip() == "6"
    ours, pages = files.read(file.read_bytes()), files.read(back.read_bytes())
    assert pages.missing == []
    assert pages.tasks == ours.tasks
    assert pages.payload == ours.payload
    assert [e.subject for e in pages.effects] == [e.subject for e in ours.effects]
    assert printed(pages).splitlines()[0] == printed(ours).splitlines()[0]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no JSON"),
        (b"[]", "Expected `object`"),
        (b"{}", 'with "format": "callboard.run.1"; got null'),
        (b'{"format":"other"}', 'got "other"'),
        (b'{"format":"callboard.run.1"}', "damaged"),
        (b"[" * 100_000, "expected a run's file"),
        (b"\xff", "expected a run's file"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, expected: str) -> None:
    with pytest.raises(BundleError, match=expected):
        files.read(content)


async def test_a_file_whose_tasks_have_no_place_in_the_tree_is_damaged(
    failed: tuple[str, str], tmp_path: Path
) -> None:
    _, run = failed
    file = tmp_path / "run.json"
    await in_thread(lambda: show(run, export=file))
    whole = files.read(file.read_bytes())
    last = whole.tasks[-1]
    for parent in (last.n, 999):
        tasks = [*whole.tasks[:-1], structs.replace(last, parent=parent)]
        content = files.write(structs.replace(whole, tasks=tasks))
        with pytest.raises(BundleError, match=f"damaged: .* got {parent}"):
            files.read(content)
    tasks = [*whole.tasks, structs.replace(last, parent=last.n)]  # a circle of two
    with pytest.raises(BundleError, match=f"damaged: expected task {last.n} once"):
        files.read(files.write(structs.replace(whole, tasks=tasks)))


async def test_a_run_without_a_tree_is_not_exported(tmp_path: Path) -> None:
    async with shelved(tmp_path / "callboard.db") as board:
        details = Details(watched_board(board))
        with pytest.raises(BundleError, match="not in the journal"):
            await files.collect(details, "none", "none", {})
        delivery = await deliver(board, "thing", {})
        with pytest.raises(BundleError, match="no recorded tree"):
            await files.collect(details, delivery, "none", {})


def test_a_tree_with_no_room_shows_what_failed_and_what_is_above_it() -> None:
    nodes = [node(0, None, "errored")]
    nodes += [node(n, 0, "completed") for n in range(1, 200)]
    nodes += [node(200, 150, "errored", failed=True)]
    console = Console(file=io.StringIO(), width=80)
    console.print(tree_table(nodes, 0.0, 5))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 5
    assert [line.split()[-3] for line in lines[:1]] == ["t0"]
    text = "\n".join(lines)
    assert "t150" in text
    assert "t200" in text
    assert "197 more tasks" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_how_long_a_task_took_is_never_cut(width: int) -> None:
    nodes = [structs.replace(node(0, None, "completed"), name="n" * 200)]
    nodes += [structs.replace(node(1, 0, "completed"), labels={"said": "l" * 200})]
    console = Console(file=io.StringIO(), width=width)
    console.print(tree_table(nodes, 0.0, 5))
    assert isinstance(console.file, io.StringIO)
    first, second = console.file.getvalue().splitlines()
    took = duration(nodes[0].ended or 0.0)
    assert f"…  {took}" in first
    assert f"{took}  said=" in second


def test_a_tree_deeper_than_pythons_stack_is_shown() -> None:
    nodes = [node(n, n - 1 if n else None, "running") for n in range(3_000)]
    console = Console(file=io.StringIO(), width=80)
    console.print(tree_table(nodes, 0.0, 10))


def node(n: int, parent: int | None, state: str, *, failed: bool = False) -> Node:
    return Node(
        n, parent, f"t{n}", "task", state, 0.0, 0.0, 1.0, "", failed, {}, None, 0, 0, 0
    )


def test_a_difference_names_the_path() -> None:
    before = {"a": {"b": 1, "c": [1]}, "d": None}
    after = {"a": {"b": 2, "c": [1]}, "e": 1}
    assert list(differences(before, after)) == [
        ("-", "a.b", 1),
        ("+", "a.b", 2),
        ("-", "d", None),
        ("+", "e", 1),
    ]
    assert list(differences(before, before)) == []


async def test_runs_writes_an_object_a_line(
    failed: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    delivery, _ = failed
    runs_command(json_=True, limit=0)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == 2
    wanted = {"guid", "event", "action", "state", "attempts", "received_at"}
    assert all(wanted <= set(view) for view in found)
    runs_command(limit=1)
    assert len(capsys.readouterr().out.splitlines()) == 2  # a heading, and one
    runs_command()
    assert delivery in capsys.readouterr().out
