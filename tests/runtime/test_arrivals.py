"""What an arrival costs does not depend on how much is kept; what is kept runs."""

import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, event

from callboard import Database
from callboard.journal import Arrival, Journal
from callboard.journal.arrivals import append
from callboard.testing import Gate, open_board, sample


def test_copies_are_looked_for_by_index(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'callboard.db'}")
    Journal(database).migrate()
    asked: list[tuple[str, Any]] = []

    def note(
        _c: Connection, _cursor: object, statement: str, given: Any, *_: object
    ) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, given))

    try:
        with database.engine.connect() as connection:
            event.listen(connection, "before_cursor_execute", note)
            append(connection, [Arrival(sample()), Arrival(sample())])
            event.remove(connection, "before_cursor_execute", note)
            plans = [
                connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
                for statement, given in asked
            ]
            steps = [row[3] for plan in plans for row in plan]
    finally:
        database.close()
    assert steps
    assert not [step for step in steps if step.startswith("SCAN")], steps
    assert any("(source=? AND hook=? AND guid=?)" in step for step in steps), steps


@pytest.mark.anyio
async def test_delivery_whose_sender_left_while_it_was_written_runs() -> None:
    go_on = threading.Event()

    def hold(_connection: Connection, some: list[None]) -> list[None]:
        assert go_on.wait(5)
        return some

    gate = Gate(is_open=True)
    async with open_board(gate) as board, anyio.create_task_group() as group:
        group.start_soon(board.database.write, hold, None)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as sender:
            sender.start_soon(board.accept, Arrival(sample("thing", {"n": 1})))
            await anyio.wait_all_tasks_blocked()
            sender.cancel_scope.cancel()
        go_on.set()
        with anyio.fail_after(20):
            await gate.left(1)
    assert gate.ended == [1]
