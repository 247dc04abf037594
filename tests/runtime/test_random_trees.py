"""Laws that hold for any tree of tasks, whatever they do to each other."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import anyio
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from callboard import Provider, Retry, Run, Untyped, on
from callboard.states import TRANSITIONS, State
from callboard.task import Task
from callboard.testing import THING, perform, sample
from callboard.tree import Tree

Virtually = Callable[[Callable[[], Awaitable[Any]]], Any]
End = Literal["returns", "raises", "exits", "hangs", "cancels its group", "cleans up"]
ENDS: list[End] = ["returns", "raises", "exits", "cancels its group", "cleans up"]


class Plan(Struct, frozen=True):
    """What one task does."""

    end: End
    after: float
    """Virtual seconds before its end."""
    timeout: float | None
    """Of the task group around its children."""
    span: bool
    children: tuple["Plan", ...] = ()


SECONDS = st.integers(0, 5).map(float)


def plans(children: st.SearchStrategy[Plan]) -> st.SearchStrategy[Plan]:
    return st.builds(
        Plan,
        end=st.sampled_from(ENDS),
        after=SECONDS,
        timeout=st.none() | SECONDS,
        span=st.booleans(),
        children=st.lists(children, max_size=4).map(tuple),
    )


LEAVES = st.builds(
    Plan,
    end=st.sampled_from([*ENDS, "hangs"]),
    after=SECONDS,
    timeout=st.none() | SECONDS,
    span=st.booleans(),
)
TREES = st.lists(st.recursive(LEAVES, plans, max_leaves=12), min_size=1, max_size=4)


class PlannedError(Exception):
    """As the plan says."""


async def carry_out(plan: Plan, run: Run) -> None:
    if plan.span:
        async with run.span("span"):
            await body(plan, run)
    else:
        await body(plan, run)


async def body(plan: Plan, run: Run) -> None:
    with anyio.move_on_after(plan.timeout):
        async with anyio.create_task_group() as group:
            for i, child in enumerate(plan.children):
                group.start_soon(carry_out, child, run, name=f"{child.end} {i}")
            await end(plan, group)


async def end(plan: Plan, group: Any) -> None:
    try:
        await anyio.sleep(plan.after)
    finally:
        if plan.end == "cleans up":
            with anyio.CancelScope(shield=True):
                await anyio.sleep(1)
    match plan.end:
        case "raises":
            raise PlannedError
        case "exits":
            raise SystemExit(1)
        case "hangs":
            await anyio.sleep_forever()
        case "cancels its group":
            group.cancel_scope.cancel()
        case _:
            pass


def provider_of(number: int, plan: Plan, *, together: bool) -> Provider:
    class Planned(Provider):
        name = f"provider {number}"
        timeout = 30.0
        retry = Retry(attempts=2, first_wait=1)
        fails_together = together

        @on(THING)
        async def handle(self, _event: Untyped, run: Run) -> None:
            await carry_out(plan, run)

    return Planned()


class Watched(Struct):
    """Every state that every task was published in."""

    seen: dict[int, list[State]] = {}
    wrong: list[str] = []


def watch_states(tree: Tree, watched: Watched) -> None:
    """Look at each publication, and note a step that the table does not know."""
    publish = tree.trace.publish

    def look(item: Any) -> None:
        if isinstance(item, Task):
            states = watched.seen.setdefault(item.n, [State.PENDING])
            if item.state is not states[-1]:
                if not reachable(states[-1], item.state):
                    watched.wrong.append(f"{item.name}: {states[-1]} to {item.state}")
                states.append(item.state)
        publish(item)

    tree.trace.publish = look


def reachable(one: State, other: State) -> bool:
    """Whether steps of the table lead there; not every one of them is published."""
    return other in TRANSITIONS[one] or any(
        reachable(between, other) for between in TRANSITIONS[one] - {one}
    )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    trees=TREES,
    together=st.booleans(),
    cancel_after=st.none() | st.integers(0, 8).map(float),
)
def test_any_tree_ends_completely_and_accountably(
    virtually: Virtually,
    trees: list[Plan],
    together: bool,
    cancel_after: float | None,
) -> None:
    providers = [
        provider_of(i, plan, together=together and i == 0)
        for i, plan in enumerate(trees)
    ]
    kept: list[Tree] = []
    watched = Watched()

    def opened(tree: Tree) -> None:
        kept.append(tree)
        watch_states(tree, watched)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(halt_later, group)
            await perform(*providers, delivery=sample(), opened=opened)
            group.cancel_scope.cancel()

    async def halt_later(group: Any) -> None:
        if cancel_after is not None:
            await anyio.sleep(cancel_after)
            kept[0].root.halt_all("cancelled by ada")
            group.cancel_scope.cancel()

    virtually(main)
    (tree,) = kept
    assert tree.open == 0
    assert not watched.wrong
    for task in tree.tasks.values():
        event(f"{task.kind} {task.state}")
        assert task.state.final
        assert task.ended is not None
        assert task.handle is None
        finals = [state for state in watched.seen.get(task.n, ()) if state.final]
        assert finals == [task.state]
        if task.state is State.HALTED:
            assert task.cause
        if task.state is State.ERRORED:
            assert task.failure is not None
        assert all(child.ended is not None for child in tree.below(task))
