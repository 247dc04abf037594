"""callboard: every delivery a supervised task tree, and a way to watch it.

This package is the runtime. It knows no sender of webhooks and no catalog; sources,
providers, mounts and commands come from other packages, through entry points. Names are
imported when they are first used, so that one event type costs no database driver.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callboard.board import Callboard, Mount
    from callboard.database import Database
    from callboard.delivery import Delivery, DeliveryState, DeliveryView
    from callboard.effects import Effect, Stamp, record_effects
    from callboard.event import EventName, Untyped
    from callboard.provider import Handler, HandlerError, Provider, cron, every, on
    from callboard.retry import Intensity, Retry
    from callboard.run import Run
    from callboard.settings import Settings, SettingsError
    from callboard.source import Received, Refused, Request, Source
    from callboard.states import State
    from callboard.trace import Trace

_HOMES = {
    "Callboard": "callboard.board",
    "Database": "callboard.database",
    "Delivery": "callboard.delivery",
    "DeliveryState": "callboard.delivery",
    "DeliveryView": "callboard.delivery",
    "Effect": "callboard.effects",
    "EventName": "callboard.event",
    "Handler": "callboard.provider",
    "HandlerError": "callboard.provider",
    "Intensity": "callboard.retry",
    "Mount": "callboard.board",
    "Provider": "callboard.provider",
    "Received": "callboard.source",
    "Refused": "callboard.source",
    "Request": "callboard.source",
    "Retry": "callboard.retry",
    "Run": "callboard.run",
    "Settings": "callboard.settings",
    "SettingsError": "callboard.settings",
    "Source": "callboard.source",
    "Stamp": "callboard.effects",
    "State": "callboard.states",
    "Trace": "callboard.trace",
    "Untyped": "callboard.event",
    "cron": "callboard.provider",
    "every": "callboard.provider",
    "on": "callboard.provider",
    "record_effects": "callboard.effects",
}
__all__ = [
    "Callboard",
    "Database",
    "Delivery",
    "DeliveryState",
    "DeliveryView",
    "Effect",
    "EventName",
    "Handler",
    "HandlerError",
    "Intensity",
    "Mount",
    "Provider",
    "Received",
    "Refused",
    "Request",
    "Retry",
    "Run",
    "Settings",
    "SettingsError",
    "Source",
    "Stamp",
    "State",
    "Trace",
    "Untyped",
    "cron",
    "every",
    "on",
    "record_effects",
]


def __getattr__(name: str) -> object:
    """Import a public name from the module that owns it."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'callboard' has no attribute {name!r}")
    return getattr(import_module(home), name)
