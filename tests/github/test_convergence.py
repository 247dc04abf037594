"""Whatever happens on GitHub, and however its webhooks arrive: the catalog converges.

Profiles and logins of people do not change here: GitHub sends no webhook for that.

CALLBOARD_HISTORIES is how many histories are lived, 200 unless told otherwise and 2,000
in CI; CALLBOARD_HISTORY is the seed of the only one, to see a failure again.
"""

import json
import os
import random
from collections.abc import Callable
from typing import TypeAlias

import pytest
import trio.testing

from callboard_catalog import Catalog, EntityProvider
from callboard_github.activity import Deployments, Workflows
from callboard_github.converging import check_convergence
from callboard_github.organizations import Organizations
from callboard_github.repositories import Repositories
from callboard_github.repositories.code_owners import PLACES
from callboard_github.settings import RepositoriesSettings, TopicSettings
from callboard_github.simulator import App, Organization, Repository, Simulator
from callboard_github.testing import reach

pytestmark = pytest.mark.anyio

HOOK = "http://callboard/webhooks/github"
LOGINS = ("acme", "globex", "umbrella", "Initech")
Deed: TypeAlias = Callable[[], object]

SHARDS = 10
COUNT = int(
    os.environ.get("CALLBOARD_HISTORIES") or (2000 if os.environ.get("CI") else 200)
)
ONLY = os.environ.get("CALLBOARD_HISTORY")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """A clock a thousand times as fast: waits before another try take no time."""
    return "trio", {"clock": trio.testing.MockClock(rate=1000)}


class Life:
    """A GitHub with two organizations to which things happen."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.github = Simulator(seed=0)
        for login in LOGINS[:2]:
            people = ["operator", "both", *(f"{login}-{n}" for n in range(4))]
            self.github.create_organization(login, members=people)
        self.app: App | None = None
        if chance.random() < 0.5:
            self.app = self.github.create_app("callboard", url=HOOK, secret="s")
        for organization in self.organizations:
            if self.app is not None:
                self.app.install(organization)
            else:
                organization.create_hook(HOOK, secret="s")

    @property
    def organizations(self) -> list[Organization]:
        return list(self.github.organizations.values())

    def act(self, chance: random.Random) -> None:
        self.chance = chance
        chance.choice(self.deeds(chance.choice(self.organizations)))()

    def provider(self, catalog: Catalog) -> EntityProvider:
        raise NotImplementedError

    def deeds(self, organization: Organization) -> list[Deed]:
        raise NotImplementedError

    def rename(self, organization: Organization) -> None:
        if self.chance.random() < 0.3:
            organization.rename(self.chance.choice(LOGINS))

    def install(self, organization: Organization) -> None:
        """An app is suspended, comes back, is removed or installed again."""
        if self.app is None or self.chance.random() < 0.5:
            return
        there = [
            installation
            for installation in self.github.installations.values()
            if installation.account is organization
        ]
        if not there:
            self.app.install(organization)
        elif self.chance.random() < 0.3:
            there[0].delete()
        elif there[0].suspended is None:
            there[0].suspend()
        else:
            there[0].unsuspend()


class People(Life):
    """Members, teams and their tree."""

    def provider(self, catalog: Catalog) -> EntityProvider:
        reached = reach(self.github, app=self.app)
        return Organizations(catalog, *reached, most_removed=1.0)

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
            lambda: self.install(organization),
        ]


class Code(Life):
    """Repositories, branches, and what lies in their files."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        plain, glob = ("/catalog-info.yaml",), ("/**/catalog-info.yaml",)
        self.settings = RepositoriesSettings(
            paths=chance.choice([plain, glob]),
            topics=TopicSettings(exclude=chance.choice([("b",), ()])),
            branch=chance.choice([None, None, "dev"]),
            forks=chance.choice([True, False]),
            visibility=chance.choice([(), ("private", "internal")]),
            code_owners=chance.choice([True, False]),
            dependencies=chance.choice([True, False]),
            packages=("p*", "@{organization}/*"),
        )

    def provider(self, catalog: Catalog) -> EntityProvider:
        reached = reach(self.github, app=self.app)
        return Repositories(catalog, *reached, self.settings, most_removed=1.0)

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

        def own() -> None:
            """Somebody changes whose what is, where GitHub may look for it."""
            lines = "".join(
                f"{pick(['*', 'svc/', '/sub/*', '*.yaml'])} {pick(['@o/a', '@ada', ''])}\n"
                for _ in range(pick([1, 2, 4]))
            )
            pick(repositories).push({pick(PLACES): pick([None, lines, lines])})

        def need() -> None:
            """Somebody changes what a package needs, or breaks its manifest."""
            names = ("p1", "p2", "@acme/p", "other")
            needs = {pick(names): "1" for _ in range(pick([0, 1, 3]))}
            manifest = json.dumps({"name": pick(names), "dependencies": needs})
            texts = (manifest, manifest, manifest, "{", None)
            places = ("package.json", "svc/a/package.json", "sub/package.json")
            pick(repositories).push({pick(places): pick(texts)})

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
            own,
            own,
            *[need] * 3,
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
            lambda: self.install(organization),
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


