"""CODEOWNERS: what its rules mean, and how entities get their owners from it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import process_time
from typing import Any

import pytest

from callboard import State
from callboard_github.converging import said
from callboard_github.names import Names
from callboard_github.repositories import Repositories
from callboard_github.repositories.code_owners import LARGEST_FILE, read_code_owners
from callboard_github.repositories.ownership import owner_in
from callboard_github.settings import RepositoriesSettings
from callboard_github.simulator import Organization, Repository, Simulator
from callboard_github.testing import hear, open_catalog, reach, read, said_by

pytestmark = pytest.mark.anyio

FILE = "catalog-info.yaml"
OWNERS = ".github/CODEOWNERS"
SHOP = "component:default/shop"


# Pattern, what it means, what it does not mean. The first ones are GitHub's examples.
PATTERNS: dict[str, tuple[list[str], list[str]]] = {
    "*": (["a", "a/b/c.js"], []),
    "*.js": (["a.js", "b/c/a.js"], ["a.ts", "a.js.md"]),
    "/build/logs/": (
        ["build/logs/a", "build/logs/b/c"],
        ["build/logs", "x/build/logs/a"],
    ),
    "docs/*": (["docs/a.md"], ["docs/b/a.md", "x/docs/a.md"]),
    "apps/": (["apps/a", "x/apps/b/c"], ["apps", "x/apps"]),
    "/docs/": (["docs/a", "docs/b/c"], ["x/docs/a"]),
    "/scripts/": (["scripts/x/y"], ["scripts.md"]),
    "**/logs": (["logs/a", "x/y/logs/a", "deeply/nested/logs"], ["logs.txt"]),
    "/apps/github": (
        ["apps/github", "apps/github/a"],
        ["apps/github.md", "x/apps/github"],
    ),
    "docs/**": (["docs/a", "docs/a/b"], ["docs", "x/docs/a"]),
    "a/**/b": (["a/b", "a/x/y/b", "a/x/b/c"], ["b", "x/a/b"]),
    "svc-?/*.yaml": (["svc-a/x.yaml"], ["svc-ab/x.yaml", "svc-/x.yaml"]),
    "with\\ space/": (["with space/a"], ["with/a", "space/a"]),
    "/*": (["a"], ["a/b"]),
    "Docs/": (["Docs/a"], ["docs/a"]),
    ".github/**/*.yml": ([".github/x.yml", ".github/a/b.yml"], ["x.yml"]),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_means_what_it_means_on_github(pattern: str) -> None:
    rules = read_code_owners(OWNERS, f"{pattern} @ada\n")
    meant, others = PATTERNS[pattern]
    assert [path for path in meant if rules.rule_of(path) is None] == []
    assert [path for path in others if rules.rule_of(path) is not None] == []


def test_last_rule_that_matches_counts_also_one_without_owner() -> None:
    rules = read_code_owners(
        OWNERS, b"\xef\xbb\xbf* @acme/all\n/apps/ @ada # Ada\n/apps/free\n# * @nobody\n"
    )
    assert [rules.rule_of(p) for p in ("a", "apps/b", "apps/free/c")] == [
        *rules.rules[:3]
    ]
    assert [rule.owners for rule in rules.rules] == [("@acme/all",), ("@ada",), ()]


@pytest.mark.parametrize(
    "line",
    ["!a @ada", "[ab].js @ada", "\\#a @ada", "/ @ada", "a ada", "a @ada @", "   "],
)
def test_line_that_github_skips_is_skipped(line: str) -> None:
    assert read_code_owners(OWNERS, f"{line}\n* @ada\n").rules[0].pattern == "*"


@pytest.mark.parametrize(
    ("owners", "own_namespaces", "owner"),
    [
        ("@acme/web @ada", False, "group:default/web"),
        ("@acme/Web", True, "group:acme/web"),
        ("ada@acme.example @Ada @acme/web", True, "user:default/ada"),
        ("ada@acme.example", False, "None"),
        ("", False, "None"),
    ],
)
def test_owner_is_the_first_person_or_team(
    owners: str, own_namespaces: bool, owner: str
) -> None:
    (rule,) = read_code_owners(OWNERS, f"* {owners}").rules
    assert str(owner_in(rule, Names(own_namespaces=own_namespaces))) == owner


def test_pattern_made_to_be_slow_is_not() -> None:
    rules = read_code_owners(
        OWNERS, "*a" * 400 + "b @ada\n" + "**/a/" * 400 + "b @ada\n"
    )
    started = process_time()
    assert rules.rule_of("a" * 2_000) is None
    assert rules.rule_of("a/" * 1_000 + "a") is None
    # By a regular expression this takes longer than anybody waits.
    assert process_time() - started < 30


# In the catalog.


def component(owner: str = "", name: str = "shop") -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: service, lifecycle: production{owner}}}\n"
    )


@pytest.fixture
def shop(acme: Organization) -> Repository:
    return acme.create_repository(
        "shop", files={FILE: component(), OWNERS: "* @acme/web\n"}
    )


@asynccontextmanager
async def opened(
    github: Simulator, code_owners: bool = True, **settings: Any
) -> AsyncGenerator[Repositories]:
    chosen = RepositoriesSettings(code_owners=code_owners, **settings)
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, "acme"), chosen)
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            yield provider


async def owner_of(provider: Repositories, ref: str = SHOP) -> tuple[Any, Any]:
    entity = (await said_by(provider))[ref]
    annotations = entity["metadata"]["annotations"]
    return entity["spec"]["owner"], annotations.get("callboard/owner-from")


@pytest.mark.usefixtures("shop")
async def test_entity_without_owner_gets_that_of_its_file_and_tells_where_from(
    github: Simulator,
) -> None:
    async with opened(github) as provider:
        assert await owner_of(provider) == ("group:default/web", f"{OWNERS}: *")


async def test_owner_in_the_file_stays(github: Simulator, shop: Repository) -> None:
    shop.push({FILE: component(", owner: team-a")})
    async with opened(github) as provider:
        assert await owner_of(provider) == ("team-a", None)


@pytest.mark.usefixtures("shop")
async def test_nothing_is_given_unless_configured(github: Simulator) -> None:
    async with opened(github, code_owners=False) as provider:
        assert SHOP not in await said_by(provider)


async def test_push_that_changes_code_owners_alone_changes_the_owner(
    github: Simulator, shop: Repository
) -> None:
    async with opened(github) as provider:
        shop.push({OWNERS: "* @acme/web\n*.yaml @ada\n"})
        await hear(provider, *github.outbox.take())
        assert await owner_of(provider) == ("user:default/ada", f"{OWNERS}: *.yaml")


async def test_first_place_that_is_there_counts(
    github: Simulator, shop: Repository
) -> None:
    async with opened(github) as provider:
        shop.push({"docs/CODEOWNERS": "* @acme/docs\n", "CODEOWNERS": "* @acme/root\n"})
        await hear(provider, *github.outbox.take())
        assert (await owner_of(provider))[0] == "group:default/web"
        shop.push({OWNERS: None})
        await hear(provider, *github.outbox.take())
        assert (await owner_of(provider))[0] == "group:default/root"


async def test_entity_keeps_its_last_owner_when_code_owners_goes_and_its_page_says_why(
    github: Simulator, shop: Repository
) -> None:
    async with opened(github) as provider:
        shop.push({OWNERS: None})
        (tree,) = await hear(provider, *github.outbox.take())
        assert tree.root.state is State.COMPLETED
        assert (await owner_of(provider))[0] == "group:default/web"
        key = f"repositories/{shop.id}/{FILE}"
        assert (await said(provider))[f"{key} {SHOP}"] == "bad"


@pytest.mark.parametrize("paths", [("/catalog-info.yaml",), ("/**/catalog-info.yaml",)])
async def test_files_of_globs_and_locations_get_their_own_owners(
    github: Simulator, shop: Repository, paths: tuple[str, ...]
) -> None:
    location = (
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n"
        "spec: {targets: [./svc/catalog-info.yaml]}\n"
    )
    shop.push(
        {
            FILE: component() + "---\n" + location,
            "svc/catalog-info.yaml": component(name="svc"),
            OWNERS: "* @acme/web\n/svc/ @ada\n",
        }
    )
    async with opened(github, paths=paths) as provider:
        assert (await owner_of(provider))[0] == "group:default/web"
        found = await owner_of(provider, "component:default/svc")
        assert found == ("user:default/ada", f"{OWNERS}: /svc/")


@pytest.mark.parametrize(
    ("content", "owner"),
    [
        ("#" * 600_000 + "\n* @ada\n", "user:default/ada"),  # GraphQL gives no text
        ("#" * LARGEST_FILE + "\n* @ada\n", None),
        (b"\0* @ada\n", None),
        (b"# \xff\n* @ada\n", "user:default/ada"),
    ],
    ids=["long", "larger than GitHub loads", "binary", "not UTF-8"],
)
async def test_code_owners_of_any_size_and_content(
    github: Simulator, shop: Repository, content: str | bytes, owner: str | None
) -> None:
    shop.push({OWNERS: content})
    async with opened(github) as provider:
        if owner is None:
            assert SHOP not in await said_by(provider)
        else:
            assert (await owner_of(provider))[0] == owner
