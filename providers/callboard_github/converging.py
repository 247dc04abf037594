"""The law that a provider keeps, as a test: whatever happens, its word converges.

Owns random histories, each from a seed: what happens on a simulated GitHub, and how its
webhooks arrive: late, twice, in another order, several at once, some never, while calls
fail. At rest the catalog must equal a fresh full read; where deliveries were lost, after
one more full read. A history that breaks the law is shrunk to the steps that it needs.

    class World:
        github: Simulator
        def provider(self, catalog: Catalog) -> EntityProvider: ...
        def act(self, chance: random.Random) -> None: ...

    await check_convergence(World, seed=7)
"""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, select

from callboard import EventName, Request, State
from callboard.routes import Routes
from callboard_catalog import Catalog, EntityProvider
from callboard_catalog.tables import claims, problems
from callboard_github.simulator import HookDelivery, Simulator, SimulatorError
from callboard_github.source import GitHubSource
from callboard_github.testing import (
    ProviderFailed,
    hear_at_once,
    open_catalog,
    read,
)

_AT_ONCE = 3


class World(Protocol):
    """A simulated GitHub with a webhook, and what may happen there."""

    github: Simulator

    def provider(self, catalog: Catalog) -> EntityProvider:
        """The provider that is put to the test, with a client of its own."""
        ...

    def act(self, chance: random.Random) -> None:
        """Let something happen; what is impossible just now raises and is left out."""
        ...


class Plan(Struct, frozen=True):
    """A history, before it happens."""

    seed: int
    steps: tuple[int, ...]
    """Each draws from a source of its own, so that one can be left out."""
    loss: float
    """Share of deliveries that never arrive."""
    faults: float
    """Share of arrivals while GitHub answers with errors."""

    @classmethod
    def drawn(cls, seed: int) -> "Plan":
        """The plan of a seed."""
        chance = _chance("plan", seed)
        steps = tuple(range(chance.randint(3, 18)))
        loss = chance.choice((0.0, 0.0, 0.3))
        return cls(seed, steps, loss, chance.choice((0.0, 0.0, 0.0, 0.2)))


class Diverged(AssertionError):  # noqa: N818 - what a test expected did not hold
    """A history after which the catalog is not what GitHub is."""


