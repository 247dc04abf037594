"""Whose entities are ours."""

import logging

import pytest

from callboard_github.checks import Unwatched
from callboard_github.simulator import Simulator
from callboard_github.testing import reach

pytestmark = pytest.mark.anyio


async def test_credentials_that_reach_no_organization_are_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    github, scope = reach(Simulator(seed=1))
    async with github.opened():
        for _ in range(2):
            assert await scope.all(Unwatched()) == []
    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warned) == 1
    assert "reach no organization" in warned[0]
