"""What ``callboard check`` finds out.

Owns the shape of a finding. A room contributes through the entry point group
``callboard.checks``: name to ``async (board) -> Iterable[Finding]``.
"""

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One thing that was looked at."""

    subject: str
    ok: bool
    detail: str
    """What works, or what was expected and what came; no secrets."""
