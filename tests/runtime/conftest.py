"""Fixtures of the runtime: a toy source, a board, both event loops."""

import pytest


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The runtime must hold on both event loops."""
    return str(request.param)
