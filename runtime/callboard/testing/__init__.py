"""What a test of a provider needs.

Owns a source that takes plain JSON, a callboard opened on a temporary SQLite file, and
the ways to send it something, to record effects without a catalog, to wait until nothing
is left to do, and to read what became of it. callboard's own tests stand on the same ground.

    async with open_board(Things()) as board:
        delivery = await deliver(board, "thing", {"action": "added", "name": "a"})
        await settled(board)
        assert outline(await newest_tree(board, delivery))["state"] == "completed"

``perform`` runs a provider once without a database or a second thread, so that a mock
clock (``trio.testing.MockClock``) rules its timeouts and retries. ``Gate`` is a provider
that stands still until the test lets it through, so that an order can be proved without
waiting for a clock.
"""

from callboard.testing.boards import (
    deliver,
    newest_tree,
    open_board,
    reached,
    record,
    settled,
    view,
)
from callboard.testing.gate import Gate
from callboard.testing.requests import Answer, exchange, post, scope_of
from callboard.testing.runs import THING, find, outline, perform, perform_all, sample
from callboard.testing.source import TOKEN, PlainSource, signed

__all__ = [
    "THING",
    "TOKEN",
    "Answer",
    "Gate",
    "PlainSource",
    "deliver",
    "exchange",
    "find",
    "newest_tree",
    "open_board",
    "outline",
    "perform",
    "perform_all",
    "post",
    "reached",
    "record",
    "sample",
    "scope_of",
    "settled",
    "signed",
    "view",
]
