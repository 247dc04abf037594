"""An SQLite file: opened to write, or only to read, also where nothing can be written.

Owns what is set on each connection, and what is said of a file that cannot be read.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from callboard.settings import SettingsError

_ALL = (
    # KiB, of each connection: with 2,000, readers are no faster and all the larger.
    "PRAGMA cache_size=-512",
    # Another process (`callboard runs`) may hold the lock for a moment.
    "PRAGMA busy_timeout=5000",
)
_WRITING = (
    "PRAGMA journal_mode=WAL",
    # FULL: a commit is on disk before it returns, which is what a 202 promises.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    *_ALL,
)
_READING = ("PRAGMA query_only=ON", *_ALL)


class NoDatabaseError(SettingsError):
    """There is no such file, and none was to be made."""

    def __init__(self, file: Path) -> None:
        message = f"CALLBOARD_DATABASE_URL: expected a database at {file}"
        super().__init__(f"{message}, got no such file")
        self.file = file


def open_to_write(url: URL, connections: int) -> Engine:
    """The engine of a file that is made if there is none."""
    return _engine(url, connections, _WRITING)


def open_to_read(url: URL, connections: int) -> Engine:
    """The engine of a file that is there, through which nothing is changed.

    Raises:
        NoDatabaseError: It is not there.
        SettingsError: It may not be read, or its newest commits cannot be.
        DBAPIError: It is no database, or cannot be opened for another reason.
    """
    file = Path(url.database or "")
    _expect_readable(file)
    engine = _engine(url, connections, _READING)
    try:
        _look_into(engine)
    except OperationalError:
        engine.dispose()
        # To read along with a writer SQLite makes two files beside the database.
        if os.access(file.parent, os.W_OK):
            raise
    else:
        return engine
    _expect_at_rest(file)
    engine = _engine(url, connections, _READING)
    event.listen(engine, "do_connect", _as_it_lies)
    _look_into(engine)
    return engine


def can_be_written(file: Path) -> bool:
    """Whether this process may change the database, or make it where there is none."""
    there = [file.parent, file] if file.exists() else [file.parent]
    return all(os.access(path, os.W_OK) for path in there)


def _engine(url: URL, connections: int, settings: tuple[str, ...]) -> Engine:
    engine = create_engine(url, poolclass=QueuePool, pool_size=connections)

    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.close()

    event.listen(engine, "connect", prepare)
    return engine


def _look_into(engine: Engine) -> None:
    """Read something: a connection alone does not open the file."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA schema_version")


def _as_it_lies(
    _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]
) -> None:
    """Have SQLite take the file for one that does not change: it needs no other then.

    Nobody had it open. Who opens it now changes it only after some thousand pages, so a
    command that reads is done by then.
    """
    arguments[0] = f"{Path(arguments[0]).absolute().as_uri()}?immutable=1"
    options["uri"] = True


def _expect_readable(file: Path) -> None:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NoDatabaseError(file) from None
    except OSError as error:
        raise _unreadable(file, str(error.strerror)) from error
    if not os.access(file, os.R_OK):
        raise _unreadable(file, "Permission denied")


def _expect_at_rest(file: Path) -> None:
    """Raise SettingsError where commits lie beside the file, and not in it."""
    for beside in _beside(file):
        if beside.exists() and beside.stat().st_size:
            why = f"{beside.name} holds its newest changes, and SQLite must write"
            hint = "copy both to a folder that can be written"
            raise _unreadable(file, f"{why} beside it to read them: {hint}")


def _beside(file: Path) -> Iterator[Path]:
    for suffix in ("-wal", "-journal"):
        yield file.with_name(file.name + suffix)


def _unreadable(file: Path, why: str) -> SettingsError:
    return SettingsError(f"CALLBOARD_DATABASE_URL: {file} cannot be read: {why}")
