"""What a watcher knows: frames in, deliveries and trees out.

Owns the rules by which a client keeps its copy: what a snapshot replaces, which row is
newer, what is known for a resume. The terminal's commands stand on it, and it is the
reference for clients in other languages.
"""

import heapq
from collections.abc import Iterable

from msgspec import Struct, field

from callboard_inspector.rows import DeliveryRest, DeliveryRow, TaskRest, TaskRow
from callboard_inspector.wire import (
    Beat,
    Bye,
    Delta,
    Gap,
    Hello,
    Resume,
    Scope,
    ServerFrame,
    Snapshot,
    Subscribe,
)

_SLACK = 2
"""So many times as many deliveries as a server's list has are kept."""


class DeliverySeen(Struct, frozen=True):
    """A delivery as its row said. Times are Unix seconds."""

    id: str
    revision: int
    source: str
    event: str
    action: str | None
    organization: str | None
    repository: str | None
    state: str
    received: float
    started: float | None
    ended: float | None
    attempts: int
    run: str | None
    rest: DeliveryRest


class TaskSeen(Struct, frozen=True):
    """A task as its row said. Times are Unix seconds."""

    run: str
    n: int
    parent: int | None
    revision: int
    name: str
    kind: str
    state: str
    created: float
    started: float | None
    ended: float | None
    rest: TaskRest


class TreeSeen(Struct):
    """One run's tasks, by ordinal."""

    run: str | None = None
    tasks: dict[int, TaskSeen] = field(default_factory=dict[int, TaskSeen])
    note: str | None = None
    whole: bool = False
    """Whether a snapshot has come: what is here is all there is."""


class Picture:
    """One watcher's copy. Feed it every frame, in order; it survives reconnections."""

    def __init__(self) -> None:
        self.hello: Hello | None = None
        self.sequence: int | None = None
        """Everything up to here has come; None before the list's snapshot."""
        self.deliveries: dict[str, DeliverySeen] = {}
        self.trees: dict[str, TreeSeen] = {}
        """By delivery; those that are, or were, subscribed to."""
        self.beat: Beat | None = None
        self.gaps = 0
        """Gaps on all connections."""
        self.bye: Bye | None = None
        self.touched: list[DeliverySeen | TaskSeen] = []
        """What the last frame told of, deliveries first."""
        self._coming: dict[str, list[Snapshot]] = {}
        self._wanted: dict[str, str | None] = {}
        """Run by delivery: one that is named is not replaced by a newer one."""

    def subscribe(self, scopes: Iterable[Scope] = ()) -> Subscribe:
        """What to say first on a connection, or when other trees are wanted."""
        hello, sequence = self.hello, self.sequence
        scopes = tuple(scopes)
        for scope in scopes:
            tree = self.trees.get(scope.delivery)
            if tree is not None and self._wanted.get(scope.delivery) != scope.run:
                tree.whole = False  # another run: it is sent anew
        asked = [
            Scope(scope.delivery, scope.run, held=self._holds(scope))
            for scope in scopes
        ]
        self._wanted = {scope.delivery: scope.run for scope in asked}
        for left in set(self.trees) - {scope.delivery for scope in asked}:
            del self.trees[left]  # nothing keeps it current any more
        if hello is None or sequence is None:
            return Subscribe(asked)
        return Subscribe(asked, Resume(hello.boot, sequence))

    def _holds(self, scope: Scope) -> bool:
        tree = self.trees.get(scope.delivery)
        if tree is None or not tree.whole:
            return False
        return scope.run is None or scope.run == tree.run

    def apply(self, frame: ServerFrame) -> None:
        """Take a frame in. Answers and results change nothing here."""
        self.touched = []
        if isinstance(frame, Hello):
            if self.hello is not None and self.hello.boot != frame.boot:
                self.sequence = None
            if self.sequence is None:
                # There is nothing to resume from: all trees are sent anew.
                for tree in self.trees.values():
                    tree.whole = False
            self.hello = frame
            self.bye = None
            self._coming.clear()
        elif isinstance(frame, Snapshot):
            self._snapshot(frame)
        elif isinstance(frame, Delta):
            self._delta(frame)
        elif isinstance(frame, Gap):
            self.gaps += 1
            self.sequence = None
            for tree in self.trees.values():
                tree.whole = False
        elif isinstance(frame, Beat):
            self.beat = frame
            self._reach(frame.sequence)
        elif isinstance(frame, Bye):
            self.bye = frame

    def _reach(self, sequence: int) -> None:
        if self.sequence is not None:
            self.sequence = max(self.sequence, sequence)

    def _snapshot(self, frame: Snapshot) -> None:
        if frame.part == "begin":
            self._coming[frame.scope] = []
        parts = self._coming.get(frame.scope)
        if parts is None:
            return  # its beginning was on another connection
        parts.append(frame)
        if frame.part != "end":
            return
        del self._coming[frame.scope]
        if frame.scope == "":
            views = [seen for part in parts for seen in _deliveries(part)]
            self.deliveries = {seen.id: seen for seen in views}
            self.touched.extend(views)
            # The trees may be older than this list: their own deltas come after it.
            self.sequence = frame.sequence if self.sequence is None else self.sequence
            return
        wanted = self._wanted.get(frame.scope, "")
        if wanted not in {None, frame.run}:
            return  # asked for earlier: nothing would keep it current
        tasks = [seen for part in parts for seen in _tasks(part)]
        notes = [part.note for part in parts if part.note]
        self.trees[frame.scope] = TreeSeen(
            run=frame.run,
            tasks={seen.n: seen for seen in tasks},
            note=notes[0] if notes else None,
            whole=True,
        )
        self.touched.extend(tasks)

    def _delta(self, frame: Delta) -> None:
        for view in _deliveries(frame):
            known = self.deliveries.get(view.id)
            if known is None or known.revision <= view.revision:
                self.deliveries[view.id] = view
                self.touched.append(view)
        self._forget()
        tree = self.trees.get(frame.scope)
        if tree is not None:
            wanted = self._wanted.get(frame.scope)
            for task in _tasks(frame):
                if (wanted is None or task.run == wanted) and _put(tree, task):
                    self.touched.append(task)
            for gone in frame.gone:
                if gone.run == tree.run:
                    tree.tasks.pop(gone.n, None)
        if frame.scope == "":
            self._reach(frame.end)

    def _forget(self) -> None:
        """Let go of the oldest deliveries that do not run, once there are too many."""
        most = 0 if self.hello is None else self.hello.limits.list
        if len(self.deliveries) <= _SLACK * most or not most:
            return
        newest = set(heapq.nlargest(most, self.deliveries))
        self.deliveries = {
            id_: seen
            for id_, seen in self.deliveries.items()
            if id_ in newest or id_ in self._wanted or seen.state == "running"
        }


