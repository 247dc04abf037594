"""A realistic payload of every event that the simulated GitHub sends.

Owns the history that causes them: a small organization in which everything happens
once. What a payload looks like is the simulator's business.
"""

from collections.abc import Mapping
from functools import cache

from callboard_github.simulator import (
    HookDelivery,
    Organization,
    Repository,
    Simulator,
    Size,
    populate,
)

_NOWHERE = "http://127.0.0.1:9/"


@cache
def samples() -> Mapping[str, HookDelivery]:
    """One delivery for each event and action, by ``team.created`` or ``push``."""
    github = Simulator(seed=7)
    acme = populate(github, "acme", size=Size(people=9, teams=6, repositories=5))
    other = github.create_organization("globex", members=[acme.people[0]])
    app = github.create_app("callboard", url=_NOWHERE)
    for organization in (acme, other):
        organization.create_hook(_NOWHERE)
    _teams(acme)
    _people(acme)
    repository = acme.create_repository("sample", files={"README.md": "# Sample\n"})
    _code(repository)
    _activity(repository)
    _settings(repository, other)
    installation = app.install(acme)
    installation.choose([])
    installation.choose(None)
    installation.suspend()
    installation.unsuspend()
    installation.accept_permissions()
    acme.rename("acme-corporation")
    installation.delete()
    acme.delete()
    found: dict[str, HookDelivery] = {}
    for delivery in github.outbox.take():
        name = delivery.event
        if delivery.action is not None:
            name += f".{delivery.action}"
        found.setdefault(name, delivery)
    return dict(sorted(found.items()))


def _teams(acme: Organization) -> None:
    first, second = acme.people[1], acme.people[2]
    team = acme.create_team("Sample Team", description="To be seen", members=[first])
    team.add_member(second)
    team.edit(name="Sample Team & Co", description="Seen")
    team.add_repository(acme.repositories[0])
    team.remove_repository(acme.repositories[0])
    team.remove_member(second)
    team.delete()


def _people(acme: Organization) -> None:
    acme.invite("somebody-new")
    acme.add_member("somebody-new")
    acme.remove_member("somebody-new")


def _code(repository: Repository) -> None:
    repository.push({"catalog-info.yaml": _COMPONENT}, message="Describe it")
    repository.push({"README.md": "# An idea\n"}, branch="idea")
    repository.delete_branch("idea")


def _activity(repository: Repository) -> None:
    activity = repository.activity
    fan = repository.state.sender(None)
    activity.star(fan)
    activity.unstar(fan)
    activity.close_issue(activity.open_issue("It does not work"))
    activity.run_workflow("CI")
    activity.deploy("production")


def _settings(repository: Repository, other: Organization) -> None:
    repository.edit(topics=["sample"])
    repository.rename("a-better-name")
    repository.publicize()
    repository.privatize()
    repository.archive()
    repository.unarchive()
    repository.transfer(other)
    repository.delete()


_COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: sample
spec:
  type: service
  lifecycle: production
  owner: sample-team
"""
