"""Frames on file: what callboard encodes, and what a client must make of it.

Each file in ``golden/`` is a conversation as one watcher hears it, with its copy of
things at some points. The page's reducer replays the same files
(``page/golden.test.js``). After a change of the wire, write them anew:

    CALLBOARD_WRITE_GOLDEN=1 pytest tests/inspector/test_golden.py
"""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from callboard import clock, tree
from callboard.delivery import DeliveryState, DeliveryView
from callboard.failure import Failure
from callboard.task import Progress, Task
from callboard.trace import Trace
from callboard_inspector.batches import LIST, Batch
from callboard_inspector.feed import Feed
from callboard_inspector.picture import DeliverySeen, Picture, TaskSeen
from callboard_inspector.snapshots import snapshot_of_list, snapshot_of_tree
from callboard_inspector.watched import Watched
from callboard_inspector.wire import (
    PROTOCOL,
    Bye,
    Gap,
    Hello,
    Limits,
    Place,
    Scope,
    ServerFrame,
    decode_server,
    encode,
)

GOLDEN = Path(__file__).parent / "golden"
START = 1_700_000_000.0
WRITE = os.environ.get("CALLBOARD_WRITE_GOLDEN") == "1"


class Conversation:
    """A runtime, and what one watcher of it hears and knows."""

    def __init__(self) -> None:
        self.now = START
        self.boots = 0
        self.ids = 0
        self.cursor = 0
        self.told: list[dict[str, Any]] = []
        self.sparse = 1
        """The copy is noted down with each so many-th frame."""
        self.picture = Picture()
        self.scopes: list[Scope] = []
        self.open()

    def open(self) -> None:
        """The runtime starts, or starts again with nothing."""
        self.boots += 1
        self.trace = Trace(capacity=64, deliveries=6)
        self.trace.boot = f"boot {self.boots}"

    def id(self) -> str:
        self.ids += 1
        return f"{self.ids:026}"

    def tell(self, frame: ServerFrame | str, *, known: bool = True) -> None:
        """The watcher hears a frame; ``known``: its copy is noted, where due."""
        text = frame if isinstance(frame, str) else encode(frame)
        self.picture.apply(decode_server(text))
        step: dict[str, Any] = {"frame": json.loads(text)}
        if known and len(self.told) % self.sparse == 0:
            step["picture"] = seen(self.picture)
        self.told.append(step)

    def connect(self) -> None:
        """A new connection: what was missed, or everything."""
        limits = Limits(frame=1024, list=500, beat=1.0, scopes=4, open=16)
        places = [Place("plain", "/webhooks/plain")]
        words = {"effects": "Entities"}
        time = self.now * 1000
        boot = self.trace.boot
        self.tell(Hello(PROTOCOL, boot, time, limits, ["replay"], places, words))
        asked = self.picture.subscribe(self.scopes)
        resume = asked.resume
        if resume is not None and resume.boot == self.trace.boot:
            self.cursor = resume.sequence
            self.changes()
            return
        self.cursor = self.trace.sequence
        self.snapshot(LIST)
        for scope in self.scopes:
            self.snapshot(scope.delivery)

    def watch(self, *deliveries: str, run: str | None = None) -> None:
        """Subscribe to these trees, of ``run`` or the newest one, and to no others."""
        before = self.scopes
        self.scopes = [Scope(delivery, run) for delivery in deliveries]
        self.told.append({"watch": [[delivery, run] for delivery in deliveries]})
        self.picture.subscribe(self.scopes)
        for scope in self.scopes:
            if scope not in before:
                self.snapshot(scope.delivery)

    def snapshot(self, scope: str) -> None:
        watched = Watched(self.trace)
        if scope == LIST:
            frames = snapshot_of_list(self.trace)
        else:
            run = next(s.run for s in self.scopes if s.delivery == scope)
            frames = trio.run(snapshot_of_tree, watched, scope, run)
        for frame in frames:
            self.tell(frame, known=frame.part == "end")

    def changes(self, *, twice: bool = False) -> None:
        """The watcher hears what changed since the last time."""
        items = self.trace.since(self.cursor)
        newest = self.trace.sequence
        if items is None:
            self.tell(Gap(self.cursor, newest, "too slow", 1, newest - self.cursor))
            self.cursor = newest
            for scope in (LIST, *(scope.delivery for scope in self.scopes)):
                self.snapshot(scope)
            return
        batch = Batch(self.trace, self.cursor, newest, self.now * 1000, items)
        for scope in (*(scope.delivery for scope in self.scopes), LIST):
            if scope == LIST or batch.touches(scope):
                for text in batch.frames(scope):
                    self.tell(text)
                    if twice:
                        self.tell(text)
        self.cursor = newest

    def beat(self) -> None:
        feed = Feed(Watched(self.trace))
        self.tell(feed.beat(self.cursor))

    def deliver(self, event: str, action: str | None = None) -> DeliveryView:
        view = DeliveryView(
            id=self.id(),
            source="plain",
            guid="g",
            event=event,
            action=action,
            organization="acme",
            repository="site" if action is None else None,
            received_at=self.now,
            state=DeliveryState.QUEUED,
        )
        self.trace.show(view)
        return view

    def run(self, view: DeliveryView) -> Task:
        root = self.trace.open_tree(self.id(), view.id, view.event).root
        root.start()
        self.state(
            view,
            DeliveryState.RUNNING,
            run=root.tree.run,
            attempts=view.attempts + 1,
            started_at=self.now,
            ended_at=None,
        )
        return root

    def state(self, view: DeliveryView, state: DeliveryState, **more: object) -> None:
        self.trace.change(view.id, state=state, **more)

    def spawn(self, parent: Task, name: str) -> Task:
        task = parent.tree.add(parent, name, "task")
        self.trace.publish(task)
        return task

    def settle(self, task: Task) -> None:
        """End everything below ``task``, and it."""
        for child in tuple(task.tree.tasks.values()):
            if child.parent is task:
                self.settle(child)
        if task.state == "pending":
            task.start()
        if task.state == "running":
            task.complete()


