"""A provider's own test, on the simulated GitHub.

    pytest examples/test_provider.py

Nothing is mocked: the provider asks a GitHub that answers, and is told what happened by
the webhooks that this GitHub sends. No network, and no waiting.
"""

import pytest

from callboard_github.organizations import Organizations
from callboard_github.simulator import Simulator
from callboard_github.testing import hear, open_catalog, reach, read, said_by


@pytest.fixture
def anyio_backend() -> str:
    """trio, as callboard itself."""
    return "trio"


@pytest.mark.anyio
async def test_whoever_joins_a_team_is_in_its_group() -> None:
    """One webhook, and the group has one more member."""
    github = Simulator()
    acme = github.create_organization("acme", members=["ada", "grace"])
    acme.create_hook("https://callboard.example/webhooks/github")
    team = acme.create_team("Platform", members=["ada"])
    async with open_catalog() as catalog:
        provider = Organizations(catalog, *reach(github, "acme"))
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            team.add_member("grace")
            await hear(provider, *github.outbox.take())
        group = (await said_by(provider))["group:default/platform"]
    assert sorted(group["spec"]["members"]) == ["ada", "grace"]
