"""A relay over real HTTP: the connection that comes back, and what it brings."""

import base64
import json
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest

from callboard import DeliveryState, SettingsError
from callboard.relay.channel import ask_for_channel, checked
from callboard.relay.event_stream import TooLarge
from callboard.relay.handing_over import Doorway, Handover
from callboard.relay.listening import Connected, Listener, Lost, Standing
from callboard.relay.message import unwrap
from callboard.retry import Retry
from callboard.testing import Gate, open_board, settled, signed, view
from callboard.testing.relay import Relay

pytestmark = pytest.mark.anyio
AT_ONCE = Retry(first_wait=0.01, longest_wait=0.02)


@pytest.fixture(params=["smee", "gosmee"])
def relay(request: pytest.FixtureRequest) -> Generator[Relay]:
    with Relay(request.param).served() as served:
        yield served


@pytest.fixture
def smee() -> Generator[Relay]:
    with Relay().served() as served:
        yield served


class Ear:
    """What a listener has heard and was told, in order."""

    def __init__(self) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[Any](100)

    async def heard(self, data: bytes | TooLarge) -> None:
        await self._send.send(data)

    def told(self, standing: Standing) -> None:
        self._send.send_nowait(standing)

    async def next(self) -> Any:
        with anyio.fail_after(20):
            return await self._receive.receive()

    async def body(self) -> object:
        """The body of the next that is no greeting."""
        while (relayed := unwrap(await self.next())) is None:
            pass
        return json.loads(relayed.body)

    def close(self) -> None:
        self._send.close()
        self._receive.close()


@asynccontextmanager
async def listening(channel: str, **options: Any) -> AsyncGenerator[Ear]:
    ear = Ear()
    options = {"again": AT_ONCE, **options}
    listener = Listener(httpx.URL(channel), heard=ear.heard, told=ear.told, **options)
    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        yield ear
        group.cancel_scope.cancel()
    ear.close()


async def post(relay: Relay, document: object) -> int:
    def send() -> int:
        relay.until_heard()
        return httpx.post(relay.channel, json=document).status_code

    return await anyio.to_thread.run_sync(send)


async def test_what_is_posted_to_the_channel_is_heard_in_order(relay: Relay) -> None:
    async with listening(relay.channel) as ear:
        assert await ear.next() == Connected(gap=None)
        for n in range(5):
            assert await post(relay, {"n": n}) in {200, 202}
        assert [await ear.body() for _ in range(5)] == [{"n": n} for n in range(5)]


async def test_connection_that_was_cut_is_made_again(smee: Relay) -> None:
    async with listening(smee.channel) as ear:
        assert await ear.next() == Connected(gap=None)
        await post(smee, {"n": 1})
        assert await ear.body() == {"n": 1}
        smee.hang_up()
        lost = await ear.next()
        assert isinstance(lost, Lost)
        assert lost.reason == "the relay closed the connection"
        again = await ear.next()
        assert isinstance(again, Connected)
        assert again.gap is not None
        assert again.gap >= lost.wait
        await post(smee, {"n": 2})
        assert await ear.body() == {"n": 2}
        assert smee.last_ids == ["", "1"]


async def test_relay_that_went_away_is_found_when_it_is_back() -> None:
    relay = Relay()
    with relay.served():
        pass
    async with listening(relay.channel) as ear:
        lost = await ear.next()
        assert isinstance(lost, Lost)
        assert "connect" in lost.reason
        with relay.served():
            while isinstance(standing := await ear.next(), Lost):
                pass
            assert isinstance(standing, Connected)
            await post(relay, {"n": 1})
            assert await ear.body() == {"n": 1}


async def test_silence_is_taken_for_the_end() -> None:
    with Relay(ping=60).served() as relay:
        async with listening(relay.channel, silence=0.2) as ear:
            assert await ear.next() == Connected(gap=None)
            lost = await ear.next()
            assert isinstance(lost, Lost)
            assert lost.reason == "nothing was heard for 0.2 s"


async def test_signs_of_life_keep_the_connection_and_are_no_messages() -> None:
    with Relay(ping=0.05).served() as relay:
        async with listening(relay.channel, silence=5) as ear:
            assert await ear.next() == Connected(gap=None)
            for _ in range(5):
                relay.say(b": still there\n\n")
            await post(relay, {"n": 1})
            assert await ear.body() == {"n": 1}


async def test_event_beyond_the_limit_is_told_and_the_next_is_heard(
    smee: Relay,
) -> None:
    async with listening(smee.channel, largest=1_000) as ear:
        assert await ear.next() == Connected(gap=None)
        await post(smee, {"text": "a" * 1_000})
        await post(smee, {"n": 1})
        assert await ear.next() == TooLarge(1_000)
        assert await ear.body() == {"n": 1}


@pytest.mark.parametrize(
    ("answer", "came", "at_least"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "404", 0),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}", "json", 0),
        (b"HTTP/1.1 503 No\r\nretry-after: 7\r\n\r\n", "503", 7),
        (b"no HTTP at all\r\n\r\n", "", 0),
    ],
)
async def test_what_is_no_relay_is_told_for_what_it_is(
    answer: bytes, came: str, at_least: float
) -> None:
    lost: object = None
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)

        async def respond(stream: anyio.abc.SocketStream) -> None:
            async with stream:
                await stream.receive()
                await stream.send(answer)

        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, respond)
            async with listening(f"http://127.0.0.1:{port}/a") as ear:
                lost = await ear.next()
            group.cancel_scope.cancel()
    assert isinstance(lost, Lost)
    assert came in lost.reason
    assert lost.wait >= at_least


