"""From a request's body to the JSON document in it, and the names in that.

Owns the checks that keep a bad document from going further: whatever passes can be
stored as text, sent as JSON and decoded again without surprises.
"""

import json
import re
from email.message import Message
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct
from msgspec.json import Decoder

from callboard.source import Refused

longest_name = 255
form_field = re.compile(rb"(?:^|&)payload=([^&]*)")


class Owner(Struct):
    """Whatever has a login."""

    login: str | None = None
    type: str | None = None


class Installation(Struct):
    """A GitHub App at an owner."""

    account: Owner | None = None


class Project(Struct):
    """A repository."""

    full_name: str | None = None


class Names(Struct):
    """All that the intake reads of a payload."""

    action: str | None = None
    organization: Owner | None = None
    repository: Project | None = None
    installation: Installation | None = None


class Action(Struct):
    """What remains to be read where the rest contradicts GitHub's schema."""

    action: str | None = None


names_decoder = Decoder(Names)
action_decoder = Decoder(Action)


def document_of(content_type: str, body: bytes) -> bytes:
    """The JSON document, which GitHub packs into a form if the hook is set so.

    Raises:
        Refused: 415 for any other content type, 400 for a form without it.
    """
    if content_type == "application/json":
        return body
    message = Message()
    message["content-type"] = "".join(c for c in content_type if c.isprintable())
    kind = message.get_content_type() if content_type.strip() else "none"
    charset = message.get_content_charset("utf-8")
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise Refused(415, "the charset must be utf-8")
    if kind == "application/json":
        return body
    if kind != "application/x-www-form-urlencoded":
        expected = "application/json or application/x-www-form-urlencoded"
        raise Refused(415, f"the content type must be {expected}")
    fields = form_field.findall(body)
    if len(fields) != 1:
        came = len(fields)
        raise Refused(400, f"the form must have one field payload, it has {came}")
    return unquote_to_bytes(fields[0].replace(b"+", b" "))


def names_in(document: bytes) -> Names:
    """The names in a JSON document, without decoding the rest of it.

    Raises:
        Refused: 400, it is no JSON object, or not one that can be told apart.
    """
    if not document.strip():
        raise Refused(400, "the body is empty")
    try:
        # msgspec does not look into strings that it skips.
        document.decode()
        names = _decoded(document)
    except UnicodeDecodeError:
        raise Refused(400, "the body is not UTF-8") from None
    except RecursionError:
        raise Refused(400, "the JSON is nested too deep") from None
    except msgspec.ValidationError as error:
        raise Refused(400, f"the JSON is no webhook payload: {error}") from None
    except msgspec.DecodeError as error:
        raise Refused(400, f"the body is not JSON: {error}") from None
    if document.count(b'"action"') > 1 and _repeats_a_key(document):
        raise Refused(400, "the JSON object has a key twice")
    return names


def _decoded(document: bytes) -> Names:
    try:
        return names_decoder.decode(document)
    except msgspec.ValidationError:
        # A payload that contradicts the schema still makes a run: only without an
        # action that is text there is no saying which.
        return Names(action=action_decoder.decode(document).action)


def _repeats_a_key(document: bytes) -> bool:
    """Whether the outermost object does: which of two actions counts is anyone's guess."""

    def keep(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return pairs

    try:
        pairs = json.loads(document, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return True
    keys = [key for key, _ in pairs]
    return len(keys) != len(set(keys))


def name(text: str | None, what: str) -> str | None:
    """A name that can be shown, stored and searched for.

    Raises:
        Refused: 400, it holds control characters (PostgreSQL takes no NUL) or is long.
    """
    if text is not None and not (0 < len(text) <= longest_name and text.isprintable()):
        raise Refused(400, f"the {what} is no name: empty, too long, or not printable")
    return text
