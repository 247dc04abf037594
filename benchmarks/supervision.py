"""What supervising and recording a run costs, beside the same tree in bare anyio and trio.

    python benchmarks/supervision.py

A tree is a run with eight children, each of which comes to one checkpoint and ends. In
the first shape the children are eight providers; in the second, one provider starts
eight tasks, by a task group of the backend's or of anyio's. Prints microseconds for one
tree, the median of all rounds. The recorded trees are complete: supervised with slots,
timeouts and retries, every node published, and the record taken at the end. Writing it
to disk is the durability benchmark's.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from statistics import median
from time import thread_time
from typing import Any

import anyio
import anyio.lowlevel
import trio
from measuring import Contestant, interleaved, machine, options, ratio

from callboard import Provider, Run, Untyped, on
from callboard.ids import new_id
from callboard.routes import Routes
from callboard.standing import Standing
from callboard.supervisor import supervise
from callboard.testing import THING, sample
from callboard.trace import Trace
from callboard.tracing import installed, watch

CHILDREN = 8
Body = Callable[[], Awaitable[None]]
Group = Callable[[], Any]
Tracing = Callable[[], AbstractContextManager[None]]


async def leaf() -> None:
    """One checkpoint."""
    await anyio.lowlevel.checkpoint()


async def trio_leaf() -> None:
    """One checkpoint, without anyio."""
    await trio.lowlevel.checkpoint()


async def scoped_leaf() -> None:
    """One checkpoint, within a time."""
    with anyio.move_on_after(60):
        await anyio.lowlevel.checkpoint()


async def trio_scoped_leaf() -> None:
    """One checkpoint, within a time, without anyio."""
    with trio.move_on_after(60):
        await trio.lowlevel.checkpoint()


async def parent(group: Group, body: Body) -> None:
    """A task with eight children."""
    async with group() as children:
        for _ in range(CHILDREN):
            children.start_soon(body)


async def grandparent(group: Group, body: Body) -> None:
    """A task with one child, which has eight."""
    async with group() as children:
        children.start_soon(parent, group, body)


class Leaf(Provider):
    """One of eight."""

    @on(THING)
    async def handle(self, _event: Untyped, _run: Run) -> None:
        """One checkpoint."""
        await leaf()


def eight_providers() -> list[Provider]:
    """Eight of a kind; their names differ."""
    kinds = [type(f"Leaf{n}", (Leaf,), {"name": f"leaf-{n}"}) for n in range(CHILDREN)]
    return [kind() for kind in kinds]


class Parent(Provider):
    """Starts eight tasks."""

    name = "parent"

    def __init__(self, group: Group, body: Body) -> None:
        self.group = group
        self.body = body

    @on(THING)
    async def handle(self, _event: Untyped, _run: Run) -> None:
        """Start them, and wait."""
        await parent(self.group, self.body)


class Recorded:
    """Makes recorded runs of ``providers``, as the conductor does."""

    def __init__(self, *providers: Provider) -> None:
        self.delivery = sample()
        self.event = Untyped(THING, {}, "a sample")
        self.handlers = Routes(providers).wanting(THING)
        self.standings = {provider.name: Standing(provider) for provider in providers}
        self.trace = Trace()

    async def __call__(self) -> None:
        """One run."""
        tree = self.trace.open_tree(new_id(), self.delivery.id, "thing")
        run = supervise(tree, self.delivery, self.event, self.handlers, self.standings)
        await watch(run, tree.root)
        assert len(tree.record().tasks) > CHILDREN


def timed(
    backend: str,
    group: Group,
    run: Body,
    trees: int,
    tracing: Tracing = nullcontext,
) -> float:
    """Microseconds of one of ``trees`` runs, one after the other on an event loop."""

    async def main() -> float:
        with tracing():
            started = thread_time()
            for _ in range(trees):
                async with group() as outer:
                    outer.start_soon(run)
            return (thread_time() - started) / trees * 1e6

    return anyio.run(main, backend=backend)


def contest(title: str, goals: dict[str, float], rounds: int, **by: Contestant) -> None:
    """Run them in turns, and print each beside each bare one."""
    figures = interleaved(by, rounds)
    print(f"\n{title}")
    for name, found in figures.items():
        print(f"  {name.replace('_', ' '):<28}{median(found):>8.0f} µs")
        if name.startswith("recorded"):
            for peer in (peer for peer in figures if peer.startswith("bare")):
                times = ratio(found, figures[peer])
                goal = f" (goal {goals[peer]:g})" if peer in goals else ""
                print(f"  {times:>14.2f} x {peer.replace('_', ' ')}{goal}")


def main() -> None:
    """Measure and print."""
    chosen = options(
        __doc__,
        rounds=(30, 1, "rounds, in each of which every contestant has its turn"),
        trees=(200, 2, "trees in a round"),
    )
    print(machine())
    goals = {"bare_anyio": 1.25, "bare_trio": 1.5}
    tg, nursery = anyio.create_task_group, trio.open_nursery

    def bare(backend: str, group: Group, tree: Any, body: Body) -> Contestant:
        run = partial(tree, group, body)
        return partial(timed, backend, group, run, chosen.trees)

    def recorded(
        backend: str, *providers: Provider, cancellable: bool = False
    ) -> Contestant:
        run, tracing = Recorded(*providers), partial(installed, cancellable=cancellable)
        group = nursery if backend == "trio" else tg
        return partial(timed, backend, group, run, chosen.trees, tracing)

    contest(
        "trio: a run of eight providers",
        goals,
        chosen.rounds,
        bare_trio=bare("trio", nursery, parent, trio_leaf),
        bare_trio_with_scopes=bare("trio", nursery, parent, trio_scoped_leaf),
        bare_anyio=bare("trio", tg, parent, leaf),
        bare_anyio_with_scopes=bare("trio", tg, parent, scoped_leaf),
        recorded=recorded("trio", *eight_providers()),
    )
    contest(
        "trio: a run of one provider that starts eight tasks",
        goals,
        chosen.rounds,
        bare_trio=bare("trio", nursery, grandparent, trio_leaf),
        bare_anyio=bare("trio", tg, grandparent, leaf),
        recorded_by_trio=recorded("trio", Parent(nursery, trio_leaf)),
        recorded_cancellable=recorded(
            "trio", Parent(nursery, trio_leaf), cancellable=True
        ),
        recorded_by_anyio=recorded("trio", Parent(tg, leaf)),
    )
    contest(
        "asyncio: a run of eight providers",
        goals,
        chosen.rounds,
        bare_anyio=bare("asyncio", tg, parent, leaf),
        bare_anyio_with_scopes=bare("asyncio", tg, parent, scoped_leaf),
        recorded=recorded("asyncio", *eight_providers()),
    )
    contest(
        "asyncio: a run of one provider that starts eight tasks",
        goals,
        chosen.rounds,
        bare_anyio=bare("asyncio", tg, grandparent, leaf),
        recorded_by_anyio=recorded("asyncio", Parent(tg, leaf)),
    )


if __name__ == "__main__":
    main()
