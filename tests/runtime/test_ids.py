"""Ids rise strictly, whatever the clock does."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard import ids

NUMBERS = st.integers(min_value=0, max_value=2**65 - 1)


def test_ids_rise_strictly_and_keep_their_length() -> None:
    made = [ids.new_id() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert {len(id_) for id_ in made} == {13}


def test_ids_rise_when_the_wall_clock_steps_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = ids.new_id()
    an_hour_ago = time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr(ids.time, "time_ns", lambda: an_hour_ago)
    during = [ids.new_id() for _ in range(100)]
    monkeypatch.undo()
    after = ids.new_id()
    assert [before, *during, after] == sorted({before, *during, after})


def test_ids_of_many_threads_are_all_different() -> None:
    made: list[list[str]] = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def make(into: list[str]) -> None:
        start.wait()
        into.extend(ids.new_id() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(into == sorted(into) for into in made)
    assert len({id_ for into in made for id_ in into}) == 16_000


@given(NUMBERS, NUMBERS)
def test_text_order_is_number_order(one: int, other: int) -> None:
    assert (ids.encode(one) < ids.encode(other)) == (one < other)
