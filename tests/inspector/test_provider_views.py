"""How the providers fare, from what is in memory."""

from datetime import timedelta

import anyio
import pytest

from callboard import Callboard, EventName, Provider, Retry, Run, Untyped, every, on
from callboard.testing import deliver, open_board, settled
from callboard_inspector.actions import board_actions
from callboard_inspector.provider_views import provider_views
from callboard_inspector.questions import ProviderView
from callboard_inspector.watched import watched_board
from callboard_inspector.wire import Command

pytestmark = pytest.mark.anyio


class Counts(Provider):
    name = "counts"
    retry = Retry(attempts=1)
    timeout = 30.0

    @on(EventName("plain", "thing", None))
    async def work(self, event: Untyped, _run: Run) -> None:
        if event.payload.get("bad"):
            raise ValueError("bad thing")

    @every(hours=6)
    async def everything(self, _run: Run) -> None:
        await anyio.lowlevel.checkpoint()


def view_of(board: Callboard) -> ProviderView:
    answer = provider_views(watched_board(board), {})
    assert [provider.name for provider in answer.providers] == ["counts"]
    return answer.providers[0]


async def test_figures_tell_what_ran_what_failed_and_when_it_ticks_again() -> None:
    with anyio.fail_after(20):
        async with open_board(Counts(), settings={"runtime": {"attempts": 1}}) as board:
            await deliver(board, "thing")
            failed = await deliver(board, "thing", {"bad": True})
            await settled(board)
            view = view_of(board)
            last = board.trace.deliveries[failed]
    assert (view.completed, view.errored, view.running) == (2, 1, 0)
    assert view.last_error is not None
    assert view.last_error.message == "bad thing"
    assert view.last_error_delivery == failed
    assert view.last_error_task == f"{last.run}.1"
    assert view.p50 is not None
    assert view.p95 is not None
    assert view.p50 <= view.p95
    assert view.lag is not None
    tick = next(h for h in view.handlers if h.method == "everything")
    period = timedelta(hours=6).total_seconds()
    assert tick.every == period
    assert tick.due is not None
    assert last.ended_at is not None
    assert tick.due > last.ended_at + period / 2


async def test_pause_is_shown_with_its_reason_until_it_is_over() -> None:
    with anyio.fail_after(20):
        async with open_board(Counts()) as board:
            assert view_of(board).pause is None
            actions = board_actions(board).by("ada")
            await actions.do(Command(1, "pause", "counts"))
            pause = view_of(board).pause
            assert pause is not None
            assert pause.reason == "by ada"
            assert pause.until is None
            await actions.do(Command(2, "resume", "counts"))
            assert view_of(board).pause is None


async def test_closed_board_still_tells_what_it_knows() -> None:
    with anyio.fail_after(20):
        async with open_board(Counts()) as board:
            await deliver(board, "thing")
            await settled(board)
        view = view_of(board)
    assert view.completed == 2
    assert view.pause is None
