"""A line that is too long for the terminal, with what does not fit below its beginning."""

import re

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_LEAD = re.compile("[ │├└─]*")
DOWN = str.maketrans("├└─", "│  ")
"""From the guides beside a line to those beside what stands below it."""
_LEAST = 12
"""Columns below which a text is not made narrower: it would be a heap of letters."""


class Hanging:
    """Wraps past the blanks and the guides of its tree, which go on beside it."""

    def __init__(self, line: Text, indent: int | None = None) -> None:
        """Columns before what wraps: ``indent``, or as many as blanks and guides take."""
        lead = _LEAD.match(line.plain)
        self._line = line
        self._indent = len(lead[0]) if indent is None and lead else indent or 0

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """As rich wants it."""
        room = options.max_width - self._indent
        if room < _LEAST:
            yield self._line
            return
        lead, rest = self._line.divide([self._indent])
        for part in rest.wrap(console, room, overflow="fold"):
            part.rstrip()
            yield lead + part
            below = lead.plain.translate(DOWN)
            below = below if _LEAD.fullmatch(below) else " " * self._indent
            lead = Text(below, "dim")
