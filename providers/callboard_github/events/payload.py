"""What the classes of all events have in common.

Owns the settings of decoding: unknown keys are ignored, payloads are immutable, and
the garbage collector skips them (a decoded JSON document has no cycles).
"""

from msgspec import Struct


class Payload(Struct, frozen=True, gc=False, kw_only=True):
    """An object of a webhook payload, or a payload as a whole."""


class ActionPayload(Payload, frozen=True, gc=False, kw_only=True, tag_field="action"):
    """The payload of one action of an event: the key ``action`` chooses the class."""
