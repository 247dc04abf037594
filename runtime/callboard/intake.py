"""From a request to a delivery in the journal.

Owns ``POST /webhooks/<source>``: an ASGI application that reads a bounded body, lets the
source vouch for it, and answers once the delivery is on disk. It never waits for a run.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from sqlalchemy.exc import DBAPIError
from starlette.types import Receive, Scope, Send

from callboard import clock
from callboard.admission import Admission, Share
from callboard.delivery import Delivery, DeliveryState
from callboard.ids import new_id
from callboard.journal import Accepted, Arrival
from callboard.redaction import Redactor
from callboard.routes import Routes
from callboard.source import Received, Refused, Request, Source

logger = logging.getLogger(__name__)

BODY_LIMIT = 25 * 1024 * 1024
"""GitHub sends no payload above 25 MB (docs: payload_cap)."""
BODY_SECONDS = 30.0
"""For a whole body; GitHub itself gives up after 10 (docs: handling webhooks)."""
RETRY_AFTER = "5"
_NAMED = 128
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
        self._admission = Admission()
        self.open = False
        """Whether deliveries are taken; otherwise the answer is 503."""
        self.failing = False
        """Whether the journal did not take the last delivery."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the last part of its path names the source."""
        if scope["type"] == "websocket":  # refused: the server answers with 403
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            raise RuntimeError(f"intake: expected http, got {scope['type']}")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        extra: dict[str, str] = {}
        source = self._sources.get(scope["path"].rstrip("/").rpartition("/")[2])
        try:
            with self._admission.share() as share:
                status, answer = await self._take(
                    source, scope["method"], headers, receive, share
                )
        except Refused as refused:
            reason = self._redactor.text(refused.reason)
            status, answer = refused.status, {"error": reason}
            named = self._named(source, headers)
            logger.warning("refused delivery %s: %d %s", named, status, reason)
            if status == 503:
                extra["retry-after"] = RETRY_AFTER
            if status == 405:
                extra["allow"] = "POST"
        except Disconnected:
            return
        await _respond(send, status, answer, extra)

    async def _take(
        self,
        source: Source | None,
        method: str,
        headers: dict[str, str],
        receive: Receive,
        share: Share,
    ) -> tuple[int, dict[str, Any]]:
        if source is None:
            known = ", ".join(sorted(self._sources)) or "none configured"
            raise Refused(404, f"expected a webhook source ({known})")
        if method != "POST":
            raise Refused(405, f"expected POST, got {method}")
        if not self.open:
            raise Refused(503, "not taking deliveries: starting or shutting down")
        body = await read_body(headers, receive, share)
        request = Request(headers=headers, body=body)
        if len(body) <= _QUICK:
            received = source.receive(request)
        else:
            received = await anyio.to_thread.run_sync(source.receive, request)
        _check_names(received)
        arrival = self._arrival(source.name, received, headers)
        try:
            accepted = await self._accept(arrival)
        except Exception as error:
            self.failing = True
            message = "delivery %s: the journal did not take it"
            if isinstance(error, DBAPIError):
                # The database's own word, on one line: it comes with every delivery.
                message += ": %s"
                logger.log(logging.ERROR, message, received.guid, error.orig)
            else:
                logger.exception(message, received.guid)
            raise Refused(503, "the journal cannot take deliveries now") from error
        self.failing = False
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

    def _named(self, source: Source | None, headers: Mapping[str, str]) -> str:
        guid = None if source is None else source.delivery_of(headers)
        if guid is None:
            return "without an id"
        guid = self._redactor.excerpt(guid, _NAMED)
        return guid if guid.isprintable() else ascii(guid)

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


async def read_body(
    headers: Mapping[str, str], receive: Receive, share: Share
) -> bytes:
    """The body, counted while it comes.

    Raises:
        Refused: 413, without reading further, once it is known to exceed 25 MiB; 408,
            it took too long; 503, there is no room for it now.
        Disconnected: It never came to its end.
    """
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > BODY_LIMIT:
        raise _too_large(f"{int(announced):,}")
    with anyio.move_on_after(BODY_SECONDS):
        chunks: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            if share.size + len(chunk) > BODY_LIMIT:
                raise _too_large(f"more than {BODY_LIMIT:,}")
            share.grow(len(chunk))
            chunks.append(chunk)
            more = message.get("more_body", False)
        return b"".join(chunks)
    raise Refused(408, f"expected the whole body within {BODY_SECONDS:g} s")


def _check_names(received: Received) -> None:
    """Refuse what a database cannot keep: PostgreSQL takes no NUL, UTF-8 no surrogate."""
    for what in ("hook", "guid", "event", "action", "organization", "repository"):
        value: str = getattr(received, what) or ""
        if "\0" in value or not _is_unicode(value):
            raise Refused(400, f"{what}: expected text, got {value[:_NAMED]!a}")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
