"""Several organizations in one catalog: each has a namespace for its groups.

    python examples/several_organizations.py

People have one entity however many organizations they belong to; teams of the same name
do not collide. In ``callboard.toml`` this is

    [github]
    organizations = ["acme", "globex"]
"""

import trio

from callboard_github.organizations import Organizations
from callboard_github.simulator import Simulator
from callboard_github.testing import hear, open_catalog, reach, read, said_by


async def main() -> None:
    """Read two organizations, let somebody join a team of one, and print both."""
    github = Simulator()
    for login, people in (("acme", ["ada", "grace"]), ("globex", ["ada", "linus"])):
        organization = github.create_organization(login, members=people)
        organization.create_team("Platform", members=people[1:])
        organization.create_hook("https://callboard.example/webhooks/github")
    async with open_catalog() as catalog:
        provider = Organizations(catalog, *reach(github, "acme", "globex"))
        async with provider.opened():
            await read(provider)
            github.outbox.take()
            github.organization("globex").team("platform").add_member("ada")
            await hear(provider, *github.outbox.take())
        for ref, document in sorted((await said_by(provider)).items()):
            spec = document["spec"]
            print(ref, *spec.get("memberOf", spec.get("members", [])))


if __name__ == "__main__":
    trio.run(main)
