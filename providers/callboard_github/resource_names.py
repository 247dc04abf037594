"""Names for Resources.

Owns the way from a name of anywhere to one that an entity may have, such that different
names stay different.
"""

import re
from hashlib import sha256

_LONGEST = 63
_DIGITS = 8
_OTHERS = re.compile(r"[^a-z0-9._-]+")
_DOUBLE = re.compile(r"[-._]{2,}")


def resource_name(*parts: str) -> str:
    """The parts with hyphens between, in lower case.

    What had to be changed for it, or cut, leaves a few digits of a hash at the end.
    """
    whole = "-".join(parts).lower()
    name = _DOUBLE.sub("-", _OTHERS.sub("-", whole)).strip("-._")
    if name == whole and len(name) <= _LONGEST:
        return name
    digest = sha256("\0".join(parts).lower().encode()).hexdigest()[:_DIGITS]
    return f"{name[: _LONGEST - _DIGITS - 1].rstrip('-._')}-{digest}".lstrip("-")
