"""Users and groups in another form: a team's group gets a link, bots are left out.

    python examples/transformer.py

The provider stays what it is; two methods say what a person and a team look like. It
takes the place of the one that ``[organizations]`` configures.
"""

import trio

from callboard_catalog import Entity, Link
from callboard_github.organizations import Organizations, Person, Team
from callboard_github.simulator import Simulator
from callboard_github.testing import open_catalog, reach, read, said_by


class OurOrganizations(Organizations):
    """As the standard one, the way our company wants it."""

    def user(self, person: Person) -> Entity | None:
        """Everybody but the robots."""
        if person.login.endswith("-bot"):
            return None
        return super().user(person)

    def group(self, team: Team, organization: str) -> Entity | None:
        """With a link to the team's channel."""
        group = super().group(team, organization)
        if group is not None:
            channel = f"https://chat.example/channels/{team.slug}"
            group.metadata.links = [Link(url=channel, title="Channel")]
        return group


async def main() -> None:
    """Read a small organization and print what the catalog says of it."""
    github = Simulator()
    people = ["ada", "grace", "deploy-bot"]
    acme = github.create_organization("acme", members=people)
    acme.create_team("Platform", members=people)
    async with open_catalog() as catalog:
        provider = OurOrganizations(catalog, *reach(github, "acme"))
        async with provider.opened():
            await read(provider)
        for ref, document in sorted((await said_by(provider)).items()):
            links = [link["url"] for link in document["metadata"].get("links", [])]
            print(ref, *links)


if __name__ == "__main__":
    trio.run(main)
