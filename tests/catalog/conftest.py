"""The catalog on a SQLite file and on a real PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from callboard import Database
from callboard_catalog.testing import Shelf, migrate, new_catalog


@pytest.fixture(scope="session")
def migrated(
    on_postgresql: Callable[[str], AbstractContextManager[str]],
) -> Iterator[str]:
    """The name of a database on PostgreSQL that has the tables and nothing else."""
    with on_postgresql("template1") as address:
        migrate(address)
        yield address.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An open database with the tables of the runtime and the catalog."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            address = new_catalog(tmp_path)
        else:
            create = request.getfixturevalue("on_postgresql")
            like = request.getfixturevalue("migrated")
            address = stack.enter_context(create(like))
        opened = Database.open(address)
        stack.callback(opened.close)
        yield opened


@pytest.fixture
def shelf(database: Database) -> Shelf:
    """An empty catalog with its API."""
    return Shelf(database)
