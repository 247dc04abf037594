"""A run as one file: what the page and the terminal export, and both open.

Owns the file's layout, collecting its parts as the page does, by the same questions, and
saying of a broken file what was expected. ``static/state/bundle.js`` is its twin.
"""

from typing import TypeVar

import msgspec
from msgspec import Struct, field

from callboard import clock
from callboard.task import TaskRecord
from callboard_inspector import questions as q
from callboard_inspector.detail import Details
from callboard_inspector.wire import Inspect

A = TypeVar("A", bound=q.Answer)

FORMAT = "callboard.run.1"


class BundleError(Exception):
    """It is no such file, or there is nothing to put in one; says why."""


class Payload(Struct, frozen=True):
    """What arrived with the delivery."""

    headers: dict[str, str]
    text: str
    size: int
    """Bytes of the body."""


class Bundle(Struct, frozen=True):
    """Everything that is known of one run. Times are Unix seconds."""

    format: str
    exported: float
    run: str
    delivery: q.DeliveryAnswer
    tasks: list[TaskRecord]
    """Parents before children."""
    effects: list[q.EffectAnswer]
    payload: Payload | None = None
    missing: list[str] = field(default_factory=list[str])
    """Parts that the server no longer had, for people."""
    words: dict[str, str] = field(default_factory=dict[str, str])
    """What things are called on the page, as in ``hello``."""


class _Head(Struct):
    format: str | None = None


_decoder = msgspec.json.Decoder(Bundle)


def write(bundle: Bundle) -> bytes:
    """The content of a file."""
    return msgspec.json.encode(bundle)


def read(content: bytes) -> Bundle:
    """What a file holds.

    Raises:
        BundleError: It is no file of a run, or a damaged one.
    """
    try:
        found = msgspec.json.decode(content, type=_Head).format
    except msgspec.ValidationError as error:
        raise BundleError(f"expected a run's file: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"expected a run's file: this is no JSON ({error})"
        raise BundleError(message) from error
    if found != FORMAT:
        came = msgspec.json.encode(found).decode()[:60]
        message = f'expected a run\'s file with "format": "{FORMAT}"; got {came}'
        raise BundleError(message)
    try:
        bundle = _decoder.decode(content)
    except msgspec.ValidationError as error:
        raise BundleError(f"the run's file is damaged: {error}") from error
    if not bundle.tasks:
        raise BundleError("the run's file is damaged: expected tasks, got none")
    known: set[int] = set()
    for record in sorted(bundle.tasks, key=lambda record: record.n):
        # Numbers rise, so a parent comes before its children, and there is no circle.
        if record.n in known:
            message = f"the run's file is damaged: expected task {record.n} once"
            raise BundleError(message)
        if record.parent is not None and record.parent not in known:
            expected = f"expected the parent of task {record.n} before it"
            message = f"the run's file is damaged: {expected}, got {record.parent}"
            raise BundleError(message)
        known.add(record.n)
    return bundle


async def collect(
    details: Details, delivery: str, run: str, words: dict[str, str]
) -> Bundle:
    """One run's parts, asked for one by one.

    Raises:
        BundleError: Its delivery or its tree is not, or no longer, known.
    """
    collecting = _Collecting(details)
    found = await collecting.ask(q.OfDelivery(delivery), q.DeliveryAnswer)
    if found is None:
        raise BundleError(collecting.missing[-1])
    tasks: list[TaskRecord] = []
    start: int | None = 0
    while start is not None:
        tree = await collecting.ask(q.OfTree(run, start), q.TreeAnswer)
        if tree is None:
            raise BundleError(collecting.missing[-1])
        tasks += tree.tasks
        start = tree.next
    return Bundle(
        format=FORMAT,
        exported=clock.now(),
        run=run,
        delivery=found,
        tasks=tasks,
        effects=await collecting.effects(run),
        payload=await collecting.payload(delivery),
        missing=collecting.missing,
        words=words,
    )


class _Collecting:
    """Questions, and what had no answer."""

    def __init__(self, details: Details) -> None:
        self.missing: list[str] = []
        self._details = details

    async def ask(self, question: q.Question, kind: type[A]) -> A | None:
        """The answer; None if there is none, which is noted."""
        detail = await self._details.answer(Inspect(0, question))
        if isinstance(detail.answer, kind):
            return detail.answer
        self.missing.append(detail.error or f"no answer to {question!r}")
        return None

    async def effects(self, run: str) -> list[q.EffectAnswer]:
        """What the run changed."""
        found: list[q.EffectAnswer] = []
        while True:
            page = await self.ask(q.OfEffects(run, offset=len(found)), q.EffectsAnswer)
            if page is None:
                return found
            found += page.effects
            if not page.more:
                return found

    async def payload(self, delivery: str) -> Payload | None:
        """What arrived, whole."""
        first = await self.ask(q.OfPayload(delivery), q.PayloadAnswer)
        if first is None:
            return None
        text = first.text
        while len(text) < first.length:
            question = q.OfPayload(delivery, offset=len(text))
            page = await self.ask(question, q.PayloadAnswer)
            if page is None or not page.text:
                break
            text += page.text
        return Payload(first.headers, text, first.size)
