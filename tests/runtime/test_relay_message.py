"""What a relay's message holds, and what is none."""

import base64
import json

import pytest

from callboard.relay.message import GarbledError, Relayed, unwrap


def test_body_is_taken_as_the_relay_wrote_it() -> None:
    data = (
        b'{"x-event":"thing","body":{"n": 1.50,"s":"\\u001b"},"query":{},"timestamp":1}'
    )
    relayed = unwrap(data)
    assert relayed == Relayed(
        {"x-event": "thing"}, b'{"n": 1.50,"s":"\\u001b"}', exact=False
    )


def test_body_in_base64_is_preferred_and_exact() -> None:
    encoded = base64.b64encode(b'{"n": 1.0}').decode()
    message = {"X-Event": "thing", "bodyB": encoded, "body": {"n": 1}}
    relayed = unwrap(json.dumps(message).encode())
    assert relayed == Relayed({"x-event": "thing"}, b'{"n": 1.0}', exact=True)


def test_headers_of_the_connection_with_the_relay_stay_there() -> None:
    message: dict[str, object] = {
        "host": "smee.io",
        "content-length": "2",
        "transfer-encoding": "chunked",
        "set-cookie": ["a", "b"],
        "content-type": "application/json",
        "body": {},
    }
    relayed = unwrap(json.dumps(message).encode())
    assert relayed is not None
    assert relayed.headers == {"content-type": "application/json"}


@pytest.mark.parametrize("word", ["connected", "ready"])
def test_greeting_is_no_message(word: str) -> None:
    assert unwrap(json.dumps({"message": word}).encode()) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[]",
        b"\xff\xfe",
        b'{"x-event":"thing"}',
        b'{"message":["connected"]}',
        b'{"a":' * 10_000,
        b'{"body":{},"bodyB":"%%%"}',
        b'{"body":{},"bodyB":1}',
        b'{"body":{},"a header":"x"}',
        b'{"body":{},"x-event":"a\\r\\nx-other: b"}',
        b'{"body":{},"x-event":"\\u2028"}',
        b'{"body":{},"x-event":"\\ud83d"}',
        b'{"body":{},"x-event":"\xff"}',
    ],
)
def test_garbage_is_told_for_what_it_is(data: bytes) -> None:
    with pytest.raises(GarbledError, match=r"^(bodyB: )?expected "):
        unwrap(data)


def test_escapes_are_tried_in_capitals_too() -> None:
    body = rb'{"a":"\u001b\\u001b\"\u00e9"}'
    capital = rb'{"a":"\u001B\\u001b\"\u00E9"}'
    assert [*Relayed({}, body, exact=False).spellings()] == [body, capital]
    assert [*Relayed({}, body, exact=True).spellings()] == [body]
    assert [*Relayed({}, b"{}", exact=False).spellings()] == [b"{}"]
