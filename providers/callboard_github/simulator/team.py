"""A team of an organization."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from callboard_github.simulator.documents import (
    Document,
    team_document,
    user_document,
)
from callboard_github.simulator.errors import NotFound, Unprocessable
from callboard_github.simulator.identity import node_id
from callboard_github.simulator.publish import Event
from callboard_github.simulator.slug import slug_of
from callboard_github.simulator.verb import verb

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State
    from callboard_github.simulator.user import User

Privacy = Literal["closed", "secret"]
TeamRole = Literal["maintainer", "member"]
Permission = Literal["pull", "triage", "push", "maintain", "admin"]


@dataclass(eq=False)
class Team:
    """A team. Its members are the immediate ones; those of child teams are theirs."""

    state: "State" = field(repr=False)
    organization: "Organization" = field(repr=False)
    id: int
    name: str
    slug: str
    description: str | None
    privacy: Privacy
    parent: "Team | None"
    created: int
    updated: int
    members: dict[int, TeamRole] = field(default_factory=dict[int, TeamRole])
    """User id to role, in the order of joining."""
    repositories: dict[int, Permission] = field(default_factory=dict[int, Permission])
    """Repository id to permission."""

    def __str__(self) -> str:
        return self.combined_slug

    @property
    def combined_slug(self) -> str:
        """The slug with the organization's login before it."""
        return f"{self.organization.login}/{self.slug}"

    @property
    def node_id(self) -> str:
        """The GraphQL id."""
        return node_id("T", self.organization.id, self.id)

    @property
    def html_url(self) -> str:
        """The team's page."""
        return f"{self.state.web}/orgs/{self.combined_slug.replace('/', '/teams/', 1)}"

    @property
    def avatar_url(self) -> str:
        """Where the picture is."""
        return f"{self.state.avatars}/t/{self.id}?s=400&v=4"

    @property
    def api_url(self) -> str:
        """The REST address that webhooks give."""
        return f"{self.state.api}/organizations/{self.organization.id}/team/{self.id}"

    @property
    def people(self) -> "list[User]":
        """The immediate members, in the order of their ids."""
        return [user for user in self.organization.people if user.id in self.members]

    @property
    def children(self) -> "list[Team]":
        """The teams right below."""
        return [t for t in self.organization.teams.values() if t.parent is self]

    def descendants(self) -> "Iterator[Team]":
        """Yield all teams below, children before parents."""
        for child in self.children:
            yield from child.descendants()
            yield child

    def ancestors(self) -> "Iterator[Team]":
        """Yield the teams above, nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def check_nesting(self) -> None:
        """Make sure that the place in the hierarchy is one that GitHub allows.

        Raises:
            Unprocessable: It is nested and secret.
        """
        nested = self.parent is not None or bool(self.children)
        if self.privacy == "secret" and nested:
            message = "Validation Failed: a secret team can not be nested"
            raise Unprocessable(message)
        if self.parent is not None and self.parent.privacy == "secret":
            message = "Validation Failed: the parent team is secret"
            raise Unprocessable(message)

    @verb
    def edit(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        privacy: Privacy | None = None,
        by: "str | User | None" = None,
    ) -> None:
        """Change the team; what is None stays. Sends ``team.edited``.

        A new name gives a new slug; child teams are told nothing of it.

        Raises:
            Unprocessable: The new slug is taken, or the privacy impossible.
        """
        changes: Document = {}
        if name is not None:
            self.organization.check_slug(slug_of(name), besides=self)
        before = self.privacy
        if privacy is not None and privacy != self.privacy:
            self.privacy = privacy
            try:
                self.check_nesting()
            except Unprocessable:
                self.privacy = before
                raise
            changes["privacy"] = {"from": before}
        if name is not None and name != self.name:
            changes["name"] = {"from": self.name}
            self._take_name(name)
        if description is not None and description != (self.description or ""):
            changes["description"] = {"from": self.description or ""}
            self.description = description or None
        if changes:
            self.updated = self.state.mint.moment()
            self.tell("edited", by, changes=changes)

    @verb
    def rename(self, name: str, *, by: "str | User | None" = None) -> None:
        """Take another name, and with it another slug. Sends ``team.edited``."""
        self.edit(name=name, by=by)

    @verb
    def move(
        self, parent: "Team | str | None", *, by: "str | User | None" = None
    ) -> None:
        """Go below another team, or to the top with None. Sends ``team.edited``.

        GitHub's schema of ``changes`` has no word for a parent, so it is empty; the
        team in the payload has the new parent.

        Raises:
            Unprocessable: GitHub does not allow that place.
        """
        above = self.organization.team(parent) if isinstance(parent, str) else parent
        if above is self.parent:
            return
        before, self.parent = self.parent, above
        # A loop would never end `descendants`, so look upwards first.
        if above is not None and (above is self or self in above.ancestors()):
            self.parent = before
            message = "Validation Failed: a team can not be below itself"
            raise Unprocessable(message)
        try:
            self.check_nesting()
        except Unprocessable:
            self.parent = before
            raise
        self.updated = self.state.mint.moment()
        self.tell("edited", by, changes={})

    @verb
    def delete(self, *, by: "str | User | None" = None) -> None:
        """Delete the team and the teams below it.

        For each, children first, sends ``team.deleted`` and then, for every member,
        a ``membership.removed`` whose team is only ``{id, name, deleted: true}``.
        """
        for team in [*self.descendants(), self]:
            people = team.people
            del self.organization.teams[team.slug]
            del self.state.teams[team.id]
            team.tell("deleted", by)
            gone: Document = {"id": team.id, "name": team.name, "deleted": True}
            for person in people:
                team.tell_membership("removed", person, gone, by)

    @verb
    def add_member(
        self,
        user: "str | User",
        role: TeamRole = "member",
        *,
        by: "str | User | None" = None,
    ) -> "User":
        """Add somebody, to the organization too if need be.

        Sends ``membership.added``, after ``organization.member_added`` if need be.
        """
        person = self.state.ensure_user(user)
        if person.id not in self.organization.members:
            self.organization.add_member(person, by=by)
        known = person.id in self.members
        self.members[person.id] = role
        if not known:
            self.tell_membership("added", person, team_document(self), by)
        return person

    @verb
    def remove_member(
        self, user: "str | User", *, by: "str | User | None" = None
    ) -> None:
        """Remove somebody from the team only. Sends ``membership.removed``.

        Raises:
            NotFound: Not an immediate member.
        """
        person = self.state.user(user)
        if person.id not in self.members:
            raise NotFound
        del self.members[person.id]
        self.tell_membership("removed", person, team_document(self), by)

    @verb
    def add_repository(
        self,
        repository: "Repository | str",
        permission: Permission = "push",
        *,
        by: "str | User | None" = None,
    ) -> None:
        """Give the team a repository.

        Sends ``team.added_to_repository`` and ``team_add``.
        """
        given = self._repository(repository)
        self.repositories[given.id] = permission
        self.tell("added_to_repository", by, given)
        self.state.publish(
            Event(
                "team_add",
                None,
                lambda: {"team": team_document(self)},
                self.state.sender(by),
                organization=self.organization,
                repository=given,
            )
        )

    @verb
    def remove_repository(
        self, repository: "Repository | str", *, by: "str | User | None" = None
    ) -> None:
        """Take a repository away. Sends ``team.removed_from_repository``.

        Raises:
            NotFound: The team does not have it.
        """
        given = self._repository(repository)
        if self.repositories.pop(given.id, None) is None:
            raise NotFound
        self.tell("removed_from_repository", by, given)

    def tell(
        self,
        action: str,
        by: "str | User | None",
        repository: "Repository | None" = None,
        **document: object,
    ) -> None:
        """Publish a ``team`` event."""
        self.state.publish(
            Event(
                "team",
                action,
                lambda: {"team": team_document(self), **document},
                self.state.sender(by),
                organization=self.organization,
                repository=repository,
            )
        )

    def tell_membership(
        self,
        action: str,
        person: "User",
        team: Document,
        by: "str | User | None",
    ) -> None:
        """Publish a ``membership`` event."""
        self.state.publish(
            Event(
                "membership",
                action,
                lambda: {
                    "scope": "team",
                    "member": user_document(person),
                    "team": team,
                },
                self.state.sender(by),
                organization=self.organization,
            )
        )

    def _take_name(self, name: str) -> None:
        slug = slug_of(name)
        teams = self.organization.teams
        # In its old place, because lists show teams in the order of creation.
        renamed = {slug if t is self else t.slug: t for t in teams.values()}
        teams.clear()
        teams.update(renamed)
        self.name, self.slug = name, slug

    def _repository(self, repository: "Repository | str") -> "Repository":
        if isinstance(repository, str):
            return self.organization.repository(repository)
        return repository