class Around(Life):
    """Repositories, and what goes on around their code."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.settings = RepositoriesSettings(
            topics=TopicSettings(exclude=chance.choice([("b",), ()])),
            branch=chance.choice([None, None, "dev"]),
        )

    def deeds(self, organization: Organization) -> list[Deed]:
        pick = self.chance.choice
        repositories = organization.repositories

        def create() -> None:
            organization.create_repository(
                f"r{self.chance.randrange(6)}", files={"README.md": ""}
            )

        def transfer() -> None:
            # Without an app nobody is told who lost a repository.
            if self.app is not None:
                pick(repositories).transfer(pick(self.organizations))

        return [
            create,
            create,
            *[lambda: self.work(pick(repositories))] * 9,
            lambda: pick(repositories).push({"a": "b"}, branch=pick(["dev", "main"])),
            lambda: pick(repositories).rename(f"r{self.chance.randrange(6)}"),
            lambda: pick(repositories).archive(),
            lambda: pick(repositories).unarchive(),
            lambda: pick(repositories).edit(topics=pick([["b"], []])),
            lambda: pick(repositories).edit(default_branch=pick(["dev", "main"])),
            transfer,
            lambda: pick(repositories).delete(),
            lambda: self.rename(organization),
            lambda: self.install(organization),
        ]

    def work(self, repository: Repository) -> None:
        raise NotImplementedError


class Runs(Around):
    """Workflows, and how they run."""

    def provider(self, catalog: Catalog) -> EntityProvider:
        reached = reach(self.github, app=self.app)
        return Workflows(catalog, *reached, self.settings, most_removed=1.0)

    def work(self, repository: Repository) -> None:
        pick, activity = self.chance.choice, repository.activity
        waiting = [run for run in activity.runs if run.status != "completed"]
        if waiting and self.chance.random() < 0.5:
            run = pick(waiting)
            if run.status == "queued":
                activity.start_run(run)
            else:
                activity.finish_run(run, pick(["success", "failure"]))
            return
        activity.run_workflow(
            pick(["CI", "Release", "Nightly"]),
            pick([None, "success", "failure"]),
            branch=pick([None, None, "dev"]),
        )


class Rollouts(Around):
    """Environments, and what is deployed there."""

    def provider(self, catalog: Catalog) -> EntityProvider:
        reached = reach(self.github, app=self.app)
        return Deployments(catalog, *reached, self.settings, most_removed=1.0)

    def work(self, repository: Repository) -> None:
        pick, activity = self.chance.choice, repository.activity
        if activity.deployments and self.chance.random() < 0.5:
            activity.report_deployment(
                pick(activity.deployments),
                pick(["in_progress", "success", "failure", "inactive"]),
                environment_url=pick(["", "https://shop.example"]),
            )
            return
        activity.deploy(pick(["staging", "production"]), pick([None, "success"]))


def seeds(shard: int) -> list[int]:
    return [int(ONLY)] if ONLY else list(range(shard, COUNT // len(WORLDS), SHARDS))


WORLDS = (People, Code, Runs, Rollouts)


@pytest.mark.parametrize("shard", range(1 if ONLY else SHARDS))
@pytest.mark.parametrize("world", WORLDS)
async def test_catalog_converges(world: type[Life], shard: int) -> None:
    for seed in seeds(shard):
        await check_convergence(world, seed)
