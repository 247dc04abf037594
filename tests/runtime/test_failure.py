"""Exceptions as records: groups stay trees, chains stay chains, all of it bounded."""

import json
import sys
from typing import Any

import pytest

from callboard.failure import Failure, describe, summarize
from callboard.redaction import Redactor
from callboard.retry import Retry


def described(error: BaseException) -> Failure:
    return describe(error, Redactor())


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - of whatever class it is
        return caught


def test_groups_stay_trees() -> None:
    inner = ExceptionGroup("inner", [KeyError("k"), OSError(5, "disk")])
    failure = described(ExceptionGroup("outer", [ValueError("v"), inner]))
    assert (failure.type, failure.message) == ("ExceptionGroup", "outer")
    assert [m.type for m in failure.members] == ["ValueError", "ExceptionGroup"]
    assert [m.type for m in failure.members[1].members] == ["KeyError", "OSError"]


def chained(*, direct: bool) -> BaseException:
    """KeyError, then ValueError while handling it, then RuntimeError."""
    first, second, last = KeyError("first"), ValueError("second"), RuntimeError("last")
    second.__context__ = first
    if direct:
        last.__cause__ = second
    else:
        last.__context__ = second
    return last


def test_causes_stay_a_chain_that_says_which_were_given() -> None:
    failure = described(chained(direct=True))
    assert failure.direct
    assert failure.cause is not None
    assert failure.cause.message == "second"
    assert not failure.cause.direct
    assert failure.cause.cause is not None
    assert failure.cause.cause.type == "KeyError"


def test_suppressed_context_is_left_out() -> None:
    error = chained(direct=False)
    assert described(error).cause is not None
    error.__suppress_context__ = True
    assert described(error).cause is None


def test_frames_keep_their_source_line_and_fold_libraries() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    frames = described(caught.value).frames
    assert frames[0].source == 'json.loads("{")'
    assert not frames[0].library
    assert frames[-1].library
    assert (
        frames[0].function
        == test_frames_keep_their_source_line_and_fold_libraries.__name__
    )


class HostileError(Exception):
    def __str__(self) -> str:
        raise SystemExit("from __str__")


class HostileNotesError(Exception):
    @property
    def __notes__(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride] - a stranger's property in place of a list
        raise ValueError("from __notes__")


class HostileNote:
    def __str__(self) -> str:
        raise ValueError("from a note")


def odd_notes() -> Exception:
    error = ValueError("odd")
    error.__notes__ = 3  # pyright: ignore[reportAttributeAccessIssue] - strangers do
    return error


def noted() -> Exception:
    error = ValueError("odd")
    error.__notes__ = [HostileNote()]  # pyright: ignore[reportAttributeAccessIssue] - strangers do
    return error


@pytest.mark.parametrize(
    "error",
    [HostileError(), HostileNotesError("x"), odd_notes(), noted()],
    ids=["__str__", "__notes__", "notes of another type", "a note's __str__"],
)
def test_hostile_exceptions_are_described_all_the_same(error: Exception) -> None:
    failure = described(raised(ExceptionGroup("g", [error])))
    assert failure.members[0].type.rpartition(".")[2] == type(error).__name__


def test_summary_of_a_hostile_exception_says_what_it_raised() -> None:
    assert summarize(HostileError()).endswith(
        "HostileError: <its __str__ raised SystemExit>"
    )


def test_lone_surrogates_do_not_stop_the_record_from_being_stored() -> None:
    import msgspec

    failure = described(ValueError("a \ud800 b"))
    assert b"a " in msgspec.json.encode(failure)


def test_message_members_and_frames_are_bounded_and_say_the_true_size() -> None:
    failure = described(ExceptionGroup("many", [ValueError("x" * 100_000)] * 500))
    assert len(failure.members) == 50
    assert failure.left_out == 450
    assert len(failure.members[0].message) < 9_000
    assert "100,000 characters" in failure.members[0].message


def test_frames_of_a_deep_recursion_are_bounded() -> None:
    def down(depth: int) -> None:
        if depth:
            down(depth - 1)
        raise ValueError("bottom")

    with pytest.raises(ValueError, match="bottom") as caught:
        down(200)
    failure = described(caught.value)
    assert len(failure.frames) <= 40
    assert failure.left_out >= 160
    assert failure.frames[-1].source == 'raise ValueError("bottom")'


def test_chains_and_groups_of_any_depth_are_described() -> None:
    chain: Exception = ValueError("bottom")
    for i in range(sys.getrecursionlimit() * 2):
        above = ValueError(str(i))
        above.__cause__ = chain
        chain = above
    assert described(chain).type == "ValueError"


def test_cycle_of_causes_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    failure = described(one)
    assert failure.cause is not None
    assert failure.cause.cause is None


def test_wide_nested_groups_stay_small() -> None:
    # 20 members in each of six layers are 64 million exceptions.
    error: Exception = ValueError("leaf")
    for _ in range(6):
        layer: list[Exception] = [error] * 20
        error = ExceptionGroup("layer", layer)
    import msgspec

    assert len(msgspec.json.encode(described(error))) < 2_000_000


def test_retry_wants_a_group_only_if_it_wants_all_of_it() -> None:
    retry = Retry(on=(OSError,))
    assert retry.wants(
        ExceptionGroup("g", [OSError(), ExceptionGroup("h", [OSError()])])
    )
    assert not retry.wants(ExceptionGroup("g", [OSError(), ValueError()]))
    assert not retry.wants(KeyboardInterrupt())


def test_retry_waits_as_long_as_the_server_asked() -> None:
    retry = Retry(first_wait=1.0, jitter=0.0)
    error = OSError("rate limited")
    assert retry.wait(3, error) == 4.0
    error.retry_after = 90  # pyright: ignore[reportAttributeAccessIssue] - what HTTP clients do
    outer = RuntimeError("wrapped")
    outer.__cause__ = error
    assert retry.wait(1, outer) == 90.0
