"""TOML, with the line of what is wrong."""

import re
import tomllib
from typing import Any

from callboard_github.repositories.manifests.manifest import BadManifest

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


def read_toml(content: str) -> dict[str, Any]:
    """A document.

    Raises:
        BadManifest: It is none.
    """
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        line = place and place["line"]
        came = _PLACE.sub("", message)
        raise BadManifest("TOML", came, int(line) if line else None) from None
