"""Answers: what is not sent until somebody asks.

Owns looking things up, in memory first and else in the journal, and keeping every answer
below the size of a frame: what does not fit is cut, and the answer says so.
"""

import logging
from collections import OrderedDict
from functools import partial

import anyio.to_thread
import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection

from callboard import clock, history
from callboard.await_stack import await_stack
from callboard.delivery import DeliveryState
from callboard.failure import summarize
from callboard.history import DeliveryFilter, actions_on
from callboard.journal import ActionEntry
from callboard.scopes import facts_of
from callboard.task import Task, TaskRecord
from callboard.tree import TreeRecord
from callboard_inspector import questions as q
from callboard_inspector.cutting import cut_failure, cut_lines
from callboard_inspector.provider_views import provider_views
from callboard_inspector.rows import Rows
from callboard_inspector.subjects import effects_of, subject_of, subjects_like
from callboard_inspector.watched import Watched
from callboard_inspector.wire import FRAME_AIM, Detail, Inspect

logger = logging.getLogger(__name__)

PAGE = 128 * 1024
"""Characters in a page of a body."""
_DELIVERIES = 200
_TREES = 8
_ACTIONS = 3


_LARGEST = 2**31 - 1
"""The greatest number that every database takes."""
_LONGEST = 10_000
"""Characters of a name that is asked for."""


class _Body(Struct, frozen=True):
    """What arrived with a delivery, ready to be read a page at a time."""

    delivery: str
    headers: dict[str, str]
    text: str
    size: int
    """Bytes of it."""


class NoAnswerError(Exception):
    """There is no answer; the message says why, for people."""


