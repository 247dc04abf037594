"""How soon a change on GitHub can be read from the catalog.

    python benchmarks/journey.py

A simulated GitHub sends signed webhooks over HTTP to ``callboard serve`` and answers the
providers' calls; nothing else goes on. Measured from the moment a webhook is posted to
the moment at which ``GET /api/catalog/entities/by-name/…`` has shown the change, for a
push that changes a catalog file and for a new team. A real Backstage shows a change
after a second in the median: its processing loop looks for work every second.
"""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import httpx
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


class Reader:
    """Somebody who follows the catalog."""

    def __init__(self, served: Served) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{served.url}/api/catalog", timeout=60
        )
        self._position: str | None = None

    async def settle(self) -> None:
        """Wait until nothing has changed for a while."""
        before = ""
        while before != self._position:
            before = self._position
            await self._news(seconds=3)

    async def seen(self, path: str, sign: str) -> float:
        """The moment at which an entity has shown ``sign``, Unix seconds."""
        while True:
            await self._news(seconds=_PATIENCE)
            answer = await self._client.get(f"/entities/by-name/{path}")
            if answer.is_success and sign in answer.text:
                return time.time()

    async def _news(self, seconds: int) -> None:
        """Return when something has changed since it was asked last."""
        asked = {"wait": str(seconds)}
        if self._position is not None:
            asked["after"] = self._position
        answer = await self._client.get("/changes", params=asked)
        self._position = answer.raise_for_status().json()["position"]


async def measure(github: Simulator, rounds: int) -> Mapping[str, list[float]]:
    """Seconds of every journey, by what travelled."""
    acme = populate(github, "acme", size=Size(people=20, teams=6, repositories=10))
    repository = acme.create_repository("traveller")
    settings = f'[github]\nurl = "{github.api_url}"\norganizations = ["acme"]\n'
    with callboard(settings, {"CALLBOARD_GITHUB_TOKEN": github.token}) as served:
        hook = acme.create_hook(f"{served.url}/webhooks/github", secret=SECRET)
        reader = Reader(served)
        await github.settled()
        await reader.settle()

        async def travel(act: Callable[[], object], path: str, sign: str) -> float:
            last = hook.deliveries[-1].id
            act()
            seen = await reader.seen(path, sign)
            await github.settled()
            posted = [d.delivered for d in hook.deliveries if d.id > last]
            return seen - min(moment for moment in posted if moment is not None)

        found: dict[str, list[float]] = {"push": [], "team.created": []}
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
    for name, seconds in found.items():
        share = _PEER / median(seconds)
        print(
            f"{name:14} {spread(seconds)}; a Backstage's median is {share:.0f} times that"
        )


if __name__ == "__main__":
    trio.run(main, options(__doc__, rounds=(100, 2, "journeys of each kind")).rounds)
