"""The list of ``callboard runs`` on terminals of some widths."""

import io

import pytest
from rich.console import Console

from callboard import DeliveryState, clock
from callboard.cli.runs import list_table
from callboard.delivery import DeliveryView


def listed(width: int, attempts: int = 1) -> str:
    """A heading and a line, without the blanks at their ends."""
    now = clock.now()
    view = DeliveryView(
        "6h27j7ry9wchv",
        "github",
        "g",
        "membership",
        "removed",
        "acme",
        "acme/shop",
        now,
        DeliveryState.PARKED,
        started_at=now,
        ended_at=now + 2,
        attempts=attempts,
        reason="it failed",
    )
    console = Console(file=io.StringIO(), width=width)
    console.print(list_table([view], width))
    assert isinstance(console.file, io.StringIO)
    _, line = console.file.getvalue().splitlines()
    return line.rstrip()


@pytest.mark.parametrize("width", [40, 56, 80, 110, 160])
def test_mark_id_and_event_are_on_every_terminal(width: int) -> None:
    line = listed(width)
    assert line.startswith("■")
    assert "6h27j7ry9wchv" in line
    assert "membership.r" in line


def test_more_is_told_as_there_is_room_for_it() -> None:
    told = {
        40: ("membership.removed",),
        60: ("membership.removed", "parked"),
        72: ("parked", "acme/shop"),
        80: ("parked", "acme/shop", "2.00 s"),
        120: ("membership.removed", "parked", "acme/shop", "2.00 s", "it failed"),
    }
    for width, words in told.items():
        assert [word for word in words if word not in listed(width)] == [], width
    assert "parked, 3 attempts" in listed(80, attempts=3)
    assert "acme/shop" in listed(80, attempts=3)
