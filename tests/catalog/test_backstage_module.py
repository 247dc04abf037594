"""The Backstage module of ``examples/backstage`` follows a running callboard.

It is compiled with the types of Backstage's own packages and run by Node.js; its tests, in
``examples/backstage/test``, say what it must do. What they need of callboard is staged here.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest
import trio
from sqlalchemy import delete
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from callboard import Database, serving
from callboard_catalog import Delta, Entity, Metadata
from callboard_catalog.api.application import make_application
from callboard_catalog.tables import history
from callboard_catalog.testing import Shelf, component

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "examples" / "backstage"
TOKEN = "a token for followers"


class Given(msgspec.Struct):
    """What a test has callboard learn."""

    added: list[str] = []
    removed: list[str] = []
    locations: list[str] = []


class Stage:
    """A callboard of which a test can ask for changes and failures."""

    def __init__(self, database: Database) -> None:
        self._shelf = Shelf(database)
        self._api = make_application(self._shelf.catalog, tokens=(TOKEN,))
        self._failures = 0
        self.app = Starlette(
            routes=[
                Route("/stage/give", self.give, methods=["POST"]),
                Route("/stage/forget", self.forget, methods=["POST"]),
                Route("/stage/fail", self.fail, methods=["POST"]),
                Mount("/api/catalog", self.answer),
            ]
        )

    async def give(self, request: Request) -> Response:
        """A delta."""
        given = msgspec.json.decode(await request.body(), type=Given)
        spec = {"type": "url", "target": "https://github.example/x"}
        places = [
            Entity(kind="Location", metadata=Metadata(name=name), spec=spec)
            for name in given.locations
        ]
        added = [component(name) for name in given.added]
        removed = [f"component:default/{name}" for name in given.removed]
        await self._shelf.give(Delta([*added, *places], removed))
        return Response()

    async def forget(self, _request: Request) -> Response:
        """The history is over its retention."""
        with self._shelf.catalog.database.engine.begin() as connection:
            connection.execute(delete(history))
        return Response()

    async def fail(self, request: Request) -> Response:
        """The next requests are not answered."""
        self._failures = msgspec.json.decode(await request.body())["times"]
        return Response()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The catalog's API, unless it is to fail."""
        if self._failures:
            self._failures -= 1
            await Response(status_code=503)(scope, receive, send)
        else:
            await self._api(scope, receive, send)


def missing() -> str | None:
    """What this machine lacks."""
    if shutil.which("node") is None:
        return "no Node.js on this machine"
    if not (ROOT / "node_modules" / "@backstage" / "plugin-catalog-node").exists():
        return "npm packages are not installed (npm install)"
    return None


@pytest.fixture(scope="module")
def tests() -> Iterator[Path]:
    """The module's tests, compiled."""
    if lack := missing():
        assert os.environ.get("CI") != "true", lack
        pytest.skip(lack)
    # Below node_modules, so that Node.js finds Backstage's packages from there.
    built = ROOT / "node_modules" / ".cache" / f"callboard-module-{os.getpid()}"
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    command = ["node", compiler, "--project", MODULE, "--outDir", built]
    try:
        compiled = subprocess.run(
            command, check=False, timeout=120, capture_output=True, text=True
        )
        assert compiled.returncode == 0, compiled.stdout
        yield built / "test" / "provider.test.js"
    finally:
        shutil.rmtree(built, ignore_errors=True)


@pytest.mark.anyio
async def test_backstage_module_follows_a_running_callboard(
    database: Database, tests: Path
) -> None:
    stage = Stage(database)
    listener = serving.listen("127.0.0.1", 0)
    environment = {"CALLBOARD": serving.address(listener), "TOKEN": TOKEN}
    closing = trio.Event()
    with anyio.fail_after(120):
        async with trio.open_nursery() as nursery:
            await nursery.start(serving.serve_app, stage.app, listener, closing)
            ended = await anyio.run_process(
                ["node", "--test", tests],
                env={**os.environ, **environment},
                check=False,
            )
            closing.set()
    assert ended.returncode == 0, ended.stdout.decode()
