"""Bringing tables to the newest version: all of it, or nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

from callboard import Database
from callboard.journal import PACKAGE, VERSION_TABLE
from callboard.tables import deliveries

BREAKS_OFF = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None

def upgrade():
    op.create_table("halves", sa.Column("n", sa.Integer))
    op.create_table("halves", sa.Column("n", sa.Integer))
"""
MIGRATE = """
import alembic.command
import sys
from callboard import Database
from callboard.journal import Journal

database = Database.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
Journal(database).migrate()
database.close()
"""


def test_migration_that_breaks_off_leaves_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = tmp_path / "breaking_off" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "breaking_off" / "__init__.py").touch()
    (versions / "0001_halves.py").write_text(BREAKS_OFF)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    database = Database.open(database_url)
    try:
        with pytest.raises(Exception, match="halves"):
            database.migrate("breaking_off", "breaking_off_version")
        assert inspect(database.engine).get_table_names() == []
        database.migrate(PACKAGE, VERSION_TABLE)
        assert inspect(database.engine).has_table(deliveries.name)
    finally:
        database.close()


def test_processes_that_start_together_take_turns(database_url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, database_url]
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=30)
    assert [process.returncode for process in processes] == [0, 0, 0]
