"""What marks a method as something that a person does on GitHub."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from callboard_github.simulator.state import State

P = ParamSpec("P")
R = TypeVar("R")


class Stateful(Protocol):
    """A record of the state."""

    @property
    def state(self) -> "State":
        """The state that holds it."""
        ...


S = TypeVar("S", bound=Stateful)


@dataclass(frozen=True, slots=True)
class Step:
    """One verb of a history, printable so that a failing history can be read."""

    subject: str
    verb: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.subject}.{self.verb}({self.arguments})"


def verb(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Make a method atomic to other threads and write it into the state's history.

    A verb that another verb calls is part of it and not written down again.
    """

    @functools.wraps(method)
    def wrapped(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        state = self.state
        with state.lock:
            state.depth += 1
            try:
                if state.depth == 1:
                    shown = [_short(value) for value in args]
                    shown += [f"{key}={_short(kwargs[key])}" for key in kwargs]
                    step = Step(str(self), method.__name__, ", ".join(shown))
                    state.history.append(step)
                return method(self, *args, **kwargs)
            finally:
                state.depth -= 1

    return wrapped


def _short(value: object) -> str:
    # A record or a commit is shown by its name, not by all that is in it.
    named = getattr(value, "sha", value)
    text = repr(str(named)) if hasattr(value, "state") else repr(named)
    return text if len(text) <= 200 else f"{text[:197]}..."
