"""What a person may do from the inspector, and what they are told."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, get_args

import anyio
import pytest

from callboard import Callboard, EventName, Provider, Retry, Run, Untyped, on
from callboard.delivery import DeliveryState
from callboard.history import DeliveryFilter, find_payload, list_deliveries
from callboard.testing import deliver, newest_tree, open_board, outline, settled, view
from callboard.wake import Wake
from callboard_inspector.actions import Actions, board_actions
from callboard_inspector.wire import Command, CommandKind, Result

pytestmark = pytest.mark.anyio
T = TypeVar("T")


class Waits(Provider):
    name = "waits"
    retry = Retry(attempts=1)

    @on(EventName("plain", "wait", None))
    async def wait(self, _event: Untyped, run: Run) -> None:
        async with run.span("for ever"):
            await anyio.sleep_forever()

    @on(EventName("plain", "thing", None))
    async def work(self, event: Untyped, _run: Run) -> None:
        if event.payload.get("bad"):
            raise ValueError("bad thing")


@asynccontextmanager
async def acting() -> AsyncGenerator[tuple[Callboard, Actions]]:
    with anyio.fail_after(20):
        async with open_board(Waits(), settings={"runtime": {"attempts": 1}}) as board:
            yield board, board_actions(board).by("ada")


async def do(
    actions: Actions,
    kind: CommandKind,
    target: str,
    payload: str | None = None,
    if_revision: int | None = None,
) -> Result:
    return await actions.do(Command(7, kind, target, if_revision, payload))


async def seen(board: Callboard, wanted: Callable[[], T | None]) -> T:
    """What ``wanted`` finds, looked for again whenever something has changed."""
    while True:
        wake = Wake()
        board.trace.arm(wake)
        found = wanted()
        if found is not None:
            board.trace.disarm(wake)
            return found
        await wake.wait()


async def running(board: Callboard) -> str:
    """The id of the span that waits for ever."""

    def span() -> str | None:
        for tree in tuple(board.trace.trees.values()):
            for task in tuple(tree.tasks.values()):
                if task.name == "for ever" and task.scope is not None:
                    return task.id
        return None

    return await seen(board, span)


async def test_everything_that_the_runtime_offers_is_offered() -> None:
    async with acting() as (_, actions):
        assert actions.kinds == [
            "cancel",
            "park",
            "pause",
            "replay",
            "resume",
            "unpark",
        ]


async def test_cancelled_task_says_that_a_person_did_it() -> None:
    async with acting() as (board, actions):
        delivery = await deliver(board, "wait")
        result = await do(actions, "cancel", await running(board))
        assert result.ok, result
        await settled(board)
        tree = outline(await newest_tree(board, delivery))
        span = tree["children"][0]["children"][0]
        assert span["state"] == "halted"
        assert span["cause"] == "cancelled by ada"
        again = await do(actions, "cancel", "nosuchrun.1")
        assert not again.ok
        assert "expected a task that has not ended" in again.message


async def test_replay_runs_the_same_payload_or_the_edited_one() -> None:
    async with acting() as (board, actions):
        delivery = await deliver(board, "thing", {"bad": True})
        await settled(board)
        same = await do(actions, "replay", delivery)
        edited = await do(actions, "replay", delivery, '{"bad": false}')
        await settled(board)
        assert same.delivery is not None
        assert edited.delivery is not None
        assert (await view(board, edited.delivery)).state is DeliveryState.COMPLETED
        first = await newest_tree(board, same.delivery)
        assert outline(first)["state"] == "errored"
        shown = await view(board, edited.delivery)
        assert shown.replay_of == delivery
        found = await board.database.read(
            lambda c: find_payload(c, edited.delivery or "")
        )
        assert found is not None
        assert found.body == b'{"bad": false}'


async def test_payload_that_is_no_json_is_refused_with_the_place() -> None:
    async with acting() as (board, actions):
        delivery = await deliver(board, "thing")
        await settled(board)
        result = await do(actions, "replay", delivery, '{"a": ')
        assert not result.ok
        assert "expected a JSON document" in result.message
        found = await board.database.read(
            lambda c: list_deliveries(c, DeliveryFilter(), None)
        )
        assert len(found) == 1


async def test_paused_provider_holds_deliveries_until_it_is_resumed() -> None:
    async with acting() as (board, actions):
        assert (await do(actions, "pause", "waits")).ok
        delivery = await deliver(board, "thing")
        await settled(board)
        assert (await view(board, delivery)).state is DeliveryState.HELD
        parked = await do(actions, "park", delivery)
        assert parked.ok, parked
        assert (await do(actions, "unpark", delivery)).ok
        resumed = await do(actions, "resume", "waits")
        assert resumed.ok, resumed
        shown = board.trace.deliveries[delivery]
        await seen(board, lambda: shown.state is DeliveryState.COMPLETED or None)
        unknown = await do(actions, "pause", "nobody")
        assert not unknown.ok
        assert "expected a provider (waits)" in unknown.message


async def test_what_changed_since_it_was_seen_is_left_alone() -> None:
    async with acting() as (board, actions):
        delivery = await deliver(board, "thing")
        await settled(board)
        seen = board.trace.deliveries[delivery].revision
        stale = await do(actions, "replay", delivery, if_revision=seen - 1)
        assert not stale.ok
        assert "look again" in stale.message
        assert (await do(actions, "replay", delivery, if_revision=seen)).ok


async def test_every_command_that_the_wire_knows_is_one_of_the_boards() -> None:
    async with acting() as (_, actions):
        assert set(actions.kinds) == set(get_args(CommandKind))
