"""``callboard watch``: what runs now, in a terminal.

Owns the command and its connection: it comes back after a restart, resumes where it was,
and says meanwhile that it is stale. On a terminal it draws, into a pipe it writes a line
for each thing that happened.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
from rich.live import Live

from callboard.cli.console import PlainConsole, complain, read_settings
from callboard.cli.serve import INSPECTOR_PORT
from callboard_inspector.client import Client, GoneError, NoServerError, connect
from callboard_inspector.picture import Picture
from callboard_inspector.snapshots import UNKNOWN
from callboard_inspector.terminal.journal_lines import Lines, as_json, as_text
from callboard_inspector.terminal.screen import Screen
from callboard_inspector.wire import Bye, Scope

_FIRST_WAIT = 0.25
_LONGEST_WAIT = 5.0
_REDRAW = 0.1
_NOTHING_THERE = 1
_TREES = 3


class UnknownDeliveryError(Exception):
    """The server knows nothing of the delivery that is to be watched."""


def watch(
    delivery: str | None = None,
    *,
    url: str = f"http://127.0.0.1:{INSPECTOR_PORT}",
    json_: bool = False,
    config: Path | None = None,
) -> None:
    """Watch a running server: its deliveries and the trees of what runs.

    On a terminal the picture is drawn anew as things happen; end it with Ctrl-C. Into a
    pipe goes a line for each delivery that changed. The exit code is 1 when there is no
    server to begin with, or when it knows nothing of the delivery.

    Args:
        delivery: Only this delivery, and its whole tree.
        url: Where the server's inspector is. It may need a key, which is read from
            CALLBOARD_INSPECTOR_TOKEN.
        json_: One JSON object a line for each delivery or task that changed, with all
            that is known of it.
        config: The settings; callboard.toml in this folder when not given.
    """
    keys = read_settings(config).secrets("INSPECTOR_TOKEN")
    console = PlainConsole(highlight=False)
    follower = Follower(url, keys[0] if keys else None, delivery)
    try:
        if console.is_terminal and not json_:
            with Live(
                Screen(follower, url), console=console, screen=True, auto_refresh=False
            ) as live:
                anyio.run(follower.draw, live.refresh, backend="trio")
        else:
            lines = Lines(as_json if json_ else as_text, delivery)
            anyio.run(follower.follow, _writer(lines), backend="trio")
    except* BrokenPipeError:
        # Who read it has gone. Python would complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except* KeyboardInterrupt:
        pass
    except* (NoServerError, UnknownDeliveryError) as group:
        complain(group.exceptions[0])
        raise SystemExit(_NOTHING_THERE) from None


def _writer(lines: Lines) -> Callable[[Picture], None]:
    def write(picture: Picture) -> None:
        for line in lines.new(picture):
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    return write


def _look(_: Picture) -> None:
    """What is drawn is read when it is drawn."""


class Follower:
    """Keeps a picture current, for as long as it may take."""

    def __init__(self, url: str, key: str | None, delivery: str | None) -> None:
        self.picture = Picture()
        self.live = False
        self.delivery = delivery
        self._url = url
        self._key = key
        self._scopes: list[Scope] = []

    async def draw(self, redraw: Callable[[], None]) -> None:
        """As ``follow``, drawing meanwhile."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.follow, _look)
            while True:
                redraw()
                await anyio.sleep(_REDRAW)

    async def follow(self, changed: Callable[[Picture], None]) -> None:
        """Connect, and connect again when the server has gone, until cancelled.

        Raises:
            NoServerError: There was none to begin with, or it took nobody in.
            UnknownDeliveryError: The server knows nothing of the delivery.
        """
        wait = _FIRST_WAIT
        while True:
            try:
                async with connect(self._url, self._key) as client:
                    await self._listen(client, changed)
            except (NoServerError, GoneError) as error:
                if self.picture.hello is None:
                    raise NoServerError(str(error)) from error
            if self.live:
                wait = _FIRST_WAIT
            self.live = False
            await anyio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _listen(self, client: Client, changed: Callable[[Picture], None]) -> None:
        first = await client.next()
        if isinstance(first, Bye):
            raise NoServerError(f"{self._url} takes nobody in: {first.reason}")
        self.picture.apply(first)
        self._scopes = list(self._wanted())
        await client.say(self.picture.subscribe(self._scopes))
        self.live = True
        while True:
            frame = await client.next()
            self.picture.apply(frame)
            if isinstance(frame, Bye):
                raise GoneError(frame.reason)
            self._expect_known()
            wanted = list(self._wanted())
            if wanted != self._scopes:
                self._scopes = wanted
                await client.say(self.picture.subscribe(wanted))
            changed(self.picture)

    def _expect_known(self) -> None:
        if self.delivery is None:
            return
        tree = self.picture.trees.get(self.delivery)
        unknown = tree is not None and tree.run is None and tree.note == UNKNOWN
        if unknown or not self.delivery:  # without an id it is the list's scope
            message = f"expected a delivery; nothing is known of {self.delivery!r}"
            raise UnknownDeliveryError(f"{message} (`callboard runs` lists them)")

    def _wanted(self) -> Iterator[Scope]:
        """The one that was asked for; else the newest that run, or the newest of all."""
        if self.delivery is not None:
            yield Scope(self.delivery)
            return
        newest = sorted(self.picture.deliveries, reverse=True)
        running = [
            id_ for id_ in newest if self.picture.deliveries[id_].state == "running"
        ]
        for id_ in (running or newest[:1])[:_TREES]:
            yield Scope(id_)
