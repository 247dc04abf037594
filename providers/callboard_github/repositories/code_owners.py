"""CODEOWNERS: which files of a repository belong to whom.

Owns the format as GitHub reads it: where the file may be, which rule counts, and what a
pattern means, which is what it means in ``.gitignore`` but for a few forms.
Source: https://docs.github.com/articles/about-code-owners
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from msgspec import Struct

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""GitHub takes the first of these that is there."""
LARGEST_FILE = 3 * 1024 * 1024
"""Bytes. GitHub does not load a larger one."""

OWNER = re.compile(
    r"@(?P<login>[A-Za-z0-9][\w-]*)(?:/(?P<team>\w[\w.-]*))?|[^\s@]+@[^\s@]+", re.ASCII
)
"""A person, a team of an organization, or an address of mail."""

_WORD = re.compile(r"(?:\\.|\S)+")
_ESCAPED = re.compile(r"\\(.)")
_ANY, _ANY_DEPTH = "*", "**"

_T = TypeVar("_T")


class Rule(Struct, frozen=True):
    """One line."""

    pattern: str
    """As it is written."""
    owners: tuple[str, ...]
    """As they are written; empty where nobody is to own what matches."""

    def matches(self, path: str) -> bool:
        """Whether a file is meant, by its path from the root."""
        return _like(_parts(self.pattern), path.split("/"), _ANY_DEPTH, _segment)


class CodeOwners(Struct, frozen=True):
    """A file of rules."""

    place: str
    """Its path, one of ``PLACES``."""
    rules: tuple[Rule, ...]

    def rule_of(self, path: str) -> Rule | None:
        """The rule that counts for a file: the last one that matches."""
        return next((rule for rule in reversed(self.rules) if rule.matches(path)), None)


def read_code_owners(place: str, content: str | bytes) -> CodeOwners:
    """The rules of a file. Lines that GitHub skips are skipped."""
    if isinstance(content, bytes):
        content = content.decode("utf-8-sig", "replace")
    rules = map(_rule, content.removeprefix("\ufeff").splitlines())
    return CodeOwners(place, tuple(rule for rule in rules if rule is not None))


def _rule(line: str) -> Rule | None:
    words: list[str] = []
    for word in _WORD.findall(line):
        if word.startswith("#"):
            break
        words.append(word)
    if not words:
        return None
    pattern, *owners = words
    # No negation, no range of characters, no escaped comment: GitHub has none of them.
    if pattern.startswith(("!", "\\#")) or "[" in pattern or not pattern.strip("/"):
        return None
    if not all(OWNER.fullmatch(owner) for owner in owners):
        return None
    return Rule(pattern, tuple(owners))


@lru_cache(1_024)
def _parts(pattern: str) -> tuple[str, ...]:
    """A pattern by directories; what lies in a directory that is meant is meant too."""
    plain = _ESCAPED.sub(r"\1", pattern)
    parts = plain.strip("/").split("/")
    if "/" not in plain.rstrip("/"):
        parts.insert(0, _ANY_DEPTH)  # anywhere
    if plain.endswith("/"):
        return (*parts, _ANY, _ANY_DEPTH)
    if parts[-1] == _ANY_DEPTH:
        return (*parts[:-1], _ANY, _ANY_DEPTH)
    # GitHub's own exception: a last star means files of that directory alone.
    return tuple(parts) if parts[-1] == _ANY else (*parts, _ANY_DEPTH)


def _segment(pattern: str, name: str) -> bool:
    return _like(pattern, name, _ANY, lambda p, c: p in {"?", c})


def _like(
    pattern: Sequence[_T], value: Sequence[_T], star: _T, same: Callable[[_T, _T], bool]
) -> bool:
    """Whether a value matches part by part; ``star`` stands for any number of parts.

    Takes at most the product of the two lengths, whatever the pattern: it comes from
    people whom a regular expression would let stop the process.
    """
    at = seen = 0
    last: tuple[int, int] | None = None
    while seen < len(value):
        if at < len(pattern) and pattern[at] == star:
            last = at, seen
            at += 1
        elif at < len(pattern) and same(pattern[at], value[seen]):
            at, seen = at + 1, seen + 1
        elif last is not None:
            at, seen = last[0] + 1, last[1] + 1
            last = last[0], seen
        else:
            return False
    return all(part == star for part in pattern[at:])
