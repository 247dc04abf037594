"""Deliveries and tasks as rows: what a snapshot and a delta are made of.

Owns the layout of a row, the string table of a frame, and the step from the runtime's
objects to rows. Rows hold nothing that grows: no payload, stack or log; a long text is
cut to a preview, and the whole of it is asked for.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from callboard.delivery import DeliveryView
from callboard.failure import Failure
from callboard.redaction import shorten
from callboard.task import Label, Task, TaskRecord

NAME = 256
PREVIEW = 200
LABELS = 8
LABEL = 64


class DeliveryRest(Struct, frozen=True, omit_defaults=True):
    """What most deliveries have nothing of."""

    redeliveries: int = 0
    reason: str | None = None
    replay_of: str | None = None


class DeliveryRow(Struct, frozen=True, array_like=True):
    """A delivery. Numbers named after texts point into the frame's ``strings``."""

    id: str
    revision: int
    source: int
    event: int
    action: int | None
    organization: int | None
    repository: int | None
    state: int
    received: int
    """Microseconds after the frame's ``base``."""
    started: int | None
    """Microseconds after ``received``: the newest run's start."""
    ended: int | None
    """Microseconds after ``started``."""
    attempts: int
    run: str | None
    """Its newest run."""
    rest: DeliveryRest | None


class TaskProgress(Struct, frozen=True):
    """How far a task says it is."""

    done: float
    total: float | None
    unit: str


class TaskRest(Struct, frozen=True, omit_defaults=True):
    """What most tasks have nothing of."""

    cause: str | None = None
    waits: str | None = None
    labels: dict[str, Label] = {}
    """The first eight, their texts cut to 64 characters."""
    labels_left_out: int = 0
    progress: TaskProgress | None = None
    error: str | None = None
    """Type and message of its failure, on one line."""
    timeout: float | None = None
    attempt: int = 0
    """Of a provider, or the one that began the task, from the second on."""
    attempts: int = 0
    """How many the provider may make."""
    logs: int = 0
    effects: int = 0
    remarks: int = 0
    """How many of its effects changed nothing."""
    folded: int = 0


class TaskRow(Struct, frozen=True, array_like=True):
    """A task. Numbers named after texts point into the frame's ``strings``."""

    run: int
    n: int
    parent: int | None
    """The parent's ``n``; None for a run's root."""
    revision: int
    """0 for what was read from the journal, which no longer changes."""
    name: int
    kind: int
    state: int
    created: int
    """Microseconds after the frame's ``base``."""
    started: int | None
    """Microseconds after ``created``."""
    ended: int | None
    """Microseconds after ``created``."""
    rest: TaskRest | None


class Gone(Struct, frozen=True, array_like=True):
    """A task that is no longer part of its tree."""

    run: str
    n: int