async def test_page_of_a_channel_without_events_is_no_relay() -> None:
    lost: object = None
    with Relay("gosmee").served() as relay:
        # Below /events/new/… there is nothing either.
        async with listening(f"{relay.url}/new/nothing") as ear:
            lost = await ear.next()
    assert isinstance(lost, Lost)
    assert "expected events (text/event-stream)" in lost.reason
    assert "404" in lost.reason


def message(n: object, **headers: str) -> bytes:
    return json.dumps({**signed("thing"), **headers, "body": {"n": n}}).encode()


class Told:
    """What a doorway said."""

    def __init__(self) -> None:
        self.handovers: list[Handover] = []

    def __call__(self, handover: Handover) -> None:
        self.handovers.append(handover)


async def test_message_is_a_delivery_like_any_other(tmp_path: Path) -> None:
    async with open_board(Gate(is_open=True), path=tmp_path / "a.db") as board:
        board.inspector_url = "http://inspector"
        told = Told()
        await Doorway(board, board.sources["plain"], told).heard(message(1))
        (handover,) = told.handovers
        assert handover.taken
        assert handover.event == "thing"
        assert handover.link is not None
        delivery = handover.link.partition("=")[2]
        await settled(board)
        assert (await view(board, delivery)).state is DeliveryState.COMPLETED


async def test_copy_is_told_to_be_one(tmp_path: Path) -> None:
    async with open_board(Gate(is_open=True), path=tmp_path / "a.db") as board:
        told = Told()
        doorway = Doorway(board, board.sources["plain"], told)
        data = message(1)
        await doorway.heard(data)
        await doorway.heard(data)
        assert [h.reason for h in told.handovers] == ["", "known already"]


@pytest.mark.parametrize(
    ("data", "reason", "cause"),
    [
        (b"nonsense", "expected a JSON object", ""),
        (TooLarge(5), "expected at most 5 bytes", ""),
        (message(1, **{"x-plain-token": "no"}), "401", "another secret; or the relay"),
        (message(1, **{"x-plain-event": ""}), "400", ""),
        (
            json.dumps(
                {**signed("thing", token="no"), "bodyB": base64.b64encode(b"{}").decode()}
            ).encode(),
            "401",
            "the body came as it was sent: the sender has another secret",
        ),
        (
            message(1, **{"content-type": "application/x-www-form-urlencoded",
                          "x-plain-token": "no"}),
            "401",
            "choose application/json",
        ),
    ],
)  # fmt: skip
async def test_message_that_is_not_taken_is_told_why(
    tmp_path: Path, data: bytes | TooLarge, reason: str, cause: str
) -> None:
    async with open_board(Gate(is_open=True), path=tmp_path / "a.db") as board:
        told = Told()
        await Doorway(board, board.sources["plain"], told).heard(data)
        (handover,) = told.handovers
        assert not handover.taken
        assert handover.wait is None
        assert reason in handover.reason
        assert cause in handover.cause


async def test_wrong_signature_after_genuine_ones_is_laid_to_the_relay(
    tmp_path: Path,
) -> None:
    async with open_board(Gate(is_open=True), path=tmp_path / "a.db") as board:
        told = Told()
        doorway = Doorway(board, board.sources["plain"], told)
        await doorway.heard(message(1))
        await doorway.heard(message(2, **{"x-plain-token": "no"}))
        assert told.handovers[1].cause.startswith("earlier ones were genuine")


async def test_message_waits_while_the_journal_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.intake.RETRY_AFTER", "0")
    async with open_board(Gate(is_open=True), path=tmp_path / "a.db") as board:
        handovers: list[Handover] = []

        def told(handover: Handover) -> None:
            handovers.append(handover)
            # It is back when it was tried three times.
            board.webhooks.open = len(handovers) >= 3

        board.webhooks.open = False
        with anyio.fail_after(20):
            await Doorway(board, board.sources["plain"], told).heard(message(1))
        assert [h.taken for h in handovers] == [False, False, False, True]
        assert {h.wait for h in handovers[:3]} == {0.0}


def test_new_channel_is_asked_for(relay: Relay) -> None:
    new = ask_for_channel(httpx.URL(f"{relay.url}/new"))
    assert str(new).startswith(f"{relay.url}/")
    assert len(new.path) > 20


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        (None, "got none; --channel https://smee.io/new asks for a new one"),
        ("", "got none"),
        ("smee.io/abc", "got 'smee.io/abc'"),
        ("https://smee.io/", "got 'https://smee.io/'"),
        ("ftp://smee.io/abc", "got 'ftp://smee.io/abc'"),
        ("https://smee.io:port/abc", "expected the address of a relay's channel"),
    ],
)
def test_wrong_channel_is_told_what_would_do(channel: str | None, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked(channel, "--channel")
    assert message in str(caught.value)


def test_relay_that_gives_no_channel_is_told(relay: Relay) -> None:
    with pytest.raises(SettingsError, match="expected to be led to a new channel"):
        ask_for_channel(httpx.URL(f"{relay.url}/nothing"))


def test_relay_that_cannot_be_reached_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match="no answer"):
            ask_for_channel(httpx.URL(f"http://127.0.0.1:{port}/new"))
