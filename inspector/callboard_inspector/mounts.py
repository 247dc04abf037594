"""The inspector's entry point: what it mounts on a callboard."""

from collections.abc import Iterable, Iterator

from callboard.board import Callboard, Mount
from callboard.nearness import is_loopback
from callboard.settings import Settings, SettingsError, address_parts
from callboard_inspector.actions import board_actions
from callboard_inspector.app import make_app
from callboard_inspector.feed import Feed
from callboard_inspector.gate import KEY_LENGTH, Gate
from callboard_inspector.settings import InspectorSettings
from callboard_inspector.watched import watched_board

TOKEN = "INSPECTOR_TOKEN"  # noqa: S105 - the variable's name


def make_mounts(board: Callboard) -> Iterable[Mount]:
    """The page and its socket, on the inspector's side."""
    settings = board.settings.section("inspector", InspectorSettings)
    board.cancellable = board.cancellable or settings.actions
    gate, feed = gate_of(board), feed_of(board)
    if settings.url is not None:
        board.inspector_url = settings.url.rstrip("/")
    app = make_app(
        feed,
        gate=gate,
        actions=board_actions(board) if settings.actions else None,
        words=settings.words,
    )

    def link(address: str, name: str | None = None) -> str:
        near = is_loopback(board.inspector_host) and not gate.keyed
        # Watching from this machine needs no session; a plain link can be kept.
        return (
            address
            if near and not settings.actions
            else gate.launch_link(address, name)
        )

    people = settings.people if settings.actions or gate.keyed else ()
    return [
        Mount("/", app, side="inspector", link=link, people=people, close=feed.close)
    ]


def gate_of(board: Callboard) -> Gate:
    """The gate of ``board``'s inspector."""
    settings = board.settings.section("inspector", InspectorSettings)
    keys = board.settings.secrets(TOKEN)
    short = [key for key in keys if len(key) < KEY_LENGTH]
    if short:
        expected = f"expected at least {KEY_LENGTH} characters, got {len(short[0])}"
        raise SettingsError(f"CALLBOARD_{TOKEN}: {expected}")
    hosts = [*settings.hosts, *_public_name(board.settings, settings.url)]
    return board.share(
        Gate, lambda: Gate(hosts, keys=keys, own=lambda: board.inspector_host)
    )


def _public_name(settings: Settings, url: str | None) -> Iterator[str]:
    """The host of the address that people come by, if there is one."""
    if url is None:
        return
    parts = address_parts(url)
    if parts is None:
        message = f"{settings.place}: inspector.url: expected an address such as"
        raise SettingsError(f"{message} https://callboard.example.com, got {url!r}")
    yield str(parts.hostname)


def feed_of(board: Callboard) -> Feed:
    """The feed of ``board``'s inspector."""
    settings = board.settings.section("inspector", InspectorSettings)
    watched = watched_board
    return board.share(Feed, lambda: Feed(watched(board), watchers=settings.watchers))
