"""One SQLite file or PostgreSQL database.

Owns the engine, the schema's version, and the two ways in: reads on pooled connections
in worker threads, and writes through the one writer, which commits in groups.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from sqlalchemy import Connection, Engine, create_engine, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from callboard.settings import SettingsError
from callboard.sqlite_file import open_to_read, open_to_write
from callboard.writer import Operation, Writer

if TYPE_CHECKING:
    from alembic.config import Config

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")

_READERS = 4
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
_TAKE_TURNS = {
    # The sqlite3 module begins no transaction for statements that change the schema:
    # without this each would be on disk alone, and a start cut short the last one.
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(hashtext('callboard migrations'))",
}
# A limiter belongs to one event loop, and a database to all of the process.
_limiter: RunVar[anyio.CapacityLimiter] = RunVar("callboard_readers")


class Database:
    """The store of one callboard, shared by its journal and its catalog.

    Open it with ``Database.open``; ``close`` waits for writes already taken.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._writer = Writer(partial(_connect_to_write, engine))

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> "Database":
        """Connect to ``sqlite:///path`` or ``postgresql://…``.

        Args:
            url: Where it is.
            read_only: Make no SQLite file if there is none, and read one where nothing
                can be written too. Else it is made.

        Raises:
            SettingsError: The address is of another kind, or nothing answers there.
            NoDatabaseError: It is one: the file is missing, and was not to be made.
        """
        parsed = _parse(url)
        engine = None
        try:
            if parsed.get_backend_name() == "sqlite":
                open_sqlite = open_to_read if read_only else open_to_write
                engine = open_sqlite(parsed, 2 * _READERS + 1)
            else:
                engine = _pg(parsed)
            with engine.connect():
                pass
        except SettingsError:
            raise
        except Exception as error:
            if engine is not None:
                engine.dispose()
            where = parsed.render_as_string(hide_password=True)
            # The driver's own words; SQLAlchemy's say more of itself than of the fault.
            reason = getattr(error, "orig", None) or error
            message = f"CALLBOARD_DATABASE_URL: cannot open {where}: {reason}"
            raise SettingsError(message) from error
        return cls(engine)

    def before_writes(self, check: Callable[[Connection], object] | None) -> None:
        """Have ``check`` called first in each transaction that writes, or no longer.

        What it raises, the writes raise, and write nothing.
        """
        self._writer.before = check

    def close(self) -> None:
        """Commit what waits, then let go of every connection."""
        self._writer.close()
        self.engine.dispose()

    def migrate(self, package: str, version_table: str) -> None:
        """Bring the tables of ``package`` to the newest version.

        The package holds Alembic scripts in ``migrations/versions``; ``version_table``
        keeps its version apart from other packages'. All of it happens or, after a
        crash, none; processes that start together take turns.

        Raises:
            SettingsError: A newer callboard wrote them.
        """
        from alembic import command

        config = _scripts(package)
        with self.engine.begin() as connection:
            connection.exec_driver_sql(_TAKE_TURNS[self.dialect])
            self._expect_no_newer(connection, config, version_table)
            config.attributes["connection"] = connection
            config.attributes["version_table"] = version_table
            command.upgrade(config, "head")

    def expect_no_newer(self, package: str, version_table: str) -> None:
        """Raise SettingsError if a newer callboard wrote the tables of ``package``."""
        with self.engine.connect() as connection:
            self._expect_no_newer(connection, _scripts(package), version_table)

    def _expect_no_newer(
        self, connection: Connection, scripts: "Config", version_table: str
    ) -> None:
        from alembic.migration import MigrationContext
        from alembic.script import ScriptDirectory

        directory = ScriptDirectory.from_config(scripts)
        known = {script.revision for script in directory.walk_revisions()}
        options = {"version_table": version_table}
        context = MigrationContext.configure(connection, opts=options)
        for came in set(context.get_current_heads()) - known:
            where = self.engine.url.render_as_string(hide_password=True)
            newest = directory.get_current_head()
            message = f"{where}: a newer callboard wrote {version_table}"
            raise SettingsError(
                f"{message}: expected at most revision {newest}, got {came}"
            )

    def expect_migrated(self) -> None:
        """Raise SettingsError if no callboard has ever run on this database."""
        if not inspect(self.engine).has_table("deliveries"):
            where = self.engine.url.render_as_string(hide_password=True)
            message = f"{where}: expected a callboard's journal, got no such table"
            raise SettingsError(f"{message}; has `callboard serve` run here?")

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` on a pooled connection in a worker thread.

        Cancellation abandons the wait; the query itself runs to its end.
        """
        try:
            limiter = _limiter.get()
        except LookupError:
            limiter = anyio.CapacityLimiter(_READERS)
            _limiter.set(limiter)
        return await anyio.to_thread.run_sync(
            self.query, query, limiter=limiter, abandon_on_cancel=True
        )

    def query(self, query: Callable[[Connection], T]) -> T:
        """Run ``query`` on a pooled connection, in this thread."""
        with self.engine.connect() as connection:
            return query(connection)

    async def write(
        self,
        operation: Operation[A, R],
        argument: A,
        then: Callable[[R], object] | None = None,
    ) -> R:
        """Run ``operation`` for ``argument`` in the next group commit.

        Returns once it is on disk. Calls that wait with the same operation are handed
        over as one list, in order. An operation may run again, alone, when its group
        failed, so it depends on nothing but its connection and arguments. Cancellation
        abandons the wait: the write may still happen.

        ``then`` is called with the result once it is on disk, in the writer's thread: all
        such calls come in the order of the writes. It must not block.
        """
        return await self._writer.write(operation, argument, then)


def _scripts(package: str) -> "Config":
    """Where Alembic finds the migrations of ``package``."""
    from alembic.config import Config

    folder = Path(str(import_module(package).__file__)).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", "callboard:migrations")
    config.set_main_option("version_locations", str(folder / "versions"))
    config.set_main_option("path_separator", "newline")
    return config


def _parse(url: str) -> URL:
    expected = "expected sqlite:///path/to/file.db or postgresql://user@host/name"
    try:
        parsed = make_url(url)
    except ArgumentError:
        message = f"CALLBOARD_DATABASE_URL: {expected}, got something that is no URL"
        raise SettingsError(message) from None
    if parsed.drivername not in _DRIVERS:
        message = f"CALLBOARD_DATABASE_URL: {expected}, got {parsed.drivername}://…"
        raise SettingsError(message)
    if parsed.get_backend_name() == "sqlite" and not parsed.database:
        message = f"CALLBOARD_DATABASE_URL: {expected}, got no path (a file is needed)"
        raise SettingsError(message)
    return parsed


def _connect_to_write(engine: Engine) -> Connection:
    connection = engine.connect()
    if engine.dialect.name == "sqlite":
        # SQLite's own default: what a large transaction changes has room in memory.
        connection.exec_driver_sql("PRAGMA cache_size=-2000")
        connection.commit()
    return connection


def _pg(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url, pool_size=2 * _READERS + 1, pool_pre_ping=True)
