"""Server-sent events: the standard's rules, in whatever pieces they come."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.relay.event_stream import EventStream, StreamEvent, TooLarge

LIMIT = 64


def message(data: bytes) -> StreamEvent:
    return StreamEvent("message", data)


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [message(b"a")]),
        (b"data:a\r\rdata: b\r\n\r\n", [message(b"a"), message(b"b")]),
        (b"\xef\xbb\xbfdata: a\n\n", [message(b"a")]),
        (b"data: \xef\xbb\xbfa\n\n", [message(b"\xef\xbb\xbfa")]),
        (b"data: a\ndata:  b\ndata\n\n", [message(b"a\n b\n")]),
        (b"event: ping\ndata: {}\n\ndata: a\n\n", [StreamEvent("ping", b"{}"), message(b"a")]),
        (b": a comment\n\n:data: a\n\n", []),
        (b"event: nothing\n\ndata: a\n\n", [message(b"a")]),
        (b"datum: a\nDATA: b\n\n", []),
        (b"data: never ended", []),
        (b"data: a:b\n\n", [message(b"a:b")]),
    ],
)  # fmt: skip
def test_stream_is_read_as_the_standard_has_it(
    stream: bytes, events: list[StreamEvent]
) -> None:
    assert EventStream(LIMIT).feed(stream) == events


def test_last_id_counts_from_the_end_of_its_event() -> None:
    stream = EventStream(LIMIT)
    stream.feed(b"id: 7\ndata: a\n")
    assert stream.last_id == ""
    stream.feed(b"\n")
    assert stream.last_id == "7"
    stream.feed(b"id: 8\0\ndata: b\n\n")
    assert stream.last_id == "7"
    stream.feed(b"id\n\n")
    assert stream.last_id == ""


def test_wait_that_the_server_asks_for_is_in_milliseconds() -> None:
    stream = EventStream(LIMIT)
    stream.feed(b"retry: 1500\nretry: soon\nretry:-1\n")
    assert stream.reconnect_after == 1.5


@pytest.mark.parametrize(
    "huge",
    [
        b"data: " + b"a" * LIMIT + b"\n",
        b"data: " + b"a\ndata:" * LIMIT + b"\n",
        b"data\n" * (LIMIT + 1),
        b": " + b"a" * LIMIT + b"\n",
        b"id: " + b"1" * LIMIT + b"\n",
    ],
)
def test_event_beyond_the_limit_is_let_go_and_the_next_is_read(huge: bytes) -> None:
    stream = EventStream(LIMIT)
    events = [event for byte in huge for event in stream.feed(bytes([byte]))]
    held = stream._line, stream._data
    assert sum(map(len, held)) <= LIMIT
    events += stream.feed(b"\n\ndata: a\n\n")
    assert events == [TooLarge(LIMIT), message(b"a")]


def test_comments_take_no_room() -> None:
    stream = EventStream(LIMIT)
    assert stream.feed(b": sign of life\n" * LIMIT + b"data: a\n\n") == [message(b"a")]


_PIECES = st.lists(
    st.sampled_from(
        [b"data: a", b"data", b"\n", b"\r", b"\r\n", b":", b"event: x", b"id: 1",
         b"\xef\xbb\xbf", b"a" * 40, b" "]
    ),
    max_size=30,
)  # fmt: skip


@given(pieces=_PIECES, cuts=st.lists(st.integers(0, 400)))
def test_pieces_make_no_difference(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    whole = EventStream(LIMIT)
    expected = whole.feed(stream)
    cut = EventStream(LIMIT)
    events: list[StreamEvent | TooLarge] = []
    edges = [0, *sorted(min(c, len(stream)) for c in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        events += cut.feed(stream[start:end])
    assert events == expected
    assert (cut.last_id, cut.reconnect_after) == (whole.last_id, whole.reconnect_after)
