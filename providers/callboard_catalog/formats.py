"""Formats of names, keys and tags, as ``@backstage/catalog-model`` 1.10 checks them.

Owns the patterns and the words that describe them in an error.
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

_LABEL = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*")
_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_KIND = re.compile(r"[a-zA-Z][a-z0-9A-Z]*")
_VERSION = re.compile(r"[a-z0-9A-Z]+")
_TAG = re.compile(r"[a-z0-9:+#]+(?:-[a-z0-9:+#]+)*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")

LONGEST = 63
_LONGEST_DOMAIN = 253


class Format(NamedTuple):
    """A check, and what it expects in words."""

    check: Callable[[str], bool]
    expected: str


def _matching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        return len(text) <= LONGEST and pattern.fullmatch(text) is not None

    return check


_is_label = _matching(_LABEL)
_is_name = _matching(_NAME)
_is_version = _matching(_VERSION)


def _is_label_value(text: str) -> bool:
    return not text or _is_name(text)


def _is_domain(text: str) -> bool:
    return len(text) <= _LONGEST_DOMAIN and all(map(_is_label, text.split(".")))


def _prefixed(suffix: Callable[[str], bool]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        prefix, slash, rest = text.partition("/")
        return _is_domain(prefix) and suffix(rest) if slash else suffix(text)

    return check


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    if not _SCHEME.fullmatch(parts.scheme):
        return False
    return bool(parts.netloc) or parts.scheme not in {"http", "https", "ftp", "ws"}


KIND = Format(_matching(_KIND), "letters and digits, a letter first, at most 63")
API_VERSION = Format(
    _prefixed(_is_version), "[<domain>/]<version> of letters and digits"
)
NAME = Format(
    _is_name,
    "letters and digits, separated by any of [-_.], at most 63 characters",
)
NAMESPACE = Format(
    _is_label, "lower-case letters and digits, separated by [-], at most 63 characters"
)
KEY = Format(
    _prefixed(_is_name),
    "[<domain>/]<name>: a lower-case domain, then letters and digits separated by "
    "any of [-_.], at most 63 characters",
)
LABEL_VALUE = Format(
    _is_label_value,
    "an empty text, or letters and digits separated by any of [-_.], at most 63",
)
TAG = Format(
    _matching(_TAG),
    "lower-case letters, digits and any of [:+#], separated by [-], at most 63",
)
URL = Format(_is_url, "an absolute URL")
