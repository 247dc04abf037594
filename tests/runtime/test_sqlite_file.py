"""Reading a database of which nothing can be written, and saying why one cannot be read."""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from callboard import Database, DeliveryState, SettingsError
from callboard.cli import main
from callboard.cli.runs import runs
from callboard.journal import Arrival, Journal
from callboard.testing import sample

_NOBODY, _READ_ONLY = 65534, 0o555


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The command's, which everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="callboard-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        monkeypatch.delenv("CALLBOARD_DATABASE_URL", raising=False)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def file(folder: Path) -> Path:
    """A journal with a delivery, which nobody has open."""
    database = Database.open("sqlite:///callboard.db")
    journal = Journal(database)
    journal.migrate()
    arrival = Arrival(sample("push", {}), state=DeliveryState.COMPLETED)
    anyio.run(journal.append, arrival, backend="trio")
    database.close()
    runs()  # imports what may lie where only root reads
    return folder / "callboard.db"


@contextmanager
def held_to(path: Path, mode: int) -> Generator[None]:
    """With these permissions; for root, who may do everything, as somebody else."""
    before = path.stat().st_mode
    path.chmod(mode)
    root = os.geteuid() == 0
    if root:
        os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)
        path.chmod(before)


def test_journal_is_read_where_nothing_can_be_written(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with held_to(file.parent, _READ_ONLY):
        runs()
    assert "push" in capsys.readouterr().out
    assert list(file.parent.iterdir()) == [file]


def test_check_says_that_what_can_only_be_read_cannot_be_served(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["check"])
    assert "✓ ok    database" in capsys.readouterr().out
    with held_to(file.parent, _READ_ONLY), pytest.raises(SystemExit):
        main(["check"])
    said = capsys.readouterr().out
    assert "✗ fail  database" in said
    assert "expected a file and a folder that `callboard serve` can write" in said


def test_changes_that_lie_beside_the_file_are_not_left_out_in_silence(
    file: Path,
) -> None:
    database = Database.open("sqlite:///callboard.db")
    arrival = Arrival(sample("thing", {}))
    anyio.run(Journal(database).append, arrival, backend="trio")
    crashed = file.parent / "crashed"
    crashed.mkdir()
    for name in (file.name, f"{file.name}-wal"):
        shutil.copy(name, crashed / name)
    database.close()
    url = f"sqlite:///crashed/{file.name}"
    with (
        held_to(crashed, _READ_ONLY),
        pytest.raises(SettingsError, match=r"db-wal holds its newest changes.*: copy"),
    ):
        Database.open(url, read_only=True)
    database = Database.open(url, read_only=True)
    try:
        count = text("SELECT count(*) FROM deliveries")
        assert database.query(lambda c: c.scalar(count)) == 2
    finally:
        database.close()


def test_reading_changes_nothing(file: Path) -> None:
    database = Database.open(f"sqlite:///{file}", read_only=True)
    try:
        with (
            database.engine.connect() as connection,
            pytest.raises(OperationalError, match="readonly"),
        ):
            connection.execute(text("DELETE FROM deliveries"))
    finally:
        database.close()


def test_file_that_this_user_may_not_read_is_said_to_be_one(file: Path) -> None:
    with (
        held_to(file, 0),
        pytest.raises(SettingsError, match=r"callboard\.db cannot be read: Permission"),
    ):
        Database.open("sqlite:///callboard.db", read_only=True)


def test_reading_makes_no_database(tmp_path: Path) -> None:
    path = tmp_path / "absent.db"
    with pytest.raises(SettingsError, match=r"absent\.db, got no such file"):
        Database.open(f"sqlite:///{path}", read_only=True)
    assert not path.exists()
