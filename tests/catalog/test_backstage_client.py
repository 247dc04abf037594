"""Backstage's own client is the judge of the API.

The npm package ``@backstage/catalog-client`` reads from a catalog that is served here;
what it is asked for, and what it must answer, stands in ``client/reads.test.js``.
"""

import os
import shutil
from pathlib import Path

import anyio
import pytest
import trio

from callboard import serving
from callboard_catalog import Entity, Full, Metadata
from callboard_catalog.testing import Shelf, component, group

ROOT = Path(__file__).parents[2]
TESTS = Path(__file__).with_name("client") / "reads.test.js"


def missing() -> str | None:
    """What this machine lacks."""
    if shutil.which("node") is None:
        return "no Node.js on this machine"
    if not (ROOT / "node_modules" / "@backstage" / "catalog-client").exists():
        return "npm packages are not installed (npm install)"
    return None


async def fill(shelf: Shelf) -> None:
    titles = ("first", "second", "third", "fourth", "fifth")
    user = Entity(
        kind="User", metadata=Metadata(name="ada"), spec={"memberOf": ["team-a"]}
    )
    components = [
        component(
            f"c{number}",
            metadata={"title": f"The {title}"},
            owner="team-a" if number < 4 else "team-b",
        )
        for number, title in enumerate(titles, 1)
    ]
    await shelf.give(Full([*components, group("team-a"), group("team-b"), user]))


@pytest.mark.anyio
async def test_backstages_own_client_reads_everything(shelf: Shelf) -> None:
    if lack := missing():
        assert os.environ.get("CI") != "true", lack
        pytest.skip(lack)
    await fill(shelf)
    listener = serving.listen("127.0.0.1", 0)
    address = serving.address(listener)
    closing = trio.Event()
    with anyio.fail_after(60):
        async with trio.open_nursery() as nursery:
            await nursery.start(serving.serve_app, shelf.app, listener, closing)
            ended = await anyio.run_process(
                ["node", "--test", str(TESTS)],
                env={**os.environ, "CALLBOARD_CATALOG": address},
                check=False,
            )
            closing.set()
    assert ended.returncode == 0, ended.stdout.decode()
