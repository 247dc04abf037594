"""The frames: what is written is what is read, and the page's types follow."""

import math
from types import ModuleType
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw, Struct

from callboard import Trace, clock, failure, history, journal, scopes, task
from callboard.delivery import DeliveryState, DeliveryView
from callboard.failure import Failure
from callboard_inspector import questions, rows, typescript, wire
from callboard_inspector.batches import LIST, Batches, split
from callboard_inspector.rows import Rows
from callboard_inspector.snapshots import snapshot_of_list
from callboard_inspector.wire import (
    FRAME_AIM,
    FRAME_LIMIT,
    ClientFrame,
    Detail,
    ServerFrame,
    decode,
    decode_server,
    encode,
    encode_within,
)

SERVER = wire.ServerFrame.__args__
CLIENT = wire.ClientFrame.__args__
# Whole numbers that every language's JSON keeps, and text that UTF-8 can hold.
NUMBERS = st.integers(-(2**53), 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
RAWS = st.sampled_from([Raw(b"null"), Raw(b'{"a":[1,"\\u0000"]}')])


@pytest.fixture(scope="module", autouse=True)
def values() -> None:
    for kind, found in ((int, NUMBERS), (str, TEXT), (float, FLOATS), (Raw, RAWS)):
        st.register_type_strategy(kind, found)
    sent = [kind for room in (wire, questions, failure) for kind in structs(room)]
    sent += [*structs(rows), task.TaskRecord, task.LogLine, task.Progress]
    sent += [history.RunSummary, journal.ActionEntry, scopes.ScopeFacts]
    for kind in sent:
        st.register_type_strategy(kind, all_fields)


def structs(module: ModuleType) -> list[type[Struct]]:
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Struct)
        and kind.__module__ == module.__name__
    ]


def all_fields(kind: type[Struct]) -> st.SearchStrategy[Struct]:
    """Those with a default as well: hypothesis does not know msgspec's factories.

    Registered as a function: of a strategy hypothesis would ask at once whether it is
    empty, and remember for its fields what it guesses while they are not registered.
    """
    fields = msgspec.structs.fields(kind)
    return st.builds(kind, **{f.name: st.from_type(f.type) for f in fields})


@pytest.mark.parametrize("kind", SERVER, ids=lambda kind: kind.__name__)
def test_a_server_frame_is_read_as_it_was_written(kind: type[ServerFrame]) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
    @given(st.from_type(kind))
    def check(frame: ServerFrame) -> None:
        text = encode(frame)
        assert encode(decode_server(text)) == text
        assert type(decode_server(text)) is kind

    check()


@pytest.mark.parametrize("kind", CLIENT, ids=lambda kind: kind.__name__)
def test_a_client_frame_is_read_as_it_was_written(kind: type[ClientFrame]) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
    @given(st.from_type(kind))
    def check(frame: ClientFrame) -> None:
        assert decode(encode(frame)) == frame

    check()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type":"hello"}',
        '{"type":"inspect","request":"1","question":{"of":"providers"}}',
        '{"type":"command","command":1,"kind":"delete","target":"x"}',
        "[" * 100_000,
        '{"type":"subscribe","scopes":[{"delivery":"\\ud800"}]}',
    ],
)
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises((msgspec.MsgspecError, RecursionError)):
        decode(text)


def test_the_types_of_the_page_are_generated_anew_after_every_change() -> None:
    written = typescript.TARGET.read_text("utf-8")
    hint = "run: python -m callboard_inspector.typescript"
    assert written == typescript.render(), hint


def test_every_row_fits_its_frame_whatever_strangers_write() -> None:
    hostile = ["\0" * 5_000, "\u202e" * 5_000, "\N{GRINNING FACE}" * 5_000, '"' * 5_000]
    trace = Trace(deliveries=2_000)
    for n in range(1_500):
        trace.show(delivery(f"{n}{hostile[n % 4]}", reason=hostile[n % 4]))
    frames = [encode(frame) for frame in snapshot_of_list(trace)]
    assert max(len(frame.encode()) for frame in frames) <= FRAME_LIMIT * 0.6
    assert len(frames) > 3


