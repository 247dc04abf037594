"""The connection to a relay.

Owns that it is there: it is opened again whenever it ends, after a wait that grows, and
when nothing was heard for too long. Whoever listens is told how it stands.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import NoReturn, TypeAlias, cast

import anyio
import httpx
from msgspec import Struct

from callboard.intake import BODY_LIMIT
from callboard.relay.event_stream import EventStream, StreamEvent, TooLarge
from callboard.retry import Retry

SILENCE = 90.0
"""Seconds; smee and gosmee say something every 30."""
_LARGEST = 2 * BODY_LIMIT
"""Bytes of an event: a body in base64 takes a third more, headers come with it."""
_CONNECT_SECONDS = 15.0
_STREAM = "text/event-stream"
_EXPECTED = f"expected events ({_STREAM})"
_AGAIN = Retry(first_wait=1.0, longest_wait=60.0)
_SIGNS_OF_LIFE = frozenset({"ping", "ready"})


class Connected(Struct, frozen=True):
    """Webhooks arrive from now on."""

    gap: float | None
    """Seconds before, in which none could; None at the first time."""


class Lost(Struct, frozen=True):
    """No webhooks arrive."""

    reason: str
    wait: float
    """Seconds until the next attempt."""


Standing: TypeAlias = Connected | Lost
Heard: TypeAlias = Callable[[bytes | TooLarge], Awaitable[None]]


class RelayError(Exception):
    """The relay does not answer as one; says what was expected and what came."""

    retry_after: float | None = None
    """Seconds that it asks to wait."""


class Listener:
    """Hears what comes through one channel, for as long as it is left to."""

    def __init__(
        self,
        channel: httpx.URL,
        *,
        heard: Heard,
        told: Callable[[Standing], object],
        again: Retry = _AGAIN,
        silence: float = SILENCE,
        largest: int = _LARGEST,
    ) -> None:
        """Listen at ``channel``.

        Args:
            channel: Its address.
            heard: Called with the data of each event, one at a time; the next is read
                when it returns.
            told: Called whenever the connection is there, or no longer.
            again: The waits between attempts.
            silence: Seconds without a byte after which the connection counts as dead.
            largest: Bytes of an event; what is larger is let go.
        """
        self._addresses = [channel, _below_events(channel)]
        self._heard = heard
        self._told = told
        self._again = again
        self._silence = silence
        self._largest = largest
        self._last_id = ""
        self._asked_wait = 0.0
        self._since: float | None = None
        """When the present connection was made."""
        self._lost_at: float | None = None
        """When the last one ended, while there is none."""

    async def listen(self) -> NoReturn:
        """Hear until cancelled. Cancellation closes the connection."""
        attempt, wait = 0, 0.0
        timeout = httpx.Timeout(_CONNECT_SECONDS, read=self._silence)
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
            while True:
                self._since = None
                try:
                    await self._hear(client)
                except (httpx.RequestError, RelayError) as error:
                    now = anyio.current_time()
                    # A relay that is there and hangs up at once is not let off.
                    lasted = 0.0 if self._since is None else now - self._since
                    attempt = 1 if lasted > wait else attempt + 1
                    wait = max(self._again.wait(attempt, error), self._asked_wait)
                    if self._lost_at is None:
                        self._lost_at = now
                    self._told(Lost(self._words(error), wait))
                await anyio.sleep(wait)

    async def _hear(self, client: httpx.AsyncClient) -> NoReturn:
        """Hear through one connection, until it ends."""
        async with self._opened(client) as response:
            self._since = now = anyio.current_time()
            gap = None if self._lost_at is None else now - self._lost_at
            self._lost_at = None
            self._told(Connected(gap))
            stream = EventStream(self._largest)
            # It is a generator, whatever its type says, and to be closed as one.
            reading = cast("AsyncGenerator[bytes]", response.aiter_bytes())
            async with aclosing(reading) as chunks:
                async for chunk in chunks:
                    for event in stream.feed(chunk):
                        await self._pass_on(event)
                    self._last_id = stream.last_id or self._last_id
                    self._asked_wait = min(
                        stream.reconnect_after or 0.0, self._again.longest_wait
                    )
        raise RelayError("the relay closed the connection")

    async def _pass_on(self, event: StreamEvent | TooLarge) -> None:
        if isinstance(event, TooLarge):
            await self._heard(event)
        elif event.name not in _SIGNS_OF_LIFE:
            await self._heard(event.data)

    @asynccontextmanager
    async def _opened(
        self, client: httpx.AsyncClient
    ) -> AsyncGenerator[httpx.Response]:
        # smee answers with events if Accept is exactly this, and with a page if not.
        headers = {"accept": _STREAM, "accept-encoding": "identity"}
        headers["cache-control"] = "no-store"
        if self._last_id:
            headers["last-event-id"] = self._last_id
        came = ""
        for address in self._addresses:
            async with client.stream("GET", address, headers=headers) as response:
                kind = response.headers.get("content-type", "").partition(";")[0]
                if response.is_success and kind == _STREAM:
                    yield response
                    return
                came = came or f"{response.status_code} {kind}".rstrip()
                # Another relay's page about the channel: its events are elsewhere.
                if not (response.is_success and kind == "text/html"):
                    raise _refused(response, came)
        raise RelayError(f"{_EXPECTED} from {self._addresses[0]}, got {came}")

    def _words(self, error: Exception) -> str:
        if isinstance(error, httpx.ReadTimeout):
            return f"nothing was heard for {self._silence:g} s"
        return str(error) or type(error).__name__


def _refused(response: httpx.Response, came: str) -> RelayError:
    error = RelayError(f"{_EXPECTED} from {response.url}, got {came}")
    asked = response.headers.get("retry-after", "")
    if asked.isdecimal():
        error.retry_after = float(asked)
    return error


def _below_events(channel: httpx.URL) -> httpx.URL:
    """Where gosmee has a channel's events; the channel itself is a page there."""
    before, _, name = channel.path.rstrip("/").rpartition("/")
    return channel.copy_with(path=f"{before}/events/{name}")
