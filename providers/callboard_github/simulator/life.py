"""What people do in a simulated organization when nobody tells them to.

A `Life` does one thing after the other, drawn from a seed, and keeps the organization
about the size it had. `live` does so for as long as it is let.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from callboard_github.simulator.entities import Service, catalog_file

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State
    from callboard_github.simulator.team import Team
    from callboard_github.simulator.user import User

_CATALOG = "catalog-info.yaml"
_TOPICS = ("java", "python", "go", "internal", "legacy", "public-api", "experiment")
_ADJECTIVES = ("quick", "calm", "bold", "tidy", "late", "plain", "odd", "bright")
_NOUNS = ("falcon", "ledger", "beacon", "relay", "harbor", "prism", "anchor", "loom")


class Life:
    """The life of one organization.

    Args:
        organization: Whose; `population.populate` makes one worth watching.
        seed: What happens follows from it and from the state's own seed.
    """

    def __init__(self, organization: "Organization", seed: int = 0) -> None:
        self.organization = organization
        state = organization.state
        # Not for secrets: the same seed lives the same life.
        self._chance = random.Random(f"{state.seed}:{seed}:life")  # noqa: S311
        self._size = (len(organization.teams), len(organization.repositories))
        self._deeds: list[tuple[int, Callable[[], None]]] = [
            (14, self.edit_file),
            (12, self.edit_catalog_file),
            (3, self.break_catalog_file),
            (6, self.branch),
            (3, self.rewrite_history),
            (10, self.join_team),
            (8, self.leave_team),
            (5, self.describe_team),
            (3, self.rename_team),
            (2, self.move_team),
            (3, self.found_or_close_team),
            (3, self.hire),
            (2, self.leave),
            (2, self.edit_profile),
            (5, self.retag),
            (3, self.found_or_delete_repository),
            (2, self.rename_repository),
            (3, self.archive_or_unarchive),
            (3, self.show_or_hide),
            (8, self.build),
            (4, self.deploy),
            (3, self.star),
            (3, self.report),
        ]

    def act(self) -> str:
        """Do one thing that is possible now.

        Returns:
            What, as it stands in the state's history.
        """
        history = self.organization.state.history
        while True:
            before = history[-1] if history else None
            weights = [weight for weight, _ in self._deeds]
            _, deed = self._chance.choices(self._deeds, weights)[0]
            deed()
            if history and history[-1] is not before:
                return str(history[-1])

    # Code.

    def edit_file(self) -> None:
        """Somebody pushes one to three commits that no catalog cares about."""
        if repository := self._repository():
            count = self._chance.randrange(1, 4)
            repository.push(
                *({"README.md": self._words(), "src/main.txt": self._words()},) * count,
                message=f"Polish {repository.name}",
                by=self._person(),
            )

    def edit_catalog_file(self) -> None:
        """Somebody changes what a repository says of itself; a broken file is mended."""
        if repository := self._repository():
            repository.push(
                {_CATALOG: catalog_file(self._service(repository))},
                message="Describe the component",
                by=self._person(),
            )

    def break_catalog_file(self) -> None:
        """Somebody pushes a catalog file with a mistake, or removes it."""
        if repository := self._repository():
            broken = self._chance.choice(("syntax", "owner", "name", None))
            service = replace(self._service(repository), broken=broken)
            repository.push(
                {_CATALOG: catalog_file(service) if broken else None},
                message="Tidy up",
                by=self._person(),
            )

    def branch(self) -> None:
        """Somebody begins, continues or deletes a branch."""
        if repository := self._repository():
            others = [b for b in repository.branches if b != repository.default_branch]
            if others and self._chance.random() < 0.5:
                repository.delete_branch(self._chance.choice(others), by=self._person())
            else:
                repository.push(
                    {"src/idea.txt": self._words()},
                    branch=f"idea/{self._name()}",
                    by=self._person(),
                )

    def rewrite_history(self) -> None:
        """Somebody replaces the newest commit by force."""
        repository = self._repository()
        if repository and repository.head and repository.head.parent:
            repository.push(
                {"README.md": self._words()},
                onto=repository.head.parent,
                message="Say it better",
                by=self._person(),
            )

    # Teams and people.

    def join_team(self) -> None:
        """Somebody joins a team."""
        team, person = self._team(), self._person()
        if team and person and person.id not in team.members:
            team.add_member(person)

    def leave_team(self) -> None:
        """Somebody leaves a team."""
        team = self._team()
        if team and len(team.members) > 1:
            team.remove_member(self._chance.choice(team.people))

    def describe_team(self) -> None:
        """A team's description changes."""
        if team := self._team():
            team.edit(description=self._words())

    def rename_team(self) -> None:
        """A team takes another name."""
        if team := self._team():
            name = team.name.split(" (")[0]
            suffix = "" if "(" in team.name else f" ({self._name()})"
            if not any(t.name == name + suffix for t in self._all_teams()):
                team.rename(name + suffix)

    def move_team(self) -> None:
        """A team goes below another one."""
        team, above = self._team(), self._team()
        if (
            team
            and above
            and "secret" not in {team.privacy, above.privacy}
            and team is not above
            and team not in above.ancestors()
        ):
            team.move(above)

    def found_or_close_team(self) -> None:
        """A team comes to be, or one without child teams is closed."""
        teams = self._all_teams()
        small = [team for team in teams if not team.children]
        if len(teams) > self._size[0] and small:
            self._chance.choice(small).delete()
            return
        name = f"Team {self._name()}"
        if name.lower().replace(" ", "-") not in self.organization.teams:
            members = self._some_people(3)
            self.organization.create_team(
                name, description=self._words(), members=members
            )

    def hire(self) -> None:
        """Somebody joins the organization."""
        login = self._name()
        if len(self.organization.members) < 60:
            known = self.organization.state.users.get(login)
            if known is None or known.id not in self.organization.members:
                self.organization.add_member(login)

    def leave(self) -> None:
        """Somebody leaves the organization."""
        people = self.organization.people
        if len(people) > 20:
            self.organization.remove_member(self._chance.choice(people[1:]))

    def edit_profile(self) -> None:
        """Somebody changes the profile, of which GitHub tells nobody."""
        if person := self._person():
            person.edit(bio=self._words(), name=person.login.title().replace("-", " "))

    # Repositories.

    def retag(self) -> None:
        """A repository gains and loses topics."""
        if repository := self._repository():
            topics = self._chance.sample(_TOPICS, self._chance.randrange(1, 4))
            repository.edit(topics=topics)

    def found_or_delete_repository(self) -> None:
        """A repository comes to be, or one is deleted."""
        repositories = self.organization.repositories
        if len(repositories) > self._size[1]:
            self._chance.choice(repositories).delete(by=self._person())
            return
        name = self._name()
        if all(repository.name != name for repository in repositories):
            service = Service(name, "foundation", self._owner(), "service")
            self.organization.create_repository(
                name,
                files={_CATALOG: catalog_file(service), "README.md": f"# {name}\n"},
                by=self._person(),
            )

    def rename_repository(self) -> None:
        """A repository takes another name."""
        if repository := self._repository():
            name = self._name()
            if all(one.name != name for one in self.organization.repositories):
                repository.rename(name)

    def archive_or_unarchive(self) -> None:
        """A repository becomes read-only, or writable again."""
        repositories = self.organization.repositories
        archived = [repository for repository in repositories if repository.archived]
        if len(archived) > 2:
            self._chance.choice(archived).unarchive()
        elif repository := self._repository():
            repository.archive()

    def show_or_hide(self) -> None:
        """A repository becomes public or private."""
        if repository := self._repository():
            if repository.private:
                repository.publicize()
            else:
                repository.privatize()

    # Around the code.

    def build(self) -> None:
        """A workflow runs."""
        repository = self._repository()
        if repository and repository.head:
            ends = self._chance.choice(("success", "success", "success", "failure"))
            repository.activity.run_workflow("CI", ends, by=self._person())

    def deploy(self) -> None:
        """A repository is deployed."""
        repository = self._repository()
        if repository and repository.head:
            where = self._chance.choice(("staging", "production"))
            ends = self._chance.choice(("success", "success", "failure"))
            repository.activity.deploy(where, ends, by=self._person())

    def star(self) -> None:
        """Somebody likes a repository."""
        repository, person = self._repository(), self._person()
        if repository and person and person.id not in repository.activity.stars:
            repository.activity.star(person)

    def report(self) -> None:
        """Somebody opens an issue."""
        if repository := self._repository():
            repository.activity.open_issue(self._words(), by=self._person())

    # Who, where and what.

    def _person(self) -> "User | None":
        people = self.organization.people
        return self._chance.choice(people) if people else None

    def _some_people(self, count: int) -> "list[User]":
        people = self.organization.people
        return self._chance.sample(people, min(count, len(people)))

    def _all_teams(self) -> "list[Team]":
        return list(self.organization.teams.values())

    def _team(self) -> "Team | None":
        teams = self._all_teams()
        return self._chance.choice(teams) if teams else None

    def _repository(self) -> "Repository | None":
        """Return one that can be written to."""
        active = [r for r in self.organization.repositories if not r.archived]
        return self._chance.choice(active) if active else None

    def _owner(self) -> str:
        team = self._team()
        return "nobody" if team is None else team.slug

    def _service(self, repository: "Repository") -> Service:
        return Service(
            name=repository.name,
            system="foundation",
            owner=self._owner(),
            kind=self._chance.choice(("service", "website", "library")),
            description=self._words(),
        )

    def _name(self) -> str:
        return f"{self._chance.choice(_ADJECTIVES)}-{self._chance.choice(_NOUNS)}"

    def _words(self) -> str:
        words = self._chance.sample((*_ADJECTIVES, *_NOUNS), 4)
        return " ".join(words).capitalize()


async def live(
    state: "State", pace: float = 0.4, *, login: str = "acme", seed: int = 0
) -> None:
    """Let an organization live until cancelled.

    Args:
        state: The simulated GitHub.
        pace: Seconds between two deeds, on average.
        login: Whose life.
        seed: See `Life`.

    Raises:
        NotFound: No such organization.
    """
    life = Life(state.organization(login), seed)
    # The waits must not change what happens, so they are drawn apart.
    waits = random.Random(f"{state.seed}:{seed}:pace")  # noqa: S311
    while True:
        await anyio.sleep(waits.uniform(0.3, 1.7) * pace)
        life.act()
