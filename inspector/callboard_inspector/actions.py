"""What a watcher may do, where it is switched on.

Owns the step from a command to the runtime's own method, and from what that says to a
result. Which commands exist is what the runtime offers.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from msgspec import Struct

from callboard_inspector.wire import Command, CommandKind, Result

logger = logging.getLogger(__name__)


class Done(Struct, frozen=True):
    """What an action says of itself."""

    message: str
    delivery: str | None = None
    """The delivery that a replay made."""


class ActionError(Exception):
    """An action cannot be done; the message is for the person who asked."""


Action: TypeAlias = Callable[[Command], Awaitable[Done]]


class Actions:
    """The actions that this installation offers."""

    def __init__(self, offered: Mapping[CommandKind, Action]) -> None:
        self._offered = dict(offered)

    @property
    def kinds(self) -> list[str]:
        """What is offered, for ``hello``."""
        return sorted(self._offered)

    async def do(self, command: Command) -> Result:
        """Do it. Never raises: what went wrong is the result."""
        action = self._offered.get(command.kind)
        if action is None:
            message = f"{command.kind} is not offered here"
            return Result(command.command, ok=False, message=message)
        try:
            done = await action(command)
        except ActionError as error:
            return Result(command.command, ok=False, message=str(error))
        except Exception:
            # The boundary between a watcher and the runtime: it must not end the feed.
            logger.exception("%s of %s failed", command.kind, command.target)
            message = f"{command.kind} failed; the server's log has the traceback"
            return Result(command.command, ok=False, message=message)
        return Result(
            command.command, ok=True, message=done.message, delivery=done.delivery
        )
