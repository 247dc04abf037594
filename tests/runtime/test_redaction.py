"""Secrets never leave."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.failure import describe
from callboard.redaction import MASK, SECRET_HEADERS, Redactor, shorten

# Not a letter of the mask itself, which a secret may of course occur in.
SECRETS = st.text("XYZ0123456789.*+?()[\\^$|/", min_size=4, max_size=40)
TEXT = st.text(max_size=60)


@given(st.lists(SECRETS, min_size=1, max_size=5), st.lists(TEXT, max_size=6))
def test_no_registered_secret_survives_in_any_text(
    secrets: list[str], around: list[str]
) -> None:
    redactor = Redactor(secrets)
    parts: list[str] = []
    for i, part in enumerate(around or [""]):
        parts += [part, secrets[i % len(secrets)]]
    masked = redactor.text("".join(parts))
    assert all(secret not in masked for secret in secrets)


@given(SECRETS, TEXT)
def test_text_without_a_secret_is_left_as_it_is(secret: str, text: str) -> None:
    if secret not in text:
        assert Redactor([secret]).text(text) == text


@given(SECRETS)
def test_longer_secret_that_begins_with_a_shorter_one_is_masked_whole(
    secret: str,
) -> None:
    redactor = Redactor([secret, secret + "tail"])
    assert redactor.text(f"a {secret}tail b") == f"a {MASK} b"


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1B2" * 9,
        "ghs_" + "Z" * 36,
        "github_pat_" + "x9_" * 20,
    ],
)
def test_github_tokens_are_masked_without_being_registered(token: str) -> None:
    masked = Redactor().text(f"remote said: bad credential {token}!")
    assert token not in masked
    assert MASK in masked


def test_token_after_an_escape_is_masked() -> None:
    token = "ghp_" + "a1B2" * 9
    assert token not in Redactor().text(repr("\ufeff" + token))


@given(st.text(min_size=4))
def test_secret_is_masked_as_python_and_json_escape_it(secret: str) -> None:
    redactor = Redactor([secret])
    written = (repr(secret), ascii(secret), json.dumps(secret))
    for text in written:
        assert text[1:-1] not in redactor.text(f"got {text}").replace(MASK, "")


def test_credentials_in_urls_and_bearer_tokens_are_masked() -> None:
    text = Redactor().text(
        "postgresql://ada:love@db/x and Authorization: Bearer abcdef.ghijkl"
    )
    assert "love" not in text
    assert "abcdef" not in text
    assert "@db/x" in text


@given(
    st.sampled_from(sorted(SECRET_HEADERS)), st.text(string.ascii_letters, min_size=1)
)
def test_values_of_secret_headers_are_masked(name: str, value: str) -> None:
    assert Redactor().headers({name: value, "x-other": "kept"}) == {
        name: MASK,
        "x-other": "kept",
    }


def test_secret_in_another_header_is_masked_too() -> None:
    headers = Redactor(["opensesame"]).headers({"x-debug": "key=opensesame"})
    assert headers == {"x-debug": f"key={MASK}"}


@given(SECRETS)
def test_no_secret_survives_in_a_failure(secret: str) -> None:
    inner = ValueError(f"bad key {secret}")
    inner.add_note(f"tried {secret}")
    error = ExceptionGroup(f"with {secret}", [inner])
    error.__cause__ = KeyError(secret)
    recorded = repr(describe(error, Redactor([secret])))
    # repr doubles backslashes, in the secret as well.
    assert repr(secret)[1:-1] not in recorded


def test_shortened_text_names_its_size() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "abc… (cut, 4 characters)"


def test_shortened_text_escapes_what_no_encoding_holds() -> None:
    assert shorten("a\udcff", 9) == "a\\udcff"


def test_secret_that_is_added_later_is_masked_in_names_already_seen() -> None:
    redactor = Redactor()
    assert redactor.name("read token-1234") == "read token-1234"
    redactor.add("token-1234")
    assert redactor.name("read token-1234") == f"read {MASK}"
