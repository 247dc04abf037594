"""The change feed: what a follower needs to stay equal.

Owns the position of a follower. It names the database as well, so that one who followed
another, or was away longer than the history is kept, is told to begin anew instead of
missing something.
"""

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, select

from callboard.effects import CHANGES
from callboard_catalog.query.predicates import InvalidQuery
from callboard_catalog.tables import history, state

_LARGEST = 2**63 - 1

_HERE = select(state.c.epoch, state.c.change)
_BOTH_ENDS = _HERE.add_columns(
    select(func.min(history.c.id)).scalar_subquery().label("oldest")
)
_AFTER = (
    select(history.c.id, history.c.ref, history.c.operation)
    .where(history.c.id > bindparam("after"))
    .order_by(history.c.id)
    .limit(bindparam("most"))
)


class Position(Struct, frozen=True):
    """A place in the changes of one database."""

    epoch: str
    number: int

    def __str__(self) -> str:
        """The form that followers hold."""
        return f"{self.epoch}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read a position.

        Raises:
            InvalidQuery: It is none of ours.
        """
        epoch, _, number = text.partition(".")
        if not (epoch.isalnum() and epoch.isascii() and number.isdecimal()):
            raise InvalidQuery("Invalid after, expected a position of this feed")
        if len(text) > 64 or int(number) > _LARGEST:
            raise InvalidQuery("Invalid after, expected a position of this feed")
        return cls(epoch, int(number))


class News(Struct, frozen=True):
    """What happened after a position."""

    position: Position
    """Where to go on."""
    reset: bool
    """Whether the follower has to read everything first."""
    refs: tuple[str, ...] = ()
    """Entities whose content came, changed or went, each once."""


def here(connection: Connection) -> Position:
    """The newest position."""
    row = connection.execute(_HERE).one()
    return Position(row.epoch, row.change)


def news_after(connection: Connection, after: Position | None, limit: int) -> News:
    """At most ``limit`` changes after a position; none means from now on."""
    row = connection.execute(_BOTH_ENDS).one()
    newest = Position(row.epoch, row.change)
    first_kept = newest.number + 1 if row.oldest is None else row.oldest
    if (
        after is None
        or after.epoch != newest.epoch
        or not first_kept - 1 <= after.number <= newest.number
    ):
        return News(newest, reset=True)
    asked = {"after": after.number, "most": limit}
    rows = connection.execute(_AFTER, asked).all()
    if not rows:
        return News(after, reset=False)
    refs = dict.fromkeys(row.ref for row in rows if row.operation in CHANGES)
    return News(Position(newest.epoch, rows[-1].id), reset=False, refs=tuple(refs))
