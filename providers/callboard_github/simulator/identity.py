"""Identifiers and moments, all from one seed.

Owns every number, node id, GUID and timestamp of a simulated GitHub. Two simulators
with the same seed that see the same verbs in the same order hand out the same ones.
"""

import random
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Final

import msgspec.msgpack

BEGINNING: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When a simulated GitHub's calendar starts, unless told otherwise."""

# First numbers of about the size that GitHub hands out today, so that code which
# assumes 32 bits is found out.
_FIRST: Final = {
    "user": 58_000_000,
    "organization": 90_000_000,
    "team": 8_000_000,
    "repository": 700_000_000,
    "app": 300_000,
    "installation": 44_000_000,
    "hook": 390_000_000,
    "delivery": 60_000_000_000,
    "issue": 2_100_000_000,
    "deployment": 1_200_000_000,
    "deployment status": 2_300_000_000,
    "environment": 4_100_000_000,
    "workflow": 70_000_000,
    "workflow run": 9_100_000_000,
    "push": 12_000_000_000,
}


class Mint:
    """Makes ids, GUIDs and the calendar's moments, each only once.

    Args:
        seed: Any integer; the whole sequence follows from it.
        began: The first moment of the calendar.
    """

    def __init__(self, seed: int, began: datetime = BEGINNING) -> None:
        # Not for secrets: what a test prints must come back from its seed.
        self._steps = random.Random(f"{seed}:steps")  # noqa: S311
        self._guids = random.Random(f"{seed}:guids")  # noqa: S311
        self._last: dict[str, int] = {}
        self._moment = int(began.timestamp())

    def number(self, kind: str) -> int:
        """Return the next database id of a kind: growing, never reused."""
        last = self._last.get(kind, _FIRST[kind])
        self._last[kind] = last + self._steps.randrange(1, 40)
        return self._last[kind]

    def guid(self) -> str:
        """Return a GUID as ``X-GitHub-Delivery`` carries it."""
        digits = f"{self._guids.getrandbits(128):032x}"
        return "-".join(
            (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        )

    def moment(self) -> int:
        """Return the next moment of the calendar, in Unix seconds."""
        self._moment += 1
        return self._moment

    def now(self) -> int:
        """Return the calendar's current moment without moving it."""
        return self._moment


def node_id(prefix: str, *numbers: int) -> str:
    """Return a GraphQL node id in GitHub's present format.

    Args:
        prefix: ``U`` user, ``O`` organization, ``T`` team, ``R`` repository …
        *numbers: The database ids it stands for, owner first.
    """
    packed = msgspec.msgpack.encode([0, *numbers])
    # GitHub marks how many numbers follow: ``U_kgDO…`` one, ``T_kwDO…`` two.
    return f"{prefix}_{urlsafe_b64encode(packed).decode().rstrip('=')}"


def timestamp(moment: float) -> str:
    """Return Unix seconds as GitHub writes a time: ``2026-01-05T09:00:00Z``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
