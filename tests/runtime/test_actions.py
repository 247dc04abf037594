"""What a person may do, and the causes and reasons that it leaves behind."""

from pathlib import Path

import anyio
import pytest
import sniffio

from callboard import (
    Callboard,
    DeliveryState,
    Intensity,
    Provider,
    Retry,
    Run,
    Untyped,
    on,
)
from callboard.actions import REPLAY_HEADER, ActionError
from callboard.conductor import SHUTDOWN
from callboard.history import actions_on
from callboard.task import Task
from callboard.testing import (
    THING,
    Gate,
    deliver,
    find,
    newest_tree,
    open_board,
    outline,
    reached,
    settled,
    view,
)
from callboard.wake import Wake

pytestmark = pytest.mark.anyio

PARKED, HELD, COMPLETED = (
    DeliveryState.PARKED,
    DeliveryState.HELD,
    DeliveryState.COMPLETED,
)


async def live(board: Callboard, name: str) -> Task:
    """The task with this name, once it waits for something."""
    while True:
        wake = Wake()
        board.trace.arm(wake)
        for tree in tuple(board.trace.trees.values()):
            for task in tuple(tree.tasks.values()):
                if task.name == name and task.state == "running":
                    board.trace.disarm(wake)
                    return task
        await wake.wait()


class Parent(Provider):
    """Has two children that wait, and says which of them were cancelled."""

    name = "parent"
    retry = Retry(attempts=1)

    def __init__(self, *, native: bool = False) -> None:
        self.native = native
        self.ended: list[str] = []
        self.wakes: dict[str, Wake] = {}

    @on(THING)
    async def handle(self, _event: Untyped, _run: Run) -> None:
        if not self.native:
            async with anyio.create_task_group() as group:
                group.start_soon(self.child, "one", name="one")
                group.start_soon(self.child, "other", name="other")
        elif sniffio.current_async_library() == "trio":
            import trio

            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.child, "one", name="one")
                nursery.start_soon(self.child, "other", name="other")
        else:
            import asyncio  # noqa: TID251 - its own task group is what is tested

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.child("one"), name="one")
                tasks.create_task(self.child("other"), name="other")

    async def child(self, name: str) -> None:
        wake = self.wakes[name] = Wake()
        await wake.wait()
        self.ended.append(name)


@pytest.mark.parametrize("native", [False, True], ids=["anyio", "native"])
async def test_single_task_is_cancelled_alone(
    native: bool,
) -> None:
    parent = Parent(native=native)
    async with open_board(parent, cancellable=True) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing")
            one = await live(board, "one")
            await live(board, "other")
            await board.actions.cancel(one.id, "ada")
            while one.ended is None:
                await anyio.lowlevel.checkpoint()
            parent.wakes["other"]()
            await settled(board)
        tree = await newest_tree(board, id_)
    assert parent.ended == ["other"]
    assert find(tree, "one")["state"] == "halted"
    assert find(tree, "one")["cause"] == "cancelled by ada"
    assert find(tree, "other")["state"] == "completed"
    assert outline(tree)["state"] == "completed"


async def test_provider_is_cancelled_and_its_siblings_go_on() -> None:
    gate, parent = Gate(), Parent()
    async with open_board(gate, parent) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1})
            await live(board, "one")
            task = await live(board, "parent")
            await board.actions.cancel(task.id, "ada")
            gate.open()
            found = await reached(board, id_, PARKED)
        tree = await newest_tree(board, id_)
    assert gate.ended == [1]
    assert find(tree, "parent")["cause"] == "cancelled by ada"
    assert find(tree, "one")["cause"] == "cancelled by ada"
    assert outline(tree)["state"] == "completed"
    assert found.reason == "`parent` cancelled by ada"


async def test_run_is_cancelled_as_a_whole_and_its_delivery_parked() -> None:
    gate, parent = Gate(), Parent()
    async with open_board(gate, parent) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1})
            await gate.entered(1)
            await live(board, "one")
            (run,) = board.trace.trees
            await board.actions.cancel(f"{run}.0", "ada")
            found = await reached(board, id_, PARKED)
        tree = await newest_tree(board, id_)
    assert gate.halted == [1]
    assert found.reason == "cancelled by ada"
    for task in tree.tasks:
        assert (task.state, task.cause) == ("halted", "cancelled by ada"), task.name


