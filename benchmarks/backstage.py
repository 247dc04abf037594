"""Reading entities from callboard, and from a real Backstage that holds the same.

    python benchmarks/backstage.py

Installs Backstage's backend from npm (minutes; into the folder ``CALLBOARD_BACKSTAGE``
names, if it is set, and kept there), has it read callboard's export, and asks both for
the same in turns, over one connection each. Each keeps its catalog in SQLite. The first
answers of both are compared. ``--smoke`` asks callboard alone.
"""

import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))

from measuring import Contestant, interleaved, machine, options, ratio, spread
from server import trying

from callboard import Database
from callboard_catalog import Catalog, Full
from catalog import apply, component

_PATIENCE = 300.0
_STITCHING = 20.0
"""Seconds that Backstage has to work through what it has read."""
_QUESTIONS = {
    "one by its name": "/entities/by-name/component/default/component-000007",
    "20 of all": "/entities?limit=20&order=asc:metadata.name",
    "those of an owner": "/entities?filter=kind=component,spec.owner=team-3",
    "by-query, 20 of a type": "/entities/by-query?filter=kind=component,"
    "spec.type=service&limit=20&orderField=metadata.name,asc",
    "facets of types": "/entity-facets?facet=spec.type&filter=kind=component",
}


class Reader:
    """Asks one of the two, over one connection."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def ask(self, question: str) -> Any:
        """The answer's JSON.

        Raises:
            RuntimeError: It is no 200.
        """
        path = f"/api/catalog{question}"
        try:
            self._connection.request("GET", path, headers=self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except BaseException:
            self._connection.close()  # with what it waits for
            raise
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return json.loads(body)

    def timed(self, question: str) -> float:
        """Seconds until the whole answer is there."""
        begun = time.perf_counter()
        self.ask(question)
        return time.perf_counter() - begun

    def close(self) -> None:
        """End the connection; the next question makes another."""
        self._connection.close()

    def count(self) -> int:
        """How many components it has."""
        query = "/entities/by-query?filter=kind=component&limit=1&fields=kind"
        return self.ask(query)["totalItems"]


def fill(folder: Path, count: int) -> None:
    """The catalog that callboard is to serve."""
    database = Database.open(f"sqlite:///{folder}/c.db")
    try:
        database.migrate("callboard", "callboard_version")
        database.migrate("callboard_catalog", "catalog_version")
        apply(Catalog(database), Full([component(number) for number in range(count)]))
    finally:
        database.close()


def until_all(reader: Reader, count: int) -> float:
    """Seconds until it has all; raises TimeoutError after ten minutes."""
    begun, came = time.monotonic(), "nothing"
    while time.monotonic() - begun < _PATIENCE:
        try:
            found = reader.count()
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            came = repr(error)  # it is not there yet
        else:
            if found >= count:
                return time.monotonic() - begun
            came = str(found)
        time.sleep(0.5)
    raise TimeoutError(f"expected {count} components, got {came}")


def told(question: str, answer: Any) -> list[str]:
    """What of an answer both must have alike, whatever else they say."""
    if "facets" in question:
        found: list[dict[str, Any]] = answer["facets"]["spec.type"]
        return sorted(f"{facet['value']} {facet['count']}" for facet in found)
    one: list[dict[str, Any]] = [answer]
    if "by-query" in question:
        one = answer["items"]
    elif "by-name" not in question:
        one = answer
    return sorted(entity["metadata"]["name"] for entity in one)


def measure(readers: Mapping[str, Reader], rounds: int) -> None:
    """Ask each question in turns, and print what it took."""
    for name, question in _QUESTIONS.items():
        first, *others = (told(question, r.ask(question)) for r in readers.values())
        alike = all(other == first for other in others)
        for reader in readers.values():
            for _ in range(min(20, rounds)):
                reader.ask(question)  # whatever is compiled or cached at first

        def turn(reader: Reader, question: str = question) -> Contestant:
            return lambda: reader.timed(question)

        figures = interleaved({w: turn(r) for w, r in readers.items()}, rounds)
        print(f"\n{name}" + ("" if alike else "; the answers differ"))
        for who, took in figures.items():
            print(f"  {who:<10} {spread(took)}")
        if len(figures) > 1:
            ours, theirs = figures.values()
            print(f"  callboard takes {ratio(ours, theirs):.2f} of Backstage's time")


def main() -> None:
    """Measure and print."""
    chosen = options(
        __doc__,
        entities=(1_000, 30, "components in both"),
        rounds=(200, 2, "times that each question is asked"),
    )
    way, tried = "b", trying()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kept = os.environ.get("CALLBOARD_BACKSTAGE")
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory()))
        fill(data, chosen.entities)
        callboard = f"http://localhost:{tried.port()}"
        stack.enter_context(tried.serving_callboard(callboard, data, token=False))
        readers = {"callboard": Reader(callboard, "")}
        if chosen.smoke:
            print("skipped Backstage: --smoke installs nothing")
        else:
            tried.install(folder)
            backstage = f"http://localhost:{tried.port()}"
            config = tried.configuration(way, callboard, backstage)
            (data / "app-config.json").write_text(json.dumps(config))
            stack.enter_context(tried.serving_backstage(way, folder, data))
            readers["Backstage"] = Reader(backstage, tried.READER)
            took = until_all(readers["Backstage"], chosen.entities)
            print(f"Backstage had {chosen.entities:,} components after {took:.0f} s")
            time.sleep(_STITCHING)
            for reader in readers.values():
                reader.close()  # before the other end does, to which it was idle
        print(f"{chosen.entities:,} components; {machine()}")
        measure(readers, chosen.rounds)


if __name__ == "__main__":
    main()
