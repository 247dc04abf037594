"""A realistic payload of every event that a simulated GitHub sends.

Owns the history that causes them: a small organization in which everything happens
once. What a sample looks like is up to the simulator, which makes it as for a webhook.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from callboard_github.simulator import (
    HookDelivery,
    Organization,
    Simulator,
    Size,
    populate,
)
from callboard_github.simulator.app import APP_EVENTS  # noqa: F401