def _put(tree: TreeSeen, task: TaskSeen) -> bool:
    """Whether it was news."""
    if tree.run is None or task.run > tree.run:
        # A newer run has begun, and its root comes first: ids rise.
        tree.run, tree.note = task.run, None
        tree.tasks = {}
    if task.run != tree.run:
        return False
    known = tree.tasks.get(task.n)
    if known is not None and known.revision > task.revision:
        return False
    tree.tasks[task.n] = task
    return True


def _deliveries(frame: Snapshot | Delta) -> Iterable[DeliverySeen]:
    return (read_delivery(row, frame.strings, frame.base) for row in frame.deliveries)


def read_delivery(row: DeliveryRow, strings: list[str], base: int) -> DeliverySeen:
    """The delivery in a row, with the strings and the base that came with it."""
    received = base / 1000 + row.received / 1e6
    started = _after(received, row.started)
    return DeliverySeen(
        id=row.id,
        revision=row.revision,
        source=strings[row.source],
        event=strings[row.event],
        action=_optional(strings, row.action),
        organization=_optional(strings, row.organization),
        repository=_optional(strings, row.repository),
        state=strings[row.state],
        received=received,
        started=started,
        ended=None if started is None else _after(started, row.ended),
        attempts=row.attempts,
        run=row.run,
        rest=row.rest or DeliveryRest(),
    )


def _tasks(frame: Snapshot | Delta) -> Iterable[TaskSeen]:
    return (_task(row, frame.strings, frame.base) for row in frame.tasks)


def _task(row: TaskRow, strings: list[str], base: int) -> TaskSeen:
    created = base / 1000 + row.created / 1e6
    return TaskSeen(
        run=strings[row.run],
        n=row.n,
        parent=row.parent,
        revision=row.revision,
        name=strings[row.name],
        kind=strings[row.kind],
        state=strings[row.state],
        created=created,
        started=_after(created, row.started),
        ended=_after(created, row.ended),
        rest=row.rest or TaskRest(),
    )


def _after(origin: float, micros: int | None) -> float | None:
    return None if micros is None else origin + micros / 1e6


def _optional(strings: list[str], index: int | None) -> str | None:
    return None if index is None else strings[index]
