"""What an arrival costs does not depend on how much is kept."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event

from callboard import Database
from callboard.journal import Arrival, Journal
from callboard.journal.arrivals import append
from callboard.testing import sample


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
