"""What a browser's tab can do to its server, tried on a served process.

A tab that is closed must not freeze the server, one that does not read must be let go of,
and none may delay the end. The server is a process of its own: one that spins would take
this one with it.
"""

import base64
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream
from msgspec import Struct

from callboard_inspector.client import Client, GoneError, connect
from callboard_inspector.wire import (
    PROTOCOL,
    Beat,
    Bye,
    Delta,
    Scope,
    Subscribe,
    encode,
)

pytestmark = pytest.mark.anyio
SERVER = Path(__file__).with_name("busy_server.py")
NEVER = 600_000


class Running(Struct):
    """A busy server."""

    process: Process
    front: str
    inspector: str
    delivery: str


@asynccontextmanager
async def running(stalled_ms: int, *more: str) -> AsyncGenerator[Running]:
    command = [sys.executable, str(SERVER), str(stalled_ms), *more]
    with anyio.fail_after(30):
        async with await anyio.open_process(command, stderr=None) as process:
            try:
                assert process.stdout is not None
                text = ""
                async for part in TextReceiveStream(process.stdout):
                    text += part
                    if text.endswith("\n"):
                        break
                front, inspector, delivery = text.split()
                yield Running(process, front, inspector, delivery)
            finally:
                if process.returncode is None:
                    process.kill()


def tab(server: Running) -> socket.socket:
    """A browser's end of a connection, that has asked for everything. Blocks briefly."""
    host, port = server.inspector.removeprefix("http://").split(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    raw.settimeout(10)
    raw.connect((host, int(port)))
    raw.sendall(
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {server.inspector}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        f"Sec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
    )
    assert raw.recv(12) == b"HTTP/1.1 101"
    # As long as a length of two bytes wants it.
    asked = encode(Subscribe([Scope(server.delivery)])).encode().ljust(200)
    head = bytes([0x81, 0xFE]) + len(asked).to_bytes(2, "big") + bytes(4)
    raw.sendall(head + asked)  # masked with zeros
    return raw


def reset(raw: socket.socket) -> None:
    """Close as a browser that is killed."""
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    raw.close()


async def beat(client: Client) -> Beat:
    while not isinstance(frame := await client.next(), Beat):
        pass
    return frame


async def alone(client: Client) -> None:
    """Wait until nobody else watches."""
    while (await beat(client)).watchers > 1:
        pass


async def test_what_stays_on_this_machine_is_not_compressed() -> None:
    async with running(NEVER) as server:
        raw = await anyio.to_thread.run_sync(tab, server)
        answer = b""
        # Readable as it is: a head that grants no extension, then a frame of JSON.
        while b'{"type":"hello"' not in answer:
            part = await anyio.to_thread.run_sync(raw.recv, 65_536)
            assert part, answer
            answer += part
        assert b"deflate" not in answer
        raw.close()


@pytest.mark.parametrize("way", ["reset", "closed"])
async def test_a_closed_tab_freezes_nothing(way: str) -> None:
    async with running(NEVER) as server, connect(server.inspector) as client:
        await client.say(Subscribe())
        for _ in range(5):
            raw = tab(server)
            if way == "reset":
                reset(raw)
            else:
                raw.close()
        await alone(client)
        async with httpx.AsyncClient(trust_env=False, timeout=5) as asking:
            for side in (server.front + "/healthz", server.inspector + "/wire.css"):
                assert (await asking.get(side)).status_code in {200, 404}


async def test_a_tab_that_does_not_read_is_let_go_of() -> None:
    async with running(1_500) as server, connect(server.inspector) as client:
        await client.say(Subscribe())
        stalled = tab(server)
        try:
            while (await beat(client)).watchers < 2:
                pass
            await alone(client)
        finally:
            stalled.close()


async def test_a_tab_that_does_not_read_delays_no_other_and_not_the_end() -> None:
    async with running(NEVER) as server:
        stalled = tab(server)
        try:
            async with connect(server.inspector) as client:
                await client.say(Subscribe([Scope(server.delivery)]))
                for _ in range(3):
                    await beat(client)
                deltas = 0
                while deltas < 10:
                    deltas += isinstance(await client.next(), Delta)
                server.process.send_signal(signal.SIGTERM)
                assert await farewell(client) == "shutdown"
            with anyio.fail_after(15):
                assert await server.process.wait() == 0
        finally:
            stalled.close()


async def test_the_end_does_not_wait_out_the_grace_for_a_stalled_tab() -> None:
    # No run is left to wait for: all that holds the process is the tab.
    async with running(NEVER, "no runs") as server, connect(server.inspector) as client:
        await client.say(Subscribe())
        raw = tab(server)
        try:
            while (await beat(client)).watchers < 2:
                pass
            server.process.send_signal(signal.SIGTERM)
            assert await farewell(client) == "shutdown"
            with anyio.fail_after(15):  # the grace is a minute
                assert await server.process.wait() == 0
        finally:
            raw.close()


async def farewell(client: Client) -> str | None:
    code = None
    try:
        while True:
            frame = await client.next()
            if isinstance(frame, Bye):
                code = frame.code
    except GoneError:
        return code
