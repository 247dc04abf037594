"""A simulated GitHub with one organization."""

import pytest

from callboard_github.simulator import Organization, Simulator


@pytest.fixture
def github() -> Simulator:
    """The same one each time."""
    return Simulator(seed=5)


@pytest.fixture
def acme(github: Simulator) -> Organization:
    """Has a webhook, whose deliveries wait in ``github.outbox``."""
    organization = github.create_organization("acme", members=["operator"])
    organization.create_hook("http://callboard/webhooks/github", secret="s")
    return organization