class Details:
    """Answers the questions of all watchers."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._trees: OrderedDict[str, TreeRecord] = OrderedDict()
        self._body: _Body | None = None
        """The last one that has more pages than were asked for."""

    async def answer(self, frame: Inspect) -> Detail:
        """The answer to ``frame``. Never raises: what went wrong is in the answer."""
        try:
            return await self._answer(frame)
        except NoAnswerError as error:
            return Detail(frame.request, error=str(error))
        except Exception as error:
            # The boundary between a watcher and the journal: a broken record must not
            # end the feed.
            logger.exception("no answer to %r", frame.question)
            reason = self._watched.trace.redactor.text(summarize(error))
            return Detail(frame.request, error=f"no answer: {reason}")

    async def _answer(self, frame: Inspect) -> Detail:
        question = frame.question
        _expect_storable(question)
        known = await self._revision(question)
        if known is not None and known == frame.revision:
            return Detail(frame.request, revision=known, unchanged=True)
        answer: q.Answer
        match question:
            case q.OfDelivery():
                answer = await self._delivery(question)
            case q.OfTask():
                answer = self._cut(await self._record(question.task))
            case q.OfLog():
                answer = await self._log(question)
            case q.OfPayload():
                answer = await self._payload(question)
            case q.OfTree():
                answer = await self._whole(question)
            case q.OfEffects():
                answer = await self._effects(question)
            case q.OfSubject() | q.OfSubjects():
                answer = await self._subject(question)
            case q.OfStack():
                answer = await self._stack(question)
            case q.OfDeliveries():
                answer = await self._deliveries(question)
            case q.OfCounts():
                answer = await self._counts()
            case q.OfProviders():
                answer = await self._providers()
        return Detail(frame.request, revision=known or 0, answer=answer)

    async def _revision(self, question: q.Question) -> int | None:
        """The revision of the answer, where it is known without making it."""
        match question:
            case q.OfTask() | q.OfLog(below=False):
                task = self._live(question.task)
                return 1 if task is None else task.revision
            case q.OfPayload():
                return 1  # never changes
            case q.OfDelivery():
                view = self._watched.trace.deliveries.get(question.delivery)
                return None if view is None else view.revision
            case _:
                return None

    def _live(self, id_: str) -> Task | None:
        run, n = _split(id_)
        tree = self._watched.trace.trees.get(run)
        return None if tree is None else tree.tasks.get(n)

    async def _tree(self, run: str) -> TreeRecord:
        record = self._trees.get(run)
        if record is not None:
            self._trees.move_to_end(run)
        else:
            read = partial(history.find_tree, run=run)
            record = await self._watched.read(read, None)
            if record is None:
                message = f"run {run} has no recorded tree"
                raise NoAnswerError(message)
            self._trees[run] = record
            while len(self._trees) > _TREES:
                self._trees.popitem(last=False)
        return record

    async def _record(self, id_: str) -> TaskRecord:
        live = self._live(id_)
        if live is not None:
            return live.record()
        run, n = _split(id_)
        for record in (await self._tree(run)).tasks:
            if record.n == n:
                return record
        message = f"task {id_} is not kept: it was folded into its parent, or never was"
        raise NoAnswerError(message)

    @staticmethod
    def _cut(record: TaskRecord) -> q.TaskAnswer:
        record = structs.replace(record, logs=[])
        size = len(msgspec.json.encode(record))
        if size <= FRAME_AIM or record.failure is None:
            return q.TaskAnswer(record)
        note = f"The failure was cut to fit: it has {size:,} bytes."
        failure = cut_failure(record.failure, FRAME_AIM)
        return q.TaskAnswer(structs.replace(record, failure=failure), note)

    async def _delivery(self, question: q.OfDelivery) -> q.DeliveryAnswer:
        id_ = question.delivery
        load = partial(history.find_delivery, delivery=id_)
        known = self._watched.trace.deliveries.get(id_)
        found = await self._watched.read(load, None)
        if found is None and known is not None:
            found = history.KeptDelivery(known, hook="", size=0)  # no journal has it
        if found is None:
            message = f"delivery {id_} is not in the journal, or no longer"
            raise NoAnswerError(message)
        runs = await self._watched.read(partial(history.list_runs, delivery=id_), [])
        view = known or found.view
        rows = Rows(view.received_at)
        rows.add_delivery(view)
        return q.DeliveryAnswer(
            strings=rows.strings,
            base=rows.base,
            row=rows.deliveries[0],
            guid=view.guid,
            hook=found.hook,
            size=found.size,
            runs=runs[-50:],
            actions=await self._watched.read(partial(actions_on, target=id_), []),
        )

    async def _log(self, question: q.OfLog) -> q.LogAnswer:
        lines: list[q.TaskLog] = []
        left_out = 0
        for record in await self._family(question):
            left_out += record.logs_left_out
            lines += [q.TaskLog(record.n, line) for line in record.logs]
        lines.sort(key=lambda entry: entry.line.at)
        kept = cut_lines(lines, FRAME_AIM)
        return q.LogAnswer(kept, left_out + len(lines) - len(kept))

    async def _family(self, question: q.OfLog) -> list[TaskRecord]:
        live = self._live(question.task)
        if live is not None:
            tasks = [live, *(live.tree.below(live) if question.below else ())]
            return [task.record() for task in tasks if task.logs or task is live]
        if not question.below:
            return [await self._record(question.task)]
        run, n = _split(question.task)
        below = {n}
        family: list[TaskRecord] = []
        for record in (await self._tree(run)).tasks:  # parents before children
            if record.n in below or record.parent in below:
                below.add(record.n)
                family.append(record)
        return family

    async def _payload(self, question: q.OfPayload) -> q.PayloadAnswer:
        body = self._body
        if body is None or body.delivery != question.delivery:
            read = partial(_read_body, delivery=question.delivery)
            body = await self._watched.read(read, None)
        if body is None:
            message = f"delivery {question.delivery} has no payload in the journal"
            raise NoAnswerError(message)
        offset = max(question.offset, 0)
        length = len(body.text)
        # Kept for the next page alone: a large one would stay for nobody.
        self._body = body if offset + PAGE < length else None
        return q.PayloadAnswer(
            headers=body.headers if offset == 0 else {},
            text=body.text[offset : offset + PAGE],
            offset=offset,
            length=length,
            size=body.size,
        )

    async def _effects(self, question: q.OfEffects) -> q.EffectsAnswer:
        read = partial(effects_of, question=question)
        return await self._watched.read(read, q.EffectsAnswer([], 0, more=False))

    async def _subject(
        self, question: q.OfSubject | q.OfSubjects
    ) -> q.SubjectAnswer | q.SubjectsAnswer:
        if isinstance(question, q.OfSubjects):
            like = partial(subjects_like, like=question.like)
            return await self._watched.read(like, q.SubjectsAnswer([], more=False))
        names = [provider.name for provider in self._watched.providers]
        subject = question.subject
        read = partial(subject_of, subject=subject, providers=names)
        nothing = q.SubjectAnswer(subject, [], more=False, standing=None, looks=[])
        return await self._watched.read(read, nothing)

    async def _whole(self, question: q.OfTree) -> q.TreeAnswer:
        live = self._watched.trace.trees.get(question.run)
        if live is None:
            tree = await self._tree(question.run)
            delivery, tasks = tree.delivery, tree.tasks
        else:
            delivery, tasks = live.delivery, live.record().tasks
        wanted = [record for record in tasks if record.n >= question.start]
        kept: list[TaskRecord] = []
        size = 0
        for record in wanted:
            fitting = _fitting(record)
            size += len(msgspec.json.encode(fitting))
            if kept and size > FRAME_AIM:
                return q.TreeAnswer(question.run, delivery, kept, record.n)
            kept.append(fitting)
        return q.TreeAnswer(question.run, delivery, kept, None)

    async def _stack(self, question: q.OfStack) -> q.StackAnswer:
        task = self._live(question.task)
        if task is None:
            raise NoAnswerError("This run has ended: nothing of it waits any more.")
        at, state = clock.now(), str(task.state)
        frames = await anyio.to_thread.run_sync(await_stack, task)
        note = None
        if not frames:
            note = _no_stack(task)
        return q.StackAnswer(at, state, frames, note, facts_of(task))

    async def _providers(self) -> q.ProvidersAnswer:
        names = [provider.name for provider in self._watched.providers]

        def read(connection: Connection) -> dict[str, list[ActionEntry]]:
            return {name: actions_on(connection, name, _ACTIONS) for name in names}

        done = await self._watched.read(read, {})
        return await anyio.to_thread.run_sync(provider_views, self._watched, done)

    async def _counts(self) -> q.CountsAnswer:
        states = (DeliveryState.FAILED, DeliveryState.PARKED)
        read = partial(history.count_in, states=states)
        found = await self._watched.read(read, {})
        failed, parked = (found.get(state, 0) for state in states)
        return q.CountsAnswer(failed=failed, parked=parked)

    async def _deliveries(self, question: q.OfDeliveries) -> q.DeliveriesAnswer:
        state = question.state
        if state is not None and state not in set(DeliveryState):
            known = ", ".join(DeliveryState)
            raise NoAnswerError(f"state: expected one of {known}; got {state!r}")
        wanted = DeliveryFilter(
            before=question.before,
            state=None if state is None else DeliveryState(state),
            source=question.source,
            event=question.event,
            organization=question.organization,
            repository=question.repository,
            guid=question.guid,
            provider=question.provider,
        )
        read = partial(history.list_deliveries, wanted=wanted, limit=_DELIVERIES + 1)
        found = await self._watched.read(read, [])
        kept = found[:_DELIVERIES]
        rows = Rows(kept[0].received_at if kept else 0.0)
        for view in kept:
            rows.add_delivery(self._watched.trace.deliveries.get(view.id, view))
        return q.DeliveriesAnswer(
            rows.strings, rows.base, rows.deliveries, len(found) > len(kept)
        )


def _expect_storable(question: q.Question) -> None:
    """That every database takes what is asked for."""
    for name, value in structs.asdict(question).items():
        if isinstance(value, str) and "\0" in value:
            raise NoAnswerError(f"{name}: expected text without NUL")
        if isinstance(value, str) and len(value) > _LONGEST:
            expected = f"at most {_LONGEST:,} characters"
            raise NoAnswerError(f"{name}: expected {expected}; got {len(value):,}")
        if isinstance(value, int) and abs(value) > _LARGEST:
            expected = f"at most {_LARGEST:,}"
            raise NoAnswerError(f"{name}: expected {expected}; got {value:,}")


def _read_body(connection: Connection, delivery: str) -> _Body | None:
    """In a worker thread: decoding a large one takes a while."""
    found = history.find_payload(connection, delivery)
    if found is None:
        return None
    text = found.body.decode("utf-8", "replace")
    return _Body(delivery, found.headers, text, len(found.body))


def _no_stack(task: Task) -> str:
    if task.state.final:
        return "It has ended."
    if task.kind == "span":
        return "A span has no stack of its own; its nearest task above has."
    if task.handle is None:
        return "It has not started yet."
    return "It runs at this moment: it waits for nothing."


def _fitting(record: TaskRecord) -> TaskRecord:
    """``record`` with its failure and its log in what a frame holds."""
    if len(msgspec.json.encode(record)) <= FRAME_AIM:
        return record
    half = FRAME_AIM // 2
    failure = record.failure
    lines = [q.TaskLog(record.n, line) for line in record.logs]
    logs = tuple(entry.line for entry in cut_lines(lines, half))
    return structs.replace(
        record,
        failure=None if failure is None else cut_failure(failure, half),
        logs=logs,
        logs_left_out=record.logs_left_out + len(record.logs) - len(logs),
    )


def _split(id_: str) -> tuple[str, int]:
    run, _, n = id_.rpartition(".")
    if not run or not n.isascii() or not n.isdigit() or len(n) > 9:
        message = f"expected a task id such as 01h2x3y4z5abc.7; got {id_[:80]!r}"
        raise NoAnswerError(message)
    return run, int(n)
