"""Workflows and deployments: Resources of repositories, told of on their Components."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callboard_catalog import Catalog
from callboard_github.activity import Deployments, Workflows
from callboard_github.activity.source import STATE
from callboard_github.repositories import Repositories
from callboard_github.repositories.following import Following
from callboard_github.settings import DeploymentsSettings, RepositoriesSettings
from callboard_github.simulator import Organization, Repository, Simulator
from callboard_github.testing import hear, open_catalog, reach, read, said_by, spans

pytestmark = pytest.mark.anyio

SHOP = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
    "metadata: {name: shop, namespace: web}\n"
    "spec: {type: service, lifecycle: production, owner: team-a}\n"
)
CI = "resource:default/acme-shop-workflow-ci.yml"
LIVE = "resource:default/acme-shop-environment-production"


@pytest.fixture
def shop(acme: Organization) -> Repository:
    return acme.create_repository("shop", files={"catalog-info.yaml": SHOP})


@asynccontextmanager
async def opened(
    kind: type[Workflows] | type[Deployments], github: Simulator, *settings: Any
) -> AsyncGenerator[Following]:
    """The provider, after a full read, in a catalog that has the Components."""
    async with open_catalog() as catalog:
        reached = reach(github, "acme")
        described = Repositories(catalog, *reached)
        provider = kind(catalog, *reached, *settings)
        async with described.opened(), provider.opened():
            await read(provider)
            await read(described)
            github.outbox.take()
            yield provider


async def state(provider: Following, ref: str) -> str:
    return (await said_by(provider))[ref]["metadata"]["annotations"][STATE]


async def shown(catalog: Catalog, ref: str = "component:web/shop") -> dict[str, Any]:
    entity = await catalog.entity(ref)
    assert entity is not None
    return {
        **entity.metadata.annotations,
        "dependsOn": list((entity.spec or {}).get("dependsOn", ())),  # pyright: ignore[reportArgumentType] - a list
    }


async def test_workflow_is_a_resource_that_the_component_depends_on(
    github: Simulator, shop: Repository
) -> None:
    run = shop.activity.run_workflow("CI", "failure")
    async with opened(Workflows, github) as provider:
        entity = (await said_by(provider))[CI]
        component = await shown(provider.catalog)
    assert entity["spec"] == {"type": "github-workflow", "owner": "unknown"}
    annotations = entity["metadata"]["annotations"]
    assert annotations[STATE] == "failure"
    assert annotations["callboard/workflow-file"] == run.workflow.path
    assert annotations["callboard/workflow-run"].endswith(f"/actions/runs/{run.id}")
    assert annotations["callboard/workflow-state"] == "active"
    assert component["callboard/workflows"] == "CI: failure"
    assert component["dependsOn"] == [CI]


async def test_run_is_told_of_from_its_request_to_its_end(
    github: Simulator, shop: Repository
) -> None:
    async with opened(Workflows, github) as provider:
        run = shop.activity.run_workflow("CI", None)
        seen: list[str] = []
        for step in (
            lambda: None,
            lambda: shop.activity.start_run(run),
            lambda: shop.activity.finish_run(run, "cancelled"),
        ):
            step()
            await hear(provider, *github.outbox.take())
            seen.append(await state(provider, CI))
            component = await shown(provider.catalog)
            assert component["callboard/workflows"] == f"CI: {seen[-1]}"
    assert seen == ["queued", "in_progress", "cancelled"]


async def test_older_events_take_no_newer_state_away(
    github: Simulator, shop: Repository
) -> None:
    async with opened(Workflows, github) as provider:
        shop.activity.run_workflow("CI", "failure")
        older = github.outbox.take()
        shop.activity.run_workflow("CI", "success")
        await hear(provider, *github.outbox.take(), *reversed(older), *older)
        assert await state(provider, CI) == "success"


async def test_run_on_another_branch_asks_github_nothing(
    github: Simulator, shop: Repository
) -> None:
    shop.push({"a": "b"}, branch="dev")
    async with opened(Workflows, github) as provider:
        shop.activity.run_workflow("CI", "failure", branch="dev")
        trees = await hear(provider, *github.outbox.take())
        calls = [name for name in spans(trees) if name.startswith(("GET", "graphql"))]
        assert calls == []
    async with opened(
        Workflows, github, RepositoriesSettings(branch="dev")
    ) as provider:
        assert await state(provider, CI) == "failure"


async def test_workflow_that_ran_long_ago_is_found_behind_many_runs_of_others(
    github: Simulator, shop: Repository
) -> None:
    shop.activity.run_workflow("CI", "failure")
    for _ in range(101):
        shop.activity.run_workflow("Often")
    async with opened(Workflows, github) as provider:
        assert await state(provider, CI) == "failure"


async def test_deleted_workflow_goes_and_one_switched_off_says_so(
    github: Simulator, shop: Repository
) -> None:
    for name in ("CI", "Old"):
        shop.activity.run_workflow(name)
    async with opened(Workflows, github) as provider:
        shop.activity.set_workflow_state("Old", "deleted")
        shop.activity.set_workflow_state("CI", "disabled_manually")
        await read(provider)
        found = await said_by(provider)
        component = await shown(provider.catalog)
    assert {*found} == {CI}
    annotations = found[CI]["metadata"]["annotations"]
    assert annotations["callboard/workflow-state"] == "disabled_manually"
    assert component["callboard/workflows"] == "CI: success"


@pytest.mark.parametrize("kind", [Workflows, Deployments])
async def test_what_a_repository_had_goes_with_it(
    github: Simulator, shop: Repository, kind: type[Workflows] | type[Deployments]
) -> None:
    shop.activity.run_workflow("CI")
    shop.activity.deploy("production")
    async with opened(kind, github) as provider:
        assert await said_by(provider)
        shop.archive()
        await hear(provider, *github.outbox.take())
        assert await said_by(provider) == {}
        component = await shown(provider.catalog)
        assert component["dependsOn"] == []
        shop.unarchive()
        shop.rename("store")
        await hear(provider, *github.outbox.take())
        assert [ref.partition("acme-")[2][:5] for ref in await said_by(provider)] == [
            "store"
        ]


async def test_environment_tells_its_last_deployment(
    github: Simulator, shop: Repository
) -> None:
    async with opened(Deployments, github) as provider:
        first = shop.activity.deploy("production", None)
        await hear(provider, *github.outbox.take())
        assert await state(provider, LIVE) == "pending"
        shop.activity.report_deployment(
            first, "success", environment_url="https://shop.example"
        )
        shop.activity.deploy("staging", "failure")
        await hear(provider, *github.outbox.take())
        entity = (await said_by(provider))[LIVE]
        component = await shown(provider.catalog)
    metadata = entity["metadata"]
    assert metadata["annotations"][STATE] == "active"
    assert metadata["annotations"]["callboard/deployed-commit"] == first.commit.sha
    assert metadata["links"] == [{"url": "https://shop.example", "title": "production"}]
    assert entity["spec"] == {"type": "github-environment", "owner": "unknown"}
    told = component["callboard/environments"]
    assert told == "production: active, staging: failure"
    assert LIVE in component["dependsOn"]


async def test_removed_environment_goes_with_the_next_full_read(
    github: Simulator, shop: Repository
) -> None:
    shop.activity.deploy("production")
    async with opened(Deployments, github) as provider:
        shop.activity.remove_environment("production")
        await read(provider)
        assert await said_by(provider) == {}


async def test_patterns_choose_the_environments(
    github: Simulator, shop: Repository
) -> None:
    for name in ("production", *(f"preview-{n}" for n in range(120))):
        shop.activity.deploy(name)
    chosen = DeploymentsSettings(environments=("prod*", "preview-11?"))
    async with opened(Deployments, github, RepositoriesSettings(), chosen) as provider:
        assert len(await said_by(provider)) == 11


async def test_owner_is_the_configured_one(github: Simulator, shop: Repository) -> None:
    shop.activity.deploy("production")
    chosen = DeploymentsSettings(owner="group:default/platform")
    async with opened(Deployments, github, RepositoriesSettings(), chosen) as provider:
        assert (await said_by(provider))[LIVE]["spec"]["owner"] == chosen.owner