async def test_cancelling_what_has_ended_says_what_was_expected() -> None:
    async with open_board(Gate(is_open=True)) as board:
        with anyio.fail_after(10):
            await deliver(board, "thing", {"n": 1})
            await settled(board)
            (run,) = board.trace.trees
            for id_ in (f"{run}.0", f"{run}.99", "nonsense", ""):
                with pytest.raises(ActionError, match="has not ended, got"):
                    await board.actions.cancel(id_, "ada")


async def test_paused_provider_is_held_and_runs_when_it_is_resumed() -> None:
    class Other(Gate):
        name = "other"

    gate, other = Gate(is_open=True), Other(is_open=True)
    async with open_board(gate, other) as board:
        with anyio.fail_after(10):
            await board.actions.pause("gate", "ada")
            id_ = await deliver(board, "thing", {"n": 1})
            held = await reached(board, id_, HELD)
            assert (gate.begun, other.ended) == ([], [1])
            assert held.reason == "waits for a paused provider"
            assert held.attempts == 0, "a run that was held does not count"
            tree = await newest_tree(board, id_)
            assert find(tree, "gate")["cause"] == "provider paused: by ada"
            assert await board.actions.resume("gate", "ada") == 1
            await reached(board, id_, COMPLETED)
    # What had completed is not run again.
    assert (gate.ended, other.ended) == ([1], [1])


async def test_every_action_is_in_the_journal_with_who_and_when_over_a_restart(
    tmp_path: Path,
) -> None:
    path = tmp_path / "callboard.db"
    gate = Gate()
    with anyio.fail_after(20):
        async with open_board(gate, path=path) as board:
            first = await deliver(board, "thing", {"n": 1})
            task = await live(board, "gate")
            await board.actions.cancel(task.id, "ada")
            await reached(board, first, PARKED)
            gate.open()
            await board.actions.unpark(first, "grace")
            await reached(board, first, COMPLETED)
            again = (await newest_tree(board, first)).tasks[0]
            assert [line.message for line in again.logs] == ["queued again by grace"]
            copy = (await board.actions.replay(first, "joan")).view.id
            await reached(board, copy, COMPLETED)
            replayed = (await newest_tree(board, copy)).tasks[0]
            assert [line.message for line in replayed.logs] == ["replayed by joan"]
            await board.actions.pause("gate", "ada")
            held = await deliver(board, "thing", {"n": 2})
            await reached(board, held, HELD)
            await board.actions.park(held, "joan")
        async with open_board(gate, path=path) as board:
            done = await board.database.read(lambda c: actions_on(c, first))
            assert [(a.who, a.kind, a.target, a.delivery) for a in done] == [
                ("ada", "cancel", task.id, first),
                ("grace", "unpark", first, first),
                ("joan", "replay", first, copy),
            ]
            assert sorted(a.at for a in done) == [a.at for a in done]
            parked = await board.database.read(lambda c: actions_on(c, held))
            assert [(a.who, a.kind) for a in parked] == [("joan", "park")]
            pause = board.standings["gate"].paused
            assert pause is not None
            assert pause.reason == "by ada"
            await board.actions.resume("gate", "grace")
        async with open_board(gate, path=path) as board:
            assert board.standings["gate"].paused is None
            on_gate = await board.database.read(lambda c: actions_on(c, "gate"))
            assert [(a.who, a.kind) for a in on_gate] == [
                ("ada", "pause"),
                ("grace", "resume"),
            ]


async def test_pause_with_an_end_is_over_by_itself() -> None:
    gate = Gate(is_open=True)
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            await board.actions.pause("gate", "ada", seconds=0.05)
            id_ = await deliver(board, "thing", {"n": 1})
            await reached(board, id_, COMPLETED)
    assert gate.ended == [1]


async def test_too_many_failures_pause_a_provider_until_it_is_resumed() -> None:
    class Failing(Provider):
        name = "failing"
        retry = Retry(attempts=1)
        intensity = Intensity(failures=2, period=60, pause=3_600)
        broken = True
        begun = 0

        @on(THING)
        async def handle(self, _event: Untyped, _run: Run) -> None:
            self.begun += 1
            if self.broken:
                raise ValueError("broken")

    failing = Failing()
    settings = {"runtime": {"attempts": 1, "runs_at_once": 1}}
    async with open_board(failing, settings=settings) as board:
        with anyio.fail_after(10):
            ids = [await deliver(board, "thing", {"n": n}) for n in range(5)]
            states = [(await reached(board, i, PARKED, HELD)).state for i in ids]
            assert states == [PARKED] * 3 + [HELD] * 2
            pause = board.standings["failing"].paused
            assert pause is not None
            assert pause.reason == "3 failures in 60 s"
            assert pause.until == pytest.approx(pause.since + 3_600)
            failing.broken = False
            assert await board.actions.resume("failing", "ada") == 2
            for id_ in ids[3:]:
                await reached(board, id_, COMPLETED)
    assert failing.begun == 5


