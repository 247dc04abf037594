"""The inspector: a feed of what the runtime does, and a page that shows it.

It reads the runtime's trace and its journal and writes to neither. It knows no sender of
webhooks and no catalog: what a task changed is an effect on a subject, whatever that is.

Any program on anyio or trio can be watched as well, without callboard's runs:

    from callboard_inspector import watching

    async with watching("crawler"):
        ...
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callboard_inspector.standalone import Inspector, watching

__all__ = ["Inspector", "watching"]


def __getattr__(name: str) -> object:
    # A command of the terminal needs no web server, and waits for none to be imported.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("callboard_inspector.standalone"), name)
