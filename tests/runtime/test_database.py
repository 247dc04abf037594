"""Group commit and reads."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, event, text

from callboard import Database, SettingsError
from callboard.writer import WriterClosed

pytestmark = pytest.mark.anyio


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    with opened.engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER UNIQUE)"))
    try:
        yield opened
    finally:
        opened.close()


class Hold:
    """An operation that keeps the writer busy, so that others gather behind it."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, _connection: Connection, arguments: list[None]) -> list[None]:
        self.begun.set()
        assert self.go_on.wait(5)
        return list(arguments)


class Insert:
    """Inserts numbers; negative ones are refused, and every batch is remembered."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def __call__(self, connection: Connection, numbers: list[int]) -> list[str]:
        self.batches.append(list(numbers))
        for number in numbers:
            if number < 0:
                raise ValueError(f"{number} is negative")
            connection.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": number})
        return [f"inserted {number}" for number in numbers]


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM numbers")).scalar_one())


async def together(database: Database, operation: Any, numbers: list[int]) -> list[Any]:
    """Write all of ``numbers`` while the writer is held; results or exceptions."""
    hold = Hold()
    outcomes: list[Any] = [None] * len(numbers)

    async def one(i: int, number: int) -> None:
        try:
            outcomes[i] = await database.write(operation, number)
        except Exception as error:  # noqa: BLE001 - handed to the test
            outcomes[i] = error

    async def held() -> None:
        with suppress(OSError):
            await database.write(hold, None)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(held)
            await anyio.to_thread.run_sync(hold.begun.wait)
            for i, number in enumerate(numbers):
                group.start_soon(one, i, number)
            await anyio.wait_all_tasks_blocked()
            hold.go_on.set()
    return outcomes


async def test_all_that_wait_are_written_in_one_batch_and_answered_in_order(
    database: Database,
) -> None:
    insert = Insert()
    numbers = list(range(50))
    answers = await together(database, insert, numbers)
    assert answers == [f"inserted {n}" for n in numbers]
    assert [sorted(batch) for batch in insert.batches] == [numbers]


async def test_all_that_wait_share_one_transaction(database: Database) -> None:
    commits: list[int] = []

    def committed(_connection: Connection) -> None:
        commits.append(1)

    event.listen(database.engine, "commit", committed)
    await together(database, Insert(), list(range(20)))
    assert len(commits) == 1


async def test_failing_argument_reaches_only_its_own_waiter(
    database: Database,
) -> None:
    outcomes = await together(database, Insert(), [1, -2, 3])
    assert outcomes[0] == "inserted 1"
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] == "inserted 3"
    assert await database.read(count) == 2


async def test_failing_commit_reaches_everybody_and_the_next_write_succeeds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_connection: Connection) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Connection, "commit", refuse)
    outcomes = await together(database, Insert(), [1, 2, 3])
    monkeypatch.undo()
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    assert await database.read(count) == 0
    assert await database.write(Insert(), 1) == "inserted 1"


async def test_what_follows_a_write_and_fails_takes_nothing_back(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def follows(_written: str) -> None:
        raise ValueError("odd")

    assert await database.write(Insert(), 1, follows) == "inserted 1"
    assert await database.read(count) == 1
    assert "what follows a write failed" in caplog.text


async def test_cancelled_writer_leaves_the_others_alone(database: Database) -> None:
    hold, insert = Hold(), Insert()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(database.write, hold, None)
            await anyio.to_thread.run_sync(hold.begun.wait)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await database.write(insert, 1)
            group.start_soon(database.write, insert, 2)
            await anyio.wait_all_tasks_blocked()
            hold.go_on.set()
    assert await database.read(count) in {1, 2}
    assert 2 in [n for batch in insert.batches for n in batch]


async def test_closing_commits_what_was_taken_and_takes_no_more(
    tmp_path: Path,
) -> None:
    path = tmp_path / "closing.db"
    database = Database.open(f"sqlite:///{path}")
    hold, insert = Hold(), Insert()
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER UNIQUE)"))
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(database.write, hold, None)
            await anyio.to_thread.run_sync(hold.begun.wait)
            for number in range(10):
                group.start_soon(database.write, insert, number)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(anyio.to_thread.run_sync, database.close)
            await anyio.wait_all_tasks_blocked()
            hold.go_on.set()
    with sqlite3.connect(path) as reader:
        assert reader.execute("SELECT count(*) FROM numbers").fetchone() == (10,)
    reader.close()
    with pytest.raises(WriterClosed):
        await database.write(insert, 11)


async def test_commit_is_on_disk_before_write_returns(
    tmp_path: Path, database: Database
) -> None:
    await database.write(Insert(), 7)
    other = sqlite3.connect(tmp_path / "test.db")
    try:
        assert other.execute("SELECT n FROM numbers").fetchall() == [(7,)]
    finally:
        other.close()
    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("mysql://ada:secret@host/db", "mysql"),
        ("sqlite://", "no path"),
        ("not a url", "no URL"),
        ("sqlite:////nonexistent/folder/x.db", "cannot open"),
        ("postgresql://ada:secret@127.0.0.1:1/db", "cannot open"),
    ],
)
async def test_wrong_address_is_one_clear_message_without_its_password(
    url: str, named: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Database.open(url)
    message = str(caught.value)
    assert message.startswith("CALLBOARD_DATABASE_URL: ")
    assert named in message
    assert "secret" not in message
