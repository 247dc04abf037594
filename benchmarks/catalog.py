"""What the catalog's writes and queries cost, and whether they grow with it.

    python benchmarks/catalog.py

Full mutations beside a bare insert of the same documents by SQLAlchemy, in the same kind
of database; deltas of one entity in catalogs of three sizes; pages of ``by-query`` with a
filter and an order beside the SQL that answers the same question. On SQLite, and on a
PostgreSQL whose address ``CALLBOARD_TEST_POSTGRESQL_URL`` holds, if it is set: databases
are created there and dropped again.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import sqlalchemy as sa
import trio
from sqlalchemy import Connection

from callboard import Database, Stamp
from callboard_catalog import Catalog, Delta, Entity, Full, Metadata
from callboard_catalog.query.cursors import Cursor, Query
from callboard_catalog.query.pages import first_page, page_at
from callboard_catalog.query.predicates import All, Has
from callboard_catalog.query.presenting import present
from callboard_catalog.tables import claims, entities, search

sys.path.insert(0, str(Path(__file__).parent))

from measuring import interleaved, machine, options, percentile, ratio, spread

_OWNERS = 1000
_PAGE = 20
_TYPES = ("service", "website", "library")

bare = sa.Table(
    "bare_documents",
    sa.MetaData(),
    sa.Column("ref", sa.String, primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
)


def component(number: int, revision: int = 0) -> Entity:
    """One of many components, of about the size that people write."""
    metadata = Metadata(
        name=f"component-{number:06}",
        title=f"Component {number}",
        description=f"Does what component {number} is there for, in revision {revision}.",
        annotations={
            "backstage.io/source-location": f"url:https://example.com/acme/{number}/",
            "github.com/project-slug": f"acme/component-{number:06}",
        },
        tags=["python", f"squad-{number % 50}"],
    )
    spec = {
        "type": _TYPES[number % 3],
        "lifecycle": "production",
        "owner": f"team-{number % _OWNERS}",
        "system": f"system-{number % 200}",
        "dependsOn": [f"component:component-{(number + 7) % 1000:06}"],
    }
    return Entity(kind="Component", metadata=metadata, spec=spec)


@contextmanager
def fresh(address: str | None) -> Generator[Database]:
    """An empty catalog: a SQLite file, or a new database of the server at ``address``."""
    with tempfile.TemporaryDirectory(prefix="callboard-benchmark-") as folder:
        name = f"benchmark_{os.urandom(6).hex()}"
        url = f"sqlite:///{folder}/catalog.db"
        if address is not None:
            _administer(address, f"CREATE DATABASE {name}")
            url = f"{address.rsplit('/', 1)[0]}/{name}"
        database = Database.open(url)
        try:
            database.migrate("callboard", "callboard_version")
            database.migrate("callboard_catalog", "catalog_version")
            yield database
        finally:
            database.close()
            if address is not None:
                _administer(address, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(address: str, statement: str) -> None:
    driver = address.replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(driver, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def apply(catalog: Catalog, mutation: Full | Delta) -> None:
    """As a provider does, with all that belongs to it."""
    at = time.time()
    stamp = Stamp("benchmark", "benchmark.1", "none", "files", at)

    async def applied() -> None:
        await catalog.apply(mutation, stamp=stamp, location_key="files", as_of=at)

    trio.run(applied)


def seconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def insert_bare(database: Database, documents: Sequence[tuple[str, bytes]]) -> None:
    """The same documents in one table, in one transaction."""
    with database.engine.begin() as connection:
        bare.create(connection)
        rows = [{"ref": ref, "document": document} for ref, document in documents]
        connection.execute(bare.insert(), rows)


def full_mutations(address: str | None, count: int, rounds: int) -> None:
    """Print a full mutation, and the same once more, beside the bare insert."""
    given = Full([component(number) for number in range(count)])
    changed = Full([component(number, revision=1) for number in range(count)])
    figures: dict[str, list[float]] = {}
    for _ in range(rounds):
        with fresh(address) as database:
            took = _one_round(database, given, changed)
        for name, figure in took.items():
            figures.setdefault(name, []).append(figure)
    print(f"full mutation of {count:,} entities")
    for name, found in figures.items():
        beside = ratio(found, figures["bare insert"])
        print(f"  {name:16} {median(found):7.2f} s, {beside:6.2f} of the bare insert")


def _one_round(database: Database, given: Full, changed: Full) -> dict[str, float]:
    catalog = Catalog(database)
    took = {
        "all new": seconds(lambda: apply(catalog, given)),
        "the same again": seconds(lambda: apply(catalog, given)),
        "all changed": seconds(lambda: apply(catalog, changed)),
    }
    stored = sa.select(claims.c.ref, claims.c.document)
    with database.engine.connect() as connection:
        documents = [(row[0], row[1]) for row in connection.execute(stored)]
    took["bare insert"] = seconds(lambda: insert_bare(database, documents))
    return took


def deltas(catalogs: dict[int, Catalog], count: int) -> None:
    """Print deltas of one entity in catalogs of different sizes."""
    turns = iter(range(10**9))

    def contestant(size: int, catalog: Catalog) -> Callable[[], float]:
        def one() -> float:
            number = random.Random(f"{size}/{next(turns)}").randrange(size)
            delta = Delta([component(number, revision=next(turns) + 2)])
            return seconds(lambda: apply(catalog, delta))

        return one

    figures = interleaved(
        {str(size): contestant(size, each) for size, each in catalogs.items()}, count
    )
    smallest = next(iter(figures.values()))
    print("delta of one entity, on disk")
    for size, found in figures.items():
        beside = ratio(found, smallest)
        print(f"  in {int(size):9,} {spread(found)}; {beside:.2f} of the smallest")


def pages(database: Database, count: int) -> None:
    """Print pages of ``by-query`` beside the bare SQL."""
    print(f"by-query, filter and order by name, {_PAGE} of a page")
    owners = [f"team-{number}" for number in range(_OWNERS)]
    _pages(database, "spec.owner", owners, count)
    _pages(database, "spec.type", _TYPES, count)


def _pages(database: Database, key: str, values: Sequence[str], count: int) -> None:
    turns = random.Random(1)

    def asked() -> Query:
        wanted = Has(key.lower(), (turns.choice(values),))
        return Query(All((Has("kind", ("component",)), wanted)), "metadata.name")

    def first() -> float:
        query = asked()
        return seconds(lambda: database.query(lambda c: _first(c, query)))

    def onward() -> float:
        query = asked()
        cursor = database.query(lambda c: first_page(c, query, limit=1)).after
        if cursor is None:
            return 0.0  # in a catalog of the smallest size
        return seconds(lambda: database.query(lambda c: _at(c, cursor)))

    def plain() -> float:
        value = turns.choice(values)
        return seconds(lambda: database.query(lambda c: _plain(c, key.lower(), value)))

    figures = interleaved(
        {"first page, counted": first, "next page": onward, "bare SQL, both": plain},
        count,
    )
    peer = percentile(figures["bare SQL, both"], 0.5)
    for name, found in figures.items():
        beside = percentile(found, 0.5) / peer
        print(f"  {key}, {name:20} {spread(found)}; {beside:.2f} of the bare SQL")


def _first(connection: Connection, query: Query) -> object:
    return present(connection, first_page(connection, query, limit=_PAGE).ids)


def _at(connection: Connection, cursor: Cursor) -> object:
    return present(connection, page_at(connection, cursor, limit=_PAGE).ids)


def _plain(connection: Connection, key: str, value: str) -> object:
    """The first page and the count, by whoever knows the tables."""
    kind, wanted, order = (search.alias() for _ in range(3))
    matching = (
        sa.select(entities.c.claim)
        .join(kind, kind.c.entity == entities.c.id)
        .join(wanted, wanted.c.entity == entities.c.id)
        .where(kind.c.key == "kind", kind.c.value == "component")
        .where(wanted.c.key == key, wanted.c.value == value)
    )
    total = connection.scalar(
        sa.select(sa.func.count()).select_from(matching.subquery())
    )
    page = (
        matching.add_columns(claims.c.document)
        .join(claims, claims.c.id == entities.c.claim)
        .join(order, order.c.entity == entities.c.id)
        .where(order.c.key == "metadata.name")
        .order_by(order.c.value, order.c.entity)
        .limit(_PAGE)
    )
    return total, connection.execute(page).all()


@contextmanager
def catalogs(
    address: str | None, sizes: Iterator[int]
) -> Generator[dict[int, Catalog]]:
    """Filled catalogs, the smallest first."""
    size = next(sizes, None)
    if size is None:
        yield {}
        return
    with fresh(address) as database:
        catalog = Catalog(database)
        apply(catalog, Full([component(number) for number in range(size)]))
        if address is not None:
            with database.engine.begin() as connection:
                # What the server does by itself after a while.
                connection.execute(sa.text("ANALYZE"))
        with catalogs(address, sizes) as others:
            yield {size: catalog, **others}


def main() -> None:
    """Print all figures, for each database."""
    chosen = options(
        __doc__,
        entities=(50_000, 60, "entities of a full mutation"),
        largest=(100_000, 200, "entities of the largest catalog"),
        rounds=(3, 1, "rounds of full mutations"),
        deltas=(200, 3, "deltas in each catalog"),
        queries=(200, 3, "queries of each sort"),
    )
    addresses: dict[str, str | None] = {"SQLite": None}
    if address := os.environ.get("CALLBOARD_TEST_POSTGRESQL_URL"):
        addresses["PostgreSQL"] = address
    for name, address in addresses.items():
        print(f"{name}; {machine()}")
        full_mutations(address, chosen.entities, chosen.rounds)
        sizes = [chosen.largest // 100, chosen.largest // 10, chosen.largest]
        with catalogs(address, iter(sizes)) as filled:
            deltas(filled, chosen.deltas)
            pages(filled[chosen.largest].database, chosen.queries)


if __name__ == "__main__":
    main()
