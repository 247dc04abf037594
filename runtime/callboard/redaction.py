"""What never leaves the process: secrets, and the headers that carry them.

Owns the list of secret values. Whoever records text that a stranger, a library or an
exception wrote passes it through here first.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

NAME_LENGTH = 200
MASK = "[redacted]"
SECRET_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-hub-signature",
        "x-hub-signature-256",
    }
)
_SHORTEST = 4
_TOKENS = re.compile(
    r"(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,})"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?<=\bBearer )[\w.~+/=-]{8,}"
)
"""GitHub's token formats, user:password in a URL, and bearer tokens.

The first may stand after a letter: in a ``repr`` that of an escape is before it.
"""


class Redactor:
    """Masks known secrets, and what looks like one, in text and headers."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self.name = lru_cache(8_192)(self._name)
        """A task's name, or a label, as it may be kept: masked, and not too long.

        Remembered, because every task has one and the same few return in every run.
        """
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Mask these values from now on. Values under four characters are left."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                self._secrets.update((secret, *_escaped(secret)))
        if self._secrets:
            longest_first = sorted(self._secrets, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first)))
        self.name.cache_clear()

    def text(self, text: str) -> str:
        """``text`` with every secret masked."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        return _TOKENS.sub(MASK, text)

    def excerpt(self, text: str, limit: int) -> str:
        """``text`` as it may be kept: masked, then cut to ``limit`` characters."""
        return shorten(self.text(text), limit)

    def _name(self, text: str) -> str:
        return self.excerpt(text, NAME_LENGTH)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """``headers`` (lower-case names) with the values of secret ones masked."""
        return {
            name: MASK if name in SECRET_HEADERS else self.text(value)
            for name, value in headers.items()
        }


def _escaped(secret: str) -> Iterable[str]:
    """How Python and JSON write it within quotes."""
    return (
        quoted[1:-1] for quoted in (repr(secret), ascii(secret), json.dumps(secret))
    )


def shorten(text: str, limit: int) -> str:
    """``text``, cut to ``limit`` characters with a word on its true size.

    What no encoding holds (a lone surrogate, as in some file names) is escaped.
    """
    size = len(text)
    if not text.isascii():
        text = text[:limit].encode("utf-8", "backslashreplace").decode()
    return text if size <= limit else f"{text[:limit]}… (cut, {size:,} characters)"
