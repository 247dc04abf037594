"""GitHub's signatures."""

import pytest

from callboard_github.signature import is_genuine, is_well_formed, sign

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_signature_equals_the_example_in_githubs_documentation() -> None:
    assert sign(BODY, SECRET) == SIGNATURE


def test_signature_by_any_of_the_secrets_is_genuine() -> None:
    assert is_genuine(BODY, SIGNATURE, [SECRET])
    assert is_genuine(BODY, SIGNATURE, ["new", SECRET])
    assert is_genuine(BODY, SIGNATURE, [SECRET, "old"])


def test_signature_of_another_body_or_secret_is_not_genuine() -> None:
    assert not is_genuine(BODY + b" ", SIGNATURE, [SECRET])
    assert not is_genuine(BODY, SIGNATURE, ["another", "and another"])
    assert not is_genuine(BODY, SIGNATURE, [])


def test_signature_may_be_written_in_capitals() -> None:
    digits = SIGNATURE.removeprefix("sha256=").upper()
    assert is_well_formed(f"sha256={digits}")
    assert is_genuine(BODY, f"sha256={digits}", [SECRET])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256=",
        SIGNATURE[:-1],
        SIGNATURE + "0",
        SIGNATURE + "\n",
        SIGNATURE.replace("sha256", "sha1"),
        SIGNATURE.removeprefix("sha256="),
        "sha256=" + "g" * 64,
        "sha256=" + "\N{FULLWIDTH DIGIT ONE}" * 64,
    ],
)
def test_anything_else_is_malformed_and_never_genuine(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_genuine(BODY, text, [SECRET])
