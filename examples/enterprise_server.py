"""A GitHub Enterprise Server instead of github.com.

    python examples/enterprise_server.py

Its address is all that differs. In ``callboard.toml``:

    [github]
    url = "https://github.example.com"

Here a simulated server stands at an address of its own on this machine.
"""

import trio

from callboard import Settings
from callboard_catalog import Catalog
from callboard_github.client import GitHub
from callboard_github.organizations import Organizations
from callboard_github.scope import Scope
from callboard_github.settings import (
    GitHubSettings,
    Token,
    api_url,
)
from callboard_github.simulator import Simulator
from callboard_github.testing import open_catalog, read, said_by


async def main() -> None:
    """Read an organization from another address, over HTTP."""
    async with Simulator().serve() as server, open_catalog() as catalog:
        acme = server.create_organization("acme", members=["ada"])
        acme.create_team("Platform", members=["ada"])
        settings = Settings({"github": {"url": server.url}}, environment={})
        provider = make_provider(settings, catalog, server.token)
        async with provider.opened():
            await read(provider)
        print(*sorted(await said_by(provider)), sep="\n")


def make_provider(settings: Settings, catalog: Catalog, token: str) -> Organizations:
    """The provider that reads from the configured server."""
    chosen = settings.section("github", GitHubSettings)
    github = GitHub(api_url(settings, chosen), Token(token))
    return Organizations(catalog, github, Scope(github, ["acme"]))


if __name__ == "__main__":
    trio.run(main)
