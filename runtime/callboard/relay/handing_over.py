"""From a relay's message to the intake.

Owns the way of what was heard into the same intake that takes requests by network, so
that signature, journal and answer are the same; and the words for why a message is not
taken.
"""

from collections.abc import Callable

import anyio
import anyio.to_thread
import httpx
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from callboard.board import Callboard
from callboard.relay.event_stream import TooLarge
from callboard.relay.message import GarbledError, Relayed, unwrap
from callboard.source import Received, Refused, Request, Source

_FORM = "application/x-www-form-urlencoded"
_UNSIGNED = 401
_NOT_NOW = 503
_WRITTEN_ANEW = (
    "the relay changed the body when it wrote it anew, as smee does; gosmee passes a"
    " body on as it was"
)


class Handover(Struct, frozen=True):
    """What became of one message."""

    taken: bool
    guid: str | None = None
    """As the sender names the delivery, when it said so."""
    event: str | None = None
    """``push`` or ``team.created``; None when it was not read so far."""
    about: str | None = None
    """The repository, or the organization."""
    reason: str = ""
    """Why it was not taken, or that there was nothing to run."""
    cause: str = ""
    """What probably lies behind the reason."""
    link: str | None = None
    """Where its runs are watched."""
    wait: float | None = None
    """Seconds until it is tried again, when the journal does not take it now."""


class _Answer(Struct):
    """The intake's, so far as it is read here."""

    error: str = ""
    duplicate: bool = False
    ignored: str = ""
    inspector: str | None = None


class Doorway:
    """Takes what a relay passes on to one source."""

    def __init__(
        self, board: Callboard, source: Source, told: Callable[[Handover], object]
    ) -> None:
        """Hand over to ``board``, which is open meanwhile.

        Args:
            board: Whose intake it is.
            source: Who vouches for what comes.
            told: Called with what became of each message.
        """
        self._source = source
        self._told = told
        self._genuine = False
        self._path = f"http://relay/webhooks/{source.name}"
        self._intake = httpx.ASGITransport(app=board.webhooks)

    async def heard(self, data: bytes | TooLarge) -> None:
        """Hand over one message; returns when it is on disk, or will never be.

        While the journal takes nothing it is tried again.
        """
        if isinstance(data, TooLarge):
            reason = f"expected at most {data.limit:,} bytes, got more"
            self._told(Handover(taken=False, reason=reason))
            return
        try:
            relayed = unwrap(data)
        except GarbledError as error:
            self._told(Handover(taken=False, reason=str(error)))
            return
        if relayed is not None:
            await self._hand_over(relayed)

    async def _hand_over(self, relayed: Relayed) -> None:
        headers = relayed.headers
        guid = self._source.delivery_of(headers)
        vouched = await anyio.to_thread.run_sync(self._vouched, relayed)
        if isinstance(vouched, Refused):
            reason = f"{vouched.status} {vouched.reason}"
            cause = self._cause(vouched, relayed)
            self._told(Handover(taken=False, guid=guid, reason=reason, cause=cause))
            return
        body, received = vouched
        self._genuine = True
        event = f"{received.event}.{received.action}" if received.action else None
        come = Handover(
            taken=True,
            guid=received.guid,
            event=event or received.event,
            about=received.repository or received.organization,
        )
        response = await self._post(headers, body)
        while response.status_code == _NOT_NOW:
            wait = float(response.headers.get("retry-after", "5"))
            reason = f"{_NOT_NOW} {_answer(response).error}"
            self._told(replace(come, taken=False, reason=reason, wait=wait))
            await anyio.sleep(wait)
            response = await self._post(headers, body)
        answer = _answer(response)
        if response.is_success:
            known = "known already" if answer.duplicate else ""
            reason = answer.ignored or known
            self._told(replace(come, reason=reason, link=answer.inspector))
        else:
            reason = f"{response.status_code} {answer.error}"
            self._told(replace(come, taken=False, reason=reason))

    def _vouched(self, relayed: Relayed) -> tuple[bytes, Received] | Refused:
        """The body that the source takes, or why it takes none."""
        first: Refused | None = None
        for body in relayed.spellings():
            try:
                request = Request(relayed.headers, body)
                return body, self._source.receive(request)
            except Refused as refused:
                first = first or refused
        return first or Refused(400, "the message has no body")

    async def _post(self, headers: dict[str, str], body: bytes) -> httpx.Response:
        # Made by hand: a client would add headers that nobody sent.
        named = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
        request = httpx.Request("POST", self._path, headers=named, content=body)
        response = await self._intake.handle_async_request(request)
        await response.aread()
        return response

    def _cause(self, refused: Refused, relayed: Relayed) -> str:
        if relayed.headers.get("content-type", "").startswith(_FORM):
            return "a relay passes on JSON alone: choose application/json at the sender"
        if refused.status != _UNSIGNED:
            return ""
        if relayed.exact:
            return "the body came as it was sent: the sender has another secret"
        if self._genuine:
            return f"earlier ones were genuine, so {_WRITTEN_ANEW}"
        return f"the sender has another secret; or {_WRITTEN_ANEW}"


def _answer(response: httpx.Response) -> _Answer:
    return msgspec.json.decode(response.content, type=_Answer)
