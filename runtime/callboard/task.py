"""A node of a run's tree while it lives, and the record it leaves.

Owns the step from one state to the next and everything a task says about itself. Every
change is published to the trace at once; nothing here waits.
"""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from callboard import clock, states
from callboard.failure import Failure, shorten
from callboard.states import State

if TYPE_CHECKING:
    from callboard.tree import Tree

Label: TypeAlias = str | int | float | bool | None
Kind = Literal["run", "provider", "task", "span", "thread"]

NAME_LENGTH = 256
LOG_LINES = 200
_LABELS = 50


class Progress(Struct, frozen=True):
    """How far a task says it is, in its own unit; ``total`` None when unknown."""

    done: float
    total: float | None = None
    unit: str = ""


class LogLine(Struct, frozen=True):
    """One log record, written by the task it is attached to."""

    at: float
    """Unix seconds."""
    level: str
    logger: str
    message: str
    failure: Failure | None = None


class TaskRecord(Struct, frozen=True, omit_defaults=True):
    """A task as it is stored and sent: absolute values, no reference to live objects."""

    n: int
    """Ordinal in its run; the root is 0. A task's id is ``<run id>.<n>``."""
    parent: int | None
    name: str
    kind: Kind
    state: State
    created: float
    """Unix seconds, as are all times here."""
    started: float | None = None
    ended: float | None = None
    cause: str | None = None
    """Why it ended, or is ending, other than by completing."""
    waits: str | None = None
    """What it waits for by its own or its supervisor's word (a slot, a retry)."""
    labels: dict[str, Label] = {}
    progress: Progress | None = None
    timeout: float | None = None
    """Seconds allowed, from its start."""
    attempt: int = 0
    """Which attempt of a provider, from 1; 0 for other tasks."""
    site: str | None = None
    """``file:line`` of the function that it runs."""
    failure: Failure | None = None
    logs: list[LogLine] = []
    logs_left_out: int = 0
    effects: int = 0
    """How many changes it recorded."""
    folded: int = 0
    """Completed children that were dropped to bound the size of the tree."""


class Task:
    """A live node. Written by one thread at a time; read by any."""

    __slots__ = (
        "attempt",
        "cause",
        "children",
        "created",
        "effects",
        "ended",
        "failed_child",
        "failure",
        "folded",
        "handle",
        "kind",
        "labels",
        "logs",
        "logs_left_out",
        "n",
        "name",
        "open_children",
        "parent",
        "progress",
        "revision",
        "site",
        "started",
        "state",
        "timeout",
        "tree",
        "waits",
    )

    def __init__(
        self, tree: "Tree", n: int, parent: "Task | None", name: str, kind: Kind
    ) -> None:
        self.tree = tree
        self.n = n
        self.parent = parent
        self.name = name if len(name) <= NAME_LENGTH else name[:NAME_LENGTH]
        self.kind: Kind = kind
        self.state = State.PENDING
        self.created = clock.now()
        self.started: float | None = None
        self.ended: float | None = None
        self.cause: str | None = None
        self.waits: str | None = None
        self.labels: dict[str, Label] = {}
        self.progress: Progress | None = None
        self.timeout: float | None = None
        self.attempt = 0
        self.site: str | None = None
        self.failure: Failure | None = None
        self.logs: list[LogLine] = []
        self.logs_left_out = 0
        self.effects = 0
        self.folded = 0
        self.revision = 0
        self.children: dict[int, Task] = {}
        self.open_children = 0
        self.failed_child: Task | None = None
        self.handle: object | None = None
        """The backend's own task, while it lives."""

    @property
    def id(self) -> str:
        """``<run id>.<n>``, the same after a restart."""
        return f"{self.tree.run}.{self.n}"

    def start(self) -> None:
        """Its body begins."""
        self._step(State.RUNNING)
        self.started = clock.now()
        self.publish()

    def complete(self) -> None:
        """Its body returned: completed now, or once its last child has ended."""
        if self.state is State.RUNNING:
            self._step(State.COMPLETING)
        if self.open_children == 0:
            self._finish()
        else:
            self.publish()

    def fail(self, failure: Failure, cause: str | None = None) -> None:
        """Its body raised ``failure``; ended once its last child has."""
        self._step(State.ERRORING)
        self.failure = failure
        if cause is not None:
            self.cause = cause
        if self.parent is not None:
            self.parent.failed_child = self
        self._unwind()

    def halt(self, cause: str) -> None:
        """It was told to stop, because of ``cause``; the first cause stays."""
        self._step(State.HALTING)
        if self.cause is None:
            self.cause = cause
        self.publish()

    def halted(self, cause: str) -> None:
        """It was told to stop and has unwound."""
        if self.state is not State.HALTING:
            self._step(State.HALTING)
        if self.cause is None:
            self.cause = cause
        self._unwind()

    def label(self, labels: Mapping[str, Label]) -> None:
        """Set labels; the newest value of a name stays, at most fifty names."""
        for name, value in labels.items():
            if name in self.labels or len(self.labels) < _LABELS:
                self.labels[name[:NAME_LENGTH]] = (
                    shorten(value, NAME_LENGTH) if isinstance(value, str) else value
                )
        self.publish()

    def log(self, line: LogLine) -> None:
        """Attach a log line; beyond the limit the oldest go, and are counted."""
        if len(self.logs) >= LOG_LINES:
            del self.logs[0]
            self.logs_left_out += 1
        self.logs.append(line)
        self.publish()

    def publish(self) -> None:
        """Tell the trace that something here changed."""
        self.tree.trace.publish(self)

    def descendants(self) -> "Iterator[Task]":
        """Every task below this one, parents first."""
        for child in tuple(self.children.values()):
            yield child
            yield from child.descendants()

    def record(self) -> TaskRecord:
        """What it is at this moment."""
        return TaskRecord(
            n=self.n,
            parent=None if self.parent is None else self.parent.n,
            name=self.name,
            kind=self.kind,
            state=self.state,
            created=self.created,
            started=self.started,
            ended=self.ended,
            cause=self.cause,
            waits=self.waits,
            labels=dict(self.labels),
            progress=self.progress,
            timeout=self.timeout,
            attempt=self.attempt,
            site=self.site,
            failure=self.failure,
            logs=list(self.logs),
            logs_left_out=self.logs_left_out,
            effects=self.effects,
            folded=self.folded,
        )

    def _step(self, wanted: State) -> None:
        if wanted not in states.TRANSITIONS[self.state]:
            raise states.TransitionError(self.id, self.state, wanted)
        self.state = wanted

    def _unwind(self) -> None:
        if self.open_children == 0:
            self._finish()
        else:
            self.publish()

    def _finish(self) -> None:
        self._step(states.LAST_STEP[self.state])
        self.ended = clock.now()
        self.waits = None
        self.handle = None
        self.tree.closed(self)
        self.publish()
        parent = self.parent
        if parent is not None:
            parent.open_children -= 1
            if parent.open_children == 0 and parent.state in states.LAST_STEP:
                parent._finish()


CURRENT: ContextVar[Task | None] = ContextVar("callboard_task", default=None)
"""The node that the code running now belongs to, in tasks and worker threads alike."""
