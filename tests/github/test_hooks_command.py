"""``callboard hooks``: what it shows of webhooks, and how it repairs them."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from msgspec import Struct

from callboard import Callboard, Database, Settings
from callboard.registry import assemble
from callboard_github.checks import Unwatched
from callboard_github.client import GitHub
from callboard_github.errors import HookAccessError
from callboard_github.hooks.repair import Repair, carry_out, planned
from callboard_github.hooks.report import Expected, Owned, Seen, expected_of, report
from callboard_github.hooks.screen import as_json, owned_lines, repair_lines
from callboard_github.providers import github_of
from callboard_github.scope import Scope
from callboard_github.settings import GitHubSettings, HooksSettings, read_credentials
from callboard_github.simulator import Organization, Simulator
from callboard_github.staging import Stage

pytestmark = pytest.mark.anyio
NEEDED = {"membership", "organization", "push", "repository", "team"}


@pytest.fixture
async def github() -> AsyncGenerator[Simulator]:
    async with Simulator(seed=11).serve() as simulator:
        yield simulator


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return github.create_organization("acme", members=["ada"])


@pytest.fixture
def stage(github: Simulator, tmp_path: Path) -> Stage:
    return staged(github, tmp_path)


def staged(
    github: Simulator, tmp_path: Path, *repositories: str, **options: Any
) -> Stage:
    """With the address in its settings."""
    settings: dict[str, dict[str, Any]] = {"github": {"organizations": ["acme"]}}
    settings["hooks"] = {"repositories": repositories}
    stage = Stage(github, tmp_path / "callboard.db", settings=settings, **options)
    settings["hooks"]["url"] = stage.address
    return stage


class Desk(Struct, frozen=True):
    """What the command has at hand."""

    board: Callboard
    github: GitHub
    scope: Scope
    settings: HooksSettings
    expected: Expected

    async def found(self, *taken: str) -> list[Owned]:
        return await report(
            self.board, self.github, self.scope, Unwatched(), self.settings, taken=taken
        )

    async def seen(self, *taken: str) -> Seen:
        """The one webhook of ours."""
        (seen,) = [seen for owned in await self.found(*taken) for seen in owned.ours]
        return seen

    async def plan(self, *taken: str, secret: bool = False) -> list[Repair]:
        return list(planned(await self.found(*taken), self.expected, secret=secret))

    async def repair(self, *taken: str) -> None:
        for repair in await self.plan(*taken):
            await carry_out(self.github, Unwatched(), repair, self.expected)


@asynccontextmanager
async def desk(stage: Stage) -> AsyncGenerator[Desk]:
    database = Database.open(f"sqlite:///{stage.path}")
    try:
        settings = Settings(stage.settings, environment=stage.environment)
        board = assemble(settings, database)
        chosen = settings.section("github", GitHubSettings)
        credentials = read_credentials(settings, chosen)
        assert credentials is not None
        github, scope = github_of(board, credentials, chosen)
        hooks = settings.section("hooks", HooksSettings)
        async with github.opened():
            yield Desk(board, github, scope, hooks, expected_of(board, hooks))
    finally:
        database.close()


def faults(seen: Seen) -> dict[str, str]:
    return {fault.what: fault.got for fault in seen.faults}


async def test_webhook_as_it_must_be_has_no_fault_and_needs_no_repair(
    stage: Stage, acme: Organization
) -> None:
    hook = acme.create_hook(
        stage.address, secret=stage.secret, events=[*NEEDED, "star"]
    )
    async with desk(stage) as at:
        (owned,) = await at.found()
        assert await at.plan() == []
        text = "\n".join(line.plain for line in owned_lines(owned, at.expected))
    (seen,) = owned.ours
    assert seen.faults == []
    assert seen.wanted == NEEDED
    assert seen.look is None  # there is no journal yet
    for part in (
        f"✓ webhook {hook.id}  {stage.address}",
        "json, certificate checked",
        "membership, organization, push, repository, team",
        "not needed: star",
        f"/organizations/acme/settings/hooks/{hook.id}",
    ):
        assert part in text


async def test_everything_that_can_be_wrong_is_said_and_repaired(
    stage: Stage, acme: Organization
) -> None:
    hook = acme.create_hook(
        "http://127.0.0.1:9/old", secret=None, events=["push", "star"], active=False
    )
    hook.insecure_ssl = True
    taken = str(hook.id)
    async with desk(stage) as at:
        assert faults(await at.seen(taken)) == {
            "url": "http://127.0.0.1:9/old",
            "secret": "none",
            "certificate": "not checked",
            "active": "no",
            "events": "not sent",
        }
        await at.repair(taken)
        seen = await at.seen()
    assert seen.faults == []
    assert (hook.url, hook.secret, hook.active) == (stage.address, stage.secret, True)
    assert not hook.insecure_ssl
    assert hook.events == NEEDED | {"star"}


async def test_wrong_secret_shows_in_the_answers_and_what_was_missed_comes_after_it(
    stage: Stage, acme: Organization
) -> None:
    hook = acme.create_hook(stage.address, secret="another one")
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        async with desk(stage) as at:
            seen = await at.seen()
            assert list(faults(seen)) == ["secret"]
            assert "401" in faults(seen)["secret"]
            assert seen.look is not None
            assert len(seen.look.verdict.missing) == 1
            shown = as_json([Owned(seen.place.owner, [seen])])["hooks"][0]
            assert shown["missing"] == [hook.deliveries[-1].guid]
            assert shown["last_answer"]["status_code"] == 401
            await at.repair()
        assert hook.secret == stage.secret
        await stage.look(board)
        async with desk(stage) as at:
            seen = await at.seen()
    assert seen.faults == []
    assert seen.look is not None
    assert seen.look.verdict.missing == []
    assert seen.look.verdict.arrived == 1


async def test_rotated_secret_is_set_where_a_person_says_so(
    stage: Stage, acme: Organization
) -> None:
    acme.create_hook(stage.address, secret="yesterday's")
    async with desk(stage) as at:
        assert await at.plan() == []
        (repair,) = await at.plan(secret=True)
        await carry_out(at.github, Unwatched(), repair, at.expected)
    assert acme.hooks[0].secret == stage.secret


async def test_organization_without_a_webhook_is_given_one(
    stage: Stage, acme: Organization
) -> None:
    theirs = acme.create_hook("http://127.0.0.1:9/ci", secret="theirs")
    async with desk(stage) as at:
        (owned,) = await at.found()
        assert [other.id for other in owned.others] == [str(theirs.id)]
        await at.repair()
        assert (await at.seen()).faults == []
        assert await at.plan() == []
    _, made = acme.hooks
    assert (made.url, made.secret, made.events) == (stage.address, stage.secret, NEEDED)
    assert theirs.url == "http://127.0.0.1:9/ci"


async def test_without_an_address_nothing_is_made(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    settings = {"github": {"organizations": ["acme"]}}
    async with desk(Stage(github, tmp_path / "callboard.db", settings=settings)) as at:
        (owned,) = await at.found()
        assert await at.plan() == []
        text = "\n".join(line.plain for line in owned_lines(owned, at.expected))
    assert acme.hooks == []
    assert "set hooks.url" in text


async def test_events_of_an_app_are_left_to_a_person_who_is_told_where(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    app = github.create_app(
        "board", url="http://127.0.0.1:9", events=["push", "team"], owner=acme
    )
    app.install(acme)
    stage = staged(github, tmp_path, app=app)
    assert app.hook is not None
    async with desk(stage) as at:
        (repair,) = await at.plan()
        await at.repair()
        (left,) = await at.plan()
    assert (app.hook.url, app.hook.secret) == (stage.address, stage.secret)
    (fault,) = left.faults
    assert fault.expected == "installation_target, membership, organization, repository"
    assert fault.by_hand == (
        f"{github.url}/organizations/acme/settings/apps/board/permissions"
    )
    assert left.doable == []
    assert str(fault.by_hand) in "".join(line.plain for line in repair_lines(repair))


async def test_webhook_of_a_repository_needs_only_what_it_can_send(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    stage = staged(github, tmp_path, "acme/site")
    acme.create_hook(stage.address, secret=stage.secret)
    site = acme.create_repository("site")
    hook = site.create_hook(stage.address, secret=stage.secret, events=["push"])
    async with desk(stage) as at:
        (repair,) = await at.plan()
        await at.repair()
    assert [fault.expected for fault in repair.faults] == ["repository"]
    assert hook.events == {"push", "repository"}


async def test_reading_without_writing_is_said_when_something_is_to_be_changed(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    site = acme.create_repository("site")
    site.create_hook("http://127.0.0.1:9", events=["push"])
    acme.create_hook("http://127.0.0.1:9")
    token = github.token_for("operator", ["admin:org_hook", "read:repo_hook"])
    stage = staged(github, tmp_path, "acme/site", token=token)
    async with desk(stage) as at:
        plan = await at.plan(*(str(hook.id) for hook in site.hooks))
        repair = next(r for r in plan if r.owner.kind == "repository")
        with pytest.raises(HookAccessError, match="can not be changed") as caught:
            await carry_out(at.github, Unwatched(), repair, at.expected)
    assert "admin:repo_hook" in str(caught.value)


# The command itself.


async def run(
    stage: Stage, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, while the simulated GitHub answers."""
    lines: list[str] = []
    for name, section in stage.settings.items():
        lines += [f"[{name}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in section.items()]
    (folder / "callboard.toml").write_text("\n".join(lines), "utf-8")
    environment = {**os.environ, **stage.environment}
    environment["CALLBOARD_DATABASE_URL"] = f"sqlite:///{stage.path}"

    def ended() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "callboard", "hooks", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=60,
            check=False,
        )

    return await anyio.to_thread.run_sync(ended)


