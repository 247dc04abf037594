"""``callboard runs``: deliveries and how their runs ended, from the journal."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from msgspec import structs
from rich.table import Column, Table
from rich.text import Text

from callboard import clock, history
from callboard.cli.console import (
    PIPED,
    complain,
    open_database,
    read_settings,
    say,
    standard_output,
)
from callboard.database import Database
from callboard.delivery import DeliveryState, DeliveryView
from callboard.history import DeliveryFilter
from callboard.plain import one_line
from callboard.plural import counted
from callboard.settings import SettingsError

_PAGE = 1_000
_BESIDE = 24
"""Columns of the mark, the id and what is between."""
_NARROW, _SUBJECT, _TOOK, _WHY = 10, 24, 35, 69
"""Columns beside id, time and state that the event must have, and from which there is
room for its subject, for how long it took and for the reason, one after the other."""
MARKS = {
    DeliveryState.QUEUED: ("◌", "dim"),
    DeliveryState.RUNNING: ("●", "cyan"),
    DeliveryState.COMPLETED: ("✓", "green"),
    DeliveryState.FAILED: ("✗", "yellow"),
    DeliveryState.HELD: ("‖", "yellow"),
    DeliveryState.PARKED: ("■", "bold red"),
    DeliveryState.FOLDED: ("»", "dim"),
    DeliveryState.IGNORED: ("·", "dim"),
}
"""A shape for each state, so that colour is never all that tells."""


def runs(
    *,
    state: DeliveryState | None = None,
    event: str | None = None,
    provider: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=0))] = 50,
    json_: bool = False,
    config: Path | None = None,
) -> None:
    """List deliveries, newest first. Works while the server runs and while it does not.

    Args:
        state: Only those in this state.
        event: Only this event.
        provider: Only those that this provider ran for.
        since: Only those received at or after this time (2026-01-31T12:00,
            UTC).
        until: Only those received before this time.
        limit: How many at most; 0 for all.
        json_: One JSON object a line.
        config: The settings; callboard.toml in this folder when not given.
    """
    settings = read_settings(config)
    wanted = DeliveryFilter(
        state=state,
        event=event,
        provider=provider,
        since=_moment("--since", since),
        until=_moment("--until", until),
    )
    database = open_database(settings, read_only=True)
    try:
        database.expect_migrated()
        found = _found(database, wanted, limit)
        count = 0
        if json_:
            for count, view in enumerate(found, 1):  # noqa: B007 - told of below
                sys.stdout.write(json.dumps(as_json(view)) + "\n")
        else:
            views = list(found)
            count = len(views)
            console = standard_output()
            if views:
                say(console, list_table(views, console.width))
        if not count:
            every = wanted == DeliveryFilter()
            complain("no delivery yet" if every else "no delivery matches")
    finally:
        database.close()


def _found(
    database: Database, wanted: DeliveryFilter, limit: int
) -> Iterator[DeliveryView]:
    """A page at a time: a journal may hold more than memory does."""
    left = limit or sys.maxsize
    while left:
        asked = min(_PAGE, left)
        read = partial(history.list_deliveries, wanted=wanted, limit=asked)
        page = database.query(read)
        yield from page
        if len(page) < asked:
            return
        left -= asked
        wanted = structs.replace(wanted, before=page[-1].id)


def as_json(view: DeliveryView) -> dict[str, Any]:
    """A delivery for machines: times as ISO 8601 in UTC."""
    return {
        "id": view.id,
        "guid": view.guid,
        "source": view.source,
        "event": view.event,
        "action": view.action,
        "organization": view.organization,
        "repository": view.repository,
        "state": view.state.value,
        "attempts": view.attempts,
        "redeliveries": view.redeliveries,
        "received_at": clock.isoformat(view.received_at),
        "started_at": _iso(view.started_at),
        "ended_at": _iso(view.ended_at),
        "run": view.run,
        "reason": view.reason,
        "replay_of": view.replay_of,
    }


def list_table(found: list[DeliveryView], width: int) -> Table:
    """A line for each, with what has room: its mark, its id and its event always."""
    # Nothing is cut in a pipe; on a terminal event and subject share what room is left.
    share = 1 if width < PIPED else None
    today = clock.isoformat(clock.now())[:10]
    times = [_moment_of(view, today) for view in found]
    states = [_state_of(view) for view in found]
    moment = Column("at (UTC)", width=max([8, *map(len, times)]))
    state = Column("state", width=max([9, *map(len, states)]))
    left = width - (moment.width or 0) - (state.width or 0) - _BESIDE
    shown = [True, left >= _NARROW, True, True, left >= _SUBJECT, left >= _NARROW]
    shown += [left >= _TOOK, left >= _WHY and any(view.reason for view in found)]
    columns = (
        Column("", width=1),
        moment,
        Column("id", width=13),
        Column("event", no_wrap=True, overflow="ellipsis", ratio=share),
        Column("about", no_wrap=True, overflow="ellipsis", ratio=share),
        state,
        Column("took", width=9, justify="right"),
        Column("why", no_wrap=True, overflow="ellipsis", ratio=share),
    )
    table = Table(
        *compress(columns, shown),
        box=None,
        pad_edge=False,
        header_style="dim",
        expand=bool(share),
    )
    for view, received, ended in zip(found, times, states, strict=True):
        mark, style = MARKS[view.state]
        event = view.event if view.action is None else f"{view.event}.{view.action}"
        cells = (
            Text(mark, style),
            Text(received, "dim"),
            Text(view.id),
            Text(one_line(event)),
            Text(one_line(view.repository or view.organization or "")),
            Text(ended, style),
            Text(_length_of(view), "dim"),
            Text(one_line(view.reason or ""), "dim"),
        )
        table.add_row(*compress(cells, shown))
    return table


def _length_of(view: DeliveryView) -> str:
    if view.started_at is None or view.ended_at is None:
        return ""
    return clock.duration(view.ended_at - view.started_at)


def _moment_of(view: DeliveryView, today: str) -> str:
    """Its receipt in UTC, with the day where it is another, and the year likewise."""
    day, _, time = clock.isoformat(view.received_at).partition("T")
    if day == today:
        return time[:8]
    return f"{day[5:] if day[:4] == today[:4] else day} {time[:8]}"


def _state_of(view: DeliveryView) -> str:
    more = f", {counted(view.attempts, 'attempt')}" if view.attempts > 1 else ""
    return view.state.value + more


def _moment(option: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{option}: expected a time such as 2026-01-31T12:00, got {text!r}"
        raise SettingsError(message) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _iso(moment: float | None) -> str | None:
    return None if moment is None else clock.isoformat(moment)
