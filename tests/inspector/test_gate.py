"""Who may come in, asked of the really served thing over HTTP and websockets."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import anyio
import httpx
import pytest

from callboard import Callboard, SettingsError
from callboard.cli.serve import serve as serve_command
from callboard_inspector import testing
from callboard_inspector.client import Client, GoneError, connect
from callboard_inspector.gate import COOKIE, Gate, owner
from callboard_inspector.mounts import gate_of
from callboard_inspector.wire import (
    FRAME_LIMIT,
    PROTOCOL,
    Bye,
    Command,
    Hello,
    Result,
    Subscribe,
)

pytestmark = pytest.mark.anyio
F = TypeVar("F")
KEY = "a key of at least sixteen characters"
UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": PROTOCOL,
}
ACTING = {"inspector": {"actions": True}}


@asynccontextmanager
async def asking(board: Callboard, **cookies: str) -> AsyncGenerator[httpx.AsyncClient]:
    assert board.inspector_url is not None
    async with httpx.AsyncClient(
        base_url=board.inspector_url, cookies=cookies, trust_env=False
    ) as client:
        yield client


@asynccontextmanager
async def watching(board: Callboard, **headers: str) -> AsyncGenerator[Client]:
    assert board.inspector_url is not None
    async with connect(board.inspector_url, **headers) as client:
        yield client


async def until(client: Client, kind: type[F]) -> F:
    while not isinstance(frame := await client.next(), kind):
        pass
    return frame


async def refused(board: Callboard, headers: Mapping[str, str]) -> int:
    """The status of an upgrade that must not succeed."""
    async with asking(board) as client:
        answer = await client.get("/ws", headers={**UPGRADE, **headers})
    return answer.status_code


async def session(board: Callboard) -> str:
    """A session opened by a launch link."""
    link = gate_of(board).launch_link("/")
    async with asking(board) as client:
        answer = await client.get(link)
    assert answer.status_code == 303
    return answer.cookies["callboard_session"]


@asynccontextmanager
async def served(
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[Callboard]:
    with anyio.fail_after(20):
        async with testing.served(settings=settings, environment=environment) as board:
            yield board


async def test_a_host_that_is_not_on_the_list_is_refused() -> None:
    settings = {
        "inspector": {"hosts": ["board.example"], "url": "https://People.example/on"}
    }
    async with served(settings) as board, asking(board) as client:
        for host, status in (
            ("evil.example", 403),
            ("localhost.evil.example", 403),
            ("127.0.0.1.evil.example:8471", 403),
            ("localhost:1", 200),
            ("[::1]:1", 200),
            ("board.example", 401),  # known, but from elsewhere: needs a session
            ("board.example:8471", 401),
            ("people.example", 401),
        ):
            answer = await client.get("/state/diff.js", headers={"host": host})
            assert (host, answer.status_code) == (host, status)
        upgrade = await client.get("/ws", headers={**UPGRADE, "host": "evil.example"})
        assert upgrade.status_code == 403


async def test_an_upgrade_from_another_origin_is_refused() -> None:
    async with served() as board:
        for origin in ("http://evil.example", "null", "http://localhost:1", "http://["):
            assert await refused(board, {"origin": origin}) == 403
        assert await refused(board, {"sec-fetch-site": "cross-site"}) == 403
        async with watching(board, origin=str(board.inspector_url)) as own:
            assert isinstance(await own.next(), Hello)
        async with watching(board) as program:
            assert isinstance(await program.next(), Hello)


async def test_a_post_from_another_origin_is_refused() -> None:
    async with served() as board, asking(board) as client:
        answer = await client.post(
            "/session", headers={"origin": "http://evil.example"}
        )
        assert answer.status_code == 403


async def test_another_subprotocol_is_refused() -> None:
    async with served() as board:
        for protocol in ("callboard.v0", "", "chat"):
            assert await refused(board, {"sec-websocket-protocol": protocol}) == 403


async def test_a_launch_link_works_once_and_becomes_a_cookie() -> None:
    async with served(settings=ACTING) as board, asking(board) as client:
        link = gate_of(board).launch_link("/")
        answer = await client.get(f"{link}&delivery=d1")
        assert answer.status_code == 303
        assert answer.headers["location"] == "./?delivery=d1"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        again = await client.get(f"{link}&delivery=d1")
        assert again.status_code == 303  # by who has the session: the browser's history
        assert again.headers["location"] == "./?delivery=d1"
        assert "set-cookie" not in again.headers
        client.cookies.clear()
        again = await client.get(link)
        assert again.status_code == 401
        assert "set-cookie" not in again.headers
        page = await client.get(link, headers={"accept": "text/html"})
        assert page.status_code == 401
        assert "was used already" in page.text
        assert "start the server again" in page.text
        assert 'href="./">Watch only' in page.text
        guessed = await client.get("/?token=guessed")
        assert guessed.status_code == 401


async def test_an_action_needs_both_the_setting_and_a_session() -> None:
    command = Command(1, "pause", "nobody")
    for settings, with_session, offered in (
        (None, True, False),
        (ACTING, False, False),
        (ACTING, True, True),
    ):
        async with served(settings=settings) as board:
            cookie = await session(board) if with_session else "made up"
            async with watching(board, cookie=f"callboard_session={cookie}") as line:
                hello = await until(line, Hello)
                assert bool(hello.capabilities) == offered
                await line.say(command)
                result = await until(line, Result)
                assert not result.ok
                assert ("watching only" in result.message) != offered


@pytest.mark.parametrize("path", ["/cancel/x", "/api/replay?delivery=x", "/ws"])
async def test_a_get_does_nothing(path: str) -> None:
    async with (
        served(settings=ACTING) as board,
        asking(board, callboard_session=await session(board)) as client,
    ):
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path)).status_code == 405


async def test_with_a_key_nobody_watches_without_it() -> None:
    key = {"CALLBOARD_INSPECTOR_TOKEN": KEY}
    async with served(environment=key) as board, asking(board) as client:
        assert (await client.get("/")).status_code == 401
        assert await refused(board, {}) == 403
        assert await refused(board, {"authorization": "Bearer wrong"}) == 403
        form = await client.get("/", headers={"accept": "text/html"})
        assert form.status_code == 401
        assert "CALLBOARD_INSPECTOR_TOKEN" in form.text
        assert KEY not in form.text
        wrong = await client.post("/session", data={"key": "wrong"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        huge = await client.post("/session", data={"key": "x" * 10_000})
        assert huge.status_code == 413
        right = await client.post("/session", data={"key": KEY})
        assert (right.status_code, "set-cookie" in right.headers) == (303, True)
        assert (await client.get("/")).status_code in {200, 404}  # the cookie is sent
        async with watching(board, authorization=f"Bearer {KEY}") as program:
            assert isinstance(await program.next(), Hello)


async def test_who_is_forwarded_by_a_proxy_is_not_on_this_machine() -> None:
    async with served() as board, asking(board) as client:
        for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
            answer = await client.get("/", headers={header: "203.0.113.9"})
            assert answer.status_code == 401


def test_who_asks_from_another_machine_needs_a_session() -> None:
    from starlette.datastructures import Headers

    gate = Gate(["board.example"], own=lambda: "192.0.2.7")
    headers = Headers({"host": "192.0.2.7:8471"})
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "server": ("192.0.2.7", 8471),
        "client": ("192.0.2.9", 50_000),
    }
    assert gate.refusal(scope, headers) is None  # it is the address listened on
    assert not gate.visitor(scope, headers).watch
    scope["server"] = ("127.0.0.1", 8471)
    near = Headers({"host": "localhost:8471"})
    assert not gate.visitor(scope, near).watch
    scope["client"] = ("127.0.0.1", 50_000)
    assert gate.visitor(scope, near).watch
    assert not gate.visitor(scope, near).act


async def test_a_frame_beyond_the_cap_ends_the_connection() -> None:
    async with served() as board, watching(board) as line:
        await line.next()
        await line.say_text("x" * (FRAME_LIMIT + 1))
        with pytest.raises(GoneError) as closed:
            await until(line, Bye)
        assert closed.value.code == 1009


async def test_commands_in_a_flood_end_the_connection() -> None:
    async with served() as board, watching(board) as line:
        bye: list[Bye] = []

        async def read() -> None:
            bye.append(await until(line, Bye))

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            with suppress(GoneError):
                for n in range(2_000):
                    await line.say(Command(n, "cancel", "x"))
        assert bye[0].code == "flood"


async def test_one_more_than_may_watch_is_told_so() -> None:
    async with (
        served(settings={"inspector": {"watchers": 1}}) as board,
        watching(board) as first,
    ):
        await first.say(Subscribe())
        await first.next()
        async with watching(board) as second:
            bye = await until(second, Bye)
            assert bye.code == "full"


async def test_every_answer_forbids_what_a_stranger_could_use() -> None:
    async with served() as board, asking(board) as client:
        answer = await client.get("/state/diff.js")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("/../gate.py", "/..%2fgate.py", "/%2e%2e/gate.py", "//etc/passwd"):
            assert (await client.get(path)).status_code == 404


def test_another_address_without_a_key_refuses_to_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLBOARD_INSPECTOR_TOKEN", raising=False)
    for address in ("0.0.0.0", "192.0.2.7", "::"):
        with pytest.raises(SettingsError, match="CALLBOARD_INSPECTOR_TOKEN"):
            serve_command(inspector_host=address, open_=False)


async def test_a_key_that_can_be_guessed_refuses_to_start() -> None:
    with pytest.raises(SettingsError, match="at least 16 characters, got 6"):
        async with served(environment={"CALLBOARD_INSPECTOR_TOKEN": "secret"}):
            pass


async def test_used_link_where_nobody_watches_without_the_key_offers_no_watching() -> (
    None
):
    secret = {"CALLBOARD_INSPECTOR_TOKEN": KEY}
    async with served(environment=secret) as board, asking(board) as client:
        page = await client.get("/?token=used", headers={"accept": "text/html"})
        assert page.status_code == 401
        assert "enter the key" in page.text
        assert "Watch only" not in page.text


def test_every_person_has_launch_links_of_their_own() -> None:
    gate = Gate()
    first = gate.launch_link("/").partition("=")[2]
    others = [gate.launch_link("/", f"person {n}") for n in range(40)]
    assert gate.redeem(first) is not None
    assert all(gate.redeem(link.partition("=")[2]) for link in others)


def test_no_more_than_a_few_launch_links_are_open() -> None:
    gate = Gate()
    links = [gate.launch_link("/").partition("=")[2] for _ in range(40)]
    opened = [gate.redeem(token) is not None for token in links]
    assert opened == [False] * 24 + [True] * 16
    assert gate.redeem("") is None


async def test_what_is_done_is_recorded_under_the_name_that_the_link_was_for() -> None:
    async with served(ACTING) as board:
        gate = gate_of(board)
        for name, expected in (
            ("ada", "ada"),
            (None, owner()),
            (" a\u202e\n b", "a b"),
        ):
            async with asking(board) as client:
                answer = await client.get(gate.launch_link("/", name))
            cookie = f"{COOKIE}={answer.cookies[COOKIE]}"
            async with watching(board, cookie=cookie) as client:
                hello = await until(client, Hello)
            assert (hello.who, hello.refused) == (expected, None)
        async with watching(board) as client:
            hello = await until(client, Hello)
        assert hello.who is None
        assert hello.refused is not None
        assert "open the link that the server printed" in hello.refused


async def test_name_goes_with_the_key_in_the_form_and_in_a_header() -> None:
    environment = {"CALLBOARD_INSPECTOR_TOKEN": KEY}
    async with served(ACTING, environment) as board:
        async with asking(board) as client:
            answer = await client.post("/session", data={"key": KEY, "name": "ada"})
        cookie = f"{COOKIE}={answer.cookies[COOKIE]}"
        key = f"Bearer {KEY}"
        async with watching(board, cookie=cookie) as client:
            assert (await until(client, Hello)).who == "ada"
        headers = {"authorization": key, "x-callboard-name": "deploy bot"}
        async with watching(board, **headers) as client:
            assert (await until(client, Hello)).who == "deploy bot"
        headers["x-callboard-name"] = "Zoë"
        async with watching(board, **headers) as client:
            assert (await until(client, Hello)).who == "Zoë"
        async with watching(board, authorization=key) as client:
            assert (await until(client, Hello)).who == "somebody with the key"