class Rows:
    """Rows of one frame in the making, with their string table."""

    def __init__(self, base: float) -> None:
        """``base``: Unix seconds near the rows' times."""
        self.base = int(base * 1000)
        self.strings: list[str] = []
        self.deliveries: list[DeliveryRow] = []
        self.tasks: list[TaskRow] = []
        self.gone: list[Gone] = []
        self.size = 0
        """About how many bytes they take; never much fewer than they do."""
        self._index: dict[str, int] = {}
        self._seconds = self.base / 1000

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.deliveries) + len(self.tasks) + len(self.gone)

    def add_delivery(self, view: DeliveryView) -> None:
        """Append a row for ``view``, as it is now."""
        revision = view.revision  # before the values: they are at least as new
        rest = None
        if view.reason or view.redeliveries or view.replay_of:
            rest = DeliveryRest(
                redeliveries=view.redeliveries,
                reason=preview(view.reason),
                replay_of=view.replay_of,
            )
            self.size += len(_encode(rest))
        received, started = view.received_at, view.started_at
        self.deliveries.append(
            DeliveryRow(
                id=view.id,
                revision=revision,
                source=self._text(view.source),
                event=self._text(view.event),
                action=self._optional(view.action),
                organization=self._optional(view.organization),
                repository=self._optional(view.repository),
                state=self._text(view.state),
                received=self._micros(received),
                started=_after(started, received),
                ended=_after(view.ended_at, started),
                attempts=view.attempts,
                run=view.run,
                rest=rest,
            )
        )
        self.size += 130

    def add_task(self, task: Task) -> None:
        """Append a row for a live ``task``, as it is now."""
        revision = task.revision  # before the values: they are at least as new
        parent = None if task.parent is None else task.parent.n
        self._add(task.tree.run, task, parent, revision)

    def add_record(self, run: str, record: TaskRecord) -> None:
        """Append a row for a task of an ended run."""
        self._add(run, record, record.parent, 0)

    def _add(
        self, run: str, task: Task | TaskRecord, parent: int | None, revision: int
    ) -> None:
        created = task.created
        rest = rest_of(task)
        if rest is not None:
            self.size += len(_encode(rest))
        self.tasks.append(
            TaskRow(
                run=self._text(run),
                n=task.n,
                parent=parent,
                revision=revision,
                name=self._text(task.name),
                kind=self._text(task.kind),
                state=self._text(task.state),
                created=self._micros(created),
                started=_after(task.started, created),
                ended=_after(task.ended, created),
                rest=rest,
            )
        )
        self.size += 100

    def _text(self, text: str) -> int:
        index = self._index.get(text)
        if index is None:
            index = self._index[text] = len(self.strings)
            kept = shorten(str(text), NAME)
            self.strings.append(kept)
            self.size += len(_encode(kept)) + 1
        return index

    def _optional(self, text: str | None) -> int | None:
        return None if text is None else self._text(text)

    def _micros(self, moment: float) -> int:
        return round((moment - self._seconds) * 1e6)

    def fields(self) -> dict[str, Any]:
        """What a frame takes over; ``gone`` is a delta's alone."""
        return {
            "base": self.base,
            "strings": self.strings,
            "deliveries": self.deliveries,
            "tasks": self.tasks,
        }


def rest_of(task: Task | TaskRecord) -> TaskRest | None:
    """The rare fields of ``task``; None when it has none of them."""
    progress = task.progress
    rest = TaskRest(
        cause=preview(task.cause),
        waits=preview(task.waits),
        labels=_labels(task.labels),
        labels_left_out=max(len(task.labels) - LABELS, 0),
        progress=(
            None
            if progress is None
            else TaskProgress(progress.done, progress.total, progress.unit[:LABEL])
        ),
        error=None if task.failure is None else summary(task.failure),
        timeout=task.timeout,
        attempt=task.attempt,
        attempts=task.attempts,
        logs=len(task.logs) + task.logs_left_out,
        effects=task.effects,
        remarks=task.remarks,
        folded=task.folded,
    )
    return None if rest == _NOTHING else rest


_NOTHING = TaskRest()
_encode = msgspec.json.Encoder().encode


def summary(failure: Failure) -> str:
    """A failure on one line: of a group, the first exception that is none itself."""
    others = 0
    while failure.members:
        others += len(failure.members) - 1
        failure = failure.members[0]
    said = [failure.type.rpartition(".")[2], " ".join(failure.message.split())]
    more = f" (and {others} more)" if others else ""
    return shorten(": ".join(filter(None, said)), PREVIEW - len(more)) + more


def preview(text: str | None) -> str | None:
    """The beginning of ``text``, on one line."""
    return None if text is None else shorten(" ".join(text.split()), PREVIEW)


def _labels(labels: Mapping[str, Label]) -> dict[str, Label]:
    if not labels:
        return {}
    shown: dict[str, Label] = {}
    for name, value in tuple(labels.items())[:LABELS]:
        cut = shorten(value, LABEL) if isinstance(value, str) else value
        shown[shorten(name, LABEL)] = cut
    return shown


def _after(moment: float | None, origin: float | None) -> int | None:
    if moment is None or origin is None:
        return None
    return round((moment - origin) * 1e6)
