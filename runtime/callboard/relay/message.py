"""What a relay passes on of one webhook.

Owns the form of a relay's message, as smee and gosmee write it: a JSON object of the
request's headers, with the body as JSON under ``body`` or in base64 under ``bodyB``.
"""

import base64
import binascii
import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)
_ABOUT = frozenset({"body", "bodyB", "query", "timestamp"})
_OF_THE_CONNECTION = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_GREETINGS = (b'"connected"', b'"ready"')
_SHOWN = 60


class GarbledError(Exception):
    """A message is none that a relay writes; says what was expected and what came."""


class Relayed(Struct, frozen=True):
    """One webhook as a relay passes it on."""

    headers: dict[str, str]
    """Lower-case names; none that belong to the connection with the relay."""
    body: bytes
    exact: bool
    """Whether the body is, byte for byte, what was sent. Else the relay has read it as
    JSON and written it anew."""

    def spellings(self) -> Iterator[bytes]:
        r"""The bodies that may have been sent: as it came, then as others write it.

        JavaScript, in which smee is written, writes the escape of a control character as
        ``\u001b``; GitHub writes ``\u001B``. What a relay loses otherwise, such as the
        point of ``1.0`` or digits beyond 2⁵³, can not be guessed.
        """
        yield self.body
        if not self.exact:
            capital = _ESCAPE.sub(_in_capitals, self.body)
            if capital != self.body:
                yield capital


def unwrap(data: bytes) -> Relayed | None:
    """The webhook in a relay's message; None for a greeting that holds none.

    Raises:
        GarbledError: It is neither.
    """
    try:
        fields = msgspec.json.decode(data, type=dict[str, Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _garbled(data) from error
    if "bodyB" in fields:
        body, exact = _decoded(fields["bodyB"]), True
    elif "body" in fields:
        body, exact = bytes(fields["body"]), False
    elif _is_greeting(fields):
        return None
    else:
        raise _garbled(data)
    headers: dict[str, str] = {}
    for name, raw in fields.items():
        if name in _ABOUT or not bytes(raw).startswith(b'"'):
            continue
        try:
            value = msgspec.json.decode(raw, type=str)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _garbled(data) from error
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            expected = "expected headers of a request"
            raise GarbledError(f"{expected}, got {name[:_SHOWN]!a}")
        if name.lower() not in _OF_THE_CONNECTION:
            headers[name.lower()] = value
    return Relayed(headers, body, exact)


def _decoded(raw: Raw) -> bytes:
    try:
        return base64.b64decode(msgspec.json.decode(raw, type=str), validate=True)
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        raise GarbledError(f"bodyB: expected base64: {error}") from error


def _is_greeting(fields: dict[str, Raw]) -> bool:
    """What gosmee says first."""
    if set(fields) != {"message"}:
        return False
    return bytes(fields["message"]) in _GREETINGS


def _garbled(data: bytes) -> GarbledError:
    came = ascii(data[:_SHOWN].decode("ascii", "backslashreplace"))
    more = "…" if len(data) > _SHOWN else ""
    expected = "expected a JSON object with headers and a body"
    return GarbledError(f"{expected}, got {came}{more}")


def _in_capitals(escape: re.Match[bytes]) -> bytes:
    digits: bytes | None = escape[1]
    return escape[0] if digits is None else b"\\u" + digits.upper()
