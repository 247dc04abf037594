"""callboard: every delivery a supervised task tree, and a way to watch it.

This package is the runtime. It knows no sender of webhooks and no catalog; sources,
providers, mounts and commands come from other packages, through entry points.
"""

from callboard.board import Callboard, Mount
from callboard.database import Database
from callboard.delivery import Delivery, DeliveryState, DeliveryView
from callboard.effects import Effect, Stamp, record_effects
from callboard.event import EventName, Untyped
from callboard.provider import Handler, HandlerError, Provider, every, on
from callboard.retry import Retry
from callboard.run import Run
from callboard.settings import Settings, SettingsError
from callboard.source import Received, Refused, Request, Source
from callboard.states import State
from callboard.trace import Trace

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
    "every",
    "on",
    "record_effects",
]
