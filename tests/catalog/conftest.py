"""The catalog on a SQLite file and on a real PostgreSQL."""

from collections.abc import Iterator

import pytest

from callboard import Database
from callboard_catalog.testing import Shelf


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with the tables of the runtime and the catalog."""
    opened = Database.open(database_url)
    try:
        opened.migrate("callboard", "callboard_version")
        opened.migrate("callboard_catalog", "catalog_version")
        yield opened
    finally:
        opened.close()


@pytest.fixture
def shelf(database: Database) -> Shelf:
    """An empty catalog with its API."""
    return Shelf(database)
