"""A relay on this machine, which does to webhooks what smee.io and gosmee do.

Owns channels: whoever listens to one is sent, as server-sent events, what is posted to
it. Nothing is kept for those who come later. The relay answers the sender the same
whether somebody listens or not.

    with Relay().served() as relay:
        # `callboard dev --channel {relay.channel}` receives what is posted there.
        relay.until_heard()
        httpx.post(relay.channel, content=body, headers=headers)
"""

import base64
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from typing import Any, Literal, Self, TypeAlias
from uuid import uuid4

import anyio
import trio
from anyio.streams.memory import MemoryObjectSendStream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from callboard import serving
from callboard.testing.javascript import written_anew

SMEE_LIMIT = 1024 * 1024
"""Bytes; smee refuses larger bodies, as its framework does by default."""
Form: TypeAlias = Literal["smee", "gosmee"]
_STREAM = "text/event-stream"
_PATIENCE = 20.0


class Relay:
    """Channels on a port of this machine, served by a thread of its own."""

    def __init__(
        self,
        form: Form = "smee",
        *,
        port: int = 0,
        ping: float = 30.0,
    ) -> None:
        """Behave as the relay that ``form`` names.

        Args:
            form: smee reads the body and writes it anew; gosmee passes on its bytes.
            port: 0 takes a free one.
            ping: Seconds between signs of life.
        """
        self.form = form
        self.port = port
        self.ping = ping
        self.last_ids: list[str] = []
        """What each who came said was the last event heard."""
        path = "/events/{channel}" if form == "gosmee" else "/{channel}"
        self.app = Starlette(
            routes=[
                Route("/new", self._new),
                Route(path, self._listen),
                Route("/{channel}", self._page),
                Route("/{channel}", self._take, methods=["POST"]),
            ]
        )
        self._listeners: dict[str, list[MemoryObjectSendStream[bytes]]] = {}
        self._changed = threading.Condition()
        self._token: trio.lowlevel.TrioToken | None = None

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def channel(self) -> str:
        """The address of one of its channels."""
        return f"{self.url}/test"

    @contextmanager
    def served(self) -> Generator[Self]:
        """Serve until the end of the block, which cuts all connections.

        Served again, it is at the same port.
        """
        listener = serving.listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        started = threading.Event()
        closing: trio.Event | None = None

        async def main() -> None:
            nonlocal closing
            closing = trio.Event()
            self._token = trio.lowlevel.current_trio_token()
            async with trio.open_nursery() as nursery:
                await nursery.start(serving.serve_app, self.app, listener, closing)
                started.set()

        thread = threading.Thread(target=trio.run, args=(main,), daemon=True)
        thread.start()
        if not started.wait(_PATIENCE):
            raise TimeoutError("the relay has not begun to serve")
        try:
            yield self
        finally:
            self.hang_up()
            if closing is not None:
                self._soon(closing.set)
            thread.join(_PATIENCE)

    def until_heard(self, listeners: int = 1, channel: str = "test") -> None:
        """Block until so many listen to ``channel``.

        Raises:
            TimeoutError: They have not come.
        """
        with self._changed:
            if not self._changed.wait_for(
                lambda: len(self._listeners.get(channel, ())) >= listeners, _PATIENCE
            ):
                raise TimeoutError(f"expected {listeners} to listen to {channel}")

    def hang_up(self) -> None:
        """End the stream of everyone who listens."""
        self._soon(self._end_streams)

    def say(self, event: bytes, channel: str = "test") -> None:
        """Send these bytes to everyone who listens, whatever they mean.

        Raises:
            TimeoutError: Nobody has come to listen.
        """
        self.until_heard(channel=channel)
        self._soon(self._send, channel, event)

    def _soon(self, function: Callable[..., object], *arguments: object) -> None:
        if self._token is None:
            raise RuntimeError("expected a relay that is served")
        self._token.run_sync_soon(function, *arguments)

    def _end_streams(self) -> None:
        for streams in self._listeners.values():
            for stream in streams:
                stream.close()

    def _send(self, channel: str, event: bytes) -> None:
        for stream in self._listeners.get(channel, ()):
            stream.send_nowait(event)

    def _new(self, request: Request) -> Response:
        address = f"{str(request.base_url).rstrip('/')}/{uuid4().hex}"
        if self.form == "gosmee":
            return Response(f"{address}\n", media_type="text/plain")
        return RedirectResponse(address, 307)

    def _page(self, _request: Request) -> Response:
        return HTMLResponse("<title>a channel</title>")

    def _listen(self, request: Request) -> Response:
        if self.form == "smee" and request.headers.get("accept") != _STREAM:
            return self._page(request)
        self.last_ids.append(request.headers.get("last-event-id", ""))
        events = self._events(request.path_params["channel"])
        return StreamingResponse(events, headers={"content-type": _STREAM})

    async def _events(self, channel: str) -> AsyncGenerator[bytes]:
        send, receive = anyio.create_memory_object_stream[bytes](10_000)
        self._join(channel, send)
        count = 0
        greeting = b'{"message":"connected"}' if self.form == "gosmee" else b"{}"
        event = _event(greeting, "" if self.form == "gosmee" else "ready")
        try:
            while True:
                yield b"id: %d\n%b" % (count, event)
                count += 1
                event = _event(b"{}", "ping")
                with anyio.move_on_after(self.ping):
                    event = await receive.receive()
        except anyio.EndOfStream:
            return
        finally:
            send.close()
            receive.close()
            self._leave(channel, send)

    def _join(self, channel: str, stream: MemoryObjectSendStream[bytes]) -> None:
        with self._changed:
            self._listeners.setdefault(channel, []).append(stream)
            self._changed.notify_all()

    def _leave(self, channel: str, stream: MemoryObjectSendStream[bytes]) -> None:
        with self._changed:
            self._listeners[channel].remove(stream)
            self._changed.notify_all()

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        headers = dict(request.headers)
        kind = headers.get("content-type", "")
        if not kind.startswith("application/json"):
            return Response(f"unsupported media type {kind}", 415)
        try:
            anew = written_anew(body)
        except ValueError as error:
            return Response(str(error), 400)
        about: dict[str, Any] = {**headers, "timestamp": int(time.time() * 1000)}
        if self.form == "gosmee":
            about["bodyB"] = base64.b64encode(body).decode("ascii")
            message = json.dumps(about).encode()
        elif len(body) > SMEE_LIMIT:
            return Response("the body is too large", 413)
        else:
            about["query"] = dict(request.query_params)
            message = json.dumps(about).encode()[:-1] + b',"body":' + anew + b"}"
        self._send(request.path_params["channel"], _event(message))
        return Response(status_code=202 if self.form == "gosmee" else 200)


def _event(data: bytes, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + data + b"\n\n"
