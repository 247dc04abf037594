"""The pure state: names, ids, verbs and what each verb tells whom."""

from typing import Any, TypeAlias

import msgspec
import pytest

from callboard_github.simulator import (
    Forbidden,
    HookDelivery,
    Limits,
    NotFound,
    Organization,
    Simulator,
    Unprocessable,
)
from callboard_github.simulator.git import Snapshot
from callboard_github.simulator.slug import slug_of

Payload: TypeAlias = dict[str, Any]


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=7)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    acme = github.create_organization("acme", members=["ada", "bela"])
    acme.create_hook("http://receiver.invalid/", secret="s")
    github.outbox.take()
    return acme


def told(github: Simulator) -> list[str]:
    """Return what the outbox holds, as ``event.action``, and empty it."""
    return [named(delivery) for delivery in github.outbox.take()]


def named(delivery: HookDelivery) -> str:
    action = delivery.action
    return delivery.event if action is None else f"{delivery.event}.{action}"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Platform", "platform"),
        ("Old Team & Co", "old-team-co"),
        ("  Über die Maßen ", "uber-die-maen"),
        ("snake_case 2.0", "snake_case-2-0"),
        ("--a---b--", "a-b"),
    ],
)
def test_slug_follows_from_the_name_as_on_github(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_git_objects_have_the_ids_that_git_gives() -> None:
    # `git hash-object`, `git write-tree` on the same files.
    snapshot = Snapshot({"a": b"hello\n", "d/e": b"", "d.x": b""})

    assert snapshot.sha == "8f671d61d2e11c9ee52a21053de18c29d22e2f08"
    assert Snapshot({}).sha == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    found = snapshot.find("a")
    assert found is not None
    assert found.sha == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert [entry.path for entry in snapshot.walk()] == ["a", "d", "d/e", "d.x"]


def test_members_join_once_and_leave_their_teams_first(
    github: Simulator, acme: Organization
) -> None:
    acme.add_member("chidi")
    acme.add_member("chidi", role="admin")
    acme.create_team("Platform", members=["chidi"])
    acme.remove_member("chidi")

    assert told(github) == [
        "organization.member_added",
        "team.created",
        "membership.added",
        "membership.removed",
        "organization.member_removed",
    ]


def test_team_member_from_outside_joins_the_organization_too(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform")
    team.add_member("dana")

    assert told(github) == [
        "team.created",
        "organization.member_added",
        "membership.added",
    ]
    assert github.user("dana") in acme.people


def test_team_rename_gives_a_new_slug_and_tells_the_old_name(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Old Team & Co", members=["ada"])
    github.outbox.take()

    team.edit(name="Fresh", description="new")

    (delivery,) = github.outbox.take()
    payload = body_of(delivery)
    assert payload["changes"] == {
        "name": {"from": "Old Team & Co"},
        "description": {"from": ""},
    }
    assert acme.team("fresh") is team
    with pytest.raises(NotFound):
        acme.team("old-team-co")


def test_team_edit_without_change_tells_nobody(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform", description="x")
    github.outbox.take()

    team.edit(name="Platform", description="x", privacy="closed")

    assert told(github) == []


def test_deleting_a_team_deletes_those_below_and_says_so_of_each_member(
    github: Simulator, acme: Organization
) -> None:
    top = acme.create_team("Top", members=["ada"])
    acme.create_team("Child", parent=top, members=["bela"])
    github.outbox.take()

    top.delete()

    deliveries = github.outbox.take()
    assert [named(delivery) for delivery in deliveries] == [
        "team.deleted",
        "membership.removed",
        "team.deleted",
        "membership.removed",
    ]
    gone = body_of(deliveries[3])["team"]
    assert gone == {"id": top.id, "name": "Top", "deleted": True}
    assert acme.teams == {}


def test_team_can_not_go_below_itself_or_nest_in_secret(acme: Organization) -> None:
    top = acme.create_team("Top")
    child = acme.create_team("Child", parent=top)
    secret = acme.create_team("Hidden", privacy="secret")

    for impossible in (
        lambda: top.move(child),
        lambda: top.move(top),
        lambda: secret.move(top),
        lambda: child.edit(privacy="secret"),
        lambda: acme.create_team("child"),
        lambda: acme.create_team("???"),
    ):
        with pytest.raises(Unprocessable):
            impossible()
    assert (top.parent, child.parent, secret.parent) == (None, top, None)
    assert child.privacy == "closed"


def test_repository_verbs_tell_one_event_each(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    repository.rename("site")
    repository.edit(topics=["b", "a"], description="d")
    repository.publicize()
    repository.privatize()
    repository.archive()
    repository.unarchive()
    repository.push(branch="next")
    repository.edit(default_branch="next")
    repository.delete_branch("main")
    repository.delete()

    assert told(github) == [
        "repository.created",
        "create",
        "push",
        "repository.renamed",
        "repository.edited",
        "repository.edited",
        "repository.publicized",
        "public",
        "repository.privatized",
        "repository.archived",
        "repository.unarchived",
        "create",
        "push",
        "repository.edited",
        "delete",
        "push",
        "repository.deleted",
    ]


def test_transfer_is_heard_by_the_new_owner_only(
    github: Simulator, acme: Organization
) -> None:
    other = github.create_organization("other")
    theirs = other.create_hook("http://other.invalid/")
    repository = acme.create_repository("web")
    github.outbox.take()

    repository.transfer(other)

    (delivery,) = github.outbox.take()
    assert delivery.hook is theirs
    payload = body_of(delivery)
    before = payload["changes"]["owner"]["from"]["organization"]["login"]
    assert (named(delivery), before) == ("repository.transferred", "acme")
    assert payload["organization"]["login"] == "other"
    assert github.moved("acme", "web") is repository


def test_app_hears_which_repositories_it_gains_and_loses(
    github: Simulator, acme: Organization
) -> None:
    other = github.create_organization("other")
    app = github.create_app("board", url="http://app.invalid/")
    app.install(acme)
    repository = acme.create_repository("web")
    github.outbox.take()

    repository.transfer(other)

    assert told(github) == ["installation_repositories.removed"]


def test_push_lists_what_each_commit_changed(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1", "b": "1"})
    first = repository.head
    github.outbox.take()

    repository.push({"a": "2", "c/d": "1"}, {"b": None}, by="ada", message="Change")

    (delivery,) = github.outbox.take()
    payload = body_of(delivery)
    assert first is not None
    assert repository.head is not None
    assert (payload["before"], payload["after"]) == (first.sha, repository.head.sha)
    assert [
        (commit["added"], commit["removed"], commit["modified"])
        for commit in payload["commits"]
    ] == [(["c/d"], [], ["a"]), ([], ["b"], [])]
    assert payload["pusher"]["name"] == "ada"
    assert not payload["forced"]
    assert not payload["created"]


def test_push_that_leaves_commits_behind_is_forced(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    first = repository.head
    repository.push({"a": "2"})
    github.outbox.take()

    repository.push({"a": "3"}, onto=first)
    repository.push(onto=first)

    rewritten, moved_back = map(body_of, github.outbox.take())
    assert rewritten["forced"]
    assert moved_back["forced"]
    assert moved_back["commits"] == []
    assert repository.files == {"a": b"1"}


def test_new_branch_brings_no_commits_and_names_its_base(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    github.outbox.take()

    repository.push(branch="next")
    repository.delete_branch("next")

    _, made, _, gone = map(body_of, github.outbox.take())
    assert (made["created"], made["before"]) == (True, "0" * 40)
    assert (made["commits"], made["base_ref"]) == ([], "refs/heads/main")
    assert (gone["deleted"], gone["after"]) == (True, "0" * 40)
    assert gone["head_commit"] is None


def test_push_of_too_many_commits_lists_the_last_ones() -> None:
    github = Simulator(limits=Limits(push_commits=20))
    acme = github.create_organization("acme")
    acme.create_hook("http://receiver.invalid/")
    repository = acme.create_repository("web", files={"n": "start"})
    github.outbox.take()

    repository.push(*({"n": str(number)} for number in range(25)))

    (delivery,) = github.outbox.take()
    payload = body_of(delivery)
    assert len(payload["commits"]) == 20
    assert payload["commits"][-1]["id"] == payload["head_commit"]["id"]


def test_archived_repository_refuses_a_push(acme: Organization) -> None:
    repository = acme.create_repository("web", files={"a": "1"})
    repository.archive()

    with pytest.raises(Forbidden):
        repository.push({"a": "2"})


def test_renaming_an_organization_moves_its_repositories(
    github: Simulator, acme: Organization
) -> None:
    repository = acme.create_repository("web")
    github.outbox.take()

    acme.rename("apex")

    (delivery,) = github.outbox.take()
    payload = body_of(delivery)
    assert payload["changes"] == {"login": {"from": "acme"}}
    assert payload["organization"]["login"] == "apex"
    assert repository.full_name == "apex/web"
    assert github.repository("apex", "web") is repository


def test_deleting_an_organization_leaves_nothing_of_it(
    github: Simulator, acme: Organization
) -> None:
    acme.create_team("Platform")
    acme.create_repository("web")
    app = github.create_app("board", url="http://app.invalid/")
    app.install(acme)
    github.outbox.take()

    acme.delete()

    assert told(github) == [
        "organization.deleted",
        "organization.deleted",
        "installation.deleted",
    ]
    assert not github.organizations
    assert not github.repositories
    assert not github.teams
    assert not github.installations


def test_only_webhooks_that_subscribe_and_are_active_hear(
    github: Simulator, acme: Organization
) -> None:
    pushes = acme.create_hook("http://pushes.invalid/", events=["push"])
    acme.create_hook("http://off.invalid/", active=False)
    repository = acme.create_repository("web")
    own = repository.create_hook("http://own.invalid/", events=["*"])
    github.outbox.take()

    repository.push({"a": "1"})
    acme.create_team("Platform")
    repository.tell("team", "created")

    heard = [(d.hook, d.event) for d in github.outbox.take()]
    everything = acme.hooks[0]
    assert heard == [
        (own, "create"),
        (everything, "create"),
        (own, "push"),
        (everything, "push"),
        (pushes, "push"),
        (everything, "team"),
        (everything, "team"),
    ]


def test_suspended_installation_hears_nothing_but_its_suspension(
    github: Simulator, acme: Organization
) -> None:
    app = github.create_app("board", url="http://app.invalid/", secret="t")
    installation = app.install(acme)
    acme.hooks[0].edit(active=False)
    github.outbox.take()

    installation.suspend()
    acme.create_team("Platform")
    installation.unsuspend()
    acme.create_team("Product")

    deliveries = github.outbox.take()
    assert [named(delivery) for delivery in deliveries] == [
        "installation.suspend",
        "installation.unsuspend",
        "team.created",
    ]
    light = body_of(deliveries[2])["installation"]
    assert light == {"id": installation.id, "node_id": installation.node_id}


def test_installation_on_chosen_repositories_hears_of_those_only(
    github: Simulator, acme: Organization
) -> None:
    web, tool = acme.create_repository("web"), acme.create_repository("tool")
    app = github.create_app("board", url="http://app.invalid/")
    installation = app.install(acme, [web])
    acme.hooks[0].edit(active=False)
    github.outbox.take()

    tool.push({"a": "1"})
    web.edit(topics=["x"])
    installation.choose([tool])

    assert told(github) == [
        "repository.edited",
        "installation_repositories.added",
        "installation_repositories.removed",
    ]


def test_webhooks_of_one_event_share_its_guid_and_redelivery_keeps_it(
    github: Simulator, acme: Organization
) -> None:
    app = github.create_app("board", url="http://app.invalid/")
    app.install(acme)
    github.outbox.take()
    acme.create_team("Platform")
    first, second = github.outbox.take()

    again = first.hook.redeliver(first.id)

    assert first.guid == second.guid
    assert again is not None
    assert again.redelivery
    assert again.id != first.id
    assert (again.guid, again.body) == (first.guid, first.body)
    assert github.outbox.take() == [again]


def test_payload_is_fixed_when_the_event_happens(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform")
    team.rename("Foundation")

    created, edited = github.outbox.take()
    assert body_of(created)["team"]["slug"] == "platform"
    assert body_of(edited)["team"]["slug"] == "foundation"


def test_payload_above_the_cap_is_not_delivered() -> None:
    github = Simulator(limits=Limits(payload_bytes=3_000))
    acme = github.create_organization("acme")
    hook = acme.create_hook("http://receiver.invalid/")

    acme.create_repository("web")

    assert [delivery.event for delivery in hook.deliveries] == ["ping"]


def test_history_names_the_verbs_that_people_used(
    github: Simulator, acme: Organization
) -> None:
    github.history.clear()
    team = acme.create_team("Platform", members=["ada"])
    team.remove_member("ada")

    assert [str(step) for step in github.history] == [
        "acme.create_team('Platform', members=['ada'])",
        "acme/platform.remove_member('ada')",
    ]


def body_of(delivery: HookDelivery) -> Payload:
    return msgspec.json.decode(delivery.body)