def told(done: subprocess.CompletedProcess[str]) -> Sequence[str]:
    assert "Traceback" not in done.stderr
    assert Stage.secret not in done.stdout + done.stderr
    return done.stdout.splitlines()


async def test_command_shows_repairs_when_told_to_and_is_content_afterwards(
    stage: Stage, acme: Organization, tmp_path: Path
) -> None:
    hook = acme.create_hook(stage.address, secret=None)
    shown = await run(stage, tmp_path)
    assert shown.returncode == 1
    assert any(line.startswith(f"  ✗ webhook {hook.id}") for line in told(shown))

    asked = await run(stage, tmp_path, "repair")
    assert asked.returncode == 1
    assert told(asked)[-1] == "nothing was changed; --yes does it"
    assert hook.secret is None

    done = await run(stage, tmp_path, "repair", "--yes")
    assert (done.returncode, hook.secret) == (0, stage.secret)
    assert told(done)[-1] == f"✓ webhook {hook.id} of acme"

    again = await run(stage, tmp_path, "--json")
    assert again.returncode == 0
    (told_of,) = json.loads(again.stdout)["hooks"]
    assert told_of["faults"] == []
    assert told_of["needed_events"] == sorted(NEEDED)

    # All that without a database: none is made, and what that means is said.
    assert not stage.path.exists()
    for each in (shown, asked, done, again):
        assert f"expected a database at {stage.path}, got no such file" in each.stderr


async def test_command_says_what_the_token_lacks(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    acme.create_hook("http://127.0.0.1:9")
    stage = staged(github, tmp_path, token=github.token_for("operator", ["read:org"]))
    shown = await run(stage, tmp_path)
    assert shown.returncode == 1
    assert "with the scope admin:org_hook" in shown.stdout
    wrong = await run(stage, tmp_path, "repair", "--hook", "12")
    assert wrong.returncode == 2
    assert "--hook: expected the id of a webhook" in wrong.stderr
