"""A source of plain JSON documents, signed with a token that is no secret."""

from collections.abc import Iterable, Mapping
from uuid import uuid4

import msgspec
from msgspec import Struct

from callboard.delivery import Delivery
from callboard.event import TypedEvent, Untyped
from callboard.source import Received, Refused, Request

TOKEN = "a token for tests"  # noqa: S105 - guards nothing


class PlainSource:
    """JSON documents as they come: headers name event and delivery, a token signs.

    The document's ``action``, ``organization`` and ``repository`` are plain strings.
    """

    def __init__(
        self, name: str = "plain", *, types: Iterable[type[TypedEvent]] = ()
    ) -> None:
        """``types`` are the event classes that ``decode`` returns; others are Untyped."""
        self._name = name
        self._types = {kind.__event__: kind for kind in types}

    @property
    def name(self) -> str:
        """See ``Source.name``."""
        return self._name

    def delivery_of(self, headers: Mapping[str, str]) -> str | None:
        """See ``Source.delivery_of``."""
        return headers.get("x-plain-delivery")

    def receive(self, request: Request) -> Received:
        """See ``Source.receive``. ``x-plain-event: ping`` is recorded and not run."""
        headers = request.headers
        if headers.get("x-plain-token") != TOKEN:
            raise Refused(401, "x-plain-token: expected the token for tests")
        event, guid = headers.get("x-plain-event"), headers.get("x-plain-delivery")
        if not event or not guid:
            raise Refused(400, "expected the headers x-plain-event, x-plain-delivery")
        try:
            about = msgspec.json.decode(request.body, type=_About)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(400, f"expected a JSON object: {error}") from error
        return Received(
            hook=headers.get("x-plain-hook", ""),
            guid=guid,
            event=event,
            action=about.action,
            organization=about.organization,
            repository=about.repository,
            body=request.body,
            ignored="ping" if event == "ping" else None,
        )

    def decode(self, delivery: Delivery) -> object:
        """See ``Source.decode``."""
        name = delivery.name
        payload = msgspec.json.decode(delivery.body)
        kind = self._types.get(name) or self._types.get(name._replace(action=None))
        if kind is None:
            return Untyped(name, payload, "no type has this name")
        try:
            return msgspec.convert(payload, kind)
        except msgspec.ValidationError as error:
            return Untyped(name, payload, str(error))


class _About(Struct):
    action: str | None = None
    organization: str | None = None
    repository: str | None = None


def signed(
    event: str, guid: str | None = None, *, hook: str = "", token: str = TOKEN
) -> dict[str, str]:
    """The headers with which ``PlainSource`` takes a document; a new GUID for None."""
    return {
        "content-type": "application/json",
        "x-plain-event": event,
        "x-plain-delivery": guid or str(uuid4()),
        "x-plain-hook": hook,
        "x-plain-token": token,
    }
