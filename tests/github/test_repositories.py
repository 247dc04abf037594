"""Catalog files of repositories, event by event, beside what Backstage's provider misses."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callboard import SettingsError
from callboard.tree import Tree
from callboard_github.converging import said
from callboard_github.repositories import Repositories
from callboard_github.settings import RepositoriesSettings, TopicSettings
from callboard_github.simulator import Organization, Repository, Simulator
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
FILE = "catalog-info.yaml"


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return founded(github, "acme")


def founded(github: Simulator, login: str) -> Organization:
    organization = github.create_organization(login, members=["operator", "ada"])
    organization.create_hook(HOOK, secret="s")
    return organization


def component(name: str, **metadata: str) -> str:
    extra = "".join(f", {key}: {value}" for key, value in metadata.items())
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata: {{name: {name}{extra}}}\n"
        "spec: {type: service, lifecycle: production, owner: team-a}\n"
    )


def location(*targets: str) -> str:
    listed = ", ".join(f'"{target}"' for target in targets)
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n"
        f"spec: {{targets: [{listed}]}}\n"
    )


@asynccontextmanager
async def opened(
    github: Simulator, *names: str, **settings: Any
) -> AsyncGenerator[Repositories]:
    chosen = RepositoriesSettings(**settings)
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, *names), chosen)
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            yield provider


async def converged(provider: Repositories, github: Simulator) -> list[Tree]:
    """Deliver what waits; then the catalog must be as a fresh full read has it."""
    trees = await hear(provider, *github.outbox.take())
    async with open_catalog() as catalog:
        fresh = Repositories(
            catalog, provider.github, provider.scope, provider.settings
        )
        await read(fresh)
        assert await said(provider) == await said(fresh)
    return trees


async def names(provider: Repositories) -> set[str]:
    return {ref.rpartition("/")[2] for ref in await said_by(provider)}


def annotations(document: dict[str, Any]) -> dict[str, str]:
    return document["metadata"]["annotations"]


async def test_entities_carry_the_annotations_that_backstage_gives(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository("shop", files={"sub dir/info.yaml": component("shop")})
    async with opened(github, "acme", paths=("/sub dir/info.yaml",)) as provider:
        found = (await said_by(provider))["component:default/shop"]
    base = "https://github.com/acme/shop"
    assert annotations(found) == {
        "backstage.io/managed-by-location": f"url:{base}/tree/main/sub%20dir/info.yaml",
        "backstage.io/managed-by-origin-location": (
            f"url:{base}/blob/main/sub%20dir/info.yaml"
        ),
        "backstage.io/source-location": f"url:{base}/tree/main/sub%20dir/",
        "backstage.io/view-url": f"{base}/tree/main/sub%20dir/info.yaml",
        "backstage.io/edit-url": f"{base}/edit/main/sub%20dir/info.yaml",
        "github.com/project-slug": "acme/shop",
    }


# Every action of a repository, each from a state in which it matters.

Deed = Callable[[Repository], object]
SHOP = {FILE: component("shop")}
THERE, GONE = {"shop"}, set[str]()
DEEDS: dict[str, tuple[dict[str, Any], dict[str, Any], Deed, set[str]]] = {
    "renamed": ({}, {}, lambda r: r.rename("store"), THERE),
    "archived": ({}, {}, lambda r: r.archive(), GONE),
    "archived, which counts": ({"archived": True}, {}, lambda r: r.archive(), THERE),
    "privatized, out": ({"visibility": ("public",)}, {}, lambda r: r.privatize(), GONE),
    "privatized, in": (
        {"visibility": ("private",)},
        {},
        lambda r: r.privatize(),
        THERE,
    ),
    "topic gained, in": (
        {"topics": TopicSettings(include=("portal",))},
        {},
        lambda r: r.edit(topics=["portal"]),
        THERE,
    ),
    "topic lost, out": (
        {"topics": TopicSettings(include=("portal",))},
        {"topics": ["portal"]},
        lambda r: r.edit(topics=[]),
        GONE,
    ),
    "excluded topic gained": (
        {"topics": TopicSettings(include=("portal",), exclude=("old",))},
        {"topics": ["portal"]},
        lambda r: r.edit(topics=["portal", "old"]),
        GONE,
    ),
    "name matches no more": ({"names": "sh.*"}, {}, lambda r: r.rename("store"), GONE),
    "deleted": ({}, {}, lambda r: r.delete(), GONE),
    "file removed": ({}, {}, lambda r: r.push({FILE: None}), GONE),
    "file changed": ({}, {}, lambda r: r.push({FILE: component("b")}), {"b"}),
    "file added and removed in one push": (
        {"paths": ("/more.yaml",)},
        {},
        lambda r: r.push({"more.yaml": component("m")}, {"more.yaml": None}),
        GONE,
    ),
    "pushed to a branch that does not count": (
        {},
        {},
        lambda r: r.push({FILE: component("b")}, branch="dev"),
        THERE,
    ),
    "pushed to the configured branch": (
        {"branch": "dev"},
        {},
        lambda r: r.push({FILE: component("b")}, branch="dev"),
        {"b"},
    ),
    "more commits than are listed": (
        {},
        {},
        lambda r: r.push({FILE: component("b")}, *[{"a": str(n)} for n in range(30)]),
        {"b"},
    ),
}


@pytest.mark.parametrize("what", DEEDS)
async def test_what_happens_to_a_repository_arrives(
    github: Simulator, acme: Organization, what: str
) -> None:
    settings, founding, deed, expected = DEEDS[what]
    given: dict[str, Any] = {"visibility": "public", **founding}
    shop = acme.create_repository("shop", files=SHOP, **given)
    async with opened(github, "acme", **settings) as provider:
        deed(shop)
        await converged(provider, github)
        assert await names(provider) == expected


async def test_publicized_and_unarchived_repositories_come_back(
    github: Simulator, acme: Organization
) -> None:
    shop = acme.create_repository("shop", files=SHOP, visibility="public")
    async with opened(github, "acme", visibility=("public",)) as provider:
        for go, back in (
            (shop.archive, shop.unarchive),
            (shop.privatize, shop.publicize),
        ):
            go()
            await converged(provider, github)
            assert not await names(provider)
            back()
            await converged(provider, github)
            assert await names(provider) == THERE


async def test_created_repository_is_read_at_once(
    github: Simulator, acme: Organization
) -> None:
    async with opened(github, "ACME") as provider:
        acme.create_repository("shop", files=SHOP)
        await converged(provider, github)
        assert await names(provider) == THERE


async def test_fork_counts_only_where_forks_do(
    github: Simulator, acme: Organization
) -> None:
    async with opened(github, "acme", forks=False) as provider:
        acme.create_repository("shop", files=SHOP, fork=True)
        trees = await converged(provider, github)
        assert not await names(provider)
    labels = [dict(task.labels) for tree in trees for task in tree.record().tasks]
    assert any(one.get("skipped") == "it is a fork" for one in labels)


async def test_renaming_keeps_the_entity_and_moves_its_annotations(
    github: Simulator, acme: Organization
) -> None:
    shop = acme.create_repository("shop", files=SHOP)
    async with opened(github, "acme") as provider:
        shop.rename("store")
        trees = await converged(provider, github)
        found = (await said_by(provider))["component:default/shop"]
    labels = [dict(task.labels) for tree in trees for task in tree.record().tasks]
    assert not any(one.get("removed") or one.get("added") for one in labels)
    assert annotations(found)["github.com/project-slug"] == "acme/store"


async def test_transfer_to_another_of_ours_moves_and_to_a_stranger_removes(
    github: Simulator, acme: Organization
) -> None:
    globex = founded(github, "globex")
    stranger = github.create_organization("stranger", members=["operator"])
    stranger.create_hook(HOOK, secret="s")
    shop = acme.create_repository("shop", files=SHOP)
    async with opened(github, "acme", "globex") as provider:
        shop.transfer(globex)
        await converged(provider, github)
        found = (await said_by(provider))["component:default/shop"]
        assert annotations(found)["github.com/project-slug"] == "globex/shop"
        shop.transfer(stranger)
        await hear(provider, *github.outbox.take())
        # No webhook of ours hears who lost it: the next full read does.
        await read(provider)
        assert not await names(provider)


async def test_default_branch_that_changes_is_read(
    github: Simulator, acme: Organization
) -> None:
    shop = acme.create_repository("shop", files=SHOP)
    shop.push({FILE: component("next")}, branch="next")
    async with opened(github, "acme") as provider:
        shop.edit(default_branch="next")
        await converged(provider, github)
        assert await names(provider) == {"next"}


async def test_forced_push_takes_back_what_it_hides(
    github: Simulator, acme: Organization
) -> None:
    shop = acme.create_repository("shop", files=SHOP)
    base = shop.head
    shop.push({FILE: component("b")})
    async with opened(github, "acme") as provider:
        shop.push({"README.md": "x"}, onto=base)
        await converged(provider, github)
        assert await names(provider) == THERE


async def test_branch_that_is_deleted_takes_its_entities_along(
    github: Simulator, acme: Organization
) -> None:
    shop = acme.create_repository("shop", files=SHOP)
    shop.push({FILE: component("b")}, branch="dev")
    async with opened(github, "acme", branch="dev") as provider:
        assert await names(provider) == {"b"}
        shop.delete_branch("dev")
        await converged(provider, github)
        assert not await names(provider)


async def test_push_that_touches_no_catalog_file_asks_nothing(
    github: Simulator, acme: Organization
) -> None:
    shop = acme.create_repository("shop", files=SHOP)
    async with opened(github, "acme") as provider:
        shop.push({"src/main.py": "x"})
        trees = await converged(provider, github)
    assert not [name for name in spans(trees) if "graphql" in name or "GET" in name]


async def test_glob_finds_files_added_and_removed_later(
    github: Simulator, acme: Organization
) -> None:
    files = {FILE: component("root"), "svc/a/catalog-info.yaml": component("a")}
    shop = acme.create_repository("shop", files=files)
    async with opened(github, "acme", paths=("/**/catalog-info.yaml",)) as provider:
        assert await names(provider) == {"root", "a"}
        shop.push(
            {"svc/b/catalog-info.yaml": component("b")},
            {"svc/a/catalog-info.yaml": None},
        )
        await converged(provider, github)
        assert await names(provider) == {"root", "b"}


async def test_location_targets_are_followed_and_kept_current(
    github: Simulator, acme: Organization
) -> None:
    files = {FILE: location("./more/*.yaml"), "more/a.yaml": component("a")}
    shop = acme.create_repository("shop", files=files)
    async with opened(github, "acme") as provider:
        assert await names(provider) == {"all", "a"}
        shop.push({"more/b.yaml": component("b"), "more/a.yaml": None})
        await converged(provider, github)
        assert await names(provider) == {"all", "b"}


async def test_entity_that_moves_between_files_stays_the_same_entity(
    github: Simulator, acme: Organization
) -> None:
    shop = acme.create_repository("shop", files={"a.yaml": component("shop")})
    async with opened(github, "acme", paths=("/*.yaml",)) as provider:
        shop.push({"a.yaml": None, "b.yaml": component("shop")})
        trees = await converged(provider, github)
        assert await names(provider) == THERE
    labels = [dict(task.labels) for tree in trees for task in tree.record().tasks]
    assert not any(one.get("removed") or one.get("added") for one in labels)


async def test_events_of_another_organization_change_nothing(
    github: Simulator, acme: Organization
) -> None:
    other = founded(github, "initech")
    acme.create_repository("shop", files=SHOP)
    async with opened(github, "acme") as provider:
        other.create_repository("spies", files={FILE: component("spies")})
        await converged(provider, github)
        assert await names(provider) == THERE


async def test_renamed_organization_keeps_its_entities(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository("shop", files=SHOP)
    async with opened(github) as provider:
        acme.rename("zenith")
        await converged(provider, github)
        found = (await said_by(provider))["component:default/shop"]
        assert annotations(found)["github.com/project-slug"] == "zenith/shop"


async def test_app_shows_the_repositories_that_it_is_shown(
    github: Simulator,
) -> None:
    acme = github.create_organization("acme", members=["operator"])
    app = github.create_app("callboard", url=HOOK, secret="s")
    installation = app.install(acme)
    shop = acme.create_repository("shop", files=SHOP)
    acme.create_repository("till", files={FILE: component("till")})
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, app=app))
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            installation.choose([shop])
            await hear(provider, *github.outbox.take())
            assert await names(provider) == THERE
            installation.choose(None)
            await hear(provider, *github.outbox.take())
            assert await names(provider) == {"shop", "till"}
            acme.create_repository("safe", files={FILE: component("safe")})
            github.outbox.take()  # as if it could not be read until now
            installation.accept_permissions()
            await hear(provider, *github.outbox.take())
            assert await names(provider) == {"shop", "till", "safe"}
            installation.suspend()
            await hear(provider, *github.outbox.take())
            assert not await names(provider)


async def test_full_read_that_fails_removes_nothing(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository("shop", files=SHOP)
    async with opened(github, "acme") as provider:
        provider.retry = type(provider.retry)(attempts=1)
        github.faults.fail(1, status=403, matching="graphql")
        await read(provider, fails=True)
        assert await names(provider) == THERE


async def test_full_read_that_would_remove_most_removes_nothing_and_says_so(
    github: Simulator, acme: Organization
) -> None:
    for number in range(20):
        acme.create_repository(f"r{number}", files={FILE: component(f"c{number}")})
    async with opened(github, "acme") as provider:
        provider.retry = type(provider.retry)(attempts=1)
        for repository in acme.repositories[:15]:
            repository.push({FILE: None})
        tree = await read(provider, fails=True)
        assert len(await names(provider)) == 20
        provider.most_removed = 0.8
        await read(provider)
        assert len(await names(provider)) == 5
    failure = next(t for t in tree.record().tasks if t.kind == "provider").failure
    assert failure is not None
    assert "would remove 15 of 20 entities" in failure.message


async def test_wrong_expression_is_said_at_start(github: Simulator) -> None:
    async with open_catalog() as catalog:
        with pytest.raises(SettingsError, match=r"repositories\.names"):
            Repositories(catalog, *reach(github), RepositoriesSettings(names="("))


async def test_late_event_of_an_earlier_owner_takes_nothing_away(
    github: Simulator,
) -> None:
    app = github.create_app("callboard", url=HOOK, secret="s")
    for login in ("acme", "globex"):
        app.install(github.create_organization(login, members=["operator"]))
    before, after = github.organizations.values()
    shop = before.create_repository("shop", files={FILE: component("shop")})
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, app=app))
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            shop.push({FILE: component("shop", title="Shop")})
            late = github.outbox.take()
            shop.transfer(after)
            await hear(provider, *github.outbox.take(), *late)
            assert await names(provider) == {"shop"}
            shop.delete()
            await hear(provider, *github.outbox.take())
            assert await names(provider) == set()
