"""``package.json``.

Source: https://docs.npmjs.com/cli/configuring-npm/package-json
"""

import json
import re
from typing import Any

from callboard_catalog.documents import shown
from callboard_github.repositories.manifests.manifest import (
    BadManifest,
    Manifest,
    table,
    text,
)

_TABLES = ("dependencies", "peerDependencies", "optionalDependencies")
_ALIAS = re.compile(r"npm:(@?[^@]+)")


def read_package(content: str) -> Manifest:
    """The package, with what it needs where it runs.

    Raises:
        BadManifest: It is none.
    """
    try:
        document: Any = json.loads(content)
    except json.JSONDecodeError as error:
        raise BadManifest("JSON", error.msg, error.lineno) from None
    if not isinstance(document, dict):
        raise BadManifest("an object", shown(str(document)))
    needs: set[str] = set()
    for name in _TABLES:
        for package, version in table(document, name).items():  # pyright: ignore[reportUnknownArgumentType] - any JSON
            alias = _ALIAS.match(version) if isinstance(version, str) else None
            needs.add(alias[1] if alias else package)
    return Manifest("npm", text(document, "name", "name"), frozenset(needs))  # pyright: ignore[reportUnknownArgumentType] - any JSON
