"""One process at a time serves a database.

Owns the claim. It ends with its process, however that ends, so nothing is left behind by
a crash. A second process that ran the same deliveries would take those that run for cut
short, and run them again beside the first.
"""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from callboard.settings import SettingsError

_SUFFIX = "-serving"
_CLAIM = text("SELECT pg_try_advisory_lock(hashtext('callboard serving'))")


@contextmanager
def claimed(engine: Engine) -> Generator[None]:
    """Nobody else serves the database of ``engine`` until the end of the block.

    Raises:
        SettingsError: Another process serves it.
    """
    kind = _file_claimed if engine.dialect.name == "sqlite" else _server_claimed
    with kind(engine) as ours:
        if not ours:
            where = engine.url.render_as_string(hide_password=True)
            expected = "expected to serve it alone, another process does already"
            raise SettingsError(f"{where}: {expected}")
        yield


@contextmanager
def _file_claimed(engine: Engine) -> Generator[bool]:
    # A file of its own: to close the database's would end SQLite's locks on it.
    with open(f"{engine.url.database}{_SUFFIX}", "w") as file:  # noqa: PTH123 - a suffix, whatever the name ends with
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _server_claimed(engine: Engine) -> Generator[bool]:
    # A connection of its own, for as long as the claim: the lock is the session's.
    alone = create_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        yield bool(connection.scalar(_CLAIM))
