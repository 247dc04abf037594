"""Webhooks on their way: signed, in order, once, and recorded."""

import json
import subprocess
import sys
import urllib.parse
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import anyio
import httpx
import pytest
import trio
from anyio.lowlevel import checkpoint
from githubkit import GitHub
from hypercorn.config import Config
from hypercorn.trio import serve  # pyright: ignore[reportUnknownVariableType] - hypercorn spells ASGI its own way
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callboard_github.events import decode
from callboard_github.signature import is_genuine
from callboard_github.simulator import Hook, Simulator

pytestmark = pytest.mark.anyio


@dataclass
class Receiver:
    """An application that keeps what it is sent."""

    status: int = 202
    before: Callable[[], Awaitable[None]] = checkpoint
    got: list[tuple[dict[str, str], bytes]] = field(
        default_factory=list[tuple[dict[str, str], bytes]]
    )

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hook", self.receive, methods=["POST"])])

    async def receive(self, request: Request) -> Response:
        await self.before()
        self.got.append((dict(request.headers), await request.body()))
        return Response("thanks", self.status)

    def actions(self) -> list[str]:
        return [
            f"{headers['x-github-event']}.{json.loads(body).get('action')}"
            for headers, body in self.got
        ]

    def guids(self) -> list[str]:
        return [headers["x-github-delivery"] for headers, _ in self.got]


@asynccontextmanager
async def serving(receiver: Receiver) -> AsyncGenerator[str]:
    """Serve a receiver on loopback; gives its address."""
    config = Config()
    config.loglevel = "WARNING"
    config.graceful_timeout = 0
    config.bind = ["127.0.0.1:0"]
    async with trio.open_nursery() as nursery:
        binds: list[str] = await nursery.start(
            partial(serve, receiver.app, config, shutdown_trigger=trio.sleep_forever)  # pyright: ignore[reportArgumentType] - hypercorn spells ASGI its own way
        )
        yield binds[0]
        nursery.cancel_scope.cancel()


@pytest.fixture
def github() -> Simulator:
    return Simulator(seed=7)


def hooked(github: Simulator, **options: str) -> Hook:
    acme = github.create_organization("acme")
    secret = options.get("secret", "s3cret")
    content = "form" if options.get("content_type") == "form" else "json"
    return acme.create_hook(
        "http://receiver.invalid/hook", secret=secret, content_type=content
    )


async def test_webhook_carries_githubs_headers_and_a_genuine_signature(
    github: Simulator,
) -> None:
    receiver, hook = Receiver(), hooked(github)
    async with github.connected(receiver.app):
        github.organization("acme").create_team("Platform")
        with anyio.fail_after(5):
            await github.settled()

    assert receiver.actions() == ["ping.None", "team.created"]
    headers, body = receiver.got[1]
    assert is_genuine(body, headers["x-hub-signature-256"], ["s3cret"])
    assert not is_genuine(body + b" ", headers["x-hub-signature-256"], ["s3cret"])
    assert headers["x-github-hook-id"] == str(hook.id)
    assert headers["x-github-hook-installation-target-type"] == "organization"
    owner = github.organization("acme").id
    assert headers["x-github-hook-installation-target-id"] == str(owner)
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert headers["content-type"] == "application/json"
    ping = json.loads(receiver.got[0][1])
    assert ping["hook_id"] == hook.id


async def test_form_webhook_signs_the_raw_body(github: Simulator) -> None:
    receiver = Receiver()
    hooked(github, content_type="form")
    async with github.connected(receiver.app):
        github.organization("acme").create_team("Größe & Co")
        with anyio.fail_after(5):
            await github.settled()

    headers, body = receiver.got[1]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert is_genuine(body, headers["x-hub-signature-256"], ["s3cret"])
    (payload,) = urllib.parse.parse_qs(body.decode())["payload"]
    assert json.loads(payload)["team"]["name"] == "Größe & Co"


