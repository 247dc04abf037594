"""How a provider stands when several threads say it at once."""

import threading
from collections.abc import Callable
from typing import cast

import pytest

from callboard import Intensity, clock
from callboard.standing import Pause, Standing
from callboard.testing import Gate


class Deciding:
    """An intensity that one failure exceeds; the pause is not there before ``go_on``."""

    failures, period = 0, 60.0

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    @property
    def pause(self) -> float:
        self.asked.set()
        self.go_on.wait(10)
        return 300.0


@pytest.fixture
def deciding() -> Deciding:
    return Deciding()


@pytest.fixture
def standing(deciding: Deciding) -> Standing:
    provider = Gate()
    provider.intensity = cast("Intensity", deciding)
    return Standing(provider)


HELD = Pause(since=clock.now(), until=None, reason="by ada")


def hold(standing: Standing) -> None:
    standing.hold(HELD)


@pytest.mark.parametrize(
    ("say", "then"),
    [(hold, HELD), (Standing.resume, None)],
)
def test_what_a_person_says_while_a_failure_pauses_the_provider_holds(
    say: Callable[[Standing], None],
    then: Pause | None,
    standing: Standing,
    deciding: Deciding,
) -> None:
    fails = threading.Thread(target=standing.failed)
    says = threading.Thread(target=say, args=[standing])
    fails.start()
    assert deciding.asked.wait(10)
    says.start()
    says.join(0.2)  # not until the failure has been counted, unless nothing guards it
    deciding.go_on.set()
    for thread in (fails, says):
        thread.join(10)
        assert not thread.is_alive()
    assert standing.paused == then


def test_failures_leave_a_pause_alone_that_a_person_made(
    standing: Standing, deciding: Deciding
) -> None:
    deciding.go_on.set()
    standing.hold(HELD)
    threads = [threading.Thread(target=standing.failed) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert standing.paused == HELD
    standing.resume()
    assert standing.paused is None
    standing.failed()
    assert standing.paused is not None
    assert standing.paused.reason == "1 failures in 60 s"
