"""The command ``callboard demo``.

Owns the order in which the demo's parts start and end, and what people read meanwhile.
"""

import logging
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from callboard import Callboard, Database, Settings, serving
from callboard.cli.console import log_to_terminal, show_page
from callboard.cli.serve import INSPECTOR_PORT, PORT
from callboard.nearness import is_loopback
from callboard.registry import assemble
from callboard.schedule import tick_of
from callboard_catalog import catalog_of
from callboard_github.demo.faults import DemoFaults
from callboard_github.demo.screen import Screen
from callboard_github.demo.world import ORGANIZATIONS, SECRET, World

_VARIABLES = {"CALLBOARD_GITHUB_WEBHOOK_SECRET": SECRET}
_AGE = "demo-runs"


def demo(
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    inspector_port: int = INSPECTOR_PORT,
    open_: Annotated[bool, Parameter(name="--open", negative="--no-open")] = True,
    keep: Path | None = None,
    pace: Annotated[float, Parameter(validator=Number(gt=0))] = 0.5,
) -> None:
    """Show callboard at work on a simulated GitHub, all on this machine.

    Two organizations live, their webhooks arrive over HTTP, signed, and the providers
    ask the simulated GitHub back. One provider, demo-faults, misbehaves on purpose.

    Args:
        host: Address for webhooks and the catalog API; a loopback address.
        port: Its port; 0 takes a free one.
        inspector_port: The inspector's port; 0 takes a free one.
        open_: Open the inspector in the browser.
        keep: Keep the database in this folder, so that the next demo continues where
            this one ended, however it ended.
        pace: Seconds between two things that happen, on average.
    """
    if not is_loopback(host):
        raise serving.SettingsError(f"--host: expected a loopback address, got {host}")
    with _folder(keep) as folder:
        age = _grow(folder)
        front = serving.listen(host, port)
        inspector = serving.listen("127.0.0.1", inspector_port)
        world = World(age=age)
        world.start()
        try:
            board = _board(world, folder)
            board.host = host
            board.front_url = serving.address(front)
            board.inspector_url = serving.address(inspector)
            screen = Screen(board, world, folder if keep else None)

            def begin() -> None:
                screen.introduce()
                if open_:
                    show_page(board.launch_link() or str(board.inspector_url))
                world.live(f"{board.front_url}/webhooks/github", pace)

            async def beside() -> None:
                if age:
                    await _read_again(board)
                await screen.watch()

            serving.run(
                board, front=front, inspector=inspector, started=begin, beside=beside
            )
        finally:
            world.stop()
        screen.conclude()


def _board(world: World, folder: Path) -> Callboard:
    values = {
        "runtime": {"grace": 0.5, "first_wait": 8.0},
        # Nothing here is real: whoever opens the link may try what can be done.
        "inspector": {"actions": True},
        "github": {
            "url": world.github.api_url,
            "organizations": [*ORGANIZATIONS],
            # Where a demo goes on in its folder, GitHub begins anew all the same.
            "most_removed": 1.0,
        },
    }
    variables = {**_VARIABLES, "CALLBOARD_GITHUB_TOKEN": world.github.token}
    settings = Settings(values, environment=variables)
    log_to_terminal(settings)
    for handler in logging.getLogger().handlers:
        # What providers say is on their tasks, in the inspector.
        handler.setLevel(logging.CRITICAL)
    database = Database.open(f"sqlite:///{folder / 'callboard.db'}")
    try:
        board = assemble(settings, database)
    except BaseException:
        database.close()
        raise
    return board.add(providers=[DemoFaults(catalog_of(board))])


async def _read_again(board: Callboard) -> None:
    """Read everything, though it is not due: GitHub began anew, which no webhook tells."""
    for provider in board.providers:
        for handler in provider.handlers():
            if handler.scheduled:
                await board.accept(tick_of(handler))


@contextmanager
def _folder(keep: Path | None) -> Generator[Path]:
    if keep is not None:
        try:
            keep.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"--keep: expected a folder, got {keep}: {error.strerror}"
            raise serving.SettingsError(message) from error
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="callboard-demo-") as made:
        yield Path(made)


def _grow(folder: Path) -> int:
    """How many demos there were in the folder before; counts this one."""
    file = folder / _AGE
    try:
        content = file.read_bytes() if file.exists() else b"0"
        if not content.strip().isdigit():
            message = f"--keep: expected a number in {file}, got {content[:60]!r}"
            raise serving.SettingsError(message)
        age = int(content)
        file.write_text(f"{age + 1}", "ascii")
    except OSError as error:
        message = f"--keep: expected a file that can be written, got {file}"
        raise serving.SettingsError(f"{message}: {error.strerror}") from error
    return age
