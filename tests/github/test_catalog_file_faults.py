"""Malformed catalog files: told with file, line and field; the last good version stays.

Every fault is pushed onto a good file. The run must say what is wrong where, so must the
entity's page, and the entity must stay as it was; a good push settles it.
"""

from collections.abc import Generator

import msgspec
import pytest

from callboard.logs import attached
from callboard.tree import Tree
from callboard_catalog.testing import Shelf
from callboard_github.repositories import Repositories
from callboard_github.simulator import Simulator
from callboard_github.testing import hear, open_catalog, reach, read, said_by

pytestmark = pytest.mark.anyio

FILE = "catalog-info.yaml"
GOOD = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  tags: [java]
spec:
  type: service
  lifecycle: production
  owner: team-a
"""


def without(line: str) -> str:
    assert line in GOOD
    return GOOD.replace(f"{line}\n", "")


def instead(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.fixture(autouse=True)
def logs() -> Generator[None]:
    """What tasks log stands on their records, as in a running callboard."""
    with attached():
        yield


# What was pushed; then the line, the field and a word of what was expected.
FAULTS: dict[str, tuple[str | bytes, int, str, str]] = {
    "a bracket that stays open": (
        instead("[java]", "[java"),
        6,
        "entity",
        "YAML, came text that is not valid: did not find expected ',' or ']'",
    ),
    "a tab that indents": (
        instead("  name: shop", "\tname: shop"),
        4,
        "entity",
        "YAML",
    ),
    "a key twice": (
        instead("  name: shop", "  name: shop\n  name: b"),
        5,
        "entity",
        "YAML",
    ),
    "a colon in a plain text": (
        instead("  name: shop", "  title: a: b\n  name: shop"),
        4,
        "entity",
        "YAML",
    ),
    "an alias to nothing": (
        instead("owner: team-a", "owner: *who"),
        9,
        "entity",
        "YAML",
    ),
    "a tag of its own": (
        instead("owner: team-a", "owner: !env X"),
        9,
        "entity",
        "YAML",
    ),
    "bytes that are no UTF-8": (b"kind: \xff\xfe\n", 1, "entity", "UTF-8"),
    "a list instead of an object": ("- a\n- b\n", 1, "entity", "an object"),
    "a text instead of an object": ("just words\n", 1, "entity", "an object"),
    "no apiVersion": (
        without("apiVersion: backstage.io/v1alpha1"),
        1,
        "apiVersion",
        "",
    ),
    "no kind": (without("kind: Component"), 1, "kind", ""),
    "a kind in lower case": (instead("Component", "component"), 2, "kind", "Component"),
    "no name": (without("  name: shop"), 3, "metadata.name", ""),
    "a name with a space": (
        instead("name: shop", "name: my shop"),
        4,
        "metadata.name",
        "",
    ),
    "a name too long": (
        instead("name: shop", f"name: {'s' * 64}"),
        4,
        "metadata.name",
        "63",
    ),
    "a namespace in upper case": (
        instead("  name: shop", "  name: shop\n  namespace: A_B"),
        5,
        "metadata.namespace",
        "",
    ),
    "tags that are one text": (instead("[java]", "java"), 5, "metadata.tags", "a list"),
    "a tag in upper case": (instead("[java]", "[Java]"), 5, "metadata.tags[0]", ""),
    "a label that is a number": (
        instead("  name: shop", "  name: shop\n  labels:\n    tier: 1"),
        6,
        "metadata.labels.tier",
        "a text",
    ),
    "an annotation that is a list": (
        instead("  name: shop", "  name: shop\n  annotations:\n    a: [b]"),
        6,
        "metadata.annotations.a",
        "a text",
    ),
    "a link without an address": (
        instead("  name: shop", "  name: shop\n  links:\n    - title: Docs"),
        6,
        "metadata.links[0].url",
        "",
    ),
    "no spec": (GOOD[: GOOD.index("spec:")], 1, "spec", "type"),
    "a spec that is a list": (
        GOOD[: GOOD.index("spec:")] + "spec: []\n",
        6,
        "spec",
        "",
    ),
    "no owner": (without("  owner: team-a"), 6, "spec.owner", ""),
    "an empty lifecycle": (instead("production", '""'), 8, "spec.lifecycle", "a text"),
    "a type that is a number": (instead("service", "7"), 7, "spec.type", "a text"),
    "a reference that is none": (instead("team-a", "'group:'"), 9, "spec.owner", ""),
    "a list of references that is a text": (
        GOOD + "  dependsOn: resource:db\n",
        10,
        "spec.dependsOn",
        "a list",
    ),
    "a field that is none": (GOOD + "owner: me\n", 10, "owner", "apiVersion"),
}


def warnings(trees: list[Tree]) -> list[str]:
    return [
        line.message
        for tree in trees
        for task in tree.record().tasks
        for line in task.logs
    ]


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_is_told_with_its_line_and_the_last_good_version_stays(
    fault: str,
) -> None:
    pushed, line, field, expected = FAULTS[fault]
    github = Simulator(seed=1)
    acme = github.create_organization("acme", members=["operator"])
    acme.create_hook("http://callboard/webhooks/github", secret="s")
    shop = acme.create_repository("shop", files={FILE: GOOD})
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, "acme"))
        shelf = Shelf(catalog.database)
        page = "/entities/by-name/component/default/shop"
        async with provider.opened():
            await read(provider)
            good = await said_by(provider)
            github.outbox.take()
            shop.push({FILE: pushed})
            trees = await hear(provider, *github.outbox.take())
            assert await said_by(provider) == good
            told = await shelf.get(page)
            shop.push({FILE: GOOD})
            await hear(provider, *github.outbox.take())
            settled = await shelf.get(page)
    lines = [
        text for text in warnings(trees) if text.startswith(f"acme/shop: {FILE}: ")
    ]
    where = f"line {line}: {field}: expected "
    assert any(where in text and expected in text for text in lines), lines
    shown = msgspec.json.encode(told["status"]).decode()
    assert where in shown
    assert not settled.get("status", {}).get("items")


async def test_other_documents_of_a_file_go_on() -> None:
    github = Simulator(seed=1)
    acme = github.create_organization("acme", members=["operator"])
    bad = "kind: [\n"
    text = f"{GOOD}---\n{bad}---\n{GOOD.replace('name: shop', 'name: till')}"
    acme.create_repository("shop", files={FILE: text})
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, "acme"))
        async with provider.opened():
            tree = await read(provider)
            refs = set(await said_by(provider))
    assert refs == {"component:default/shop", "component:default/till"}
    assert any("document 2: line 12" in text for text in warnings([tree]))


async def test_file_that_is_too_large_or_no_text_is_told() -> None:
    github = Simulator(seed=1)
    acme = github.create_organization("acme", members=["operator"])
    acme.create_repository("large", files={FILE: "# " + "x" * (5 * 1024 * 1024 + 1)})
    acme.create_repository("binary", files={FILE: b"\x00\x01\x02" * 100})
    async with open_catalog() as catalog:
        provider = Repositories(catalog, *reach(github, "acme"))
        async with provider.opened():
            tree = await read(provider)
    told = "\n".join(warnings([tree]))
    assert (
        f"acme/large: {FILE}: document 1: entity: expected at most 5242880 bytes"
        in told
    )
    assert f"acme/binary: {FILE}: document 1: entity: expected a text" in told
