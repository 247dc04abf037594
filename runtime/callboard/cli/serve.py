"""``callboard serve``: receive webhooks, run providers, show both."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from callboard import serving
from callboard.board import Callboard
from callboard.cli.console import PlainConsole, open_database, read_settings, show_page
from callboard.nearness import is_loopback
from callboard.registry import assemble, providers_from
from callboard.settings import Settings, SettingsError

PORT = 8470
INSPECTOR_PORT = 8471


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    inspector_host: str = "127.0.0.1",
    inspector_port: int = INSPECTOR_PORT,
    config: Path | None = None,
    insecure: bool = False,
    with_: Annotated[
        tuple[str, ...], Parameter(name="--with", negative="", show_default=False)
    ] = (),
    open_: Annotated[bool, Parameter(name="--open", negative="--no-open")] = True,
) -> None:
    """Receive webhooks at POST /webhooks/NAME and show the runs.

    Args:
        host: Address for webhooks and the catalog API.
        port: Its port; 0 takes a free one.
        inspector_host: Address of the inspector. One that others can reach
            needs a token in CALLBOARD_INSPECTOR_TOKEN.
        inspector_port: Its port; 0 takes a free one.
        config: The settings; callboard.toml in this folder when not given.
        insecure: Take unsigned webhooks; on a loopback address only.
        with_: Providers of your own: package.module:function or file.py:function, as
            an entry point of the group callboard.providers would name it.
        open_: Open the inspector in the browser.
    """
    settings = read_settings(config)
    settings.insecure = insecure
    if insecure and not is_loopback(host):
        raise SettingsError(f"--insecure: expected a loopback --host, got {host}")
    watched = is_loopback(inspector_host)
    if not watched and not settings.secrets("INSPECTOR_TOKEN"):
        message = f"--inspector-host {inspector_host} can be reached from elsewhere"
        raise SettingsError(f"{message}: expected CALLBOARD_INSPECTOR_TOKEN, got none")
    board = make_board(settings, with_)
    board.host, board.inspector_host = host, inspector_host
    serve_board(board, port=port, inspector_port=inspector_port, page=open_)


def make_board(settings: Settings, with_: Iterable[str] = ()) -> Callboard:
    """Everything that is installed, and the providers that ``with_`` names."""
    board = assemble(settings, open_database(settings))
    for target in with_:
        board.add(providers=providers_from(target, board))
    return board


def serve_board(
    board: Callboard,
    *,
    port: int,
    inspector_port: int,
    page: bool,
    introduce: Callable[[], object] | None = None,
    beside: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Listen, say where, and serve until a signal.

    Args:
        board: What is served.
        port: Of the front.
        inspector_port: Of the inspector.
        page: Whether the inspector is opened in the browser.
        introduce: Says where, in other words than ``serve`` does.
        beside: See ``serving.run``.
    """
    front = serving.listen(board.host, port)
    inspector = serving.listen(board.inspector_host, inspector_port)
    board.front_url = serving.address(front)
    # Who mounts the inspector may know a better one.
    board.inspector_url = board.inspector_url or serving.address(inspector)

    def started() -> None:
        if introduce is None:
            _introduce(board)
        else:
            introduce()
        if page:
            show_page(board.launch_link() or str(board.inspector_url))

    serving.run(board, front=front, inspector=inspector, started=started, beside=beside)


def _introduce(board: Callboard) -> None:
    console = PlainConsole(highlight=False)
    url = board.front_url
    sources = ", ".join(f"{url}/webhooks/{name}" for name in board.sources)
    names = ", ".join(provider.name for provider in board.providers)
    console.print(f"[bold]inspector[/]  {board.launch_link()}", soft_wrap=True)
    for name in board.people:
        line = Text("inspector", "bold").append(f"  {board.launch_link(name)}", "")
        console.print(line.append(f"  for {name}", "dim"), soft_wrap=True)
    console.print(f"[bold]webhooks[/]   {sources or 'no source'}", soft_wrap=True)
    console.print(f"[bold]providers[/]  {names or 'none'}", soft_wrap=True)
    console.print(f"[bold]settings[/]   {board.settings.origin}", soft_wrap=True)
