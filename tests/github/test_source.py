"""GitHub as a source of deliveries."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from callboard.board import Callboard
from callboard.database import Database
from callboard.delivery import Delivery
from callboard.event import Untyped
from callboard.settings import Settings, SettingsError
from callboard.source import Received, Refused, Request, Source
from callboard_github.events.team import TeamCreated
from callboard_github.signature import sign
from callboard_github.source import GitHubSource, make_source

SECRET = "the-play-is-the-thing"
PAYLOADS = Path(__file__).parent / "payloads"
DEEP = 100_000


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def request(body: bytes, event: str = "team", **headers: str | None) -> Request:
    given: dict[str, str | None] = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-github-hook-id": "292430182",
        "x-hub-signature-256": sign(body, SECRET),
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Request({k: v for k, v in given.items() if v is not None}, body)


def receive(body: bytes, event: str = "team", **headers: str | None) -> Received:
    return GitHubSource([SECRET]).receive(request(body, event, **headers))


def refusal(body: bytes, event: str = "team", **headers: str | None) -> Refused:
    with pytest.raises(Refused) as caught:
        receive(body, event, **headers)
    assert SECRET not in caught.value.reason
    return caught.value


def test_github_source_is_a_source() -> None:
    source: Source = GitHubSource([SECRET])
    assert source.name == "github"


def test_request_is_named_from_headers_and_payload() -> None:
    body = payload("repository.renamed")
    assert receive(body, "repository") == Received(
        hook="292430182",
        guid="72d3162e-cc78-11e3-81ab-4c9367dc0958",
        event="repository",
        action="renamed",
        organization="globe",
        repository="globe/hamlet",
        body=body,
    )


def test_event_without_actions_needs_none() -> None:
    received = receive(payload("push"), "push")
    assert (received.action, received.repository) == (None, "globe/hamlet")


def test_installation_names_the_organization_it_is_in() -> None:
    received = receive(payload("installation.created"), "installation")
    assert received.organization == "globe"


def test_ping_is_received_but_ignored() -> None:
    received = receive(payload("ping"), "ping")
    assert (received.ignored, received.organization) == ("ping", "globe")


def test_form_is_unwrapped_and_its_raw_body_is_what_is_signed() -> None:
    document = payload("team.created")
    form = urlencode({"payload": document, "a": "b"}).encode()
    received = receive(form, content_type="application/x-www-form-urlencoded")
    assert received.body == document
    assert received.action == "created"


def test_delivery_signed_with_either_secret_of_a_rotation_is_taken() -> None:
    body = payload("team.created")
    source = GitHubSource(["tomorrow", SECRET])
    assert source.receive(request(body)).event == "team"
    new = sign(body, "tomorrow")
    assert source.receive(request(body, x_hub_signature_256=new)).event == "team"


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (None, "missing"),
        ("", "malformed"),
        ("sha1=" + "0" * 40, "malformed"),
        ("sha256=\xe9", "malformed"),
        ("sha256=" + "0" * 64, "wrong"),
    ],
)
def test_request_without_a_good_signature_is_401(
    signature: str | None, reason: str
) -> None:
    refused = refusal(payload("team.created"), x_hub_signature_256=signature)
    assert refused.status == 401
    assert reason in refused.reason


def test_stranger_is_told_of_the_signature_before_anything_else() -> None:
    wrong = "sha256=" + "0" * 64
    refused = refusal(
        b"{", "nope", content_type="text/plain", x_hub_signature_256=wrong
    )
    assert refused.status == 401


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x_github_event", None),
        ("x_github_event", ""),
        ("x_github_event", "Team"),
        ("x_github_event", "te am"),
        ("x_github_event", "team\x00"),
        ("x_github_event", "../team"),
        ("x_github_delivery", None),
        ("x_github_delivery", ""),
        ("x_github_delivery", "a\x00b"),
        ("x_github_delivery", "a" * 129),
        ("x_github_hook_id", "not an id"),
    ],
)
def test_request_with_a_bad_header_is_400(header: str, value: str | None) -> None:
    wrong = request(payload("team.created"), **{header: value})  # pyright: ignore[reportArgumentType] - no header is called `event`
    with pytest.raises(Refused) as caught:
        GitHubSource([SECRET]).receive(wrong)
    assert caught.value.status == 400


def test_undocumented_event_is_400_and_names_the_setting_that_lets_it_in() -> None:
    refused = refusal(b'{"action": "raised"}', "curtain")
    assert refused.status == 400
    assert "accept_unknown_events" in refused.reason


def test_undocumented_event_is_taken_untyped_where_the_setting_says_so() -> None:
    source = GitHubSource([SECRET], accept_unknown_events=True)
    received = source.receive(request(b'{"action": "raised"}', "curtain"))
    assert (received.event, received.action) == ("curtain", "raised")
    event = source.decode(delivery(received))
    assert isinstance(event, Untyped)
    assert event.payload == {"action": "raised"}


def test_undocumented_action_of_a_known_event_is_taken() -> None:
    assert receive(b'{"action": "applauded"}').action == "applauded"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        'application/json; charset="UTF-8"',
    ],
)
def test_json_is_taken_however_it_is_announced(content_type: str) -> None:
    assert receive(payload("team.created"), content_type=content_type).event == "team"


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/jsonx", "application/json; charset=utf-16"],
)
def test_other_content_type_is_415(content_type: str | None) -> None:
    refused = refusal(payload("team.created"), content_type=content_type)
    assert refused.status == 415


def test_compressed_body_is_415() -> None:
    refused = refusal(payload("team.created"), content_encoding="gzip")
    assert refused.status == 415


BAD_DOCUMENTS = {
    "empty": b"",
    "blank": b" \r\n",
    "cut off": b'{"action": "created"',
    "followed by more": b'{"action": "created"} {}',
    "an array": b"[]",
    "a text": b'"created"',
    "null": b"null",
    "byte order mark": b'\xef\xbb\xbf{"action": "created"}',
    "utf-16": '{"action": "created"}'.encode("utf-16"),
    "not a number": b'{"action": "created", "x": NaN}',
    "infinite": b'{"action": "created", "x": -Infinity}',
    "arrays nested deep": b'{"action": "a", "x": %s%s}' % (b"[" * DEEP, b"]" * DEEP),
    "objects nested deep": b'{"action": "a", "x": %s1%s}'
    % (b'{"x":' * DEEP, b"}" * DEEP),
    "nested deep and cut off": b'{"x":' * DEEP,
    "invalid UTF-8 in a skipped text": b'{"action": "created", "x": "\xff"}',
    "invalid UTF-8 in a skipped key": b'{"action": "created", "\xff": 1}',
    "invalid UTF-8 in a name": b'{"action": "\xc0\x80"}',
    "surrogate in UTF-8": b'{"action": "created", "x": "\xed\xa0\x80"}',
    "lone surrogate in a skipped text": b'{"action": "created", "x": "\\ud800"}',
    "lone low surrogate": b'{"action": "created", "x": ["\\udc00 and on"]}',
    "lone surrogate in a skipped key": b'{"action": "created", "\\uD800a": 1}',
    "lone surrogate in a name": b'{"action": "\\ud800"}',
    "two high surrogates": b'{"action": "created", "x": "\\ud800\\ud800"}',
    "control character": b'{"action": "created", "x": "\x00"}',
    "NUL in the action": b'{"action": "created\\u0000"}',
    "NUL in the organization": b'{"action": "a", "organization": {"login": "\\u0000"}}',
    "NUL in the repository": b'{"action": "a", "repository": {"full_name": "a\\u0000"}}',
    "an empty action": b'{"action": ""}',
    "a long action": b'{"action": "%s"}' % (b"a" * 300),
    "no action": b"{}",
    "an action that is a number": b'{"action": 1}',
    "an action that is null": b'{"action": null}',
    "two actions": b'{"action": "created", "action": "deleted"}',
}


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_bad_document_with_a_good_signature_is_400(name: str) -> None:
    assert refusal(BAD_DOCUMENTS[name]).status == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"payload", b"other=%7B%7D", b"payload=", b"payload=%7B%7D&payload=%7B%7D"],
)
def test_form_without_one_payload_is_400(body: bytes) -> None:
    form = "application/x-www-form-urlencoded"
    assert refusal(body, content_type=form).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"action": "created", "x": %s}' % (b"9" * 10_000),
        b'{"action": "created", "x": 1e999999}',
        b'{"action": "created", "x": {"action": 1, "action": 2}}',
        b'{"action": "created", "x": "\\ud83c\\udfad"}',
        b'{"action": "created", "organization": "globe", "repository": []}',
    ],
)
def test_odd_but_readable_document_makes_an_untyped_event(body: bytes) -> None:
    source = GitHubSource([SECRET])
    event = source.decode(delivery(source.receive(request(body))))
    assert isinstance(event, Untyped)
    assert event.name == ("github", "team", "created")
    assert event.payload is not None
    # The inspector sends it on.
    json.dumps(event.payload, allow_nan=False).encode()


def test_delivery_is_decoded_to_its_type() -> None:
    source = GitHubSource([SECRET])
    received = source.receive(request(payload("team.created")))
    assert isinstance(source.decode(delivery(received)), TeamCreated)


@pytest.mark.parametrize("secrets", [[], [""], ["good", ""]])
def test_source_without_a_secret_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        GitHubSource(secrets)


def test_insecure_source_takes_unsigned_requests() -> None:
    source = GitHubSource([], insecure=True)
    unsigned = request(payload("team.created"), x_hub_signature_256=None)
    assert source.receive(unsigned).action == "created"


def test_insecure_source_with_a_secret_checks_it() -> None:
    source = GitHubSource([SECRET], insecure=True)
    with pytest.raises(Refused):
        source.receive(request(payload("team.created"), x_hub_signature_256=None))


def board(*, insecure: bool = False, **variables: str) -> Callboard:
    values = {"github_webhooks": {"accept_unknown_events": True}}
    settings = Settings(values, environment=variables)
    settings.insecure = insecure
    return Callboard(settings, Database(create_engine("sqlite://")))


def test_source_is_made_from_secrets_of_the_environment() -> None:
    both = f"other, {SECRET}"
    source = make_source(board(CALLBOARD_GITHUB_WEBHOOK_SECRET=both))
    received = source.receive(request(b'{"action": "raised"}', "curtain"))
    assert received.event == "curtain"


def test_source_without_secrets_names_the_variable() -> None:
    with pytest.raises(SettingsError, match="CALLBOARD_GITHUB_WEBHOOK_SECRET"):
        make_source(board())


def test_source_without_secrets_is_made_where_insecure_was_asked_for() -> None:
    unsigned = request(payload("team.created"), x_hub_signature_256=None)
    assert make_source(board(insecure=True)).receive(unsigned).event == "team"


header_values = st.text(st.characters(max_codepoint=255), max_size=40)
headers = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.one_of(
            st.sampled_from(["application/json", "application/x-www-form-urlencoded"]),
            header_values,
            header_values.map(lambda rest: f"application/json;{rest}"),
        ),
        "content-encoding": header_values,
        "x-github-event": st.one_of(st.sampled_from(["team", "push"]), header_values),
        "x-github-delivery": st.one_of(st.just("guid"), header_values),
        "x-github-hook-id": header_values,
        "x-hub-signature-256": header_values,
    },
)
punctuation = st.sampled_from([b"{", b"}", b"[", b"]", b'"', b",", b":", b"&"])
texts = st.sampled_from([b'{"action":', b'"created"', b'"organization":{"login":'])
oddities = st.sampled_from([b"\\u0000", b"\\ud800", b"\xff", b"1e999", b"null"])
fragments = punctuation | texts | oddities | st.just(b"payload=")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
names = st.sampled_from(["action", "organization", "repository", "installation"])
bodies = st.one_of(
    st.binary(),
    st.lists(fragments).map(b"".join),
    st.dictionaries(names | st.text(), json_values).map(json.dumps).map(str.encode),
)


@given(given_headers=headers, body=bodies, signed=st.booleans())
@example(given_headers={"content-type": "x; charset*=a'b'%ff"}, body=b"", signed=True)
@example(given_headers={"content-type": 'a/b; charset="\n'}, body=b"", signed=True)
def test_whatever_comes_is_received_or_refused(
    given_headers: dict[str, str], body: bytes, *, signed: bool
) -> None:
    source = GitHubSource([SECRET])
    if signed:
        base = request(body).headers
        given_headers = {
            **base,
            **given_headers,
            "x-hub-signature-256": sign(body, SECRET),
        }
    try:
        received = source.receive(Request(given_headers, body))
    except Refused as refused:
        assert refused.status in {400, 401, 415}
        return
    assert signed
    document: Any = json.loads(received.body)
    assert isinstance(document, dict)
    source.decode(delivery(received))


def delivery(received: Received) -> Delivery:
    return Delivery(
        id="01",
        source="github",
        hook=received.hook,
        guid=received.guid,
        event=received.event,
        action=received.action,
        organization=received.organization,
        repository=received.repository,
        received_at=0.0,
        headers={},
        body=received.body,
    )
