"""The command ``callboard dev``.

Owns what a development server is: ``callboard serve`` on this machine alone, which also
listens to a relay that GitHub can reach.
"""

import secrets
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from callboard import Callboard, Settings, SettingsError
from callboard.cli.console import read_settings
from callboard.cli.serve import INSPECTOR_PORT, PORT, make_board, serve_board
from callboard.relay import RelaySettings
from callboard.relay.channel import ask_for_channel, checked, leads_to_new
from callboard.relay.handing_over import Doorway
from callboard.relay.listening import Listener
from callboard_github.dev.screen import Screen
from callboard_github.source import GitHubSource

_SECRET = "GITHUB_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable


def dev(
    *,
    channel: str | None = None,
    port: int = PORT,
    inspector_port: int = INSPECTOR_PORT,
    config: Path | None = None,
    insecure: bool = False,
    with_: Annotated[
        tuple[str, ...], Parameter(name="--with", negative="", show_default=False)
    ] = (),
    open_: Annotated[bool, Parameter(name="--open", negative="--no-open")] = True,
) -> None:
    """Receive GitHub's webhooks on this machine, through a relay such as smee.io.

    Says how to point GitHub at the relay, and what becomes of each delivery. All else is
    as with serve.

    Args:
        channel: The relay's address for you, which GitHub is pointed at; relay.channel
            of the settings when not given. https://smee.io/new asks for a new one.
        port: Of webhooks and the catalog API on this machine; 0 takes a free one.
        inspector_port: The inspector's port; 0 takes a free one.
        config: The settings; callboard.toml in this folder when not given.
        insecure: Take unsigned webhooks. Whoever knows the channel can send them.
        with_: Providers of your own: package.module:function or file.py:function.
        open_: Open the inspector in the browser.
    """
    settings = read_settings(config)
    settings.insecure = insecure
    place = f"{settings.place}: relay.channel" if channel is None else "--channel"
    chosen = channel or settings.section("relay", RelaySettings).channel
    url = checked(chosen, place)
    _expect_secret(settings)
    if new := leads_to_new(url):
        url = ask_for_channel(url)
    board = make_board(settings, with_)
    screen = Screen(board, str(url), new=new)
    listener = Listener(
        url,
        heard=Doorway(board, _source(board), screen.handed_over).heard,
        told=screen.standing,
    )
    serve_board(
        board,
        port=port,
        inspector_port=inspector_port,
        page=open_,
        introduce=screen.introduce,
        beside=listener.listen,
    )


def _source(board: Callboard) -> GitHubSource:
    return next(s for s in board.sources.values() if isinstance(s, GitHubSource))


def _expect_secret(settings: Settings) -> None:
    """Raise SettingsError without a secret; the message has one that would do."""
    if settings.secrets(_SECRET) or settings.insecure:
        return
    variable = f"CALLBOARD_{_SECRET}"
    export = f"export {variable}={secrets.token_hex(20)}"
    expected = "expected the secret that GitHub signs with, got none"
    raise SettingsError(f"{variable}: {expected}. A new one:\n  {export}")
