"""From a request to a delivery in the journal.

Owns ``POST /webhooks/<source>``: an ASGI application that reads a bounded body, lets the
source vouch for it, and answers once the delivery is on disk. It never waits for a run.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio.to_thread
import msgspec
from starlette.types import Receive, Scope, Send

from callboard import clock
from callboard.delivery import Delivery, DeliveryState
from callboard.ids import new_id
from callboard.journal import Accepted, Arrival
from callboard.redaction import Redactor
from callboard.routes import Routes
from callboard.source import Received, Refused, Request, Source

logger = logging.getLogger(__name__)

BODY_LIMIT = 25 * 1024 * 1024
"""GitHub sends no payload above 25 MB (docs: payload_cap)."""
RETRY_AFTER = "5"
_QUICK = 256 * 1024
"""Bytes up to which checking a body is quicker than handing it to a thread."""


class Disconnected(Exception):  # noqa: N818 - nobody is left to answer
    """The sender went away before its body was complete."""


class Intake:
    """Takes deliveries for every source. Mountable in any ASGI application."""

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        routes: Routes,
        redactor: Redactor,
        accept: Callable[[Arrival], Awaitable[Accepted]],
        link: Callable[[str], str | None],
    ) -> None:
        self._sources = sources
        self._routes = routes
        self._redactor = redactor
        self._accept = accept
        self._link = link
        self.open = False
        """Whether deliveries are taken; otherwise the answer is 503."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the last part of its path names the source."""
        if scope["type"] != "http":
            raise RuntimeError(f"intake: expected http, got {scope['type']}")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        extra: dict[str, str] = {}
        try:
            status, answer = await self._take(scope, headers, receive)
        except Refused as refused:
            status, answer = refused.status, {"error": refused.reason}
            guid = headers.get("x-github-delivery", "without an id")
            reason = self._redactor.text(refused.reason)
            logger.warning("refused delivery %s: %d %s", guid, status, reason)
            if status == 503:
                extra["retry-after"] = RETRY_AFTER
            if status == 405:
                extra["allow"] = "POST"
        except Disconnected:
            return
        await _respond(send, status, answer, extra)

    async def _take(
        self, scope: Scope, headers: dict[str, str], receive: Receive
    ) -> tuple[int, dict[str, Any]]:
        source = self._sources.get(scope["path"].rstrip("/").rpartition("/")[2])
        if source is None:
            known = ", ".join(sorted(self._sources)) or "none configured"
            raise Refused(404, f"expected a webhook source ({known})")
        if scope["method"] != "POST":
            raise Refused(405, f"expected POST, got {scope['method']}")
        if not self.open:
            raise Refused(503, "not taking deliveries: starting or shutting down")
        body = await read_body(headers, receive)
        request = Request(headers=headers, body=body)
        if len(body) <= _QUICK:
            received = source.receive(request)
        else:
            received = await anyio.to_thread.run_sync(source.receive, request)
        arrival = self._arrival(source.name, received, headers)
        try:
            accepted = await self._accept(arrival)
        except Exception as error:
            logger.exception("delivery %s: the journal did not take it", received.guid)
            raise Refused(503, "the journal cannot take deliveries now") from error
        view = accepted.view
        answer: dict[str, Any] = {"id": view.id, "state": view.state}
        if accepted.duplicate:
            answer["duplicate"] = True
        if (link := self._link(view.id)) is not None:
            answer["inspector"] = link
        if received.ignored is not None:
            answer["ignored"] = received.ignored
            return 200, answer
        return 202, answer

    def _arrival(
        self, source: str, received: Received, headers: dict[str, str]
    ) -> Arrival:
        delivery = Delivery(
            id=new_id(),
            source=source,
            hook=received.hook,
            guid=received.guid,
            event=received.event,
            action=received.action,
            organization=received.organization,
            repository=received.repository,
            received_at=clock.now(),
            headers=self._redactor.headers(headers),
            body=received.body,
        )
        ignored = received.ignored is not None
        return Arrival(
            delivery=delivery,
            order=self._routes.order(
                delivery.name,
                organization=received.organization,
                repository=received.repository,
                body=received.body,
            ),
            state=DeliveryState.IGNORED if ignored else DeliveryState.QUEUED,
        )


async def read_body(headers: Mapping[str, str], receive: Receive) -> bytes:
    """The body, counted while it comes.

    Raises:
        Refused: 413, without reading further, once it is known to exceed 25 MiB.
        Disconnected: It never came to its end.
    """
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > BODY_LIMIT:
        raise _too_large(f"{int(announced):,}")
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            raise _too_large(f"more than {BODY_LIMIT:,}")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


def _too_large(came: str) -> Refused:
    return Refused(413, f"expected at most {BODY_LIMIT:,} bytes, got {came}")


async def _respond(
    send: Send, status: int, answer: dict[str, Any], extra: dict[str, str]
) -> None:
    body = msgspec.json.encode(answer)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode(), value.encode()) for name, value in extra.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
