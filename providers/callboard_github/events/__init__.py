"""GitHub's webhook events as types: a class for every event and action.

``from callboard_github.events import TeamCreated`` imports the module of ``team`` and
no other. Every module but ``decode``, ``payload`` and this one is generated from the
schemas of the npm package `@octokit/openapi-webhooks`, under the licence beside it, by
``scripts/generate_events.py``.
"""

from importlib import import_module

from callboard_github.events.decode import decode
from callboard_github.events.index import KNOWN_EVENTS, MODULES
from callboard_github.events.payload import ActionPayload, Payload

__all__ = ["KNOWN_EVENTS", "ActionPayload", "Payload", "decode"]  # and every class


def __getattr__(name: str) -> object:
    module = MODULES.get(name)
    if module is None:
        raise AttributeError(f"GitHub's events have no type called {name!r}")
    found: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES})
