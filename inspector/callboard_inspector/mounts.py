"""The inspector's entry point: what it mounts on a callboard."""

from collections.abc import Iterable

from callboard.board import Callboard, Mount
from callboard_inspector.actions import board_actions
from callboard_inspector.app import make_app
from callboard_inspector.feed import Feed
from callboard_inspector.gate import Gate
from callboard_inspector.settings import InspectorSettings
from callboard_inspector.watched import watched_board


def make_mounts(board: Callboard) -> Iterable[Mount]:
    """The page and its socket, on the inspector's side.

    Whoever serves ``board.inspector`` finds the gate, for launch links, with
    ``board.share(Gate, …)``, and the feed, to be closed before the server is, with
    ``board.share(Feed, …)``: see ``gate_of`` and ``feed_of``.
    """
    settings = board.settings.section("inspector", InspectorSettings)
    app = make_app(
        feed_of(board),
        gate=gate_of(board),
        actions=board_actions(board) if settings.actions else None,
        words={"effects": settings.effects},
    )
    return [Mount(path="/", app=app, side="inspector")]


def gate_of(board: Callboard) -> Gate:
    """The gate of ``board``'s inspector."""
    settings = board.settings.section("inspector", InspectorSettings)
    return board.share(Gate, lambda: Gate(settings.hosts))


def feed_of(board: Callboard) -> Feed:
    """The feed of ``board``'s inspector."""
    settings = board.settings.section("inspector", InspectorSettings)
    watched = watched_board
    return board.share(Feed, lambda: Feed(watched(board), watchers=settings.watchers))
