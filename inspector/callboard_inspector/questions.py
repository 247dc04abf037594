"""What can be asked for, and the shape of each answer.

Owns the payload of ``inspect`` and ``detail``. Answers are made in ``detail``; here are
only their types, so that a client in any language can be written from them.
"""

from typing import TypeAlias

from msgspec import Raw, Struct

from callboard.failure import Failure, Frame
from callboard.history import RunSummary
from callboard.journal import ActionEntry
from callboard.scopes import ScopeFacts
from callboard.subjects import SubjectSummary
from callboard.task import LogLine, TaskRecord
from callboard_inspector.rows import DeliveryRow


class OfDelivery(Struct, frozen=True, tag_field="of", tag="delivery"):
    """A delivery: its row, its identity, its runs."""

    delivery: str


class OfTask(Struct, frozen=True, tag_field="of", tag="task"):
    """A task: everything but its log."""

    task: str


class OfLog(Struct, frozen=True, tag_field="of", tag="log"):
    """A task's log; with ``below`` also that of every task below it."""

    task: str
    below: bool = False


class OfPayload(Struct, frozen=True, tag_field="of", tag="payload"):
    """Headers and body of a delivery, from the character ``offset`` on."""

    delivery: str
    offset: int = 0


class OfTree(Struct, frozen=True, tag_field="of", tag="tree"):
    """A run's tasks with all they say, from the ordinal ``start`` on: to keep or compare."""

    run: str
    start: int = 0


class OfEffects(Struct, frozen=True, tag_field="of", tag="effects"):
    """What a run changed, or one task of it; ``offset`` counts effects."""

    run: str
    task: int | None = None
    offset: int = 0


class OfSubject(Struct, frozen=True, tag_field="of", tag="subject"):
    """Everything that changed a subject, newest first, and who looked at it last."""

    subject: str


class OfSubjects(Struct, frozen=True, tag_field="of", tag="subjects"):
    """Subjects whose name has every word of ``like`` in it; those changed last if empty."""

    like: str = ""


class OfStack(Struct, frozen=True, tag_field="of", tag="stack"):
    """Where a live task stands at this moment."""

    task: str


class OfDeliveries(Struct, frozen=True, tag_field="of", tag="deliveries"):
    """Deliveries of the journal, newest first; every field that is set must match."""

    before: str | None = None
    """Older than the delivery with this id."""
    state: str | None = None
    source: str | None = None
    event: str | None = None
    organization: str | None = None
    repository: str | None = None
    guid: str | None = None
    provider: str | None = None


class OfCounts(Struct, frozen=True, tag_field="of", tag="counts"):
    """How many deliveries are in trouble, in the whole journal."""


class OfProviders(Struct, frozen=True, tag_field="of", tag="providers"):
    """Every provider and how it fares."""


Question: TypeAlias = (
    OfDelivery
    | OfTask
    | OfLog
    | OfPayload
    | OfTree
    | OfEffects
    | OfSubject
    | OfSubjects
    | OfStack
    | OfDeliveries
    | OfCounts
    | OfProviders
)


class DeliveryAnswer(Struct, frozen=True, tag_field="of", tag="delivery"):
    """See ``OfDelivery``."""

    strings: list[str]
    base: int
    row: DeliveryRow
    guid: str
    hook: str
    size: int
    """Bytes of the body."""
    runs: list[RunSummary]
    actions: list[ActionEntry] = []
    """What people did to it, and to its tasks, oldest first."""


class TaskAnswer(Struct, frozen=True, tag_field="of", tag="task"):
    """See ``OfTask``. Times in the record are Unix seconds."""

    record: TaskRecord
    note: str | None = None
    """What was cut from it, for people."""


class TaskLog(Struct, frozen=True):
    """A line of some task's log."""

    n: int
    line: LogLine


class LogAnswer(Struct, frozen=True, tag_field="of", tag="log"):
    """See ``OfLog``: oldest first."""

    lines: list[TaskLog]
    left_out: int
    """Older lines that are not kept, or do not fit."""


class PayloadAnswer(Struct, frozen=True, tag_field="of", tag="payload"):
    """See ``OfPayload``."""

    headers: dict[str, str]
    text: str
    offset: int
    length: int
    """Characters of the whole body."""
    size: int
    """Bytes of the whole body."""


class TreeAnswer(Struct, frozen=True, tag_field="of", tag="tree"):
    """See ``OfTree``: parents before children."""

    run: str
    delivery: str
    tasks: list[TaskRecord]
    next: int | None
    """The ordinal to go on from; None when that was all."""


