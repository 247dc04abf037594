"""How GitHub turns a team's name into its slug."""

import re
import unicodedata

_OTHER = re.compile(r"[^a-z0-9_-]+")
_DASHES = re.compile(r"-{2,}")


def slug_of(name: str) -> str:
    """Return the slug of a team name: ``Old Team & Co`` becomes ``old-team-co``.

    Accents are dropped, everything but letters, digits, ``_`` and ``-`` becomes one
    dash, and dashes at either end vanish.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    dashed = _OTHER.sub("-", plain.lower())
    return _DASHES.sub("-", dashed).strip("-")
