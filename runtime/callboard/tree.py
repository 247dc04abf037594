"""The tree of one run, while it is in memory.

Owns the ordinals of its tasks and the bound on their number: beyond it, completed leaf
tasks are folded into their parent's count, so a run of a million tasks stays small.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from callboard import clock
from callboard.states import State
from callboard.task import Kind, Task, TaskRecord

if TYPE_CHECKING:
    from callboard.trace import Trace

TASK_LIMIT = 20_000
_BARE = 700
"""Bytes of memory of a task that says nothing."""


class TreeRecord(Struct, frozen=True, gc=False):
    """A tree as it is stored: every task, parents before children."""

    run: str
    delivery: str
    tasks: list[TaskRecord]


class Tree:
    """All tasks of one run."""

    __slots__ = (
        "_next",
        "delivery",
        "left",
        "open",
        "providers",
        "root",
        "run",
        "said",
        "tasks",
        "trace",
    )

    def __init__(self, trace: "Trace", run: str, delivery: str, name: str) -> None:
        self.trace = trace
        self.run = run
        self.delivery = delivery
        self.tasks: dict[int, Task] = {}
        """By their ordinals, parents before children."""
        self.providers: list[Task] = []
        """The providers' tasks, in the order of their handlers."""
        self.open = 0
        """How many have not ended."""
        self.left: Callable[[], object] | None = None
        """Called when all tasks but the root have ended."""
        self.said = 0
        """About how many bytes of memory its tasks' failures, logs and labels take."""
        self._next = 0
        self.root = self.add(None, name, "run")

    def add(self, parent: Task | None, name: str, kind: Kind) -> Task:
        """A new pending task below ``parent``."""
        n = self._next
        name = self.trace.redactor.name(name)
        task = Task(self, n, parent, name, kind, clock.now())
        self._next = n + 1
        self.open += 1
        self.tasks[n] = task
        if parent is not None:
            parent.kept_children += 1
            parent.open_children += 1
            if kind == "provider":
                self.providers.append(task)
            elif parent.attempt > 1 and parent.kind == "provider":
                task.attempt = parent.attempt
        return task

    def closed(self, task: Task) -> None:
        """``task`` has ended: count it, and fold it away when the tree is full."""
        self.open -= 1
        if self.open <= 1:
            if self.left is not None:
                self.left()
            if not self.open:
                self.trace.ended(self)
        if (
            len(self.tasks) > TASK_LIMIT
            and task.state is State.COMPLETED
            and not task.kept_children
            and task.parent is not None
        ):
            del self.tasks[task.n]
            task.parent.kept_children -= 1
            task.parent.folded += 1 + task.folded
            self.trace.publish(task.parent)

    def weigh(self) -> int:
        """About how many bytes of memory its tasks take, with all that hangs on them."""
        return _BARE * len(self.tasks) + self.said

    def below(self, task: Task) -> Iterator[Task]:
        """Every task below ``task``, parents first."""
        family = {task.n}
        for other in tuple(self.tasks.values()):
            if other.parent is not None and other.parent.n in family:
                family.add(other.n)
                yield other

    def record(self) -> TreeRecord:
        """The tree as it stands."""
        return TreeRecord(
            run=self.run,
            delivery=self.delivery,
            tasks=[task.record() for task in tuple(self.tasks.values())],
        )
