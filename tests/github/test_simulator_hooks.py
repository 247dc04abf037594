"""Webhooks of the simulated GitHub: who may see them, and what is said of deliveries."""

from collections.abc import AsyncGenerator
from typing import Any

import anyio
import httpx
import pytest

from callboard_github.simulator import Limits, Organization, Simulator

pytestmark = pytest.mark.anyio


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=7)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    acme = github.create_organization("acme", members=["ada"])
    acme.add_member("owner", role="admin")
    return acme


@pytest.fixture
async def http(github: Simulator) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=github.transport(), base_url="https://api.github.com"
    ) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("login", "scopes", "status"),
    [
        ("owner", None, 200),
        ("owner", ["admin:org_hook"], 200),
        ("owner", ["read:org", "repo"], 404),
        ("ada", None, 404),
        ("operator", None, 200),
    ],
)
async def test_webhooks_of_an_organization_are_for_its_owners_with_the_scope(
    github: Simulator,
    acme: Organization,
    http: httpx.AsyncClient,
    *,
    login: str,
    scopes: list[str] | None,
    status: int,
) -> None:
    acme.create_hook("http://receiver.invalid")
    headers = bearer(github.token_for(login, scopes))
    assert (await http.get("/orgs/acme/hooks", headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        (["read:repo_hook"], 200, 404),
        (["write:repo_hook"], 200, 201),
        (["repo"], 200, 201),
        (["read:org"], 404, 404),
    ],
)
async def test_scopes_of_repository_webhooks_tell_reading_from_writing(
    github: Simulator,
    acme: Organization,
    http: httpx.AsyncClient,
    *,
    scopes: list[str],
    reads: int,
    writes: int,
) -> None:
    acme.create_repository("site")
    headers = bearer(github.token_for("owner", scopes))
    path, document = "/repos/acme/site/hooks", {"config": {"url": "http://r.invalid"}}
    assert (await http.get(path, headers=headers)).status_code == reads
    answer = await http.post(path, json=document, headers=headers)
    assert answer.status_code == writes


@pytest.mark.parametrize(
    ("granted", "reads", "writes"),
    [({}, 403, 403), ({"organization_hooks": "read"}, 200, 403)],
)
async def test_installation_needs_the_permission(
    github: Simulator,
    acme: Organization,
    http: httpx.AsyncClient,
    *,
    granted: dict[str, str],
    reads: int,
    writes: int,
) -> None:
    app = github.create_app("board", permissions=granted)
    token, _ = github.tokens.for_installation(app.install(acme))
    path, document = "/orgs/acme/hooks", {"config": {"url": "http://r.invalid"}}
    read = await http.get(path, headers=bearer(token))
    written = await http.post(path, json=document, headers=bearer(token))
    assert (read.status_code, written.status_code) == (reads, writes)


async def test_config_without_a_secret_takes_the_secret_away(
    github: Simulator, acme: Organization, http: httpx.AsyncClient
) -> None:
    hook = acme.create_hook("http://receiver.invalid", secret="s")
    path, headers = f"/orgs/acme/hooks/{hook.id}", bearer(github.token)
    new = {"url": "http://other.invalid", "insecure_ssl": "1"}
    await http.patch(f"{path}/config", json=new, headers=headers)
    assert (hook.secret, hook.url, hook.insecure_ssl) == ("s", new["url"], True)
    await http.patch(path, json={"config": {"url": new["url"]}}, headers=headers)
    assert hook.secret is None


async def listed(
    github: Simulator, http: httpx.AsyncClient, hook: int
) -> list[dict[str, Any]]:
    path = f"/orgs/acme/hooks/{hook}/deliveries"
    return (await http.get(path, headers=bearer(github.token))).json()


async def test_delayed_webhook_shows_that_it_was_throttled(
    github: Simulator, acme: Organization, http: httpx.AsyncClient
) -> None:
    hook = acme.create_hook("http://receiver.invalid")
    github.faults.webhooks.delayed = 1.0
    github.faults.webhooks.delay = 0.001
    async with github.connected():
        with anyio.fail_after(10):
            await github.settled()
    (ping,) = await listed(github, http, hook.id)
    assert ping["throttled_at"] is not None


async def test_swallowed_webhook_counts_as_delivered(
    github: Simulator, acme: Organization, http: httpx.AsyncClient
) -> None:
    hook = acme.create_hook("http://receiver.invalid")
    github.faults.webhooks.swallowed = 1.0
    async with github.connected():
        with anyio.fail_after(10):
            await github.settled()
    (ping,) = await listed(github, http, hook.id)
    assert (ping["status"], ping["status_code"]) == ("OK", 200)


async def test_enterprise_server_lists_deliveries_for_a_week() -> None:
    moment = 1_800_000_000.0
    github = Simulator(seed=7, clock=lambda: moment, limits=Limits(deliveries_days=7))
    hook = github.create_organization("acme").create_hook("http://127.0.0.1:9")
    async with github.connected():
        with anyio.fail_after(10):
            await github.settled()
    async with httpx.AsyncClient(
        transport=github.transport(), base_url="https://api.github.com"
    ) as client:
        moment += 6 * 86_400
        assert len(await listed(github, client, hook.id)) == 1
        moment += 2 * 86_400
        assert await listed(github, client, hook.id) == []


async def test_only_apps_that_subscribe_are_told_of_a_renamed_target(
    github: Simulator, acme: Organization
) -> None:
    for slug, events in (("one", ["installation_target"]), ("two", ["team"])):
        app = github.create_app(slug, url="http://receiver.invalid", events=events)
        app.install(acme)
    github.outbox.take()
    acme.rename("acme-2")
    sent = [(d.hook.app, d.event) for d in github.outbox.take()]
    assert [(str(app), event) for app, event in sent] == [
        ("one", "installation_target")
    ]