async def test_webhooks_arrive_in_order_and_one_at_a_time(github: Simulator) -> None:
    running = most = 0

    async def watch() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await checkpoint()
        running -= 1

    receiver = Receiver(before=watch)
    hooked(github)
    async with github.connected(receiver.app):
        for number in range(20):
            github.organization("acme").create_team(f"T{number}")
        with anyio.fail_after(5):
            await github.settled()

    names = [json.loads(body)["team"]["name"] for _, body in receiver.got[1:]]
    assert names == [f"T{number}" for number in range(20)]
    assert most == 1


async def test_failed_webhook_is_recorded_and_never_sent_again_by_itself(
    github: Simulator,
) -> None:
    receiver, hook = Receiver(status=503), hooked(github)
    async with github.connected(receiver.app):
        with anyio.fail_after(5):
            await github.settled()

    (delivery,) = hook.deliveries
    assert len(receiver.got) == 1
    assert (delivery.status_code, delivery.failed) == (503, True)
    assert delivery.status == "Invalid HTTP Response: 503"
    assert delivery.response_body == "thanks"


async def test_receiver_that_is_not_there_is_recorded(github: Simulator) -> None:
    acme = github.create_organization("acme")
    # Port 9 of loopback: nothing listens there.
    hook = acme.create_hook("http://127.0.0.1:9/hook")
    async with github.connected():
        with anyio.fail_after(5):
            await github.settled()

    assert hook.deliveries[0].status == "failed to connect to host"


async def test_redelivery_through_the_api_keeps_the_guid(github: Simulator) -> None:
    receiver, hook = Receiver(status=500), hooked(github)
    async with (
        github.connected(receiver.app),
        GitHub(
            github.token, async_transport=github.transport(), auto_retry=False
        ) as kit,
    ):
        with anyio.fail_after(5):
            await github.settled()
            receiver.status = 202
            listed = await kit.rest.orgs.async_list_webhook_deliveries("acme", hook.id)
            (failed,) = listed.parsed_data
            await kit.rest.orgs.async_redeliver_webhook_delivery(
                "acme", hook.id, failed.id
            )
            await github.settled()
            listed = await kit.rest.orgs.async_list_webhook_deliveries("acme", hook.id)
            again, first = listed.parsed_data
            shown = await kit.rest.orgs.async_get_webhook_delivery(
                "acme", hook.id, again.id
            )

    assert receiver.guids() == [failed.guid, failed.guid]
    assert (first.status_code, again.status_code) == (500, 202)
    assert (first.redelivery, again.redelivery) == (False, True)
    request = shown.json()["request"]
    assert request["headers"] is not None
    assert request["headers"]["X-GitHub-Delivery"] == failed.guid
    assert receiver.got[0][1] == receiver.got[1][1]


async def test_deliveries_are_paged_by_cursor_and_forgotten_after_three_days() -> None:
    now = 1_800_000_000.0
    github = Simulator(seed=7, clock=lambda: now)
    receiver, hook = Receiver(), hooked(github)
    async with (
        github.connected(receiver.app),
        GitHub(
            github.token, async_transport=github.transport(), auto_retry=False
        ) as kit,
    ):
        for number in range(6):
            github.organization("acme").create_team(f"T{number}")
        with anyio.fail_after(5):
            await github.settled()

        async def page(cursor: str | None = None) -> tuple[list[int], str | None]:
            answer = await kit.rest.orgs.async_list_webhook_deliveries(
                "acme", hook.id, per_page=3, cursor=cursor
            )
            links = answer.raw_response.links
            url = links.get("next", {}).get("url", "")
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
            ids = [delivery.id for delivery in answer.parsed_data]
            return ids, query.get("cursor", [None])[0]

        pages: list[list[int]] = []
        ids, cursor = await page()
        pages.append(ids)
        while cursor is not None:
            ids, cursor = await page(cursor)
            pages.append(ids)
        now += 3 * 24 * 3600 + 1
        late, _ = await page()

    newest_first = [delivery.id for delivery in reversed(hook.deliveries)]
    assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:]]
    assert late == []


