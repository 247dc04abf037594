"""How deliveries are run: how many at once, how often, and how long at the end.

Owns the section ``[runtime]`` of the settings.
"""

from typing import Annotated

from msgspec import Meta, Struct


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """``[runtime]`` in ``callboard.toml``."""

    runs_at_once: Annotated[int, Meta(ge=1)] = 32
    """Deliveries that run at the same time."""
    attempts: Annotated[int, Meta(ge=1)] = 3
    """Runs of one delivery before it is parked."""
    first_wait: Annotated[float, Meta(ge=0)] = 30.0
    """Seconds before a failed delivery is run again; four times as long each time."""
    grace: Annotated[float, Meta(ge=0)] = 10.0
    """Seconds that runs have to finish at shutdown."""

    def wait(self, attempt: int) -> float:
        """Seconds between the failed run number ``attempt`` and the next."""
        return self.first_wait * 4 ** (attempt - 1)
