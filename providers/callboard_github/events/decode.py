"""From bytes to a typed event.

Owns the choice of the class. One decoder per event holds the classes of all its
actions, so that the payload is read once, and is built when the event first arrives.
"""

import json
import math
from importlib import import_module
from typing import Any

import msgspec
from msgspec.json import Decoder

from callboard.event import EventName, Untyped
from callboard_github.events.index import KNOWN_EVENTS
from callboard_github.events.payload import Payload

decoders: dict[str, Decoder[Payload]] = {}


def decode(event: str, body: bytes) -> Payload | Untyped:
    """The typed event that ``body`` is, or an ``Untyped`` that says why it is none.

    Keys that the class lacks are ignored. Nothing in ``body`` makes this fail: what
    contradicts the schema, is not documented or is not JSON comes back untyped, the
    last of them with None for a payload.

    Args:
        event: Its name, from the header ``X-GitHub-Event``.
        body: The JSON document.
    """
    decoder = decoders.get(event) or decoder_of(event)
    if decoder is None:
        return untyped(event, body, f"GitHub documents no event {event!r}")
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        return untyped(event, body, str(error))


def decoder_of(event: str) -> Decoder[Payload] | None:
    """The decoder for all actions of ``event``, or None if GitHub documents none."""
    if event not in KNOWN_EVENTS:
        return None
    module = import_module(f"callboard_github.events.{event}")
    union = "".join(word.capitalize() for word in event.split("_")) + "Event"
    decoder: Decoder[Payload] = Decoder(getattr(module, union))
    decoders[event] = decoder
    return decoder


def untyped(event: str, body: bytes, reason: str) -> Untyped:
    """What there is of a payload without a class."""
    try:
        payload = document_in(body)
    except (ValueError, RecursionError) as error:
        name = EventName("github", event, None)
        return Untyped(name, None, f"not a JSON document: {error}")
    action: object = None
    if isinstance(payload, dict):
        action = payload.get("action")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - any JSON object
    known = KNOWN_EVENTS.get(event)
    if known and isinstance(action, str) and action not in known:
        reason = f"GitHub documents no action {action!r} of the event {event!r}"
    name = EventName("github", event, action if isinstance(action, str) else None)
    return Untyped(name, payload, reason)


def document_in(body: bytes) -> Any:
    """Any JSON document; a number that 64 bits cannot hold is given as text.

    Raises:
        ValueError: It is no JSON, no UTF-8, or has half a surrogate pair.
        RecursionError: It is nested too deep.
    """
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        return json.loads(body, parse_int=integer, parse_float=fraction)


def integer(text: str) -> int | str:
    """A JSON integer, as text if it is long."""
    return int(text) if len(text) < 19 else text


def fraction(text: str) -> float | str:
    """A JSON number with a fraction or exponent, as text if no float is that large."""
    number = float(text)
    return number if math.isfinite(number) else text
