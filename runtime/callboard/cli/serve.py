"""``callboard serve``: receive webhooks, run providers, show both."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from callboard import serving
from callboard.board import Callboard
from callboard.cli.console import open_database, read_settings, show_page
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
    with_: Annotated[tuple[str, ...], Parameter(name="--with")] = (),
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
    if insecure and not serving.is_loopback(host):
        raise SettingsError(f"--insecure: expected a loopback --host, got {host}")
    watched = serving.is_loopback(inspector_host)
    if not watched and not settings.secrets("INSPECTOR_TOKEN"):
        message = f"--inspector-host {inspector_host} can be reached from elsewhere"
        raise SettingsError(f"{message}: expected CALLBOARD_INSPECTOR_TOKEN, got none")
    database = open_database(settings)
    board = assemble(settings, database)
    for target in with_:
        board.add(providers=providers_from(target, board))
    board.host, board.inspector_host = host, inspector_host
    serve_board(
        board, port=port, inspector_port=inspector_port, page=open_, settings=settings
    )


def serve_board(
    board: Callboard,
    *,
    port: int,
    inspector_port: int,
    page: bool,
    settings: Settings,
) -> None:
    """Listen, say where, and serve until a signal."""
    front = serving.listen(board.host, port)
    inspector = serving.listen(board.inspector_host, inspector_port)
    url, watch = serving.address(front), serving.address(inspector)
    board.front_url, board.inspector_url = url, watch

    def started() -> None:
        console = Console(highlight=False)
        sources = ", ".join(f"{url}/webhooks/{name}" for name in board.sources)
        names = ", ".join(provider.name for provider in board.providers)
        console.print(f"[bold]inspector[/]  {board.launch_link()}", soft_wrap=True)
        for name in board.people:
            line = Text("inspector", "bold").append(f"  {board.launch_link(name)}", "")
            console.print(line.append(f"  for {name}", "dim"), soft_wrap=True)
        console.print(f"[bold]webhooks[/]   {sources or 'no source'}", soft_wrap=True)
        console.print(f"[bold]providers[/]  {names or 'none'}", soft_wrap=True)
        console.print(f"[bold]settings[/]   {settings.place}", soft_wrap=True)
        if page:
            show_page(board.launch_link() or watch)

    serving.run(board, front=front, inspector=inspector, started=started)
