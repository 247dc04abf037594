"""How soon a change on GitHub can be read from the catalog.

    python benchmarks/journey.py

A simulated GitHub sends signed webhooks over HTTP to ``callboard serve`` and answers the
providers' calls; nothing else goes on. Measured from the moment a webhook is posted to
the moment at which ``GET /api/catalog/changes`` has told the changed entity to somebody
who waits for news there, and to the one at which that somebody has then read it with
``GET /api/catalog/entities/by-name/…``, for a push that changes a catalog file and for a
new team.

A real Backstage shows a change after a second in the median: its processing loop looks for
work every second. Where the environment names a folder for one, ``CALLBOARD_BACKSTAGE``
(see ``backstage.py``), it follows callboard meanwhile by the module of
``examples/backstage``, and what it takes is measured in the same run: from the moment at
which callboard told of a change to the one at which Backstage shows it.
"""

import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import msgspec
import trio
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard_github.simulator import Simulator, Size, populate

sys.path.insert(0, str(Path(__file__).parent))

from measuring import machine, options, spread
from server import SECRET, Served, callboard, trying

_PEER = 1.0
"""Seconds, the median of a real Backstage from mutation to final entity."""
_LISTENING = 0.05
"""Seconds after which whoever follows the feed waits for news."""
_OFTEN = 0.01
"""Seconds between two looks at a Backstage."""
_PATIENCE = 20
_FILE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: traveller
  description: round {round}
spec:
  type: service
  lifecycle: production
  owner: platform
"""


class _Feed(msgspec.Struct):
    position: str
    upserted: list[msgspec.Raw]


class Reader:
    """Somebody who follows the catalog, over one connection.

    The plainest client there is: what a comfortable one takes for itself, two
    milliseconds for a request, is not the catalog's.
    """

    def __init__(self, served: Served) -> None:
        self._connection = http.client.HTTPConnection(served.host, served.port)
        self._position: str | None = None

    async def settle(self) -> None:
        """Wait until nothing has changed for a while."""
        before = ""
        while before != self._position:
            before = self._position
            await self._news(seconds=3)

    async def seen(self, path: str, sign: str) -> tuple[float, float]:
        """When ``sign`` was in the news, and then at an entity's own address.

        Unix seconds. News of another change do not count.
        """
        wanted = sign.encode()
        while wanted not in await self._news(seconds=_PATIENCE):
            pass
        told = time.time()
        while wanted not in await self._get(f"/entities/by-name/{path}"):
            pass
        return told, time.time()

    def rest(self) -> None:
        """End the connection before the server does; the next question makes another."""
        self._connection.close()

    async def _news(self, seconds: int) -> bytes:
        """Entities that have changed since it was asked last; waits for some."""
        asked = {"wait": str(seconds)}
        if self._position is not None:
            asked["after"] = self._position
        body = await self._get(f"/changes?{urlencode(asked)}")
        feed = msgspec.json.decode(body, type=_Feed)
        self._position = feed.position
        return b"".join(bytes(entity) for entity in feed.upserted)

    async def _get(self, path: str) -> bytes:
        return await trio.to_thread.run_sync(self._get_here, path)

    def _get_here(self, path: str) -> bytes:
        self._connection.request("GET", f"/api/catalog{path}")
        return self._connection.getresponse().read()


class Backstage:
    """A real one, which follows a callboard."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._tried = trying()
        self._address = f"http://localhost:{self._tried.port()}"

    @contextmanager
    def running(self, folder: Path) -> Generator[None]:
        """Installed in ``folder`` if it is not there yet; ended when the block is left."""
        if not (folder / "backend.js").exists():
            self._tried.install(folder)
        config = self._tried.configuration("c", self._served.url, self._address)
        with tempfile.TemporaryDirectory() as name:
            data = Path(name)
            (data / "app-config.json").write_text(json.dumps(config), "utf-8")
            with self._tried.serving_backstage("c", folder, data):
                yield

    async def seen(self, path: str, sign: str) -> float:
        """When it shows an entity with ``sign``, in Unix seconds."""
        address = f"{self._address}/api/catalog/entities/by-name/{path}"
        token = self._tried.READER

        def look() -> float:
            while sign not in (self._tried.get(address, token) or ""):
                time.sleep(_OFTEN)
            return time.time()

        return await trio.to_thread.run_sync(look)


