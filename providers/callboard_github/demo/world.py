"""The GitHub of the demo, in a thread and an event loop of its own.

Owns two organizations that live, the webhooks that tell callboard of it, and the little
troubles that GitHub makes: slow answers, an error now and then, a rate limit.
"""

import random
import threading
from collections.abc import Callable
from contextlib import suppress

import anyio
import trio

from callboard_github.simulator import (
    Life,
    Organization,
    Simulator,
    SimulatorError,
    Size,
    populate,
)

SECRET = "callboard-demo"  # noqa: S105 - guards a simulation on loopback
ORGANIZATIONS = ("acme", "globex")
_LATENCY, _JITTER = 0.03, 0.12


class World:
    """A simulated GitHub and what happens there.

    Args:
        seed: Of its people and places.
        age: How many worlds there were before on the same database. Webhooks of another
            world must not pass for repetitions of earlier ones.
    """

    def __init__(self, seed: int = 1, age: int = 0) -> None:
        self.github = Simulator(seed)
        self.acme = populate(self.github, ORGANIZATIONS[0])
        small = Size(people=8, teams=4, repositories=6)
        self.globex = populate(self.github, ORGANIZATIONS[1], size=small)
        for person in self.acme.people[:5]:
            self.globex.add_member(person)
        for _ in range(age):
            self.github.mint.number("hook")
        self._chance = random.Random(f"{seed}:{age}")  # noqa: S311 - a game
        self._lives = [(Life(self.acme, age), 4), (Life(self.globex, age), 1)]
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._scope = trio.CancelScope()
        self._begin = trio.Event()
        self._pace = 0.5
        self._thread = threading.Thread(
            target=self._run, name="simulated-github", daemon=True
        )

    def start(self) -> None:
        """Serve it; returns when it answers."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    def live(self, webhooks: str, pace: float) -> None:
        """Tell ``webhooks`` of everything from now on, and begin.

        Args:
            webhooks: Where to send them.
            pace: Seconds between two deeds, on average.
        """
        self._pace = pace
        for organization in (self.acme, self.globex):
            organization.create_hook(webhooks, secret=SECRET)
        self._soon(self._begin.set)

    def stop(self) -> None:
        """End it; returns when it has, or after two seconds."""
        self._soon(self._scope.cancel)
        self._thread.join(2.0)

    def _soon(self, call: Callable[[], object]) -> None:
        if self._token is not None and self._thread.is_alive():
            # It may end by itself meanwhile.
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(call)

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with self._scope:
            async with self.github.serve():
                self._ready.set()
                await self._begin.wait()
                faults = self.github.faults
                faults.latency, faults.jitter = _LATENCY, _JITTER
                async with anyio.create_task_group() as group:
                    group.start_soon(self._happen)
                    group.start_soon(self._trouble)

    async def _happen(self) -> None:
        """Something of everything at first, then as it comes."""
        for deed in self._opening():
            self._do(deed)
            await anyio.sleep(self._pace * 0.6)
        lives = [life for life, _ in self._lives]
        weights = [weight for _, weight in self._lives]
        while True:
            life = self._chance.choices(lives, weights)[0]
            self._do(life.act)
            await anyio.sleep(self._chance.uniform(0.3, 1.7) * self._pace)

    def _opening(self) -> list[Callable[[], object]]:
        life = self._lives[0][0]
        return [
            life.join_team,
            life.edit_catalog_file,
            life.build,
            life.report,
            self._split_team,
            life.star,
            life.deploy,
            life.break_catalog_file,
            life.rename_team,
            life.found_or_delete_repository,
            life.hire,
        ]

    def _split_team(self) -> None:
        team = self.acme.team("platform")
        self.acme.create_team(
            f"Platform Guild {self._chance.randrange(100, 1000)}",
            description="From every team somebody",
            parent=team,
            members=self._chance.sample(self.acme.people, 6),
        )

    def _do(self, deed: Callable[[], object]) -> None:
        # What is not possible as things are now is left, and life goes on.
        with suppress(SimulatorError):
            deed()

    async def _trouble(self) -> None:
        faults = self.github.faults
        while True:
            await anyio.sleep(12)
            faults.fail(1, status=502, matching="graphql")
            await anyio.sleep(12)
            faults.exhaust_secondary(1, retry_after=3, matching="graphql")


def described(organization: Organization) -> str:
    """How big an organization is, in words."""
    return (
        f"{organization.login} ({len(organization.people)} people,"
        f" {len(organization.teams)} teams, {len(organization.repositories)} repositories)"
    )
