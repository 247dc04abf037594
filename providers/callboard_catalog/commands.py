"""``callboard why``: the account of one entity, from the catalog's history.

Owns the command and what a person reads of it.
"""

from pathlib import Path

import msgspec
from rich.text import Text

from callboard.cli.console import (
    complain,
    open_database,
    read_settings,
    say,
    say_json,
    standard_output,
)
from callboard_catalog.formats import LONGEST
from callboard_catalog.refs import EntityRef, InvalidRef

_NOT_THERE = 1
_WRONG_USE = 2
_LONGEST = 3 * LONGEST + len(":/")


def why(ref: str, *, json_: bool = False, config: Path | None = None) -> None:
    """Say why an entity is as it is, or why it is not there.

    Works while the server runs and while it does not. The exit code is 0 when the
    entity is there, 1 when it is not.

    Args:
        ref: Such as component:default/website.
        json_: The whole account as one JSON object.
        config: The settings; callboard.toml in this folder when not given.
    """
    from callboard_catalog.query.why import similar
    from callboard_catalog.query.why import why as account_of

    try:
        name = _canonical(ref)
    except InvalidRef as error:
        complain(error)
        raise SystemExit(_WRONG_USE) from None
    database = open_database(read_settings(config), read_only=True)
    try:
        database.expect_migrated()
        account = database.query(lambda c: account_of(c, name))
        others = [] if account.there else database.query(lambda c: similar(c, name))
    finally:
        database.close()
    if json_:
        say_json(msgspec.json.encode(account))
    else:
        first, *more = account.told
        lines = [Text(first, style="bold"), *map(Text, more)]
        if others:
            lines.append(Text(f"There is {', '.join(others)}.", style="dim"))
        say(standard_output(), *lines)
    if not account.there:
        raise SystemExit(_NOT_THERE)


def _canonical(ref: str) -> str:
    """The canonical form of ``ref``; raises InvalidRef where no entity can have it."""
    name = str(EntityRef.parse(ref))
    if len(name) > _LONGEST:
        raise InvalidRef(ref, f"each part at most {LONGEST} characters")
    return name