def seen(picture: Picture) -> dict[str, Any]:
    """A client's copy, in words of no language. Times are microseconds."""
    return {
        "boot": None if picture.hello is None else picture.hello.boot,
        "sequence": picture.sequence,
        "gaps": picture.gaps,
        "deliveries": [
            _delivery(picture.deliveries[id_]) for id_ in sorted(picture.deliveries)
        ],
        "trees": {
            delivery: {
                "run": tree.run,
                "whole": tree.whole,
                "note": tree.note,
                "tasks": [_task(tree.tasks[n]) for n in sorted(tree.tasks)],
            }
            for delivery, tree in sorted(picture.trees.items())
        },
    }


def _delivery(view: DeliverySeen) -> list[Any]:
    """Position by position what ``page/golden.test.js`` has."""
    return [
        *(view.id, view.revision, view.source, view.event, view.action),
        *(view.organization, view.repository, view.state),
        *map(_micros, (view.received, view.started, view.ended)),
        *(view.attempts, view.run, view.rest.redeliveries, view.rest.reason),
    ]


def _task(task: TaskSeen) -> list[Any]:
    """Position by position what ``page/golden.test.js`` has."""
    rest, progress = task.rest, task.rest.progress
    return [
        *(task.run, task.n, task.parent, task.revision),
        *(task.name, task.kind, task.state),
        *map(_micros, (task.created, task.started, task.ended)),
        *(rest.cause, rest.waits, rest.labels, rest.error, rest.folded),
        None if progress is None else [progress.done, progress.total, progress.unit],
    ]


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


def live(talk: Conversation) -> None:
    """A run that fails, and is run again; each change is heard at once."""
    talk.connect()
    talk.beat()
    push = talk.deliver("push")
    talk.changes()
    talk.watch(push.id)
    root = talk.run(push)
    talk.changes()
    provider = talk.spawn(root, "teams")
    provider.start()
    provider.label({"team": "night \u202eshift", "page": 2, "whole": None})
    provider.progress = Progress(1.0, 3.0, "pages")
    provider.publish()
    talk.changes(twice=True)
    late = talk.spawn(provider, "late")
    talk.spawn(provider, "early").start()
    late.waits = "a slot"
    late.publish()
    talk.changes()
    late.halted("sibling `early` failed")
    provider.fail(Failure("builtins.ValueError", "no\nslug"))
    talk.settle(provider)
    root.fail(Failure("callboard.ProvidersFailed", "1 failed"))
    ended = {"ended_at": talk.now, "reason": "teams: no slug"}
    talk.state(push, DeliveryState.FAILED, **ended)
    talk.changes()
    # Who looks at the first run by its name is not shown the second one.
    talk.watch(push.id, run=root.tree.run)
    root = talk.run(push)
    talk.changes()
    talk.watch(push.id)
    talk.settle(talk.spawn(root, "teams"))
    root.complete()
    talk.state(push, DeliveryState.COMPLETED, ended_at=talk.now)
    talk.changes()
    talk.beat()
    talk.tell(Bye("shutdown", "the server ends"))


