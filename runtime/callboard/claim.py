"""One process at a time serves a database.

Owns the claim. A second process that ran the same deliveries would take those that run
for cut short, and run them again beside the first. A claim ends with its process, however
that ends: on SQLite it is a lock on a file, on PostgreSQL one of the session that writes,
so that whoever loses it writes nothing more.
"""

import fcntl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from callboard.database import Database
from callboard.settings import SettingsError
from callboard.writer import WriterClosed

_SUFFIX = "-serving"
_CLAIM = text("SELECT pg_try_advisory_lock(hashtext('callboard serving'))")
_RELEASE = text("SELECT pg_advisory_unlock(hashtext('callboard serving'))")
# A machine that is gone does not end its session; PostgreSQL asks after two hours.
_ASK_SOON = text(
    "SELECT set_config('tcp_keepalives_idle', '30', false),"
    " set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)


class _Served(Exception):  # noqa: N818 - the driver's part of an OperationalError
    """Another process has the claim."""


@asynccontextmanager
async def claimed(database: Database) -> AsyncGenerator[None]:
    """Nobody else serves ``database`` until the end of the block.

    Raises:
        SettingsError: Another process serves it, or its folder takes no file.
    """
    if database.dialect == "sqlite":
        with _file_claimed(database):
            yield
        return
    claim = _SessionClaim()
    database.before_writes(claim)
    try:
        try:
            await database.write(_nothing, None)
        except OperationalError as error:
            if isinstance(error.orig, _Served):
                raise _refusal(database) from None
            raise
        yield
    finally:
        database.before_writes(None)
        with anyio.CancelScope(shield=True), suppress(DBAPIError, WriterClosed):
            await database.write(_release, None)  # or else it ends with its session


@contextmanager
def _file_claimed(database: Database) -> Generator[None]:
    # A file of its own: to close the database's would end SQLite's locks on it. Named
    # after the file itself, whatever link led there.
    path = Path(database.engine.url.database or "").resolve()
    path = path.with_name(f"{path.name}{_SUFFIX}")
    try:
        file = path.open("w")
    except OSError as error:
        expected = "expected a file that can be written, to serve the database alone"
        raise SettingsError(f"{path}: {expected}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(database) from None
        yield


class _SessionClaim:
    """Holds the lock in whatever session writes; each new one takes it first."""

    def __init__(self) -> None:
        self._session: Any = None

    def __call__(self, connection: Connection) -> None:
        """Before each transaction.

        Raises:
            OperationalError: Another process has it.
        """
        session = connection.connection.dbapi_connection
        if session is self._session:
            return
        if not connection.scalar(_CLAIM):
            served = _Served("another process serves this database")
            raise OperationalError(str(_CLAIM), {}, served)
        connection.execute(_ASK_SOON)
        self._session = session


def _nothing(_connection: Connection, some: list[None]) -> list[None]:
    return some


def _release(connection: Connection, some: list[None]) -> list[None]:
    connection.execute(_RELEASE)
    return some


def _refusal(database: Database) -> SettingsError:
    where = database.engine.url.render_as_string(hide_password=True)
    expected = "expected to serve it alone, another process does already"
    return SettingsError(f"{where}: {expected}")
