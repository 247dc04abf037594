"""Who may change what a provider says, and when."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from callboard_github.turns import Turns

pytestmark = pytest.mark.anyio


class Told:
    """Repeats are written down."""

    def __init__(self) -> None:
        self.again: list[str] = []

    def repeat(self, what: str) -> Callable[[None], Awaitable[None]]:
        async def again(_run: None) -> None:
            self.again.append(what)

        return again


async def test_single_changes_go_on_at_once() -> None:
    turns = Turns[None]()
    told = Told()
    with anyio.fail_after(5):
        async with (
            turns.single("a", told.repeat("a")),
            turns.single("b", told.repeat("b")),
        ):
            pass


async def test_who_is_alone_waits_for_singles_and_holds_up_new_ones() -> None:
    turns = Turns[None]()
    told = Told()
    order: list[str] = []
    leave, rest = anyio.Event(), anyio.Event()

    async def single(name: str, until: anyio.Event | None = None) -> None:
        async with turns.single(name, told.repeat(name)):
            order.append(name)
            if until is not None:
                await until.wait()

    async def alone() -> None:
        async with turns.alone():
            order.append("alone")
            await rest.wait()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(single, "first", leave)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(alone)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(single, "late")
            await anyio.wait_all_tasks_blocked()
            assert order == ["first"]
            leave.set()
            await anyio.wait_all_tasks_blocked()
            assert order == ["first", "alone"]
            rest.set()
    assert order == ["first", "alone", "late"]


async def test_reading_learns_what_changed_before_its_end() -> None:
    turns = Turns[None]()
    told = Told()
    with anyio.fail_after(5):
        async with turns.single("before", told.repeat("before")):
            pass
        async with turns.reading() as meanwhile:
            for _ in range(2):
                async with turns.single("during", told.repeat("during")):
                    pass
            async with turns.alone():
                for again in meanwhile.values():
                    await again(None)
    assert told.again == ["during"]


async def test_reading_learns_what_had_begun_before_it() -> None:
    turns = Turns[None]()
    told = Told()
    with anyio.fail_after(5):
        async with (
            turns.single("begun", told.repeat("begun")),
            turns.reading() as meanwhile,
        ):
            assert list(meanwhile) == ["begun"]


async def test_cancelled_turn_lets_others_go_on() -> None:
    turns = Turns[None]()
    told = Told()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:

            async def waits() -> None:
                async with turns.alone():
                    await anyio.sleep_forever()

            group.start_soon(waits)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        async with turns.single("next", told.repeat("next")):
            pass
