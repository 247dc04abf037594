"""What strangers wrote, in a terminal and in the page: it misleads nobody."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import msgspec
import pytest

from callboard import Callboard, Provider, Retry, Run, Trace, Untyped, clock, on
from callboard.cli.console import PlainConsole
from callboard.cli.runs import runs
from callboard.delivery import DeliveryState, DeliveryView
from callboard.plain import plain
from callboard.testing import THING, deliver, open_board, settled
from callboard_inspector import bundle as files
from callboard_inspector.picture import Picture
from callboard_inspector.snapshots import snapshot_of_list
from callboard_inspector.terminal.journal_lines import Lines, as_json, as_text
from callboard_inspector.terminal.screen import Screen
from callboard_inspector.terminal.show import show
from callboard_inspector.terminal.watch import Follower

EVIL = "\x1b]52;c;Y3VybCBldmls\x07\u202e"
PAGE = Path(__file__).parents[2] / "inspector" / "callboard_inspector" / "static"


class Victim(Provider):
    """Fails with what a stranger wrote."""

    name = "victim"
    retry = Retry(attempts=1)

    @on(THING)
    async def fail(self, event: Untyped, run: Run) -> None:
        run.label(said=EVIL)
        async with run.span(EVIL):
            raise LookupError(f"no such thing: {event.payload['name']}")


def said_by(written: str) -> str:
    """What was written, which may be no control but the end of a line."""
    assert plain(written) == written
    return written


@pytest.mark.anyio
async def test_an_exceptions_message_says_nothing_to_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"runtime": {"attempts": 1}}
    path = tmp_path / "callboard.db"
    async with open_board(Victim(), path=path, settings=settings) as board:
        delivery = await _failed(board)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLBOARD_DATABASE_URL", raising=False)
    await anyio.to_thread.run_sync(lambda: show(delivery))
    assert "\\u001b]52;c;" in said_by(capsys.readouterr().out)
    await anyio.to_thread.run_sync(lambda: show(delivery, json_=True))
    bundle = files.read(said_by(capsys.readouterr().out).encode())
    assert EVIL in [task.name for task in bundle.tasks]
    runs()
    assert delivery in said_by(capsys.readouterr().out)


async def _failed(board: Callboard) -> str:
    delivery = await deliver(board, "thing", {"name": EVIL})
    await settled(board)
    return delivery


def picture_of_a_strangers_names() -> Picture:
    trace, picture = Trace(), Picture()
    state = DeliveryState.PARKED
    view = DeliveryView(
        "d", "s", "g", EVIL, f"a\n{EVIL}", "o", EVIL, clock.now(), state
    )
    trace.show(msgspec.structs.replace(view, reason=EVIL))
    for frame in snapshot_of_list(trace):
        picture.apply(frame)
    return picture


def test_a_delivery_of_any_name_is_one_plain_line() -> None:
    picture = picture_of_a_strangers_names()
    (line,) = Lines(as_text).new(picture)
    assert "\n" not in said_by(line)
    (document,) = Lines(as_json).new(picture)
    assert json.loads(said_by(document))["repository"] == EVIL


@pytest.mark.parametrize("width", [60, 160])
def test_a_screen_of_any_names_stays_within_the_terminal(width: int) -> None:
    follower = Follower("http://x", None, None)
    follower.picture = picture_of_a_strangers_names()
    console = PlainConsole(file=io.StringIO(), width=width, height=30)
    console.print(Screen(follower, "http://x"))
    assert isinstance(console.file, io.StringIO)
    lines = said_by(console.file.getvalue()).splitlines()
    assert max(map(len, lines)) <= width
    assert sum("parked" in line for line in lines) == 1


def test_the_terminal_and_the_page_hide_the_same_characters() -> None:
    node = shutil.which("node")
    if node is None:
        assert not os.environ.get("CI"), "node is missing"
        pytest.skip("node is missing: the page's side was not tried")
    script = f"""
        import {{ plain }} from {json.dumps((PAGE / "state/plain.js").as_uri())};
        const found = [];
        for (let code = 0; code <= 0x10ffff; code += 1) {{
          const written = plain(String.fromCodePoint(code));
          if (written !== String.fromCodePoint(code)) found.push([code, written]);
        }}
        console.log(JSON.stringify(found));
    """
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, check=True
    )
    ours = [
        [code, plain(chr(code))]
        for code in range(sys.maxunicode + 1)
        if plain(chr(code)) != chr(code)
    ]
    assert json.loads(done.stdout) == ours
