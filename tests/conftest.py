"""Fixtures that every room's tests share."""

import pytest


@pytest.fixture(params=["trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop of tests marked ``anyio``: trio, the reference."""
    return str(request.param)
