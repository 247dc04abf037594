"""Whatever happens on GitHub, and however its webhooks arrive: the catalog converges.

Random histories; deliveries are shuffled and doubled, and in half of them some are lost.
With no loss the catalog at rest equals a fresh full read, with loss after the next one.
Profiles and logins of people do not change here: GitHub sends no webhook for that.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection, select

from callboard_catalog import Catalog, EntityProvider
from callboard_catalog.tables import claims, problems
from callboard_github.organizations import Organizations
from callboard_github.repositories import Repositories
from callboard_github.settings import RepositoriesSettings, TopicSettings
from callboard_github.simulator import (
    App,
    HookDelivery,
    Organization,
    Simulator,
    SimulatorError,
)
from callboard_github.testing import hear, open_catalog, reach, read

pytestmark = pytest.mark.anyio

HOOK = "http://callboard/webhooks/github"
LOGINS = ("acme", "globex", "umbrella", "Initech")
Deed: TypeAlias = Callable[[], object]
Make: TypeAlias = Callable[[Catalog], EntityProvider]


class History:
    """A GitHub with two organizations to which things happen."""

    def __init__(self, seed: int, *, app: bool) -> None:
        self.chance = random.Random(seed)
        self.github = Simulator(seed)
        for login in LOGINS[:2]:
            people = ["operator", "both", *(f"{login}-{n}" for n in range(4))]
            self.github.create_organization(login, members=people)
        self.app: App | None = None
        if app:
            self.app = self.github.create_app("callboard", url=HOOK, secret="s")
        for organization in self.organizations:
            if self.app is not None:
                self.app.install(organization)
            else:
                organization.create_hook(HOOK, secret="s")

    @property
    def organizations(self) -> list[Organization]:
        return list(self.github.organizations.values())

    def deeds(self, organization: Organization) -> list[Deed]:
        raise NotImplementedError

    def rename(self, organization: Organization) -> None:
        if self.chance.random() < 0.3:
            organization.rename(self.chance.choice(LOGINS))

    def act(self) -> None:
        deed = self.chance.choice(self.deeds(self.chance.choice(self.organizations)))
        with suppress(SimulatorError, IndexError):
            deed()  # what is not possible just then does not happen


class PeopleHistory(History):
    def deeds(self, organization: Organization) -> list[Deed]:
        pick = self.chance.choice
        teams = list(organization.teams.values())
        # The token belongs to the operator, whose leaving ends all.
        people = [user for user in organization.people if user.login != "operator"]
        users = list(self.github.users.values())

        def name() -> str:
            return f"Team {self.chance.randrange(12)}"

        def create() -> None:
            parent = pick([None, *teams])
            some = self.chance.sample(people, self.chance.randrange(3))
            organization.create_team(name(), parent=parent, members=some)

        def leave() -> None:
            team = pick(teams)
            team.remove_member(pick(team.people))

        return [
            create,
            create,
            lambda: pick(teams).delete(),
            lambda: pick(teams).rename(name()),
            lambda: pick(teams).edit(description=str(self.chance.random())),
            lambda: pick(teams).move(pick([None, *teams])),
            lambda: pick(teams).add_member(pick(users)),
            lambda: pick(teams).add_member(pick(people)),
            leave,
            lambda: organization.add_member(pick(users)),
            lambda: organization.add_member(f"new-{self.chance.randrange(30)}"),
            lambda: organization.remove_member(pick(people)),
            lambda: self.rename(organization),
        ]


class CodeHistory(History):
    def deeds(self, organization: Organization) -> list[Deed]:
        pick = self.chance.choice
        repositories = organization.repositories

        def create() -> None:
            files = {"catalog-info.yaml": self.file()}
            organization.create_repository(
                f"r{self.chance.randrange(9)}",
                files=pick([files, None]),
                topics=self.topics(),
                fork=self.chance.random() < 0.1,
            )

        def push() -> None:
            places = ("catalog-info.yaml", "more.yaml", "sub/x.yaml", "README.md")
            commits = [
                {pick((*places, "svc/a/catalog-info.yaml")): pick([None, *self.some()])}
                for _ in range(pick([1, 1, 2, 3, 25]))
            ]
            pick(repositories).push(*commits)

        def force() -> None:
            repository = pick(repositories)
            if repository.head is not None:
                base = repository.head.parent
                repository.push({"catalog-info.yaml": self.file()}, onto=base)

        def branch() -> None:
            pick(repositories).push(
                {"catalog-info.yaml": self.file()}, branch=pick(["dev", "x"])
            )

        def transfer() -> None:
            # Without an app nobody is told who lost a repository.
            if self.app is not None:
                pick(repositories).transfer(pick(self.organizations))

        return [
            create,
            create,
            *[push] * 5,
            force,
            branch,
            lambda: pick(repositories).delete_branch(pick(["dev", "x"])),
            lambda: pick(repositories).rename(f"r{self.chance.randrange(9)}"),
            lambda: pick(repositories).archive(),
            lambda: pick(repositories).unarchive(),
            lambda: pick(repositories).edit(topics=self.topics()),
            lambda: pick(repositories).edit(default_branch=pick(["dev", "x", "main"])),
            lambda: pick(repositories).privatize(),
            lambda: pick(repositories).publicize(),
            transfer,
            lambda: pick(repositories).delete(),
            lambda: self.rename(organization),
        ]

    def topics(self) -> list[str]:
        return self.chance.sample(["a", "b"], self.chance.randrange(3))

    def some(self) -> list[str]:
        return [self.file(), self.file()]

    def file(self) -> str:
        """A catalog file with some good and some bad documents."""
        documents: list[str] = []
        for _ in range(self.chance.randrange(5)):
            name = f"c{self.chance.randrange(12)}"
            head = f"apiVersion: backstage.io/v1alpha1\nkind: %s\nmetadata: {{name: {name}}}\n"
            spec = "spec: {type: service, lifecycle: production%s}\n"
            documents.append(
                self.chance.choice(
                    [
                        "kind: [",
                        head % "Component" + spec % "",
                        head % "Location"
                        + "spec: {targets: [./more.yaml, ./sub/*.yaml]}\n",
                        *[head % "Component" + spec % f", owner: {name}s"] * 6,
                    ]
                )
            )
        return "\n---\n".join(documents)


async def said(provider: EntityProvider) -> dict[str, Any]:
    """Claims by location key and ref, and what was rejected.

    Without the last good version of what is bad now: a fresh read knows none.
    """

    def query(connection: Connection) -> dict[str, Any]:
        rejected = {
            (row.location_key, row.ref)
            for row in connection.execute(
                select(problems.c.location_key, problems.c.ref).where(
                    problems.c.provider == provider.name, problems.c.kind == "rejected"
                )
            )
        }
        standing = select(claims.c.location_key, claims.c.ref, claims.c.document).where(
            claims.c.provider == provider.name, claims.c.withdrawn.is_(False)
        )
        found: dict[str, Any] = {f"{key} {ref}": "bad" for key, ref in rejected}
        for key, ref, document in connection.execute(standing):
            if not {(key, ref), (key, "")} & rejected:
                found[f"{key} {ref}"] = document
        return found

    return await provider.catalog.database.read(query)


async def lived(
    history: History, make: Make, *, loss: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the catalog says at rest, and what a fresh full read says."""
    chance, github = history.chance, history.github
    waiting: list[HookDelivery] = []

    async def arrive(provider: EntityProvider) -> None:
        delivery = waiting.pop(0)
        if chance.random() < 0.1:
            waiting.append(delivery)  # GitHub, or a person, sends it again
        if chance.random() >= loss:
            await hear(provider, delivery)

    async with open_catalog() as catalog:
        provider = make(catalog)
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            for _ in range(25):
                history.act()
                waiting += github.outbox.take()
                if chance.random() < 0.5:
                    chance.shuffle(waiting)
                    while waiting and chance.random() < 0.8:
                        await arrive(provider)
            while waiting:
                await arrive(provider)
            if loss:
                await read(provider)
            at_rest = await said(provider)
    return at_rest, await read_afresh(make)


