"""Which deliveries are asked for again, which later, which never: pure decisions."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard_github.hooks.answers import Sent
from callboard_github.hooks.missing import Verdict, judged, older_than

NOW = 1_800_000_000.0
HOUR = 3_600.0


def sent(
    guid: str,
    ago: float,
    code: int = 200,
    *,
    redelivery: bool = False,
    event: str = "team",
) -> Sent:
    return Sent(
        id=int(1e9 - ago),
        guid=guid,
        delivered_at=datetime.fromtimestamp(NOW - ago, UTC),
        status="OK" if code < 300 else "Invalid HTTP Response",
        event=event,
        redelivery=redelivery,
        status_code=code,
    )


def judge(
    *some: Sent,
    known: str = "",
    since: float = 0.0,
    asked: Mapping[str, float] | None = None,
) -> Verdict:
    return judged(some, set(known.split()), since=since, now=NOW, asked=asked or {})


def told(verdict: Verdict) -> tuple[list[str], list[str], list[str]]:
    return (
        [s.guid for s in verdict.ask],
        [s.guid for s in verdict.later],
        [s.guid for s in verdict.refused],
    )


def test_what_is_missing_is_asked_for_oldest_first_whatever_github_thinks_of_it() -> (
    None
):
    verdict = judge(
        sent("new", 90, 200),
        sent("late", 100, 504),
        sent("old", 200, 502),
        sent("there", 300, 504),
        known="there late",
    )
    assert told(verdict) == (["old", "new"], [], [])
    assert verdict.arrived == 2


def test_what_was_sent_well_just_now_may_still_be_on_its_way() -> None:
    assert told(judge(sent("a", 20), sent("b", 20, 502))) == (["b"], ["a"], [])


def test_pings_and_what_is_older_than_the_mark_are_left() -> None:
    verdict = judge(
        sent("ping", 90, 502, event="ping"), sent("old", 300, 502), since=NOW - 200
    )
    assert told(verdict) == ([], [], [])


def test_delivery_of_which_only_later_attempts_are_listed_was_decided_before() -> None:
    assert told(judge(sent("a", 90, 502, redelivery=True))) == ([], [], [])


@pytest.mark.parametrize(
    ("tries", "ago", "due"),
    [(1, 500, False), (1, 700, True), (2, 2_300, False), (2, 2_500, True)],
)
def test_each_redelivery_in_vain_makes_the_next_one_four_times_later(
    tries: int, ago: float, due: bool
) -> None:
    again = [sent("a", ago + 10 * n, 503, redelivery=True) for n in range(tries)]
    ask, later, _ = told(judge(*again, sent("a", 20_000, 503)))
    assert (ask, later) == ((["a"], []) if due else ([], ["a"]))


def test_what_failed_is_asked_for_at_once_when_the_webhook_works_again() -> None:
    failed = (sent("a", 3_000, 401, redelivery=True), sent("a", 9_000, 401))
    twice = (sent("a", 2_000, 401, redelivery=True), *failed)
    assert told(judge(*twice))[1] == ["a"]
    assert told(judge(sent("b", 60), *twice, known="b"))[0] == ["a"]
    # Not if something else took that one for us.
    assert told(judge(sent("b", 70), *twice))[1] == ["a"]


def test_what_fails_though_others_arrive_is_not_asked_for_for_ever() -> None:
    often = [sent("a", 700 + 10 * n, 500, redelivery=True) for n in range(6)]
    verdict = judge(sent("b", 60), *often, sent("a", 9_000, 500), known="b")
    assert told(verdict) == ([], ["a"], [])


@pytest.mark.parametrize("code", [400, 413, 415])
def test_what_is_refused_for_what_it_is_is_never_asked_for(code: int) -> None:
    verdict = judge(sent("a", 90, code))
    assert told(verdict) == ([], [], ["a"])
    assert verdict.settled(NOW) == NOW - 600


def test_what_was_asked_for_has_ten_minutes_to_come() -> None:
    lost = sent("a", 5_000, 502)
    assert told(judge(lost, asked={"a": NOW - 500}))[1] == ["a"]
    assert told(judge(lost, asked={"a": NOW - 700}))[0] == ["a"]


def test_mark_stays_before_what_is_missing_and_what_github_may_yet_list() -> None:
    assert judge(sent("a", 90), known="a").settled(NOW) == NOW - 600
    assert judge(sent("a", 5_000, 502)).settled(NOW) == NOW - 5_001


def test_pages_are_read_until_one_reaches_the_mark() -> None:
    enough = older_than(NOW - 100)
    assert not enough([sent("a", 10), sent("b", 90)])
    assert enough([sent("a", 10), sent("b", 110)])
    assert enough([])


ROWS = st.builds(
    sent,
    st.sampled_from("abcdef"),
    st.integers(1, 100_000).map(float),
    st.sampled_from([200, 400, 401, 502]),
    redelivery=st.booleans(),
)


@settings(deadline=None)  # the machine may be busy
@given(
    rows=st.lists(ROWS, max_size=30),
    known=st.sets(st.sampled_from("abcdef")),
    since=st.integers(0, 100_000),
)
def test_every_delivery_has_one_verdict_and_the_mark_loses_none(
    rows: list[Sent], known: set[str], since: int
) -> None:
    begin = NOW - since
    verdict = judged(rows, known, since=begin, now=NOW, asked={})
    groups = [verdict.ask, verdict.later, verdict.refused]
    first = [r for r in rows if not r.redelivery and r.at > begin]
    assert sum(map(len, groups)) + verdict.arrived == len(first)
    assert not known & {s.guid for group in groups for s in group}
    mark = verdict.settled(NOW)
    assert all(s.at > mark for s in verdict.missing)
