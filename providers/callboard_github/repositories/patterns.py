"""Which paths of a repository are catalog files.

Owns the meaning of a pattern: ``*`` and ``?`` stay within a directory, ``**`` does not,
and ``**/`` also stands for no directory at all.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_WILD = re.compile(r"\*\*/|\*\*|\*|\?")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Patterns:
    """Some paths and globs, from the root of a repository."""

    def __init__(self, patterns: Iterable[str]) -> None:
        cleaned = [pattern.lstrip("/") for pattern in patterns]
        self.plain = tuple(p for p in cleaned if not is_glob(p))
        """Those that name one file."""
        self.globs = tuple(p for p in cleaned if is_glob(p))

    def match(self, path: str) -> bool:
        """Whether a path is meant."""
        return path in self.plain or any(
            _expression(glob).fullmatch(path) for glob in self.globs
        )


def is_glob(pattern: str) -> bool:
    """Whether a pattern may mean several files."""
    return bool(_WILD.search(pattern))


@lru_cache(256)
def _expression(glob: str) -> re.Pattern[str]:
    made: list[str] = []
    position = 0
    for found in _WILD.finditer(glob):
        made += [re.escape(glob[position : found.start()]), _MEANING[found.group()]]
        position = found.end()
    return re.compile("".join(made) + re.escape(glob[position:]), re.DOTALL)