async def read_afresh(make: Make) -> dict[str, Any]:
    async with open_catalog() as catalog:
        provider = make(catalog)
        async with provider.opened():
            await read(provider)
            return await said(provider)


async def check(history: History, make: Make, loss: float) -> None:
    at_rest, expected = await lived(history, make, loss=loss)
    steps = "\n".join(map(str, history.github.history))
    different = {
        key: (at_rest.get(key), expected.get(key))
        for key in at_rest.keys() | expected.keys()
        if at_rest.get(key) != expected.get(key)
    }
    assert not different, f"{different}\n{steps}"


@pytest.mark.parametrize("seed", range(20))
async def test_people_and_teams_converge(seed: int) -> None:
    history = PeopleHistory(seed, app=seed % 2 == 1)

    def make(catalog: Catalog) -> EntityProvider:
        reached = reach(history.github, app=history.app)
        return Organizations(catalog, *reached, most_removed=1.0)

    await check(history, make, 0.3 if seed % 4 > 1 else 0.0)


@pytest.mark.parametrize("seed", range(20))
async def test_catalog_files_converge(seed: int) -> None:
    history = CodeHistory(seed, app=seed % 2 == 1)
    settings = RepositoriesSettings(
        paths=("/catalog-info.yaml",) if seed % 3 else ("/**/catalog-info.yaml",),
        topics=TopicSettings(exclude=("b",) if seed % 5 else ()),
    )

    def make(catalog: Catalog) -> EntityProvider:
        reached = reach(history.github, app=history.app)
        return Repositories(catalog, *reached, settings, most_removed=1.0)

    await check(history, make, 0.3 if seed % 4 > 1 else 0.0)