async def test_pausing_what_is_no_provider_names_those_that_are() -> None:
    async with open_board(Gate()) as board:
        message = r"expected a provider \(gate\), got 'gaet'"
        with pytest.raises(ActionError, match=message):
            await board.actions.pause("gaet", "ada")
        with pytest.raises(ActionError, match=message):
            await board.actions.resume("gaet", "ada")


async def test_failed_delivery_is_parked_and_unparked_with_all_its_attempts() -> None:
    class Failing(Gate):
        broken = True

        @on(THING)
        async def wait(self, event: Untyped, _run: Run) -> None:
            await super().wait(event, _run)
            if self.broken:
                raise ValueError("broken")

    failing = Failing(is_open=True)
    settings = {"runtime": {"first_wait": 3_600.0}}
    async with open_board(failing, settings=settings) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1})
            await reached(board, id_, DeliveryState.FAILED)
            parked = await board.actions.park(id_, "ada")
            assert (parked.state, parked.reason) == (PARKED, "parked by ada")
            with pytest.raises(ActionError, match="expected it to be failed or held"):
                await board.actions.park(id_, "ada")
            failing.broken = False
            queued = await board.actions.unpark(id_, "ada")
            assert (queued.attempts, queued.reason) == (0, "queued again by ada")
            found = await reached(board, id_, COMPLETED)
    assert found.attempts == 1


@pytest.mark.parametrize("edited", [None, b'{"n": 2}'])
async def test_replay_is_a_delivery_of_its_own_with_its_origin(
    edited: bytes | None,
) -> None:
    gate = Gate(is_open=True)
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing", {"n": 1, "organization": "acme"})
            await settled(board)
            again = (await board.actions.replay(id_, "ada", edited)).view
            await settled(board)
        found, origin = await view(board, again.id), await view(board, id_)
        kept = await board.journal.load(again.id)
    assert gate.ended == [1, 1 if edited is None else 2]
    assert found.replay_of == id_
    how = "" if edited is None else "with an edited payload "
    assert (found.state, found.organization) == (COMPLETED, "acme")
    assert (origin.state, origin.attempts) == (COMPLETED, 1)
    assert kept is not None
    assert kept.body == (edited or b'{"n":1,"organization":"acme"}')
    assert kept.headers[REPLAY_HEADER] == f"replayed {how}by ada"


async def test_what_is_not_in_the_journal_is_not_replayed() -> None:
    async with open_board() as board:
        with pytest.raises(ActionError, match="no delivery nothing in the journal"):
            await board.actions.replay("nothing", "ada")


async def test_runs_that_were_waiting_for_their_slot_are_halted_too() -> None:
    class Limited(Gate):
        concurrency = 1

    gate = Limited()
    async with open_board(gate) as board:
        with anyio.fail_after(10):
            ids = [await deliver(board, "thing", {"n": n}) for n in range(2)]
            await gate.entered(1)
            await until_waiting(board, "a slot (1 at once)")
            assert board.standings["gate"].waiting == 1
            runs = {t.delivery: r for r, t in board.trace.trees.items()}
            first = gate.begun[0]
            other = ids[1 - int(str(first))]
            await board.actions.cancel(f"{runs[other]}.0", "ada")
            await reached(board, other, PARKED)
            tree = await newest_tree(board, other)
            gate.open()
            await settled(board)
    assert find(tree, "gate")["cause"] == "cancelled by ada"
    assert gate.begun == [first]


async def until_waiting(board: Callboard, reason: str) -> None:
    while True:
        wake = Wake()
        board.trace.arm(wake)
        trees = tuple(board.trace.trees.values())
        if any(t.waits == reason for tree in trees for t in tree.tasks.values()):
            board.trace.disarm(wake)
            return
        await wake.wait()


async def test_shutdown_is_the_cause_of_what_it_halts() -> None:
    gate = Gate()
    async with open_board(gate, settings={"runtime": {"grace": 0}}) as board:
        with anyio.fail_after(10):
            await deliver(board, "thing", {"n": 1})
            await gate.entered(1)
        (tree,) = board.trace.trees.values()
    assert {task.cause for task in tree.tasks.values()} == {SHUTDOWN}
    assert tree.open == 0
