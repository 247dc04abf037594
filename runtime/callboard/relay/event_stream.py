"""Server-sent events, read from bytes.

Owns the format, lines and fields, and the bound on what one event may hold. No input, no
output. The rules are those of the HTML standard, section "Server-sent events".
"""

import re

from msgspec import Struct

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class StreamEvent(Struct, frozen=True):
    """One event of the stream."""

    name: str
    """``message`` where the server gave none."""
    data: bytes
    """Its lines, joined by line feeds. Not checked to be UTF-8."""


class TooLarge(Struct, frozen=True):
    """An event that held more than the limit; it was let go while it came."""

    limit: int
    """Bytes."""


class EventStream:
    """Reads one connection's stream; what came is held up to ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.last_id = ""
        """What a client says when it comes again, so that it is sent what it missed."""
        self.reconnect_after: float | None = None
        """Seconds that the server asks to wait before coming again."""
        self._name = ""
        self._id = ""
        self._data: list[bytes] = []
        self._held = 0
        self._line = bytearray()
        self._blank = True
        self._first = True
        self._after_return = False
        self._too_large = False

    def feed(self, chunk: bytes) -> list[StreamEvent | TooLarge]:
        """The events that ``chunk`` completes; a part of one waits for the rest."""
        if not chunk:
            return []
        if self._after_return:
            chunk = chunk.removeprefix(b"\n")
        self._after_return = chunk.endswith(b"\r")
        events: list[StreamEvent | TooLarge] = []
        start = 0
        for end in _LINE_END.finditer(chunk):
            self._hold(chunk[start : end.start()])
            start = end.end()
            if (event := self._end_line()) is not None:
                events.append(event)
        self._hold(chunk[start:])
        return events

    def _hold(self, part: bytes) -> None:
        if not part:
            return
        self._blank = False
        if self._held + len(self._line) + len(part) > self.limit:
            self._too_large = True
            self._data.clear()
            self._line.clear()
            self._held = 0
        if not self._too_large:
            self._line += part

    def _end_line(self) -> StreamEvent | TooLarge | None:
        line, blank = bytes(self._line), self._blank
        self._line.clear()
        self._blank = True
        if self._first:
            self._first = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
            blank = blank or not line
        if blank:
            return self._dispatch()
        if not self._too_large:
            self._field(line)
        return None

    def _field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            # An empty line takes room too.
            self._held += len(value) + 1
        elif field == b"event":
            self._name = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        elif field == b"retry" and value.isdigit():
            self.reconnect_after = int(value) / 1000

    def _dispatch(self) -> StreamEvent | TooLarge | None:
        name, data = self._name or "message", self._data
        too_large = self._too_large
        self._name, self._data = "", []
        self._held, self._too_large = 0, False
        self.last_id = self._id
        if too_large:
            return TooLarge(self.limit)
        return StreamEvent(name, b"\n".join(data)) if data else None
