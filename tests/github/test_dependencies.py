"""Components depend on packages that manifests beside their catalog files name."""

import json
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callboard import SettingsError
from callboard.logs import attached
from callboard_github.converging import said
from callboard_github.repositories import Repositories
from callboard_github.repositories.packages import ref_of
from callboard_github.settings import RepositoriesSettings
from callboard_github.simulator import Organization, Repository, Simulator
from callboard_github.testing import hear, open_catalog, reach, read, said_by

pytestmark = pytest.mark.anyio

FILE = "catalog-info.yaml"
UI, SHOP = str(ref_of("npm", "@acme/ui")), "component:default/shop"


def component(name: str, more: str = "", metadata: str = "") -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata: {{name: {name}{metadata}}}\n"
        f"spec: {{type: service, lifecycle: production, owner: team-a{more}}}\n"
    )


def package(name: str, *needs: str) -> str:
    return json.dumps({"name": name, "dependencies": dict.fromkeys(needs, "*")})


@pytest.fixture(autouse=True)
def logs() -> Generator[None]:
    """What tasks log stands on their records, as in a running callboard."""
    with attached():
        yield


@pytest.fixture
def shop(acme: Organization) -> Repository:
    files = {
        FILE: component("shop"),
        "package.json": package("@acme/shop", "@acme/ui", "b"),
    }
    return acme.create_repository("shop", files=files)


@asynccontextmanager
async def opened(
    github: Simulator, dependencies: bool = True, **settings: Any
) -> AsyncGenerator[Repositories]:
    chosen = RepositoriesSettings(dependencies=dependencies, **settings)
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, "acme"), chosen)
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            yield provider


async def depends_on(provider: Repositories, ref: str = SHOP) -> Any:
    return (await said_by(provider))[ref]["spec"].get("dependsOn")


@pytest.mark.usefixtures("shop")
async def test_component_depends_on_what_its_manifest_needs_of_ours(
    github: Simulator,
) -> None:
    async with opened(github) as provider:
        found = (await said_by(provider))[SHOP]
    assert found["spec"]["dependsOn"] == [UI]
    annotations = found["metadata"]["annotations"]
    assert annotations["callboard/depends-from"] == "package.json"


async def test_package_is_a_resource_of_the_component_that_publishes_it(
    github: Simulator, acme: Organization
) -> None:
    info = component("ui", ", system: web", ", namespace: front")
    acme.create_repository(
        "ui", files={FILE: info, "package.json": package("@acme/ui")}
    )
    async with opened(github) as provider:
        found = (await said_by(provider))[UI]
    assert found["spec"] == {
        "type": "package",
        "owner": "group:front/team-a",
        "system": "system:front/web",
        "dependsOn": ["component:front/ui"],
    }
    assert found["metadata"]["title"] == "@acme/ui"
    assert found["metadata"]["annotations"]["callboard/package"] == "npm/@acme/ui"
    assert found["metadata"]["annotations"]["backstage.io/view-url"].endswith(
        "package.json"
    )


@pytest.mark.usefixtures("shop")
async def test_nothing_is_read_unless_configured(github: Simulator) -> None:
    async with opened(github, dependencies=False) as provider:
        assert await depends_on(provider) is None
        assert {*await said_by(provider)} == {SHOP}


async def test_push_of_a_manifest_alone_changes_what_the_component_depends_on(
    github: Simulator, shop: Repository
) -> None:
    async with opened(github) as provider:
        shop.push({"package.json": package("@acme/shop", "@acme/a")})
        await hear(provider, *github.outbox.take())
        assert await depends_on(provider) == [str(ref_of("npm", "@acme/a"))]
        shop.push({"package.json": None})
        await hear(provider, *github.outbox.take())
        assert await depends_on(provider) is None
        assert {*await said_by(provider)} == {SHOP}
        shop.push({"go.mod": "module x\nrequire github.com/acme/a v1\n"})
        await hear(provider, *github.outbox.take())
        assert await depends_on(provider) == [
            str(ref_of("golang", "github.com/acme/a"))
        ]


async def test_what_the_file_says_itself_stays_and_is_not_said_twice(
    github: Simulator, shop: Repository
) -> None:
    own = f"component:db, Resource:default/{UI.rpartition('/')[2].upper()}"
    shop.push(
        {
            FILE: component(
                "shop",
                f', dependsOn: ["{own.replace(", ", chr(34) + ", " + chr(34))}"]',
            ),
            "package.json": package("@acme/shop", "@acme/ui", "@acme/shop", "@acme/a"),
        }
    )
    async with opened(github) as provider:
        found = await depends_on(provider)
    assert sorted(found) == sorted([*own.split(", "), str(ref_of("npm", "@acme/a"))])


async def test_bad_manifest_leaves_its_components_as_they_were_and_says_where(
    github: Simulator, shop: Repository
) -> None:
    async with opened(github) as provider:
        before = await said_by(provider)
        shop.push({"package.json": "{\n"})
        (tree,) = await hear(provider, *github.outbox.take())
        assert await said_by(provider) == before
        bad = {key for key, value in (await said(provider)).items() if value == "bad"}
        prefix = f"repositories/{shop.id}"
        assert bad == {f"{prefix}/{FILE} {SHOP}", f"{prefix}/package.json "}
        lines = [line.message for task in tree.record().tasks for line in task.logs]
        assert any("package.json:2: expected JSON" in line for line in lines)
        shop.push({"package.json": package("@acme/shop")})
        await hear(provider, *github.outbox.take())
        assert await depends_on(provider) is None
        assert "bad" not in (await said(provider)).values()


async def test_every_component_has_the_manifests_of_its_own_directory(
    github: Simulator, acme: Organization
) -> None:
    acme.create_repository(
        "mono",
        files={
            FILE: component("root") + "---\n" + component("other"),
            "package.json": package("root", "@acme/a"),
            "go.mod": "module m\nrequire github.com/acme/b v1\n",
            f"svc/{FILE}": component("svc"),
            "svc/package.json": package("svc", "@acme/c"),
        },
    )
    a, c = (str(ref_of("npm", f"@acme/{name}")) for name in "ac")
    b = str(ref_of("golang", "github.com/acme/b"))
    async with opened(
        github, paths=(f"/{FILE}", f"/svc/*/{FILE}", f"/svc/{FILE}")
    ) as quick:
        assert await depends_on(quick, "component:default/svc") == [c]
    async with opened(github, paths=(f"/**/{FILE}",)) as provider:
        for name in ("root", "other"):
            assert await depends_on(provider, f"component:default/{name}") == sorted(
                [a, b]
            )
        assert await depends_on(provider, "component:default/svc") == [c]


async def test_patterns_choose_the_packages(
    github: Simulator, shop: Repository
) -> None:
    shop.push({"requirements.txt": "Acme_Core\nother\n", "package.json": None})
    async with opened(github, packages=("{organization}-*",)) as provider:
        assert await depends_on(provider) == ["resource:default/pypi-acme-core"]


async def test_pattern_with_another_placeholder_is_refused(github: Simulator) -> None:
    with pytest.raises(SettingsError, match=r"got '@\{org\}/\*'"):
        async with opened(github, packages=("@{org}/*",)):
            pass
