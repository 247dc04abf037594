"""Snapshot at s, and the operations after s, give the snapshot at t."""

from typing import Any

import anyio
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from callboard import Trace, clock, tree
from callboard.delivery import DeliveryState, DeliveryView
from callboard.failure import Failure
from callboard.ids import new_id
from callboard.task import Task
from callboard_inspector.feed import Feed
from callboard_inspector.picture import DeliverySeen, Picture, TaskSeen, TreeSeen
from callboard_inspector.snapshots import NEWEST
from callboard_inspector.testing import Line, connected
from callboard_inspector.watched import Watched
from callboard_inspector.wire import PROTOCOL, Hello, Limits, Scope, ServerFrame

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *["deliver", "run", "state", "burst", "label", "fail"],
                *["spawn", "start", "complete"] * 3,
                *["read", "read", "read all", "wait", "wait"],
                *["watch", "unwatch", "drop", "restart", "duplicate"],
            ]
        ),
        st.integers(0, 9),
    ),
    min_size=20,
    max_size=120,
)
OPENING = [("deliver", 0), ("run", 0), ("watch", 0), ("wait", 9)]


class Theatre:
    """A runtime that does as it is told."""

    def __init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.trace = Trace(capacity=24, trees=3, deliveries=4)
        self.feed = Feed(Watched(self.trace))

    def hello(self) -> Hello:
        limits = Limits(1, NEWEST, 1.0, 4, 16)
        return Hello(PROTOCOL, self.trace.boot, 0.0, limits, [], [], {})

    def deliver(self, _: int) -> None:
        at = clock.now()
        view = DeliveryView(
            new_id(), "s", "g", "push", None, "o", None, at, DeliveryState.QUEUED
        )
        self.trace.show(view)

    def run(self, i: int) -> None:
        view = pick(list(self.trace.deliveries.values()), i)
        if view is not None and self.idle(view.id):
            root = self.trace.open_tree(new_id(), view.id, "push").root
            root.start()
            view.run, view.state = root.tree.run, DeliveryState.RUNNING
            self.trace.publish(view)

    def idle(self, delivery: str) -> bool:
        trees = self.trace.trees.values()
        return all(not t.open for t in trees if t.delivery == delivery)

    def state(self, i: int) -> None:
        view = pick(list(self.trace.deliveries.values()), i)
        if view is not None:
            view.state, view.reason = DeliveryState.FAILED, f"for {i}"
            self.trace.publish(view)

    def tasks(self) -> list[Task]:
        trees = [t for t in self.trace.trees.values() if t.open]
        return [task for t in trees[-1:] for task in t.tasks.values()]

    def spawn(self, i: int) -> None:
        running = [task for task in self.tasks() if task.state == "running"]
        parent = pick(running, i)
        if parent is not None:
            self.trace.publish(parent.tree.add(parent, f"task {i}", "task"))

    def start(self, i: int) -> None:
        task = pick([task for task in self.tasks() if task.state == "pending"], i)
        if task is not None:
            task.start()

    def complete(self, i: int) -> None:
        task = pick([task for task in self.tasks() if task.state == "running"], -i)
        if task is not None:
            task.complete()

    def fail(self, i: int) -> None:
        task = pick([task for task in self.tasks() if task.state == "running"], -i)
        if task is not None:
            task.fail(Failure("ValueError", "bad"))

    def burst(self, i: int) -> None:
        for n in range(3 * i):
            self.label(n)

    def label(self, i: int) -> None:
        task = pick(self.tasks(), i)
        if task is not None:
            task.label({f"l{i % 3}": i})


def pick(things: list[Any], i: int) -> Any:
    return things[i % len(things)] if things else None


class Client:
    """Reads when it is told to, and remembers across connections."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.picture = Picture()
        self.scopes: list[Scope] = []
        self.newest: ServerFrame | None = None

    async def begin(self, line: Line) -> None:
        self.picture.apply(self.theatre.hello())
        await line.say(self.picture.subscribe(self.scopes))

    async def read(self, line: Line) -> bool:
        with anyio.move_on_after(0.4):
            self.newest = await line.next()
            self.picture.apply(self.newest)
            return True
        return False

    async def catch_up(self, line: Line) -> None:
        def behind() -> bool:
            wanted = {scope.delivery for scope in self.scopes}
            whole = {id_ for id_, tree in self.picture.trees.items() if tree.whole}
            newest = self.theatre.trace.sequence
            return self.picture.sequence != newest or not wanted <= whole

        with anyio.fail_after(60):
            while behind():
                self.picture.apply(await line.next())


async def scenario(steps: list[tuple[str, int]]) -> tuple[Picture, Picture, Theatre]:
    theatre = Theatre()
    client = Client(theatre)
    todo = OPENING + steps
    while todo:
        async with connected(theatre.feed, room=2) as line:
            await client.begin(line)
            while todo:
                step, i = todo.pop(0)
                if step == "drop":
                    break
                if step == "restart":
                    theatre.open()
                    break
                await act(theatre, client, line, step, i)
    async with connected(theatre.feed) as line:
        await client.begin(line)
        await client.catch_up(line)
    fresh = Client(theatre)
    fresh.scopes = client.scopes
    async with connected(theatre.feed) as line:
        await fresh.begin(line)
        await fresh.catch_up(line)
    return client.picture, fresh.picture, theatre


async def act(theatre: Theatre, client: Client, line: Line, step: str, i: int) -> None:
    if step == "read":
        for _ in range(i):
            await client.read(line)
    elif step == "read all":
        while await client.read(line):
            pass
    elif step == "duplicate":
        if client.newest is not None:
            client.picture.apply(client.newest)
    elif step == "wait":
        await anyio.sleep(i / 10)
    elif step == "watch":
        trees = list(theatre.trace.trees.values())
        wanted = [tree.delivery for tree in trees[-1 - i % 2 :]]
        client.scopes = [Scope(delivery) for delivery in dict.fromkeys(wanted)]
        await line.say(client.picture.subscribe(client.scopes))
    elif step == "unwatch":
        client.scopes = []
        await line.say(client.picture.subscribe())
    else:
        getattr(theatre, step)(i)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_a_watcher_ends_with_what_a_new_one_is_shown(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    monkeypatch.setattr(tree, "TASK_LIMIT", 2)  # so that tasks are folded away
    clock = MockClock(autojump_threshold=0)
    followed, fresh, theatre = trio.run(scenario, steps, clock=clock)
    for id_, view in fresh.deliveries.items():
        assert same(followed.deliveries[id_], view)
    for id_ in set(followed.deliveries) - set(fresh.deliveries):
        assert id_ not in theatre.trace.deliveries  # memory has let go of it
    assert set(followed.trees) == set(fresh.trees)
    for id_, shown in fresh.trees.items():
        assert alike(followed.trees[id_], shown, theatre)


def alike(one: TreeSeen, other: TreeSeen, theatre: Theatre) -> bool:
    if other.run is None or other.run not in theatre.trace.trees:
        return True  # only the journal knows this run, and here is none
    tasks = one.tasks
    return (
        one.run == other.run
        and set(tasks) == set(other.tasks)
        and all(same(tasks[n], task) for n, task in other.tasks.items())
    )


def same(one: DeliverySeen | TaskSeen, other: DeliverySeen | TaskSeen) -> bool:
    """Equal but for the microsecond that rows round times to."""
    return all(
        getattr(one, name) == pytest.approx(value, abs=1e-5, rel=0)
        if isinstance(value, float)
        else getattr(one, name) == value
        for name in one.__struct_fields__
        for value in [getattr(other, name)]
    )
