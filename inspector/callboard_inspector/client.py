"""A client of the feed, for programs: connecting, speaking, listening.

Owns the websocket on the client's side and what its failures are called.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import anyio
import httpx
import msgspec
from httpx_ws import (
    AsyncWebSocketSession,
    HTTPXWSException,
    WebSocketDisconnect,
    WebSocketUpgradeError,
    aconnect_ws,
)
from wsproto.utilities import LocalProtocolError

from callboard.failure import leaves_of
from callboard_inspector.wire import (
    FRAME_LIMIT,
    PROTOCOL,
    ClientFrame,
    ServerFrame,
    decode_server,
    encode,
)

_PATIENCE = 10.0
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_WORDS = 200
"""Characters of a refusal that are told."""
_LOST = (HTTPXWSException, httpx.HTTPError, anyio.ClosedResourceError)


class NoServerError(Exception):
    """There is no inspector at that address, or it lets nobody in; says which."""


class GoneError(Exception):
    """The server has closed the connection, or is no longer there."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        """The websocket's close code, if there was one."""


class Client:
    """One connection. Use ``connect``."""

    def __init__(self, session: AsyncWebSocketSession) -> None:
        self._session = session

    async def say(self, frame: ClientFrame) -> None:
        """Send a frame.

        Raises:
            GoneError: Nobody is there any more.
        """
        await self.say_text(encode(frame))

    async def say_text(self, text: str) -> None:
        """Send what may be no frame; raises as ``say`` does."""
        try:
            await self._session.send_text(text)
        except (*_LOST, LocalProtocolError) as error:
            raise GoneError(f"the connection is lost: {error!r}") from error

    async def next_text(self) -> str:
        """The next message.

        Raises:
            GoneError: Nobody is there any more.
        """
        try:
            return await self._session.receive_text()
        except WebSocketDisconnect as error:
            raise GoneError(error.reason or "it closed", error.code) from error
        except _LOST as error:
            raise GoneError(f"the connection is lost: {error!r}") from error

    async def next(self) -> ServerFrame:
        """The next frame.

        Raises:
            GoneError: Nobody is there any more, or it speaks another protocol.
        """
        text = await self.next_text()
        try:
            return decode_server(text)
        except msgspec.DecodeError as error:
            raise GoneError(f"it sent no frame of this protocol: {error}") from error


@asynccontextmanager
async def connect(
    url: str, key: str | None = None, **headers: str
) -> AsyncGenerator[Client]:
    """A connection to the inspector at ``url``, such as ``http://127.0.0.1:8471``.

    ``key`` is what the server was started with, where it was.

    Raises:
        NoServerError: Nobody answers there, or lets us in.
    """
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    sent = httpx.Headers(headers, encoding="utf-8")
    leaving = False
    try:
        # An environment's proxy is for the world, and an inspector seldom lies there.
        async with (
            httpx.AsyncClient(headers=sent, trust_env=False, timeout=_PATIENCE) as http,
            AsyncExitStack() as stack,
        ):
            yield Client(await _open(stack, http, url))
            leaving = True
    except BaseExceptionGroup as group:
        # The session's own task group wraps what passes through it, and adds to it when
        # it was asked for a sign of life while it said farewell.
        errors = [e for e in leaves_of(group) if not isinstance(e, LocalProtocolError)]
        if leaving and not errors:
            return
        raise (errors[0] if len(errors) == 1 else group) from None


async def _open(
    stack: AsyncExitStack, http: httpx.AsyncClient, url: str
) -> AsyncWebSocketSession:
    session = aconnect_ws(
        f"{url.rstrip('/')}/ws",
        http,
        subprotocols=[PROTOCOL],
        max_message_size_bytes=2 * FRAME_LIMIT,
    )
    try:
        return await stack.enter_async_context(session)
    except WebSocketUpgradeError as error:
        raise NoServerError(await _refusal(http, url, error.response)) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        message = f"no inspector answers at {url}: {error or type(error).__name__}"
        raise NoServerError(message) from error


async def _refusal(http: httpx.AsyncClient, url: str, answer: httpx.Response) -> str:
    """What is at ``url``, as nobody was let in there."""
    words = ""
    if answer.status_code == _FORBIDDEN:
        # A refused websocket has no words, and every server says 403; a page has them.
        with suppress(httpx.HTTPError):
            answer = await http.get(url)
            words = answer.text[:_WORDS].strip()
    if answer.status_code == _UNAUTHORIZED:
        hint = "is CALLBOARD_INSPECTOR_TOKEN that server's?"
        return f"{url} lets nobody in without a key: {hint}"
    if answer.status_code == _FORBIDDEN and words:
        return f"{url} lets nobody in: {words}"
    came = f"it answers {answer.status_code}" if answer.is_error else "it has no feed"
    hint = "its port is not the webhooks'; `callboard serve` prints its address"
    return f"{url} is no callboard inspector: {came} ({hint})"
