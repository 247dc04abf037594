"""How long a cold start takes until everything discovered can be seen in the catalog.

    python benchmarks/discovery.py [repositories …]

Each repository of a simulated organization holds a ``catalog-info.yaml`` with one
component. Every call takes 20 ms longer than the simulator does, which shares this
process and one core with callboard. Counted from an empty disk: imports, tables, all
reading, and the commit after which the catalog API answers with the entities. Beside it
stands what Backstage's discovery takes for as many, with the same 20 ms per call.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from time import perf_counter

import anyio
from sqlalchemy import func, select

from callboard import Database
from callboard.tree import Tree
from callboard_catalog import Catalog
from callboard_catalog.catalog import PACKAGE, VERSION_TABLE
from callboard_catalog.tables import entities
from callboard_github.client import GitHub
from callboard_github.scope import Scope
from callboard_github.settings import Token
from callboard_github.simulator import Simulator
from callboard_github.testing import read

backstage = {1_000: 61.0, 5_000: 266.0}
"""Seconds until all entities of so many repositories were visible."""

component = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  description: What {name} is for
  tags: [python, service]
spec: {{type: service, lifecycle: production, owner: team-{team}}}
"""


def simulated(count: int) -> Simulator:
    """A GitHub with so many repositories."""
    github = Simulator(seed=count)
    organization = github.create_organization("acme", members=["operator"])
    for number in range(count):
        name = f"service-{number}"
        text = component.format(name=name, team=number % 40)
        organization.create_repository(name, files={"catalog-info.yaml": text})
    github.faults.latency = 0.02
    return github


async def discovered(github: Simulator, folder: str) -> tuple[Tree, Database]:
    """Read everything into a database that is not there yet."""
    database = Database.open(f"sqlite:///{folder}/catalog.db")
    database.migrate("callboard", "callboard_version")
    database.migrate(PACKAGE, VERSION_TABLE)
    from callboard_github.repositories import Repositories

    client = GitHub(
        "https://api.github.com", Token(github.token), transport=github.transport()
    )
    provider = Repositories(Catalog(database), client, Scope(client, ["acme"]))
    async with provider.opened():
        return await read(provider), database


def report(count: int) -> None:
    """Measure and print one size."""
    github = simulated(count)
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        started = perf_counter()
        tree, database = anyio.run(discovered, github, folder, backend="trio")
        took = perf_counter() - started
        total = select(func.count()).select_from(entities)
        visible = database.query(lambda connection: connection.scalar(total))
        database.close()
    tasks = tree.record().tasks
    calls = Counter(t.name for t in tasks if t.name.startswith(("graphql", "GET")))
    points = sum(
        int(dict(task.labels).get("cost") or 0)
        for task in tasks
        if task.name.startswith("graphql")
    )
    assert visible == count, f"expected {count} entities, got {visible}"
    named = ", ".join(f"{number} {name}" for name, number in calls.items())
    peer = backstage.get(count)
    beside = ""
    if peer is not None:
        verdict = "met" if took <= peer / 10 else "MISSED"
        beside = f"; Backstage {peer:g} s, {peer / took:.0f} times; a tenth: {verdict}"
    print(f"{count} repositories: {visible} entities visible in {took:.2f} s{beside}")
    print(f"  {sum(calls.values())} calls ({named}), {points} GraphQL points")


def main(arguments: Sequence[str]) -> None:
    """Measure the sizes that were named, or both of Backstage's."""
    for count in [int(argument) for argument in arguments] or list(backstage):
        report(count)


if __name__ == "__main__":
    main(sys.argv[1:])