class EffectAnswer(Struct, frozen=True):
    """One effect."""

    run: str
    task: int
    delivery: str
    provider: str
    at: float
    subject: str
    operation: str
    before: Raw
    """Any JSON document; null when there was nothing before, as ``after`` is at its end."""
    after: Raw
    cut: str | None = None
    """Why ``before`` and ``after`` are missing, for people."""


class EffectsAnswer(Struct, frozen=True, tag_field="of", tag="effects"):
    """See ``OfEffects``."""

    effects: list[EffectAnswer]
    offset: int
    more: bool


class Look(Struct, frozen=True):
    """The newest run that a provider took part in."""

    provider: str
    run: str
    delivery: str
    at: float
    """Its start, Unix seconds."""
    state: str
    operation: str | None
    """What this very run did to the subject last, or remarked if it did nothing to it."""


class SubjectAnswer(Struct, frozen=True, tag_field="of", tag="subject"):
    """See ``OfSubject``."""

    subject: str
    """As it is written where it was changed: the question may write it in another case."""
    effects: list[EffectAnswer]
    more: bool
    standing: EffectAnswer | None
    """The newest that added, changed or removed it, without its documents.

    It says whether the subject is there; other words, such as ``rejected``, do not.
    """
    looks: list[Look]
    """Of each provider that changed it, or else of all: its newest run."""


class SubjectsAnswer(Struct, frozen=True, tag_field="of", tag="subjects"):
    """See ``OfSubjects``."""

    subjects: list[SubjectSummary]
    more: bool


class StackAnswer(Struct, frozen=True, tag_field="of", tag="stack"):
    """See ``OfStack``: the task's own function first, what it waits for last."""

    at: float
    """Unix seconds."""
    state: str
    frames: list[Frame]
    note: str | None = None
    scope: ScopeFacts | None = None
    """What its cancel scopes say; None for a thread, and once it has ended."""


class DeliveriesAnswer(Struct, frozen=True, tag_field="of", tag="deliveries"):
    """See ``OfDeliveries``."""

    strings: list[str]
    base: int
    rows: list[DeliveryRow]
    more: bool


class CountsAnswer(Struct, frozen=True, tag_field="of", tag="counts"):
    """See ``OfCounts``."""

    failed: int
    """That will be run again by policy."""
    parked: int


class HandlerView(Struct, frozen=True):
    """A handler of a provider."""

    method: str
    events: list[str]
    ordered_by: str | None
    every: float | None
    """Seconds between ticks."""
    cron: str | None
    """When it ticks, in UTC."""
    due: float | None
    """Its next tick, Unix seconds."""


class PauseView(Struct, frozen=True):
    """Why a provider starts nothing, and until when."""

    since: float
    """Unix seconds."""
    until: float | None
    """Unix seconds; None until a person resumes it."""
    reason: str


class ProviderView(Struct, frozen=True):
    """A provider; figures are of the runs kept in memory."""

    name: str
    kind: str
    """The class, with its module."""
    timeout: float | None
    attempts: int
    concurrency: int | None
    """How many of its handlers run at once; None for no limit."""
    handlers: list[HandlerView]
    running: int
    waiting: int
    """Tasks that wait for a slot."""
    completed: int
    errored: int
    halted: int
    p50: float | None
    """Seconds, of ended runs."""
    p95: float | None
    lag: float | None
    """Seconds from a delivery's receipt to its run's start: the median of ended runs."""
    last_at: float | None
    """When it last ended, Unix seconds."""
    last_error: Failure | None
    last_error_delivery: str | None
    last_error_task: str | None
    last_error_at: float | None
    pause: PauseView | None
    actions: list[ActionEntry] = []
    """What people did to it of late, oldest first."""


class ProvidersAnswer(Struct, frozen=True, tag_field="of", tag="providers"):
    """See ``OfProviders``."""

    providers: list[ProviderView]
    since: float
    """The start of the oldest run that is counted, Unix seconds."""


Answer: TypeAlias = (
    DeliveryAnswer
    | TaskAnswer
    | LogAnswer
    | PayloadAnswer
    | TreeAnswer
    | EffectsAnswer
    | SubjectAnswer
    | SubjectsAnswer
    | StackAnswer
    | DeliveriesAnswer
    | CountsAnswer
    | ProvidersAnswer
)
