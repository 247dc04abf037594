"""What GitHub sent and never arrived: found, asked for, and asked for once."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, update

from callboard import (
    Callboard,
    DeliveryState,
    DeliveryView,
    Retry,
    State,
    clock,
    history,
    serving,
)
from callboard.ids import new_id
from callboard.retention import Retention, _sweep
from callboard.schedule import tick_of
from callboard.tables import deliveries
from callboard.testing import reached
from callboard.tree import TreeRecord
from callboard_catalog import EntityProvider, catalog_of
from callboard_github.converging import said
from callboard_github.simulator import (
    Hook,
    Life,
    Organization,
    Simulator,
    Size,
    WebhookFaults,
    populate,
)
from callboard_github.staging import Stage

pytestmark = pytest.mark.anyio
ONE = {"github": {"organizations": ["acme"]}}


@pytest.fixture
async def github() -> AsyncGenerator[Simulator]:
    def moment() -> float:
        return clock.now()  # whatever ``later`` made of it

    async with Simulator(seed=11, clock=moment).serve() as simulator:
        yield simulator


@pytest.fixture
def acme(github: Simulator) -> Organization:
    return github.create_organization("acme", members=["ada", "bo"])


@pytest.fixture
def stage(github: Simulator, tmp_path: Path) -> Stage:
    return Stage(github, tmp_path / "callboard.db", settings=ONE)


def hooked(stage: Stage, organization: Organization) -> Hook:
    return organization.create_hook(stage.address, secret=stage.secret)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds pass, since the test began."""
    real = clock.now

    def pass_by(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + seconds)

    return pass_by


async def received(board: Callboard) -> list[DeliveryView]:
    """The webhooks in the journal, oldest first."""
    wanted = history.DeliveryFilter(source="github")
    found = await board.database.read(
        lambda c: history.list_deliveries(c, wanted, None)
    )
    return found[::-1]


def labels(tree: TreeRecord, name: str) -> dict[str, Any]:
    """The labels of the one node whose name begins so."""
    (node,) = [task for task in tree.tasks if task.name.startswith(name)]
    return dict(node.labels)


def guids(hook: Hook) -> set[str]:
    """Of all that a webhook was to send, beside pings."""
    return {sent.guid for sent in hook.deliveries if sent.event != "ping"}


def attempts(hook: Hook) -> int:
    """Deliveries that were asked for again."""
    return sum(delivery.redelivery for delivery in hook.deliveries)


async def groups(board: Callboard) -> set[str]:
    owned = await catalog_of(board).owned_by("organizations")
    return {str(entity.ref) for entity in owned if entity.kind == "Group"}


