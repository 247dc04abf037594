"""What runs changed, and why something is not there."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from msgspec import Raw
from sqlalchemy import Connection
from sqlalchemy.event import listen, remove

from callboard import (
    Callboard,
    Database,
    Effect,
    EventName,
    Provider,
    Run,
    Untyped,
    history,
    on,
)
from callboard.testing import deliver, open_board, record, settled
from callboard.tree import TreeRecord
from callboard_inspector.detail import Details
from callboard_inspector.questions import (
    Answer,
    EffectsAnswer,
    OfDeliveries,
    OfDelivery,
    OfEffects,
    OfLog,
    OfPayload,
    OfSubject,
    OfSubjects,
    OfTask,
    OfTree,
    PayloadAnswer,
    Question,
    SubjectAnswer,
    SubjectsAnswer,
    TreeAnswer,
)
from callboard_inspector.subjects import subject_of, subjects_like
from callboard_inspector.watched import watched_board
from callboard_inspector.wire import FRAME_LIMIT, Inspect, encode

pytestmark = pytest.mark.anyio


class Shelf(Provider):
    """Records the effects that the payload names."""

    name = "shelf"

    def __init__(self, board: list[Callboard]) -> None:
        self._board = board

    @on(EventName("plain", "shelf", None))
    async def change(self, event: Untyped, run: Run) -> None:
        changes = [
            Effect(c["subject"], c["operation"], _raw(c, "before"), _raw(c, "after"))
            for c in event.payload.get("changes", [])
        ]
        await record(self._board[0].database, run, *changes)


class Idle(Provider):
    name = "idle"

    @on(EventName("plain", "idle", None))
    async def nothing(self, event: Untyped, run: Run) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(event.payload.get("tasks", 0)):
                group.start_soon(self._log, run, "x" * 8_000)

    async def _log(self, run: Run, text: str) -> None:
        run.label(text=text)


def _raw(change: dict[str, Any], name: str) -> Raw | None:
    return Raw(msgspec.json.encode(change[name])) if name in change else None


async def ask(board: Callboard, question: Question) -> Answer:
    detail = await Details(watched_board(board)).answer(Inspect(1, question))
    assert detail.error is None, detail.error
    assert detail.answer is not None
    assert len(encode(detail)) <= FRAME_LIMIT
    return detail.answer


async def test_removed_subject_tells_who_removed_it_and_who_looked_since() -> None:
    boards: list[Callboard] = []
    with anyio.fail_after(20):
        async with open_board(Shelf(boards), Idle()) as board:
            boards.append(board)
            added = {"subject": "c:a", "operation": "added", "after": {"n": 1}}
            removed = {"subject": "c:a", "operation": "removed", "before": {"n": 1}}
            await deliver(board, "shelf", {"changes": [added]})
            await settled(board)
            await deliver(board, "shelf", {"changes": [removed]})
            await settled(board)
            last = await deliver(board, "shelf", {})
            await settled(board)
            answer = await ask(board, OfSubject("c:a"))
    assert isinstance(answer, SubjectAnswer)
    assert [e.operation for e in answer.effects] == ["removed", "added"]
    assert [(k.provider, k.delivery, k.operation) for k in answer.looks] == [
        ("shelf", last, None)
    ]


async def test_whether_a_subject_is_there_follows_from_what_gave_or_took_it() -> None:
    boards: list[Callboard] = []
    with anyio.fail_after(20):
        async with open_board(Shelf(boards)) as board:
            boards.append(board)
            told: list[str | None] = []
            for operations in (["rejected"], ["added", "rejected"]):
                changes = [{"subject": "c:a", "operation": o} for o in operations]
                await deliver(board, "shelf", {"changes": changes})
                await settled(board)
                told.append(await standing(board, "c:a"))
            # One transaction, one moment: the last word is not what counts.
            changes = [
                {"subject": "c:a", "operation": o} for o in ("removed", "settled")
            ]
            await deliver(board, "shelf", {"changes": changes})
            await settled(board)
            told.append(await standing(board, "c:a"))
    assert told == [None, "added", "removed"]


async def test_run_that_only_remarked_on_a_subject_is_not_said_to_have_changed_it() -> (
    None
):
    boards: list[Callboard] = []
    told: list[str | None] = []
    with anyio.fail_after(20):
        async with open_board(Shelf(boards)) as board:
            boards.append(board)
            for operations in (["rejected"], ["changed", "rejected"]):
                changes = [{"subject": "c:a", "operation": o} for o in operations]
                await deliver(board, "shelf", {"changes": changes})
                await settled(board)
                answer = await ask(board, OfSubject("c:a"))
                assert isinstance(answer, SubjectAnswer)
                told += [look.operation for look in answer.looks]
    assert told == ["rejected", "changed"]


async def standing(board: Callboard, subject: str) -> str | None:
    answer = await ask(board, OfSubject(subject))
    assert isinstance(answer, SubjectAnswer)
    return None if answer.standing is None else answer.standing.operation


async def test_subject_in_another_case_is_the_same_one() -> None:
    boards: list[Callboard] = []
    with anyio.fail_after(20):
        async with open_board(Shelf(boards)) as board:
            boards.append(board)
            names = ["group:acme/platform", "user:acme/platform-lead"]
            changes = [{"subject": name, "operation": "added"} for name in names]
            await deliver(board, "shelf", {"changes": changes})
            await settled(board)
            answer = await ask(board, OfSubject("Group:acme/Platform"))
    assert isinstance(answer, SubjectAnswer)
    assert answer.subject == "group:acme/platform"
    assert [effect.operation for effect in answer.effects] == ["added"]


async def test_unknown_subject_gets_every_provider() -> None:
    boards: list[Callboard] = []
    with anyio.fail_after(20):
        async with open_board(Shelf(boards), Idle()) as board:
            boards.append(board)
            change = {"subject": "component:default/Site_1", "operation": "added"}
            await deliver(board, "shelf", {"changes": [change]})
            await deliver(board, "idle", {})
            await settled(board)
            near = await ask(board, OfSubject("component:site_1"))
    assert isinstance(near, SubjectAnswer)
    assert near.effects == []
    assert {look.provider for look in near.looks} == {"shelf", "idle"}


async def test_subjects_are_found_by_parts_of_their_names_or_the_newest_first() -> None:
    boards: list[Callboard] = []
    names = [f"component:default/Site_{n:02}" for n in range(60)]
    with anyio.fail_after(20):
        async with open_board(Shelf(boards)) as board:
            boards.append(board)
            empty = await found(board, "")
            changes = [{"subject": name, "operation": "added"} for name in names]
            await deliver(board, "shelf", {"changes": changes})
            await settled(board)
            again = {"subject": names[7], "operation": "rejected"}
            await deliver(board, "shelf", {"changes": [again]})
            await settled(board)
            newest = await found(board, "")
            many = await found(board, " site component ")
            one = await found(board, "SITE_07")
            wild = [await found(board, like) for like in ("%", "site_07 no")]
    assert empty == SubjectsAnswer([], more=False)
    assert [each.subject for each in newest.subjects[:2]] == [names[7], names[59]]
    assert [each.subject for each in many.subjects] == names[:50]
    assert (newest.more, many.more) == (True, True)
    assert [(each.subject, each.operation) for each in one.subjects] == [
        (names[7], "rejected")
    ]
    assert wild == [SubjectsAnswer([], more=False)] * 2


async def found(board: Callboard, like: str) -> SubjectsAnswer:
    answer = await ask(board, OfSubjects(like))
    assert isinstance(answer, SubjectsAnswer)
    return answer


async def test_effects_come_by_pages_and_a_huge_document_is_left_out_with_a_word() -> (
    None
):
    boards: list[Callboard] = []
    with anyio.fail_after(20):
        async with open_board(Shelf(boards)) as board:
            boards.append(board)
            huge = {"subject": "huge", "operation": "added", "after": "x" * 400_000}
            small = [
                {"subject": f"s{i}", "operation": "added", "after": i}
                for i in range(150)
            ]
            delivery = await deliver(board, "shelf", {"changes": [huge, *small]})
            await settled(board)
            run = board.trace.deliveries[delivery].run or ""
            first = await ask(board, OfEffects(run))
            second = await ask(board, OfEffects(run, offset=100))
    assert isinstance(first, EffectsAnswer)
    assert isinstance(second, EffectsAnswer)
    assert bytes(first.effects[0].after) == b"null"
    assert "too large" in (first.effects[0].cut or "")
    names = [e.subject for e in (*first.effects, *second.effects)]
    assert names == ["huge", *(f"s{i}" for i in range(150))]
    assert (first.more, second.more) == (True, False)


@pytest.mark.parametrize("in_memory", [True, False])
async def test_whole_tree_comes_by_pages_that_fit_a_frame(*, in_memory: bool) -> None:
    with anyio.fail_after(20):
        async with open_board(Idle()) as board:
            delivery = await deliver(board, "idle", {"tasks": 2_000})
            await settled(board)
            run = board.trace.deliveries[delivery].run or ""
            if not in_memory:
                board.trace.trees.clear()
            seen: list[int] = []
            start: int | None = 0
            pages = 0
            while start is not None:
                answer = await ask(board, OfTree(run, start))
                assert isinstance(answer, TreeAnswer)
                seen += [task.n for task in answer.tasks]
                start = answer.next
                pages += 1
    assert seen == list(range(2_002))
    assert pages > 1


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (OfEffects("x", offset=10**19), "offset: expected at most"),
        (OfEffects("x", task=10**19), "task: expected at most"),
        (OfSubject("x" * 100_000), "subject: expected at most 10,000 characters"),
        (OfSubject("a\0b"), "subject: expected text without NUL"),
        (OfSubjects("a\0b"), "like: expected text without NUL"),
        (OfDelivery("a\0b"), "delivery: expected text without NUL"),
        (OfTask("a\0b.1"), "task: expected text without NUL"),
        (OfLog("a\0b.1", below=True), "task: expected text without NUL"),
        (OfPayload("a\0b"), "delivery: expected text without NUL"),
        (OfTree("a\0b"), "run: expected text without NUL"),
        (OfEffects("a\0b"), "run: expected text without NUL"),
        (OfDeliveries(before="a\0b"), "before: expected text without NUL"),
        (OfDeliveries(repository="a\0b"), "repository: expected text without NUL"),
    ],
)
async def test_what_no_database_takes_is_refused_with_what_was_expected(
    question: Question, expected: str
) -> None:
    with anyio.fail_after(20):
        async with open_board(Idle()) as board:
            detail = await Details(watched_board(board)).answer(Inspect(1, question))
    assert detail.error is not None
    assert expected in detail.error


async def test_long_payload_is_read_from_the_journal_once_for_all_its_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    find = history.find_payload

    def counting(connection: Connection, delivery: str) -> history.Payload | None:
        read.append(delivery)
        return find(connection, delivery)

    monkeypatch.setattr(history, "find_payload", counting)
    with anyio.fail_after(20):
        async with open_board(Idle()) as board:
            long = await deliver(board, "idle", {"word": "é" * 300_000})
            short = await deliver(board, "idle", {})
            await settled(board)
            details = Details(watched_board(board))
            text = ""
            for delivery in (long, short, long):
                offset = 0
                while True:
                    asked = Inspect(1, OfPayload(delivery, offset=offset))
                    page = (await details.answer(asked)).answer
                    assert isinstance(page, PayloadAnswer)
                    text += page.text
                    offset += len(page.text)
                    if offset >= page.length:
                        break
    assert text.count("é") == 600_000
    assert read == [long, short, long]


async def test_trees_that_were_asked_for_lately_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    find = history.find_tree

    def counting(connection: Connection, run: str) -> TreeRecord | None:
        read.append(run)
        return find(connection, run)

    with anyio.fail_after(20):
        async with open_board(Idle()) as board:
            runs: list[str] = []
            for _ in range(9):
                await deliver(board, "idle", {})
                await settled(board)
                [*_, tree] = board.trace.trees.values()
                runs.append(tree.run)
            board.trace.trees.clear()  # as if they had ended long ago
            monkeypatch.setattr(history, "find_tree", counting)
            details = Details(watched_board(board))
            for run in (*runs[:8], runs[0], runs[8], runs[0], runs[1]):
                await details.answer(Inspect(1, OfTree(run)))
    assert read == [*runs, runs[1]]


def test_looking_for_a_subject_never_reads_all_effects(database: Database) -> None:
    asked: list[tuple[str, Any]] = []

    def note(*event: Any) -> None:
        asked.append((event[2], event[3]))

    plans: list[str] = []
    with database.engine.connect() as connection:
        listen(connection, "before_cursor_execute", note)
        subjects_like(connection, "site")
        subject_of(connection, "Site", [])
        remove(connection, "before_cursor_execute", note)
        for statement, given in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
            plans += [row[-1] for row in rows]
    assert any("effects_any_case" in plan for plan in plans), plans
    assert not [plan for plan in plans if plan.startswith("SCAN effects")]


@pytest.fixture
def database(tmp_path: Path) -> Generator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'callboard.db'}")
    database.migrate("callboard", "callboard_version")
    yield database
    database.close()
