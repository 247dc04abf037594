"""What a watcher may do, where it is switched on.

Owns the step from a command to the runtime's own method, and from what that says to a
result. Which commands exist is what the runtime offers.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from callboard import actions as runtime
from callboard.board import Callboard
from callboard.plural import counted
from callboard_inspector.wire import Command, CommandKind, Result

logger = logging.getLogger(__name__)


class Done(Struct, frozen=True):
    """What an action says of itself."""

    message: str
    delivery: str | None = None
    """The delivery that a replay made."""


class ActionError(Exception):
    """An action cannot be done; the message is for the person who asked."""


Action: TypeAlias = Callable[[Command, str], Awaitable[Done]]
"""Done for a person, whose name is the second argument."""
NOBODY = "somebody"


class Actions:
    """The actions that this installation offers."""

    def __init__(
        self, offered: Mapping[CommandKind, Action], who: str = NOBODY
    ) -> None:
        self.who = who
        """Whose actions they are, in what they leave behind."""
        self._offered = dict(offered)

    def by(self, who: str) -> "Actions":
        """The same, done by ``who``."""
        return Actions(self._offered, who)

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
            done = await action(command, self.who)
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


def board_actions(board: Callboard) -> Actions:
    """Everything that a person may do on ``board``, while it is open."""
    return Actions(
        {
            "cancel": _asked(board, _cancel),
            "replay": _asked(board, _replay),
            "park": _asked(board, _park),
            "unpark": _asked(board, _unpark),
            "pause": _asked(board, _pause),
            "resume": _asked(board, _resume),
        }
    )


def _asked(
    board: Callboard,
    action: Callable[[runtime.Actions, Command, str], Awaitable[Done]],
) -> Action:
    """``action`` for commands whose target is still as they saw it."""

    async def do(command: Command, who: str) -> Done:
        revision = _revision(board, command.target)
        seen = command.if_revision
        if seen is not None and revision is not None and revision != seen:
            message = f"{command.target} has changed since you looked: look again"
            raise ActionError(message)
        try:
            return await action(board.actions, command, who)
        except runtime.ActionError as error:
            raise ActionError(str(error)) from error

    return do


def _revision(board: Callboard, target: str) -> int | None:
    """The revision of a delivery or a live task; None for anything else."""
    view = board.trace.deliveries.get(target)
    if view is not None:
        return view.revision
    run, _, n = target.rpartition(".")
    tree = board.trace.trees.get(run)
    task = tree.tasks.get(int(n)) if tree is not None and n.isdecimal() else None
    return None if task is None else task.revision


async def _cancel(actions: runtime.Actions, command: Command, who: str) -> Done:
    await actions.cancel(command.target, who)
    return Done(f"told {command.target} to stop")


async def _replay(actions: runtime.Actions, command: Command, who: str) -> Done:
    body = None
    if command.payload is not None:
        try:
            msgspec.json.decode(command.payload)
        except msgspec.DecodeError as error:
            message = f"replay: expected a JSON document as payload: {error}"
            raise ActionError(message) from error
        body = command.payload.encode()
    accepted = await actions.replay(command.target, who, body)
    made = accepted.view.id
    return Done(f"replayed {command.target} as {made}", delivery=made)


async def _park(actions: runtime.Actions, command: Command, who: str) -> Done:
    await actions.park(command.target, who)
    return Done(f"parked {command.target}")


async def _unpark(actions: runtime.Actions, command: Command, who: str) -> Done:
    await actions.unpark(command.target, who)
    return Done(f"queued {command.target} again")


async def _pause(actions: runtime.Actions, command: Command, who: str) -> Done:
    await actions.pause(command.target, who)
    return Done(f"paused {command.target}: what it is wanted for waits")


async def _resume(actions: runtime.Actions, command: Command, who: str) -> Done:
    released = await actions.resume(command.target, who)
    waited = counted(released, "delivery", "deliveries")
    return Done(f"resumed {command.target}; {waited} had waited")