async def test_what_was_sent_while_nobody_listened_is_caught_up_with_at_start(
    stage: Stage, acme: Organization
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
    for name in ("Second", "Third"):
        acme.create_team(name)
    await stage.github.settled()
    async with stage.callboard() as board:
        await stage.at_rest(board)
        assert {d.guid for d in await received(board)} == guids(hook)
        assert await groups(board) == {
            "group:default/first",
            "group:default/second",
            "group:default/third",
        }
        assert [d.redeliveries for d in await received(board)] == [0, 0, 0]
    assert attempts(hook) == 2


async def test_what_failed_or_was_swallowed_on_its_way_is_asked_for_once(
    stage: Stage, acme: Organization, later: Callable[[float], None]
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        stage.github.faults.webhooks = WebhookFaults(failed=0.3, swallowed=0.3)
        for number in range(30):
            acme.create_team(f"Team {number}")
        await stage.at_rest(board)
        lost = guids(hook) - {d.guid for d in await received(board)}
        assert len(lost) > 10
        later(120)  # until then what GitHub calls sent may still be on its way
        tree = await stage.look(board)
        assert {d.guid for d in await received(board)} == guids(hook)
        again = await stage.look(board)
    told = labels(tree, f"webhook {hook.id} of acme")
    assert told["asked"] == told["missing"] == len(lost) == attempts(hook)
    assert labels(tree, "missed-deliveries")["asked"] == len(lost)
    assert labels(again, "missed-deliveries")["asked"] == 0


async def test_what_is_on_its_way_is_not_asked_for_again(
    stage: Stage, acme: Organization
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        stage.github.faults.webhooks.failed = 1.0
        acme.create_team("Second")
        await stage.at_rest(board)
        with serving.listen("127.0.0.1", 0) as silent:
            hook.url = serving.address(silent)  # takes it, and never answers
            for _ in range(3):
                await stage.look_only(board)
    assert attempts(hook) == 1


async def test_what_was_asked_for_in_vain_is_asked_for_again_later_and_later(
    stage: Stage, acme: Organization, later: Callable[[float], None]
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        stage.github.faults.webhooks.failed = 1.0
        acme.create_team("Second")
        await stage.at_rest(board)
        hook.url = "http://127.0.0.1:9/"  # nobody is there
        await stage.look(board)
        assert attempts(hook) == 1
        await stage.look(board)
        assert attempts(hook) == 1
        later(700)
        await stage.look(board)
        assert attempts(hook) == 2
        later(1400)  # twice in vain: not so soon again
        await stage.look(board)
        assert attempts(hook) == 2
        hook.url = stage.address
        stage.github.faults.webhooks.failed = 0.0
        acme.create_team("Third")  # arrives: the webhook works again
        await stage.at_rest(board)
        later(2100)
        await stage.look(board)
        assert {d.guid for d in await received(board)} == guids(hook)


async def test_what_retention_removed_is_not_asked_for(
    stage: Stage, acme: Organization, later: Callable[[float], None]
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        for number in range(8):
            acme.create_team(f"Team {number}")
        await stage.at_rest(board)
        limits = Retention(days=0, deliveries=1, megabytes=0)
        with anyio.fail_after(20):
            while await board.database.write(_sweep, limits):
                pass
        assert len(await received(board)) <= 1
        later(120)
        await stage.look(board)
    assert attempts(hook) == 0


async def test_look_begins_where_the_last_one_was_done(
    stage: Stage, acme: Organization, later: Callable[[float], None]
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        for number in range(130):
            acme.create_team(f"Team {number}")
        await stage.at_rest(board)
        whole = await stage.look(board)
        later(3_600)
        await stage.look(board)
        least = await stage.look(board)
    path = f"GET /orgs/acme/hooks/{hook.id}/deliveries"
    assert [task.name for task in whole.tasks].count(path) == 2
    assert [task.name for task in least.tasks].count(path) == 1


async def test_webhook_of_somebody_else_is_asked_for_nothing(
    stage: Stage, acme: Organization
) -> None:
    ours = hooked(stage, acme)
    theirs = acme.create_hook("http://127.0.0.1:9/webhooks/github", secret="other")
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        tree = await stage.look(board)
    assert labels(tree, "list webhooks") | {"cost": 0} == {
        "webhooks": 2,
        "ours": 1,
        "cost": 0,
    }
    assert attempts(theirs) == 0
    assert ours.id != theirs.id


async def test_webhook_with_a_wrong_secret_is_caught_up_with_once_it_is_mended(
    github: Simulator,
    acme: Organization,
    tmp_path: Path,
    later: Callable[[float], None],
) -> None:
    stage = Stage(github, tmp_path / "callboard.db", settings=ONE)
    stage.settings = {**stage.settings, "hooks": {"url": stage.address}}
    hook = acme.create_hook(stage.address, secret="a wrong one")
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        await stage.look(board)
        assert await received(board) == []
        assert attempts(hook) == 1
        hook.secret = stage.secret
        later(700)
        await stage.look(board)
        assert {d.guid for d in await received(board)} == guids(hook)


async def test_delivery_that_is_refused_for_what_it_is_is_not_asked_for(
    stage: Stage, acme: Organization
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        sent = hook.deliveries[-1]
        stage.github.faults.webhooks.failed = 1.0
        acme.create_team("Second")
        await stage.at_rest(board)
        hook.deliveries[-1].status_code = 400
        tree = await stage.look(board)
    assert attempts(hook) == 0
    assert labels(tree, f"webhook {hook.id} of acme")["refused"] == 1
    assert sent.status_code == 202


async def test_deliveries_of_a_look_are_limited_and_the_next_one_goes_on(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    some = {**ONE, "hooks": {"most": 4}}
    stage = Stage(github, tmp_path / "callboard.db", settings=some)
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        github.faults.webhooks.failed = 1.0
        for number in range(6):
            acme.create_team(f"Team {number}")
        await stage.at_rest(board)
        github.faults.webhooks.failed = 0.0
        await stage.look(board)
        assert attempts(hook) == 4
        await stage.look(board)
        assert attempts(hook) == 6
        names = [d.guid for d in await received(board)][-6:]
    assert names == [d.guid for d in hook.deliveries if not d.redelivery][-6:]


@pytest.mark.parametrize("scopes", [["read:org"], []])
async def test_missing_permission_is_said_and_leaves_the_rest_alone(
    github: Simulator, acme: Organization, tmp_path: Path, scopes: list[str]
) -> None:
    stage = Stage(
        github,
        tmp_path / "callboard.db",
        token=github.token_for("operator", scopes),
        settings=ONE,
    )
    hooked(stage, acme)
    async with stage.callboard() as board:
        tree = await stage.look(board)
    told = {task.name: task for task in tree.tasks}
    assert told["missed-deliveries"].state is State.COMPLETED
    failure = told["list webhooks"].failure
    assert failure is not None
    assert failure.message.startswith(
        "acme: its webhooks can not be seen: expected the token of an owner of the"
        " organization with the scope admin:org_hook, or a fine-grained one with the"
        " organization permission Webhooks (read and write)"
    )


async def test_app_without_the_permission_is_told_what_it_needs(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    app = github.create_app("board", permissions={"members": "read"})
    app.install(acme)
    stage = Stage(github, tmp_path / "callboard.db", app=app)
    hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        tree = await stage.look(board)
    failures = [t.failure.message for t in tree.tasks if t.failure is not None]
    assert any("the app needs the organization permission" in f for f in failures)


async def test_webhooks_that_can_be_seen_are_caught_up_with_though_others_fail(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    github.create_organization("globex", members=["ada"])
    two = {"github": {"organizations": ["globex", "acme"]}}
    stage = Stage(github, tmp_path / "callboard.db", settings=two)
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        github.faults.webhooks.failed = 1.0
        acme.create_team("Second")
        await stage.at_rest(board)
        github.faults.fail(1, status=422, matching="/globex/hooks")
        for provider in board.providers:
            provider.retry = Retry(attempts=1)
        tree = await stage.look(board)
        assert {d.guid for d in await received(board)} == guids(hook)
    failure = next(t.failure for t in tree.tasks if t.name == "missed-deliveries")
    assert failure is not None
    assert failure.message == "the webhooks of globex could not be looked at"


async def test_app_is_caught_up_with_through_its_own_webhook(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    app = github.create_app("board", url="http://127.0.0.1:9", secret=Stage.secret)
    app.install(acme)
    stage = Stage(github, tmp_path / "callboard.db", app=app)
    assert app.hook is not None
    app.hook.url = stage.address
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        github.faults.webhooks.failed = 1.0
        acme.create_team("Second")
        await stage.at_rest(board)
        before = {d.guid for d in await received(board)}
        tree = await stage.look(board)
        after = {d.guid for d in await received(board)}
    assert len(after - before) == 1
    assert labels(tree, f"webhook of app {app.id}")["asked"] == 1


async def test_repository_is_caught_up_with_through_a_webhook_of_its_own(
    stage: Stage, acme: Organization
) -> None:
    site = acme.create_repository("site")
    hook = site.create_hook(stage.address, secret=stage.secret, events=("*",))
    async with stage.callboard() as board:
        site.edit(description="First")
        await stage.at_rest(board)
        site.rename("shop")
        await stage.at_rest(board)
        stage.github.faults.webhooks.failed = 1.0
        site.edit(description="Second")
        await stage.at_rest(board)
        await stage.look(board)
        assert {d.guid for d in await received(board)} == guids(hook)
    assert attempts(hook) == 1


async def test_installation_that_may_only_read_is_told_so_when_it_asks(
    github: Simulator, acme: Organization, tmp_path: Path
) -> None:
    app = github.create_app("board", permissions={"organization_hooks": "read"})
    app.install(acme)
    stage = Stage(github, tmp_path / "callboard.db", app=app)
    hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        github.faults.webhooks.failed = 1.0
        acme.create_team("Second")
        await stage.at_rest(board)
        tree = await stage.look(board)
    failures = [t.failure.message for t in tree.tasks if t.failure is not None]
    assert any("can not be asked to send again" in f for f in failures)


async def test_delivery_that_github_will_not_send_again_hinders_no_other(
    stage: Stage, acme: Organization
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        stage.github.faults.webhooks.failed = 1.0
        for name in ("Second", "Third"):
            acme.create_team(name)
        await stage.at_rest(board)
        gone, last = list(hook.deliveries)[-2:]
        stage.github.faults.fail(1, status=422, matching=f"/{gone.id}/attempts")
        await stage.look(board)
        there = {d.guid for d in await received(board)}
    assert last.guid in there
    assert gone.guid not in there


async def test_what_came_without_the_name_of_its_webhook_has_arrived(
    stage: Stage, acme: Organization
) -> None:
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        acme.create_team("First")
        await stage.at_rest(board)
        sent = await received(board)
        change = update(deliveries).where(deliveries.c.guid == sent[-1].guid)

        def strip(connection: Connection, nothing: list[None]) -> list[None]:
            connection.execute(change.values(hook=""))
            return nothing

        await board.database.write(strip, None)
        acme.create_team("Second")
        await stage.at_rest(board)
        await stage.look(board)
    assert attempts(hook) == 0


async def read_whole(board: Callboard) -> None:
    """Have everything read; that of the start comes before."""
    for provider in board.providers:
        for handler in provider.handlers():
            if handler.scheduled:
                tick = await board.accept(tick_of(handler))
                with anyio.fail_after(60):
                    await reached(board, tick.view.id, DeliveryState.COMPLETED)


async def full_reads(board: Callboard) -> int:
    """How many were asked for."""
    ticks = history.DeliveryFilter(source="schedule")
    made = await board.database.read(lambda c: history.list_deliveries(c, ticks, None))
    return sum(tick.event != "missed-deliveries" for tick in made)


async def said_at(board: Callboard) -> dict[str, Any]:
    """What each provider says of the catalog's entities."""
    return {
        provider.name: await said(provider)
        for provider in board.providers
        if isinstance(provider, EntityProvider)
    }


@pytest.mark.parametrize("seed", range(3))
async def test_with_lost_deliveries_caught_up_with_no_full_read_is_needed(
    github: Simulator, tmp_path: Path, later: Callable[[float], None], seed: int
) -> None:
    acme = populate(github, "acme", size=Size(people=8, teams=5, repositories=5))
    life = Life(acme, seed)
    # GitHub sends no webhook for a profile: no redelivery can tell of one.
    life._deeds = [deed for deed in life._deeds if deed[1] != life.edit_profile]
    stage = Stage(github, tmp_path / "callboard.db", settings=ONE)
    hook = hooked(stage, acme)
    async with stage.callboard() as board:
        await read_whole(board)
        reads = await full_reads(board)
        github.faults.webhooks = WebhookFaults(
            failed=0.4, swallowed=0.4, duplicated=0.1, reordered=0.3
        )
        for _ in range(60):
            life.act()
        await stage.at_rest(board)
        assert {d.guid for d in await received(board)} < guids(hook)
        assert await said_at(board) != await afresh(github, tmp_path)
        later(120)
        await stage.look(board)
        assert {d.guid for d in await received(board)} >= guids(hook)
        at_rest = await said_at(board)
        assert await full_reads(board) == reads
    assert at_rest == await afresh(github, tmp_path)


async def afresh(github: Simulator, tmp_path: Path) -> dict[str, Any]:
    """What a fresh full read says."""
    fresh = Stage(github, tmp_path / f"{new_id()}.db", settings=ONE)
    async with fresh.callboard() as board:
        await read_whole(board)
        return await said_at(board)
