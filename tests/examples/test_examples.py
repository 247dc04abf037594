"""Every example is run, as a reader would run it."""

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import httpx
import pytest

from callboard import Callboard, Database, Settings
from callboard.registry import assemble, providers_from
from callboard.testing import settled
from callboard_catalog import catalog_of
from callboard_github import signature
from callboard_github.samples import samples

EXAMPLES = Path(__file__).parents[2] / "examples"
PRINTED = {
    "transformer.py": """\
group:default/platform https://chat.example/channels/platform
user:default/ada
user:default/grace
""",
    "several_organizations.py": """\
group:acme/platform default/grace
group:globex/platform default/ada default/linus
user:default/ada globex/platform
user:default/grace acme/platform
user:default/linus globex/platform
""",
    "enterprise_server.py": "group:default/platform\nuser:default/ada\n",
    "plain_tasks.py": """\
plain:thing: errored ProvidersFailed: 1 of 1 providers failed: `checks`
  checks: errored ExceptionGroup: Exceptions from Trio nursery
    licences: completed
      read a: completed
      read b: completed
    history: completed
      Checks._history: completed
    signatures: errored ValueError: the third one is not signed
""",
}
"""What an example prints, for those that only do that."""
OTHERWISE = {
    "any_trio_program.py",  # tests/inspector/test_any_program.py
    "custom_provider.py",
    "mounted_in_fastapi.py",
    "test_provider.py",
}
"""Those with a test of their own."""


def run(*command: str) -> str:
    ended = subprocess.run(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def load(name: str) -> ModuleType:
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_board(tmp_path: Path) -> Callboard:
    environment = {"CALLBOARD_GITHUB_WEBHOOK_SECRET": "s"}
    database = Database.open(f"sqlite:///{tmp_path / 'callboard.db'}")
    return assemble(Settings(environment=environment), database)


def release(action: str) -> dict[str, Any]:
    """What the simulated GitHub has no releases for, about a repository of its."""
    sample: dict[str, Any] = json.loads(samples()["public"].body)
    about = {"id": 7, "tag_name": "v1.2", "html_url": "https://github.com/r"}
    return {**sample, "action": action, "release": about}


async def send(client: httpx.AsyncClient, path: str, action: str) -> None:
    body = json.dumps(release(action)).encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": "release",
        "x-github-delivery": action,
        "x-github-hook-id": "1",
        signature.header: signature.sign(body, "s"),
    }
    answer = await client.post(path, content=body, headers=headers)
    assert answer.status_code == 202, answer.text


def test_every_example_is_run() -> None:
    assert {file.name for file in EXAMPLES.glob("*.py")} == {*PRINTED, *OTHERWISE}


@pytest.mark.parametrize("name", PRINTED)
def test_example_prints_what_it_shows(name: str) -> None:
    assert run(str(EXAMPLES / name)) == PRINTED[name]


def test_example_of_a_test_passes() -> None:
    said = run("-m", "pytest", "-q", str(EXAMPLES / "test_provider.py"))
    assert "1 passed" in said


@pytest.mark.anyio
async def test_custom_provider_follows_releases(tmp_path: Path) -> None:
    board = make_board(tmp_path)
    target = f"{EXAMPLES / 'custom_provider.py'}:make_providers"
    board.add(providers=providers_from(target, board))
    transport = httpx.ASGITransport(board.front)
    catalog = catalog_of(board)
    with anyio.fail_after(20):
        async with (
            board.opened(),
            httpx.AsyncClient(transport=transport, base_url="http://here") as client,
        ):
            await send(client, "/webhooks/github", "published")
            await settled(board)
            entity = await catalog.entity("resource:default/a-better-name-v1.2")
            assert entity is not None
            slug = entity.metadata.annotations["github.com/project-slug"]
            assert slug == "acme/a-better-name"
            await send(client, "/webhooks/github", "deleted")
            await settled(board)
            assert await catalog.entity("resource:default/a-better-name-v1.2") is None
    board.database.close()


@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"], indirect=True)
@pytest.mark.anyio
async def test_fastapi_application_takes_webhooks(tmp_path: Path) -> None:
    board = make_board(tmp_path)
    app = load("mounted_in_fastapi").make_app(board)
    transport = httpx.ASGITransport(app)
    with anyio.fail_after(20):
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://here") as client,
        ):
            assert (await client.get("/")).json()["webhooks"] == "/hooks/github"
            await send(client, "/hooks/github", "published")
            await settled(board)
            answer = await client.get("/callboard/readyz")
            assert answer.status_code == 200
            counts = {view.state for view in board.trace.deliveries.values()}
    assert counts == {"completed"}
