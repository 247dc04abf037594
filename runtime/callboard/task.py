"""A node of a run's tree while it lives, and the record it leaves.

Owns the step from one state to the next and everything a task says about itself. Every
change is published to the trace at once; nothing here waits.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from callboard import clock, states
from callboard.failure import Failure
from callboard.redaction import shorten
from callboard.states import State

if TYPE_CHECKING:
    from callboard.tree import Tree

Label: TypeAlias = str | int | float | bool | None
Site: TypeAlias = tuple[CodeType, int]
"""A line of a function."""
Kind = Literal["run", "provider", "task", "span", "thread"]

LOG_LINES = 200
_LABELS = 50
_PLAIN = (bool, int, float)
_PATH = 1_024
_LINE = 400
"""Bytes of a line of a task's log without its text."""
_PENDING, _RUNNING, _COMPLETING = State.PENDING, State.RUNNING, State.COMPLETING


class Progress(Struct, frozen=True, gc=False):
    """How far a task says it is, in its own unit; ``total`` None when unknown."""

    done: float
    total: float | None = None
    unit: str = ""


class LogLine(Struct, frozen=True, gc=False):
    """One log record, written by the task it is attached to."""

    at: float
    """Unix seconds."""
    level: str
    logger: str
    message: str
    failure: Failure | None = None


class TaskRecord(Struct, frozen=True, omit_defaults=True, gc=False):
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
    """Which attempt of a provider, from 1, and which one began a task, from 2; else 0."""
    site: str | None = None
    """``file:line`` at which it was created."""
    function: str | None = None
    """``file:line`` of the function that it runs."""
    failure: Failure | None = None
    logs: tuple[LogLine, ...] = ()
    logs_left_out: int = 0
    effects: int = 0
    """How many effects it recorded."""
    folded: int = 0
    """Completed children that were dropped to bound the size of the tree."""
    told: float | None = None
    """When it was told to stop, by a person or at shutdown."""
    remarks: int = 0
    """How many of its effects changed nothing."""
    attempts: int = 0
    """How many its provider may make; 0 for other tasks."""


class Cancellable(Protocol):
    """A cancel scope, or a backend's task."""

    def cancel(self) -> object:
        """Tell what is inside to stop."""
        ...


