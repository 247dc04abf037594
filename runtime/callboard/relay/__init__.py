"""Webhooks for a machine that nobody can reach, through a relay.

A relay takes them where the sender can reach it and passes them on as server-sent
events to whoever listens; smee.io is one. ``listening`` keeps the connection and
``handing_over`` brings what comes to the intake. Neither knows who sends.

Owns the section ``[relay]``; only who listens imports the rest.
"""

from msgspec import Struct


class RelaySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``[relay]``."""

    channel: str | None = None
    """The address of a channel, or one that ends in ``/new`` and leads to a new one."""
