"""A provider that is tried again, as ``show`` and ``watch`` draw its tree."""

import io

import anyio
import pytest
from rich.console import Console, RenderableType

from callboard import Provider
from callboard.testing import deliver, settled
from callboard_inspector import bundle as files
from callboard_inspector import testing
from callboard_inspector.detail import Details
from callboard_inspector.terminal.screen import Screen
from callboard_inspector.terminal.show import account
from callboard_inspector.terminal.watch import Follower
from callboard_inspector.watched import watched_board

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("falls", "said"),
    [(2, "attempt 3 of 3  handler=play"), (3, "attempt 3 of 3  ValueError: forgot")],
    ids=["completed", "failed"],
)
async def test_tree_tells_which_attempt_it_is_and_what_belongs_to_it(
    understudy: Provider, falls: int, said: str
) -> None:
    settings = {"runtime": {"attempts": 1}}
    with anyio.fail_after(30):
        async with testing.served(understudy, settings=settings) as board:
            delivery = await deliver(board, "play", {"falls": falls})
            await settled(board)
            run = board.trace.deliveries[delivery].run or ""
            follower = Follower(str(board.inspector_url), None, delivery)
            with anyio.CancelScope() as scope:
                await follower.follow(
                    lambda p: (
                        scope.cancel()
                        if delivery in p.trees and p.trees[delivery].tasks
                        else None
                    )
                )
            details = Details(watched_board(board))
            found = await files.collect(details, delivery, run, {})
    for shown in (Screen(follower, "http://x"), account(found)):
        lines = printed(shown)
        assert said in line_of(lines, "understudy")
        assert "attempt" not in line_of(lines, "act 1")
        assert "attempt 2" in line_of(lines, "act 2")
        assert "attempt 3" in line_of(lines, "act 3")


def printed(shown: RenderableType) -> list[str]:
    console = Console(file=io.StringIO(), width=120, height=60, highlight=False)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def line_of(lines: list[str], task: str) -> str:
    return next(line for line in lines if f" {task} " in line)