class Task(Struct, eq=False):
    """A live node. Written by one thread at a time; read by any.

    A Struct, because a tree makes many of these and their making is on the hot path. It
    owns no container of its own, for the same reason: what holds labels and log lines is
    replaced as a whole, and the tree knows who is below whom. (With a dict of children,
    one of labels and a list of lines for each, a tree of ten cost a tenth more, most of
    it in the garbage collector.)
    """

    tree: "Tree"
    n: int
    parent: "Task | None"
    name: str
    kind: Kind
    created: float
    state: State = State.PENDING
    started: float | None = None
    ended: float | None = None
    cause: str | None = None
    waits: str | None = None
    labels: Mapping[str, Label] = MappingProxyType({})
    progress: Progress | None = None
    timeout: float | None = None
    attempt: int = 0
    attempts: int = 0
    site: Site | None = None
    """Where it was created."""
    code: CodeType | None = None
    """The function that it runs."""
    failure: Failure | None = None
    logs: tuple[LogLine, ...] = ()
    logs_left_out: int = 0
    effects: int = 0
    remarks: int = 0
    folded: int = 0
    revision: int = 0
    """The trace's sequence of its last change."""
    kept_children: int = 0
    """How many of its children are in the tree; those that were folded are not."""
    open_children: int = 0
    unwound: bool = False
    """Whether its body has ended. A task that is told to stop first unwinds."""
    failed_child: "Task | None" = None
    """The child that failed last, for the cause of its siblings' halt."""
    handle: Any = None
    """The backend's own task, while it lives."""
    scope: Cancellable | None = None
    """What cancels it, and all below it, alone; None where nothing does."""
    told: float | None = None
    """When it was told to stop, by a person or at shutdown; Unix seconds."""

    @property
    def id(self) -> str:
        """``<run id>.<n>``, the same after a restart."""
        return f"{self.tree.run}.{self.n}"

    def start(self) -> None:
        """Its body begins."""
        if self.state is not _PENDING:
            raise states.TransitionError(self.id, self.state, _RUNNING)
        self.state = _RUNNING
        self.started = clock.now()
        self.tree.trace.publish(self)

    def complete(self) -> None:
        """Its body returned: completed now, or once its last child has ended."""
        if self.state is _RUNNING:
            self.state = _COMPLETING
        self._unwind()

    def fail(self, failure: Failure, cause: str | None = None) -> None:
        """Its body raised ``failure``; ended once its last child has."""
        self._step(State.ERRORING)
        self.failure = failure
        self.tree.said += failure.weigh()
        if cause is not None:
            self.cause = cause
        if self.parent is not None and self.kind == "task":
            self.parent.failed_child = self
        self._unwind()

    def halt(self, cause: str) -> None:
        """It was told to stop, because of ``cause``; the first cause stays."""
        self._step(State.HALTING)
        if self.cause is None:
            self.cause = cause
        if self.told is None:
            self.told = clock.now()
        self.publish()

    def halted(self, cause: str) -> None:
        """It was told to stop and has unwound."""
        if self.state is not State.HALTING:
            self._step(State.HALTING)
        if self.cause is None:
            self.cause = cause
        self._unwind()

    def halt_all(self, cause: str) -> None:
        """Tell this task and all below it to stop, but those that fail already."""
        for task in (self, *self.tree.below(self)):
            if not task.state.final and task.state is not State.ERRORING:
                task.halt(cause)

    def label(self, labels: Mapping[str, Label]) -> None:
        """Set labels; the newest value of a name stays, at most fifty names."""
        keep = self.tree.trace.redactor.name
        known = dict(self.labels)
        before = _weight_of(known)
        for name, value in labels.items():
            kept = keep(name)
            if kept in known or len(known) < _LABELS:
                plain = value is None or type(value) in _PLAIN
                known[kept] = value if plain else keep(str(value))
        self.labels = known
        self.tree.said += _weight_of(known) - before
        self.publish()

    def log(self, line: LogLine) -> None:
        """Attach a log line; beyond the limit the oldest go, and are counted."""
        self.tree.said += _weight_of_line(line)
        kept = self.logs
        if len(kept) >= LOG_LINES:
            self.tree.said -= _weight_of_line(kept[0])
            kept = kept[1:]
            self.logs_left_out += 1
        self.logs = (*kept, line)
        self.publish()

    def publish(self) -> None:
        """Tell the trace that something here changed."""
        self.tree.trace.publish(self)

    def record(self) -> TaskRecord:
        """What it is at this moment."""
        # By position: by their names, 24 values take 1 µs longer, of each task.
        return TaskRecord(
            self.n,
            None if self.parent is None else self.parent.n,
            self.name,
            self.kind,
            self.state,
            self.created,
            self.started,
            self.ended,
            self.cause,
            self.waits,
            dict(self.labels),
            self.progress,
            self.timeout,
            self.attempt,
            None if self.site is None else place_of(*self.site),
            None
            if (code := self.code) is None
            else place_of(code, code.co_firstlineno),
            self.failure,
            self.logs,
            self.logs_left_out,
            self.effects,
            self.folded,
            self.told,
            self.remarks,
            self.attempts,
        )

    def _step(self, wanted: State) -> None:
        states.check(self.id, self.state, wanted)
        self.state = wanted

    def _unwind(self) -> None:
        """Ended once its last child has; until then its state says how it will end."""
        self.unwound = True
        if self.open_children:
            self.tree.trace.publish(self)
            return
        final = self.state.last_step
        if final is None:
            raise states.TransitionError(self.id, self.state, State.COMPLETED)
        self.state = final
        self.ended = clock.now()
        self.handle = None
        if self.waits is not None:
            self.waits = None
        if self.scope is not None:
            self.scope = None
        tree = self.tree
        tree.closed(self)
        tree.trace.publish(self)
        parent = self.parent
        if parent is not None:
            parent.open_children -= 1
            if parent.unwound and not parent.open_children:
                parent._unwind()


def _weight_of(labels: Mapping[str, Label]) -> int:
    """About how many bytes of memory their values take."""
    return sum(len(str(value)) for value in labels.values())


def _weight_of_line(line: LogLine) -> int:
    """About how many bytes of memory it takes."""
    failure = 0 if line.failure is None else line.failure.weigh()
    return _LINE + len(line.message) + failure


@lru_cache(4096)
def place_of(code: CodeType, line: int) -> str:
    """``file:line`` of a line of a function."""
    return f"{shorten(code.co_filename, _PATH)}:{line}"


CURRENT: ContextVar[Task | None] = ContextVar("callboard_task", default=None)
"""The node that the code running now belongs to, in tasks and worker threads alike."""