class GitHub(Simulator):
    """A simulated GitHub that knows how long it took to answer."""

    answering = 0.0
    """Seconds, of all calls."""

    @property
    def app(self) -> ASGIApp:
        """Answers calls."""
        answer = super().app

        async def timed(scope: Scope, receive: Receive, send: Send) -> None:
            begun = time.perf_counter()
            await answer(scope, receive, send)
            self.answering += time.perf_counter() - begun

        return timed


class Journey(msgspec.Struct):
    """Seconds that one change took."""

    told: float
    """From the webhook to the news."""
    read: float
    """From the webhook to the entity."""
    github: float
    """What of these GitHub took to answer."""
    peer: float | None = None
    """From the news to Backstage's entity."""


@contextmanager
def beside(served: Served) -> Generator[Backstage | None]:
    """A Backstage, if a folder for one is named."""
    folder = os.environ.get("CALLBOARD_BACKSTAGE")
    if folder is None:
        yield None
        return
    backstage = Backstage(served)
    with backstage.running(Path(folder)):
        yield backstage


async def measure(github: GitHub, rounds: int) -> Mapping[str, list[Journey]]:
    """Every journey, by what travelled."""
    acme = populate(github, "acme", size=Size(people=20, teams=6, repositories=10))
    repository = acme.create_repository("traveller")
    settings = f'[github]\nurl = "{github.api_url}"\norganizations = ["acme"]\n'
    with (
        callboard(settings, {"CALLBOARD_GITHUB_TOKEN": github.token}) as served,
        beside(served) as backstage,
    ):
        hook = acme.create_hook(f"{served.url}/webhooks/github", secret=SECRET)
        reader = Reader(served)
        await github.settled()
        await reader.settle()

        async def travel(act: Callable[[], object], path: str, sign: str) -> Journey:
            last, before = hook.deliveries[-1].id, github.answering

            async def begin() -> None:
                await trio.sleep(_LISTENING)
                act()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(begin)
                told, read = await reader.seen(path, sign)
            await github.settled()
            moments = [d.delivered for d in hook.deliveries if d.id > last]
            posted = min(moment for moment in moments if moment is not None)
            answering = github.answering - before
            journey = Journey(told - posted, read - posted, answering)
            if backstage is not None:
                reader.rest()
                journey.peer = await backstage.seen(path, sign) - told
            return journey

        async def push(number: int) -> Journey:
            file = {"catalog-info.yaml": _FILE.format(round=f"no {number}.")}
            path = "component/default/traveller"
            return await travel(lambda: repository.push(file), path, f"no {number}.")

        async def team(number: int) -> Journey:
            name, path = f"Travellers {number}", f"group/default/travellers-{number}"
            return await travel(lambda: acme.create_team(name), path, name)

        found: dict[str, list[Journey]] = {"push": [], "team.created": []}
        for number in range(rounds + 1):
            found["push"].append(await push(number))
            found["team.created"].append(await team(number))
        # The first may have waited for what is made once, and for Backstage's start.
        return {name: journeys[1:] for name, journeys in found.items()}


async def main(rounds: int) -> None:
    """Print how long each kind of journey took."""
    github = GitHub(seed=1)
    async with github.serve():
        found = await measure(github, rounds)
    print(f"{rounds} journeys each, one at a time; {machine()}")
    peers = [j.peer for some in found.values() for j in some if j.peer is not None]
    if peers:
        print(f"the Backstage that follows: {spread(peers)} after the news")
    peer = median(peers) if peers else _PEER
    for name, journeys in found.items():
        for what in ("told", "read"):
            whole = [getattr(journey, what) for journey in journeys]
            own = [getattr(journey, what) - journey.github for journey in journeys]
            print(
                f"{name:13} {what}  {spread(whole)}; {median(own) * 1e3:.1f} ms without"
                f" GitHub's answers: a Backstage's median is {peer / median(whole):.0f}"
                f" and {peer / median(own):.0f} times that (goal 50)"
            )


if __name__ == "__main__":
    trio.run(main, options(__doc__, rounds=(100, 2, "journeys of each kind")).rounds)