async def check_convergence(found: Callable[[random.Random], World], seed: int) -> None:
    """Live one history.

    Args:
        found: Makes a world; the same one from the same chance.
        seed: Which history.

    Raises:
        Diverged: The law does not hold. The message has the seed, the shortest history
            that was found to break it, and what differs.
    """
    plan = Plan.drawn(seed)
    told = await _lived(plan, found)
    if told is None:
        return
    steps = plan.steps
    size = max(len(steps) // 2, 1)
    while size:
        for start in range(0, len(steps), size):
            shorter = steps[:start] + steps[start + size :]
            less = await _lived(replace(plan, steps=shorter), found)
            if less is not None:
                steps, told, size = shorter, less, size * 2
                break
        size //= 2
    raise Diverged(f"seed {seed}, steps {steps}:\n{told}")


async def said(provider: EntityProvider) -> dict[str, Any]:
    """Claims by location key and ref, and what was rejected.

    Without the last good version of what is bad now: a fresh read knows none.
    """

    def query(connection: Connection) -> dict[str, Any]:
        columns = (problems.c.location_key, problems.c.ref)
        bad = select(*columns).where(
            problems.c.provider == provider.name, problems.c.kind == "rejected"
        )
        rejected = {(str(key), str(ref)) for key, ref in connection.execute(bad)}
        standing = select(claims.c.location_key, claims.c.ref, claims.c.document).where(
            claims.c.provider == provider.name, claims.c.withdrawn.is_(False)
        )
        found: dict[str, Any] = {f"{key} {ref}": "bad" for key, ref in rejected}
        for key, ref, document in connection.execute(standing):
            if not {(key, ref), (key, "")} & rejected:
                found[f"{key} {ref}"] = document
        return found

    return await provider.catalog.database.read(query)


async def _lived(plan: Plan, found: Callable[[random.Random], World]) -> str | None:
    """What is wrong after a history; None when nothing is."""
    world = found(_chance("world", plan.seed))
    happened: list[str] = []
    try:
        at_rest = await _at_rest(plan, world, happened)
        expected = await _afresh(world)
    except ProviderFailed as error:
        return "\n".join([*happened, f"failed: {error}"])
    different = [
        f"{key}:\n  said {at_rest.get(key)!r}\n  is   {expected.get(key)!r}"
        for key in sorted(at_rest.keys() | expected.keys())
        if at_rest.get(key) != expected.get(key)
    ]
    return "\n".join([*happened, *different]) if different else None


async def _at_rest(plan: Plan, world: World, happened: list[str]) -> dict[str, Any]:
    github = world.github
    async with open_catalog() as catalog:
        provider = world.provider(catalog)
        # A history runs by a fast clock, and the machine may be slow.
        provider.timeout = None
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            mail = _Mail(plan, provider, github, happened)
            for step in plan.steps:
                chance = _chance(f"step {step}", plan.seed)
                seen = len(github.history)
                with suppress(SimulatorError, IndexError):
                    world.act(chance)
                happened += map(str, list(github.history)[seen:])
                mail.waiting += github.outbox.take()
                if chance.random() < 0.5:
                    chance.shuffle(mail.waiting)
                    while mail.waiting and chance.random() < 0.8:
                        await mail.arrive(chance)
            chance = _chance("rest", plan.seed)
            while mail.waiting:
                await mail.arrive(chance)
            if plan.loss:
                await read(provider)
            return await said(provider)


async def _afresh(world: World) -> dict[str, Any]:
    async with open_catalog() as catalog:
        provider = world.provider(catalog)
        async with provider.opened():
            await read(provider)
            return await said(provider)


class _Mail:
    """Deliveries on their way."""

    def __init__(
        self,
        plan: Plan,
        provider: EntityProvider,
        github: Simulator,
        happened: list[str],
    ) -> None:
        self.waiting: list[HookDelivery] = []
        self._plan = plan
        self._provider = provider
        self._github = github
        self._happened = happened
        self._routes = Routes([provider])
        self._source = GitHubSource((), insecure=True)

    async def arrive(self, chance: random.Random) -> None:
        """Handle what comes next, and what may be handled at the same time."""
        arrived: list[HookDelivery] = []
        taken: set[str] = set()
        wanted = chance.randint(1, _AT_ONCE)
        while self.waiting and len(arrived) < wanted:
            keys = self._keys(self.waiting[0])
            if keys & taken:
                break
            delivery = self.waiting.pop(0)
            if chance.random() < 0.1:
                self.waiting.append(delivery)  # GitHub, or a person, sends it again
            if chance.random() >= self._plan.loss:
                arrived.append(delivery)
                taken |= keys
        faulty = chance.random() < self._plan.faults
        if faulty:
            status = chance.choice((500, 502, 403))
            self._github.faults.fail(chance.randint(1, 9), status=status)
        ticks = chance.random() < 0.1
        names = [f"{d.event}.{d.action}" for d in arrived] + ["a tick"] * ticks
        amid = " amid faults" * faulty
        self._happened.append(f"  {' and '.join(names) or 'nothing'} arrives{amid}")
        trees = await hear_at_once(self._provider, *arrived, reads=ticks, fails=faulty)
        self._github.faults.clear()
        for delivery, tree in zip(arrived, trees, strict=False):
            if tree.root.state is not State.COMPLETED:
                self.waiting.append(delivery)  # parked, until a person replays it

    def _keys(self, sent: HookDelivery) -> set[str]:
        headers = {name.lower(): value for name, value in sent.headers.items()}
        request = Request(headers, sent.body)
        received = self._source.receive(request)
        order = self._routes.order(
            EventName("github", sent.event, sent.action),
            organization=received.organization,
            repository=received.repository,
            body=sent.body,
        )
        return set(order.keys)


def _chance(what: str, seed: int) -> random.Random:
    # Not for secrets: a failing history must come back from its seed.
    return random.Random(f"{what} {seed}")  # noqa: S311
