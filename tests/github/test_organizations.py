"""Users and groups, event by event, beside what Backstage's providers get wrong."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from callboard_catalog import Entity
from callboard_github.organizations import Organizations, Person, Team
from callboard_github.settings import OrganizationsSettings
from callboard_github.simulator import HookDelivery, Organization, Simulator
from callboard_github.testing import (
    hear,
    open_catalog,
    reach,
    read,
    said_by,
    spans,
)

pytestmark = pytest.mark.anyio

HOOK = "http://callboard/webhooks/github"


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=3)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return founded(github, "acme")


def founded(github: Simulator, login: str) -> Organization:
    for name in ("ada", "bela", "chidi"):
        if name not in github.users:
            github.create_user(
                name, name=name.title(), email=f"{name}@example.com", bio="Builds"
            )
    members = ["operator", "ada", "bela", "chidi"]
    organization = github.create_organization(login, members=members)
    organization.create_hook(HOOK, secret="s")
    return organization


@asynccontextmanager
async def opened(
    github: Simulator,
    *names: str,
    settings: OrganizationsSettings | None = None,
    kind: Callable[..., Organizations] = Organizations,
    **how: Any,
) -> AsyncGenerator[Organizations]:
    async with open_catalog() as catalog:
        provider = kind(catalog, *reach(github, *names, **how), settings)
        async with provider.opened():
            yield provider


async def fresh(provider: Organizations) -> dict[str, dict[str, Any]]:
    """What a full read into an empty catalog gives now."""
    async with open_catalog() as catalog:
        other = type(provider)(
            catalog, provider.github, provider.scope, provider.settings
        )
        await read(other)
        return await said_by(other)


async def converged(provider: Organizations, github: Simulator) -> None:
    """Deliver what waits; then the catalog must be as a fresh full read has it."""
    await hear(provider, *github.outbox.take())
    assert await said_by(provider) == await fresh(provider)


def spec(said: dict[str, dict[str, Any]], ref: str) -> dict[str, Any]:
    return said[ref]["spec"]


async def test_full_read_gives_the_forms_that_backstage_has(
    github: Simulator, acme: Organization
) -> None:
    top = acme.create_team("Platform", description="Below all", members=["ada"])
    acme.create_team("Runtime", parent=top, members=["bela", "chidi"])
    async with opened(github, "acme") as provider:
        await read(provider)
        said = await said_by(provider)
    assert said["user:default/ada"] == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {
            "name": "ada",
            "namespace": "default",
            "description": "Builds",
            "annotations": {
                "backstage.io/managed-by-location": "url:https://github.com/ada",
                "backstage.io/managed-by-origin-location": "url:https://github.com/ada",
                "callboard/organizations": "acme",
                "github.com/user-id": github.user("ada").node_id,
                "github.com/user-login": "ada",
            },
        },
        "spec": {
            "memberOf": ["platform"],
            "profile": {
                "displayName": "Ada",
                "email": "ada@example.com",
                "picture": github.user("ada").avatar_url,
            },
        },
    }
    where = "url:https://github.com/orgs/acme/teams/platform"
    assert said["group:default/platform"] == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {
            "name": "platform",
            "namespace": "default",
            "description": "Below all",
            "annotations": {
                "backstage.io/edit-url": f"{where[4:]}/edit",
                "backstage.io/managed-by-location": where,
                "backstage.io/managed-by-origin-location": where,
                "github.com/team-id": str(top.id),
                "github.com/team-slug": "acme/platform",
            },
        },
        "spec": {
            "type": "team",
            "profile": {"displayName": "Platform", "picture": top.avatar_url},
            "children": ["runtime"],
            "members": ["ada"],
        },
    }
    assert spec(said, "group:default/runtime")["parent"] == "platform"


async def test_several_organizations_have_namespaces_and_share_their_people(
    github: Simulator, acme: Organization
) -> None:
    globex = founded(github, "Globex")
    acme.create_team("Core", members=["ada"])
    globex.create_team("Core", members=["ada", "bela"])
    async with opened(github) as provider:
        await read(provider)
        said = await said_by(provider)
    assert spec(said, "user:default/ada")["memberOf"] == ["acme/core", "globex/core"]
    assert spec(said, "group:globex/core")["members"] == ["default/ada", "default/bela"]


async def test_reading_pages_without_sleeping_and_large_teams_apart(
    github: Simulator, acme: Organization
) -> None:
    people = [f"person-{number}" for number in range(130)]
    acme.create_team("Everybody", members=people)
    for number in range(60):
        acme.create_team(f"Team {number}")
    async with opened(github, "acme") as provider:
        tree = await read(provider)
        said = await said_by(provider)
    assert len(spec(said, "group:default/everybody")["members"]) == 130
    assert sum(ref.startswith("group:") for ref in said) == 61
    assert "members of everybody" in spans(tree)
    assert not [name for name in spans(tree) if name.startswith("waiting")]


async def test_events_of_another_organization_change_nothing(
    github: Simulator, acme: Organization
) -> None:
    other = founded(github, "initech")
    async with opened(github, "ACME") as provider:
        await read(provider)
        before = await said_by(provider)
        github.outbox.take()
        other.create_team("Spies", members=["ada"])
        other.add_member("mallory")
        await hear(provider, *github.outbox.take())
        assert await said_by(provider) == before
        acme.create_team("Ours", members=["ada"])
        await converged(provider, github)
        assert "group:default/ours" in await said_by(provider)


async def test_description_only_edit_arrives(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform", description="Old", members=["ada"])
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        team.edit(description="New")
        await converged(provider, github)
        said = await said_by(provider)
    assert said["group:default/platform"]["metadata"]["description"] == "New"


async def test_rename_moves_group_members_parent_and_children(
    github: Simulator, acme: Organization
) -> None:
    top = acme.create_team("Engineering")
    team = acme.create_team("Old Team & Co", parent=top, members=["ada"])
    acme.create_team("Below", parent=team, members=["bela"])
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        team.rename("Néw Team")
        await converged(provider, github)
        said = await said_by(provider)
    assert "group:default/old-team-co" not in said
    assert spec(said, "user:default/ada")["memberOf"] == ["new-team"]
    assert spec(said, "group:default/engineering")["children"] == ["new-team"]
    assert spec(said, "group:default/below")["parent"] == "new-team"


async def test_membership_event_keeps_name_and_mail_of_known_people(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform")
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        team.add_member("ada")
        trees = await hear(provider, *github.outbox.take())
        said = await said_by(provider)
    profile = spec(said, "user:default/ada")["profile"]
    assert (profile["displayName"], profile["email"]) == ("Ada", "ada@example.com")
    # One call: what is known of people is not asked again.
    assert [n for n in spans(trees) if n.startswith("graphql")] == ["graphql Teams"]


async def test_stranger_in_a_team_is_read_whole(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform")
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        github.create_user("dana", name="Dana D", email="dana@example.com")
        team.add_member("dana")
        joined = [d for d in github.outbox.take() if d.event == "membership"]
        await hear(provider, *joined)
        said = await said_by(provider)
        assert said == await fresh(provider)
    assert spec(said, "user:default/dana")["profile"]["displayName"] == "Dana D"


async def test_membership_of_a_parent_keeps_its_children(
    github: Simulator, acme: Organization
) -> None:
    top = acme.create_team("Engineering")
    acme.create_team("Platform", parent=top)
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        top.add_member("ada")
        await converged(provider, github)
        said = await said_by(provider)
    assert spec(said, "group:default/engineering")["children"] == ["platform"]


async def test_deleted_team_leaves_no_stale_membership(
    github: Simulator, acme: Organization
) -> None:
    top = acme.create_team("Engineering", members=["ada"])
    acme.create_team("Platform", parent=top, members=["ada", "bela"])
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        top.delete()
        first, *rest = github.outbox.take()
        await hear(provider, first)
        assert spec(await said_by(provider), "user:default/bela")["memberOf"] == []
        await hear(provider, *rest)
        assert await said_by(provider) == await fresh(provider)


async def test_membership_removed_with_its_team_is_understood_by_id(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Platform", members=["ada"])
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        team.delete()
        removed = [d for d in github.outbox.take() if d.event == "membership"]
        assert b'"slug"' not in msgspec.json.encode(
            msgspec.json.decode(removed[0].body)["team"]
        )
        await hear(provider, *removed)
        assert await said_by(provider) == await fresh(provider)


async def test_move_changes_both_parents(github: Simulator, acme: Organization) -> None:
    one, two = acme.create_team("One"), acme.create_team("Two")
    team = acme.create_team("Wanderer", parent=one)
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        team.move(two)
        await converged(provider, github)
        said = await said_by(provider)
        assert spec(said, "group:default/one")["children"] == []
        assert spec(said, "group:default/two")["children"] == ["wanderer"]
        team.move(None)
        await converged(provider, github)
        assert "parent" not in spec(await said_by(provider), "group:default/wanderer")


async def test_who_leaves_one_organization_stays_in_the_other(
    github: Simulator, acme: Organization
) -> None:
    globex = founded(github, "globex")
    acme.create_team("Core", members=["ada"])
    globex.create_team("Core", members=["ada"])
    async with opened(github) as provider:
        await read(provider)
        github.outbox.take()
        globex.remove_member("ada")
        await converged(provider, github)
        said = await said_by(provider)
        assert spec(said, "user:default/ada")["memberOf"] == ["acme/core"]
        acme.remove_member("ada")
        await converged(provider, github)
        assert "user:default/ada" not in await said_by(provider)


async def test_member_who_returns_has_everything_again(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Core", members=["ada"])
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        acme.remove_member("ada")
        acme.add_member("ada")
        team.add_member("ada")
        await hear(provider, *reversed(github.outbox.take()))
        assert await said_by(provider) == await fresh(provider)


async def test_renamed_organization_moves_to_its_new_namespace(
    github: Simulator, acme: Organization
) -> None:
    founded(github, "globex").create_team("Core", members=["ada"])
    acme.create_team("Core", members=["ada", "bela"])
    async with opened(github) as provider:
        await read(provider)
        github.outbox.take()
        acme.rename("Umbrella")
        await converged(provider, github)
        said = await said_by(provider)
    assert "group:acme/core" not in said
    assert spec(said, "user:default/ada")["memberOf"] == [
        "globex/core",
        "umbrella/core",
    ]


async def test_configured_organization_is_followed_to_its_new_name(
    github: Simulator, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    acme.create_team("Core", members=["ada"])
    async with opened(github, "acme") as provider:
        await read(provider)
        github.outbox.take()
        acme.rename("umbrella")
        await converged(provider, github)
        assert "group:default/core" in await said_by(provider)
    assert "acme is now umbrella: change [github] organizations" in caplog.text


async def test_deleted_organization_takes_its_groups_and_people_along(
    github: Simulator, acme: Organization
) -> None:
    founded(github, "globex").create_team("Core", members=["ada"])
    acme.create_team("Core", members=["ada"])
    acme.add_member("only-here")
    async with opened(github) as provider:
        await read(provider)
        github.outbox.take()
        acme.delete()
        await converged(provider, github)
        said = await said_by(provider)
    assert "user:default/only-here" not in said
    assert spec(said, "user:default/ada")["memberOf"] == ["globex/core"]


async def test_deletion_that_did_not_happen_deletes_nothing(
    github: Simulator, acme: Organization
) -> None:
    acme.create_team("Core", members=["ada"])
    async with opened(github, "acme") as provider:
        await read(provider)
        before = await said_by(provider)
        forged = deletion_of(acme)
        await hear(provider, forged)
        assert await said_by(provider) == before


def deletion_of(acme: Organization) -> HookDelivery:
    """The webhook of a deletion, taken from another world."""
    other = Simulator(seed=99)
    twin = other.create_organization(acme.login)
    twin.create_hook(HOOK)
    twin.delete()
    return other.outbox.take()[-1]


async def test_app_follows_its_installations(
    github: Simulator, acme: Organization
) -> None:
    globex = founded(github, "globex")
    acme.create_team("Core", members=["ada"])
    globex.create_team("Labs", members=["ada"])
    app = github.create_app("callboard", url=HOOK, secret="s")
    app.install(acme)
    async with opened(github, app=app) as provider:
        await read(provider)
        github.outbox.take()
        assert "group:globex/labs" not in await said_by(provider)
        installation = app.install(globex)
        await converged(provider, github)
        assert "group:globex/labs" in await said_by(provider)
        installation.suspend()
        await converged(provider, github)
        assert "group:globex/labs" not in await said_by(provider)
        installation.unsuspend()
        await converged(provider, github)
        installation.delete()
        await converged(provider, github)
        assert "group:globex/labs" not in await said_by(provider)


async def test_full_read_that_fails_for_one_organization_keeps_what_is_known_of_it(
    github: Simulator, acme: Organization
) -> None:
    globex = founded(github, "globex")
    acme.create_team("Core", members=["ada"])
    globex.create_team("Labs", members=["ada"])
    async with opened(github, "acme", "globex") as provider:
        await read(provider)
        acme.create_team("New", members=["bela"])
        globex.rename("elsewhere")
        tree = await read(provider, fails=True)
        said = await said_by(provider)
    assert tree.root.cause is not None
    assert spec(said, "user:default/ada")["memberOf"] == ["acme/core", "globex/labs"]
    assert "group:acme/new" in said
    failure = next(t for t in tree.record().tasks if t.kind == "provider").failure
    assert failure is not None
    assert "1 of 2 organizations could not be read: globex" in failure.message


async def test_full_read_that_would_remove_most_removes_nothing_and_says_so(
    github: Simulator, acme: Organization
) -> None:
    for number in range(20):
        acme.add_member(f"person-{number}")
    async with opened(github, "acme") as provider:
        await read(provider)
        before = await said_by(provider)
        for number in range(20):
            acme.remove_member(f"person-{number}")
        tree = await read(provider, fails=True)
        assert await said_by(provider) == before
    failure = next(t for t in tree.record().tasks if t.kind == "provider").failure
    assert failure is not None
    assert "would remove 20 of 24 entities" in failure.message


async def test_default_namespace_can_be_chosen_for_all(
    github: Simulator, acme: Organization
) -> None:
    acme.create_team("Core", members=["ada"])
    settings = OrganizationsSettings(namespaces="default")
    async with opened(github, settings=settings) as provider:
        await read(provider)
        said = await said_by(provider)
    assert spec(said, "group:default/core")["members"] == ["ada"]


async def test_suspended_people_can_be_left_out(
    github: Simulator, acme: Organization
) -> None:
    acme.create_team("Core", members=["ada"])
    github.user("bela").suspend()
    settings = OrganizationsSettings(suspended=False)
    async with opened(github, "acme", settings=settings) as provider:
        await read(provider)
        said = await said_by(provider)
    assert "user:default/ada" in said
    assert "user:default/bela" not in said


class Renamed(Organizations):
    """Its own idea of what people and teams look like."""

    def user(self, person: Person) -> Entity | None:
        entity = super().user(person)
        if entity is not None:
            entity.metadata.title = f"@{person.login}"
        return None if person.login == "chidi" else entity

    def group(self, team: Team, organization: str) -> Entity | None:
        return None if team.slug == "hidden" else super().group(team, organization)


async def test_transformed_entities_stay_so_through_events(
    github: Simulator, acme: Organization
) -> None:
    team = acme.create_team("Core", members=["ada"])
    acme.create_team("Hidden", members=["ada"])
    async with opened(github, "acme", kind=Renamed) as provider:
        await read(provider)
        github.outbox.take()
        team.add_member("chidi")
        team.add_member("dana")
        acme.team("hidden").add_member("bela")
        await converged(provider, github)
        said = await said_by(provider)
    assert "user:default/chidi" not in said
    assert "group:default/hidden" not in said
    assert said["user:default/dana"]["metadata"]["title"] == "@dana"
    assert spec(said, "user:default/bela")["memberOf"] == []