async def test_app_lists_its_own_deliveries(github: Simulator) -> None:
    receiver = Receiver()
    acme = github.create_organization("acme")
    app = github.create_app("board", url="http://receiver.invalid/hook", secret="t")
    async with github.connected(receiver.app):
        app.install(acme)
        acme.create_team("Platform")
        with anyio.fail_after(5):
            await github.settled()

    assert receiver.actions() == ["ping.None", "installation.created", "team.created"]
    headers, body = receiver.got[2]
    assert headers["x-github-hook-installation-target-type"] == "integration"
    assert headers["x-github-hook-installation-target-id"] == str(app.id)
    assert is_genuine(body, headers["x-hub-signature-256"], ["t"])


async def test_everything_works_over_real_connections() -> None:
    receiver = Receiver()
    with anyio.fail_after(10):
        async with Simulator(seed=1).serve() as github, serving(receiver) as url:
            acme = github.create_organization("acme", members=["ada"])
            acme.create_hook(f"{url}/hook", secret="s3cret")
            acme.create_team("Platform", members=["ada"])
            await github.settled()
            async with GitHub(github.token, base_url=github.api_url) as kit:
                members = await kit.rest.orgs.async_list_members("acme")
                viewer = await kit.graphql.arequest("{ viewer { login } }")
            link = members.parsed_data[0].url

    assert receiver.actions() == ["ping.None", "team.created", "membership.added"]
    assert viewer == {"viewer": {"login": "operator"}}
    # Documents lead back to where the simulator is served.
    assert link.startswith("http://127.0.0.1:")


async def test_error_inside_the_block_is_not_wrapped() -> None:
    with pytest.raises(LookupError):
        async with Simulator().serve():
            raise LookupError
    with pytest.raises(LookupError):
        async with Simulator().connected():
            raise LookupError


async def test_leaving_the_block_does_not_wait_for_a_stalled_receiver(
    github: Simulator,
) -> None:
    reached = anyio.Event()

    async def stall() -> None:
        reached.set()
        await anyio.sleep_forever()

    receiver, hook = Receiver(before=stall), hooked(github)
    with anyio.fail_after(5):
        async with github.connected(receiver.app):
            await reached.wait()

    assert hook.deliveries[0].failed


async def test_verbs_may_be_called_from_another_thread(github: Simulator) -> None:
    receiver = Receiver()
    hooked(github)
    async with github.connected(receiver.app):
        with anyio.fail_after(5):
            await github.settled()
            acme = github.organization("acme")
            await anyio.to_thread.run_sync(acme.create_team, "Platform")
            await github.settled()

    assert receiver.actions() == ["ping.None", "team.created"]


def test_every_payload_of_a_life_is_decoded_to_its_type() -> None:
    from callboard_github.events import Payload
    from callboard_github.simulator import Life, populate

    github = Simulator(seed=3)
    acme = populate(github)
    acme.create_hook("http://receiver.invalid/")
    app = github.create_app("board", url="http://app.invalid/")
    installation = app.install(acme)
    other = github.create_organization("other")
    app.install(other)
    life = Life(acme)
    for _ in range(400):
        life.act()
    acme.invite("zoe")
    acme.repositories[0].transfer(other)
    acme.teams["platform"].delete()
    installation.suspend()
    installation.unsuspend()
    installation.accept_permissions()
    acme.rename("apex")
    acme.delete()

    decoded = [
        (delivery.event, delivery.action, decode(delivery.event, delivery.body))
        for delivery in github.outbox.take()
    ]

    untyped = [
        (event, action) for event, action, e in decoded if not isinstance(e, Payload)
    ]
    assert untyped == []
    assert len({(event, action) for event, action, _ in decoded}) > 30


def test_query_library_and_server_are_imported_only_when_used() -> None:
    code = (
        "import sys, callboard_github.simulator as s; s.Simulator().app; "
        "print(*({'graphql', 'hypercorn', 'jwt', 'githubkit'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []


async def test_client_that_leaves_in_the_middle_of_a_body_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Simulator(seed=1).serve() as github:
        address = urllib.parse.urlsplit(github.api_url)
        stream = await anyio.connect_tcp(address.hostname or "", address.port or 0)
        async with stream:
            await stream.send(b"POST /graphql HTTP/1.1\r\nhost: x\r\n")
            await stream.send(b"content-length: 100\r\n\r\n{")
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{github.api_url}/meta")).status_code < 500
    assert caplog.records == []
