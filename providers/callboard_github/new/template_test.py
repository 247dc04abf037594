"""The provider on a simulated GitHub: no network, and no waiting."""

import pytest

from callboard_github.new.template import Template
from callboard_github.simulator import Simulator
from callboard_github.testing import hear, open_catalog, said_by


@pytest.fixture
def anyio_backend() -> str:
    """trio, as callboard itself."""
    return "trio"


@pytest.mark.anyio
async def test_a_repository_comes_and_goes() -> None:
    """Two webhooks: there is a Resource, and there is none."""
    github = Simulator()
    acme = github.create_organization("acme", members=["ada"])
    acme.create_hook("https://callboard.example/webhooks/github")
    async with open_catalog() as catalog:
        provider = Template(catalog)
        async with provider.opened():
            shop = acme.create_repository("shop")
            await hear(provider, *github.outbox.take())
            assert set(await said_by(provider)) == {"resource:default/shop"}
            shop.delete()
            await hear(provider, *github.outbox.take())
            assert await said_by(provider) == {}
