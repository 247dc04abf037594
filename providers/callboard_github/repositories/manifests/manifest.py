"""What a manifest says, whatever its format.

Owns the words of what is wrong with one, and the reading of tables of any JSON or TOML.
"""

from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct

from callboard_catalog.documents import shown


class Manifest(Struct, frozen=True):
    """A package and what it needs."""

    kind: str
    """Of package, as package URLs name it: ``npm``, ``pypi``, ``golang`` …"""
    name: str | None
    """What it is published as; None for what is no package."""
    needs: frozenset[str] = frozenset()
    """Names of packages of the same kind."""


class BadManifest(ValueError):  # noqa: N818 - a ValueError that callers tell apart
    """A manifest that cannot be read."""

    def __init__(self, expected: str, came: str, line: int | None = None) -> None:
        super().__init__(f"expected {expected}, came {came}")
        self.expected = expected
        self.came = came
        self.line = line


def table(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The table at some path; empty where nothing is.

    Raises:
        BadManifest: Something else is there.
    """
    found = document
    for depth, key in enumerate(keys, 1):
        value: Any = found.get(key, {})
        if not isinstance(value, Mapping):
            path = ".".join(keys[:depth])
            raise BadManifest(f"a table at {path}", shown(str(value)))
        found = cast("Mapping[str, Any]", value)
    return found


def texts(document: Mapping[str, Any], key: str, path: str) -> list[str]:
    """The list of texts under a key, which is at ``path``; empty where nothing is.

    Raises:
        BadManifest: Something else is there.
    """
    value: Any = document.get(key, [])
    if not isinstance(value, list):
        raise BadManifest(f"a list of texts at {path}", shown(str(value)))
    found = cast("list[Any]", value)
    for item in found:
        if not isinstance(item, str):
            raise BadManifest(f"a list of texts at {path}", shown(str(item)))
    return found


def text(document: Mapping[str, Any], key: str, path: str) -> str | None:
    """The text under a key, which is at ``path``; None where nothing is.

    Raises:
        BadManifest: Something else is there, or an empty text.
    """
    value: Any = document.get(key)
    if value is not None and not (isinstance(value, str) and value):
        raise BadManifest(f"a text at {path}", shown(str(value)))
    return value