def test_a_row_takes_no_more_room_than_it_is_counted_for() -> None:
    trace = Trace()
    root = trace.open_tree("r", "d", "push").root
    for n in range(3_000):
        node = trace.trees["r"].add(root, f"task \0{n}", "task")
        node.label({f"\0{k}": "\u202e" * 100 for k in range(20)})
        node.cause = "\0" * 300
        node.failure = Failure("E", "\0" * 9_000)
    parts = list(split(trace.trees["r"].tasks.values(), Rows.add_task, 0.0))
    for part in parts:
        frame = wire.Delta("d", 0, 0, 0.0, **part.fields())
        assert len(encode(frame).encode()) <= part.size + 300
    assert all(part.size < FRAME_AIM + 10_000 for part in parts)


def test_a_cut_says_the_true_size() -> None:
    made = Rows(0.0)
    made.add_delivery(delivery("x" * 5_000, reason="y" * 7_000))
    strings, row = made.strings, made.deliveries[0]
    assert strings[row.repository or 0].endswith("… (cut, 5,000 characters)")
    assert row.rest is not None
    assert (row.rest.reason or "").endswith("… (cut, 7,000 characters)")


def test_labels_beyond_the_eighth_are_counted() -> None:
    root = Trace().open_tree("r", "d", "push").root
    root.label({f"l{n}": n for n in range(11)})
    made = Rows(0.0)
    made.add_task(root)
    rest = made.tasks[0].rest
    assert rest is not None
    assert (len(rest.labels), rest.labels_left_out) == (8, 3)


def test_an_answer_beyond_the_largest_frame_becomes_a_word_on_its_size() -> None:
    small = Detail(1, error="x")
    assert encode_within(small) == encode(small)
    large = encode_within(Detail(7, error="x" * FRAME_LIMIT))
    answer = decode_server(large)
    assert isinstance(answer, Detail)
    assert answer.request == 7
    assert "more than a frame may have" in (answer.error or "")


@pytest.mark.anyio
async def test_watchers_at_the_same_place_are_given_the_same_text() -> None:
    trace = Trace()
    batches = Batches(trace)
    trace.show(delivery("a"))
    one = batches.after(0, math.inf)
    trace.show(delivery("b"))
    other = batches.after(0, math.inf)
    assert one is not None
    assert one is other, "a change between two sends must not part them"
    assert one.frames(LIST) is one.frames(LIST)
    rest = batches.after(one.end, math.inf)
    assert rest is not None
    assert rest.end == trace.sequence


@pytest.mark.anyio
async def test_a_change_beyond_one_frame_moves_the_cursor_with_its_last_part() -> None:
    trace = Trace(deliveries=10_000)
    for n in range(4_000):
        trace.show(delivery(f"repository {n}"))
    batch = Batches(trace).after(0, math.inf)
    assert batch is not None
    ends: list[int] = []
    for text in batch.frames(LIST):
        frame = decode_server(text)
        assert isinstance(frame, wire.Delta)
        ends.append(frame.end)
    assert len(ends) > 1
    assert ends == [0] * (len(ends) - 1) + [trace.sequence]


def delivery(repository: str, reason: str | None = None) -> DeliveryView:
    return DeliveryView(
        f"id {repository[:8]}",
        "s",
        "g",
        "push",
        None,
        "o",
        repository,
        clock.now(),
        DeliveryState.FAILED,
        reason=reason,
    )


def test_the_page_filters_by_every_state_that_a_delivery_can_have() -> None:
    script = typescript.TARGET.with_name("state").joinpath("filter.js").read_text()
    said = script.partition("STATES = Object.freeze([")[2].partition("]")[0]
    assert [part.strip('" ') for part in said.split(",")] == list(DeliveryState)


class Moving:
    """A delivery that changes while it is read: right after its reason was."""

    def __init__(self, view: DeliveryView) -> None:
        self._view = view

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._view, name)
        if name == "reason":
            self._view.revision += 1
        return found


def test_a_row_is_never_older_than_its_revision_says() -> None:
    view = delivery("d1", reason="as it was")
    before = view.revision
    made = Rows(0.0)
    made.add_delivery(cast("DeliveryView", Moving(view)))
    [row] = made.deliveries
    assert row.rest is not None
    assert (row.rest.reason, row.revision) == ("as it was", before)
