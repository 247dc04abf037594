"""Which cause a halted task is given when more than one would do."""

from typing import Any

import anyio

from callboard import Provider, Retry, Run, Untyped, on
from callboard.testing import THING, find, perform


class Together(Provider):
    """Three tasks wake in the same moment, and one of them fails."""

    name = "together"
    retry = Retry(attempts=1)

    @on(THING)
    async def work(self, _event: Untyped, _run: Run) -> None:
        async with anyio.create_task_group() as group:
            for name in ("one", "two", "three"):
                group.start_soon(self._step, name, name=name)

    async def _step(self, name: str) -> None:
        await anyio.sleep(1)
        if name == "two":
            raise ValueError("two is not well")
        await anyio.sleep(1)


def test_deadline_of_ones_own_sleep_is_not_blamed_for_a_siblings_failure(
    virtually: Any,
) -> None:
    tree = virtually(lambda: perform(Together()))
    assert find(tree, "two")["state"] == "errored"
    for name in ("one", "three"):
        found = find(tree, name)
        assert (found["state"], found["cause"]) == ("halted", "sibling `two` failed")
