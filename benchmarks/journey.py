"""How soon a change on GitHub can be read from the catalog.

    python benchmarks/journey.py

A simulated GitHub sends signed webhooks over HTTP to ``callboard serve`` and answers the
providers' calls; nothing else goes on. Measured from the moment a webhook is posted to
the moment at which ``GET /api/catalog/changes`` has told the changed entity to somebody
who waits for news there, and to the one at which that somebody has then read it with
``GET /api/catalog/entities/by-name/…``, for a push that changes a catalog file and for a
new team. A real Backstage shows a change after a second in the median: its processing
loop looks for work every second.
"""

import http.client
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import msgspec
import trio

from callboard_github.simulator import Simulator, Size, populate

sys.path.insert(0, str(Path(__file__).parent))

from measuring import machine, options, spread
from server import SECRET, Served, callboard

_PEER = 1.0
"""Seconds, the median of a real Backstage from mutation to final entity."""
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


async def measure(
    github: Simulator, rounds: int
) -> Mapping[str, list[tuple[float, float]]]:
    """Seconds of every journey to the news and to the entity, by what travelled."""
    acme = populate(github, "acme", size=Size(people=20, teams=6, repositories=10))
    repository = acme.create_repository("traveller")
    settings = f'[github]\nurl = "{github.api_url}"\norganizations = ["acme"]\n'
    with callboard(settings, {"CALLBOARD_GITHUB_TOKEN": github.token}) as served:
        hook = acme.create_hook(f"{served.url}/webhooks/github", secret=SECRET)
        reader = Reader(served)
        await github.settled()
        await reader.settle()

        async def travel(
            act: Callable[[], object], path: str, sign: str
        ) -> tuple[float, float]:
            last = hook.deliveries[-1].id
            act()
            told, read = await reader.seen(path, sign)
            await github.settled()
            moments = [d.delivered for d in hook.deliveries if d.id > last]
            posted = min(moment for moment in moments if moment is not None)
            return told - posted, read - posted

        found: dict[str, list[tuple[float, float]]] = {"push": [], "team.created": []}
        for number in range(rounds):
            file = {"catalog-info.yaml": _FILE.format(round=f"no {number}.")}
            found["push"].append(
                await travel(
                    lambda file=file: repository.push(file),
                    "component/default/traveller",
                    f"no {number}.",
                )
            )
            name = f"Travellers {number}"
            found["team.created"].append(
                await travel(
                    lambda name=name: acme.create_team(name),
                    f"group/default/travellers-{number}",
                    name,
                )
            )
        return found


async def main(rounds: int) -> None:
    """Print how long each kind of journey took."""
    async with Simulator(seed=1).serve() as github:
        found = await measure(github, rounds)
    print(f"{rounds} journeys each, one at a time; {machine()}")
    for name, journeys in found.items():
        for what, seconds in zip(
            ("told", "read"), zip(*journeys, strict=True), strict=True
        ):
            share = f"{_PEER / median(seconds):.0f} times"
            print(
                f"{name:13} {what}  {spread(seconds)};"
                f" a Backstage's median is {share} that (goal 50)"
            )


if __name__ == "__main__":
    trio.run(main, options(__doc__, rounds=(100, 2, "journeys of each kind")).rounds)