def returning(talk: Conversation) -> None:
    """A watcher that goes and comes back: in time, too late, after a restart."""
    push, team = talk.deliver("push"), talk.deliver("team", "created")
    root, other = talk.run(push), talk.run(team)
    task = talk.spawn(root, "users")
    talk.connect()
    talk.watch(push.id, team.id)
    task.start()
    talk.spawn(other, "groups")
    talk.connect()
    talk.watch(push.id)
    talk.settle(other)
    for turn in range(100):
        task.label({"turn": turn})
    talk.connect()
    talk.watch(push.id, team.id)
    talk.changes()
    talk.open()
    for _ in range(7):
        talk.deliver("star")  # more than memory keeps
    again = talk.deliver("push")
    talk.connect()
    talk.run(again)
    talk.changes()
    talk.watch(again.id)
    talk.beat()


def crowded(talk: Conversation) -> None:
    """A tree that holds three tasks at most: completed ones are folded away."""
    push = talk.deliver("push")
    root = talk.run(push)
    talk.connect()
    talk.watch(push.id)
    for turn in range(6):
        task = talk.spawn(root, f"task {turn}")
        task.start()
        if turn % 2:
            talk.changes()
        task.complete()
        talk.changes()
    root.complete()
    talk.changes()


def chance(talk: Conversation) -> None:
    """Whatever may happen, in an order made by chance, always the same."""
    dice = random.Random(1873)
    views: list[DeliveryView] = []
    roots: list[Task] = []

    def pick(things: list[Any]) -> Any:
        return things[int(dice.random() * len(things))] if things else None

    def act() -> None:
        tasks = [task for root in roots for task in root.tree.tasks.values()]
        task: Task | None = pick([t for t in tasks if not t.state.final][-6:])
        view: DeliveryView | None = pick(views[-3:])
        kind = int(dice.random() * 8)
        if kind == 0 or view is None:
            views.append(talk.deliver(pick(["push", "team", "star"])))
        elif kind == 1 and all(
            not r.tree.open for r in roots if r.tree.delivery == view.id
        ):
            roots.append(talk.run(view))
        elif task is None:
            return
        elif kind in {2, 3} and task.state == "running":
            talk.spawn(task, pick(["a", "b", "c"]))
        elif kind in {4, 5} and task.state == "pending":
            task.start()
        elif kind == 6 and task.state == "running":
            pick([task.complete, lambda: task.fail(Failure("E", "bad"))])()
        else:
            task.label({"n": int(dice.random() * 100)})

    def hear() -> None:
        kind = int(dice.random() * 10)
        if kind < 6:
            talk.changes(twice=kind == 0)
        elif kind == 6:
            talk.connect()
        elif kind == 7:
            talk.watch(*sorted({pick(views).id, views[-1].id}))
        elif kind == 8:
            talk.beat()
        elif dice.random() < 0.2:
            talk.open()
            views.clear()
            roots.clear()
            views.append(talk.deliver("push"))
            talk.connect()

    talk.sparse = 8
    talk.connect()
    act()
    for _ in range(80):
        for _ in range(int(dice.random() * 6)):
            act()
        hear()
    talk.changes()


SCRIPTS = [live, returning, crowded, chance]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_file_holds_what_is_encoded(
    script: Callable[[Conversation], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Conversation()

    def now() -> float:
        talk.now += 0.000_7
        return talk.now

    monkeypatch.setattr(clock, "now", now)
    if script is crowded:
        monkeypatch.setattr(tree, "TASK_LIMIT", 3)
    script(talk)
    talk.told[-1]["picture"] = seen(talk.picture)
    lines = [json.dumps(step, separators=(",", ":")) for step in talk.told]
    text = f"{script.__doc__}\n" + "\n".join(lines) + "\n"
    file = GOLDEN / f"{script.__name__}.jsonl"
    if WRITE:
        file.write_text(text)
    assert text == file.read_text()
