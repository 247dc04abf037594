"""An organization: its people, teams, repositories and webhooks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from callboard_github.simulator.app import installations_of
from callboard_github.simulator.documents import Document, user_document
from callboard_github.simulator.errors import NotFound, Unprocessable
from callboard_github.simulator.founding import create_repository
from callboard_github.simulator.hook import ContentType, Hook
from callboard_github.simulator.hooking import create_hook
from callboard_github.simulator.identity import node_id, timestamp
from callboard_github.simulator.publish import Event
from callboard_github.simulator.repository import Repository, Visibility
from callboard_github.simulator.slug import slug_of
from callboard_github.simulator.team import Privacy, Team
from callboard_github.simulator.verb import verb

if TYPE_CHECKING:
    from callboard_github.simulator.state import State
    from callboard_github.simulator.user import User

Role = Literal["admin", "member"]


@dataclass(eq=False)
class Organization:
    """An organization's account."""

    state: "State" = field(repr=False)
    id: int
    login: str
    name: str | None
    description: str | None
    created: int
    email: str | None = None
    updated: int = 0
    members: "dict[int, Role]" = field(default_factory=dict[int, Role], repr=False)
    """User id to role, in the order of joining."""
    teams: "dict[str, Team]" = field(default_factory=dict[str, Team], repr=False)
    """Slug to team, in the order of creation."""
    hooks: "list[Hook]" = field(default_factory=list[Hook], repr=False)

    def __str__(self) -> str:
        return self.login

    @property
    def node_id(self) -> str:
        """The GraphQL id."""
        return node_id("O", self.id)

    @property
    def avatar_url(self) -> str:
        """Where the picture is."""
        return f"{self.state.avatars}/u/{self.id}?v=4"

    @property
    def html_url(self) -> str:
        """The profile page."""
        return f"{self.state.web}/{self.login}"

    @property
    def api_url(self) -> str:
        """The REST address."""
        return f"{self.state.api}/orgs/{self.login}"

    @property
    def people(self) -> "list[User]":
        """The members, in the order of their ids."""
        users = {user.id: user for user in self.state.users.values()}
        return [users[number] for number in sorted(self.members) if number in users]

    @property
    def repositories(self) -> list[Repository]:
        """The repositories, oldest first."""
        return list(self.state.owned_by(self))

    def team(self, slug: str) -> Team:
        """Return a team by its slug.

        Raises:
            NotFound: No such team.
        """
        found = self.teams.get(slug.lower())
        if found is None:
            raise NotFound
        return found

    def repository(self, name: str) -> Repository:
        """Return a repository by its name.

        Raises:
            NotFound: No such repository.
        """
        return self.state.repository(self.login, name)

    # People.

    @verb
    def add_member(
        self,
        user: "str | User",
        role: Role = "member",
        *,
        by: "str | User | None" = None,
    ) -> "User":
        """Let somebody join, as if an invitation was accepted at once.

        An unknown login gets an account. Sends ``organization.member_added``, or
        nothing when only the role changes.
        """
        person = self.state.ensure_user(user)
        known = person.id in self.members
        self.members[person.id] = role
        if not known:
            self._tell("member_added", by, membership=self.membership(person))
        return person

    @verb
    def remove_member(
        self, user: "str | User", *, by: "str | User | None" = None
    ) -> None:
        """Remove somebody from the organization and all its teams.

        Sends ``membership.removed`` for each team, then
        ``organization.member_removed``.

        Raises:
            NotFound: Not a member.
        """
        person = self.state.user(user)
        if person.id not in self.members:
            raise NotFound
        for team in list(self.teams.values()):
            if person.id in team.members:
                team.remove_member(person, by=by)
        membership = self.membership(person)
        del self.members[person.id]
        self._tell("member_removed", by, membership=membership)

    @verb
    def invite(self, user: "str | User", *, by: "str | User | None" = None) -> None:
        """Invite somebody, who does not answer. Sends only a webhook."""
        person = self.state.ensure_user(user)
        inviter = self.state.sender(by)
        moment = self.state.mint.moment()
        self._tell(
            "member_invited",
            by,
            user=user_document(person),
            invitation=self._invitation(person, inviter, moment),
        )

    def membership(self, person: "User") -> Document:
        """Return the membership as GitHub's ``organization`` events carry it."""
        return {
            "url": f"{self.api_url}/memberships/{person.login}",
            "state": "active",
            "role": self.members[person.id],
            "organization_url": self.api_url,
            "user": user_document(person),
            "direct_membership": True,
            "enterprise_teams_providing_indirect_membership": [],
        }

    def _invitation(self, person: "User", inviter: "User", moment: int) -> Document:
        return {
            "id": person.id,
            "node_id": node_id("OI", self.id, person.id),
            "login": person.login,
            "email": None,
            "role": "direct_member",
            "created_at": timestamp(moment),
            "failed_at": None,
            "failed_reason": None,
            "inviter": user_document(inviter),
            "team_count": 0,
            "invitation_teams_url": f"{self.api_url}/invitations/{person.id}/teams",
            "invitation_source": "member",
        }

    # Teams.

    @verb
    def create_team(
        self,
        name: str,
        *,
        description: str | None = None,
        privacy: Privacy = "closed",
        parent: "Team | str | None" = None,
        members: "Iterable[str | User]" = (),
        by: "str | User | None" = None,
    ) -> Team:
        """Create a team. Sends ``team.created``, then a membership for each member.

        Args:
            name: Free text; the slug follows from it.
            description: Free text.
            privacy: ``closed`` is visible to all members, ``secret`` to its own.
            parent: A team or its slug.
            members: Who is in it from the start.
            by: Who does it.

        Raises:
            Unprocessable: The name gives a slug that is taken or empty, or a secret
                team would be nested.
        """
        slug = slug_of(name)
        self.check_slug(slug)
        above = self.team(parent) if isinstance(parent, str) else parent
        moment = self.state.mint.moment()
        team = Team(
            state=self.state,
            organization=self,
            id=self.state.mint.number("team"),
            name=name,
            slug=slug,
            description=description,
            privacy=privacy,
            parent=above,
            created=moment,
            updated=moment,
        )
        team.check_nesting()
        self.teams[slug] = team
        self.state.teams[team.id] = team
        team.tell("created", by)
        for member in members:
            team.add_member(member, by=by)
        return team

    def check_slug(self, slug: str, besides: Team | None = None) -> None:
        """Make sure that a team may have a slug.

        Raises:
            Unprocessable: It is empty, or another team has it.
        """
        if not slug or self.teams.get(slug, besides) is not besides:
            message = "Validation Failed: name must be unique for this org"
            raise Unprocessable(message)

    # Repositories.

    @verb
    def create_repository(
        self,
        name: str,
        *,
        description: str | None = None,
        visibility: Visibility = "private",
        topics: Iterable[str] = (),
        default_branch: str = "main",
        files: Mapping[str, str | bytes] | None = None,
        fork: bool = False,
        by: "str | User | None" = None,
    ) -> Repository:
        """Create a repository: see `founding.create_repository`."""
        return create_repository(
            self,
            name,
            description=description,
            visibility=visibility,
            topics=topics,
            default_branch=default_branch,
            files=files,
            fork=fork,
            by=by,
        )

    # The account itself.

    @verb
    def rename(self, login: str, *, by: "str | User | None" = None) -> None:
        """Take another login. Sends ``organization.renamed``.

        Its apps are told of ``installation_target.renamed`` too; nobody is told that
        every repository has another full name now.
        """
        old = self.login
        self.state.rename_account(self, login)
        self.updated = self.state.mint.moment()
        changes: Document = {"login": {"from": old}}
        self._tell("renamed", by, changes=changes)
        for installation in installations_of(self.state, self):
            installation.tell_target_renamed(changes, by)

    @verb
    def edit(self, *, name: str | None = None, description: str | None = None) -> None:
        """Change the profile; what is None stays. Sends no webhook."""
        self.name = self.name if name is None else name or None
        if description is not None:
            self.description = description or None
        self.updated = self.state.mint.moment()

    @verb
    def delete(self, *, by: "str | User | None" = None) -> None:
        """Delete the organization with all it owns.

        Sends ``organization.deleted``, and ``installation.deleted`` to its apps.
        """
        self._tell("deleted", by)
        for installation in installations_of(self.state, self):
            installation.delete(by=by)
        for repository in self.repositories:
            self.state.forget_name(repository)
            del self.state.repositories[repository.id]
            for hook in repository.hooks:
                del self.state.hooks[hook.id]
        for team in self.teams.values():
            del self.state.teams[team.id]
        for hook in self.hooks:
            del self.state.hooks[hook.id]
        del self.state.organizations[self.login.lower()]

    # Webhooks.

    @verb
    def create_hook(
        self,
        url: str,
        *,
        secret: str | None = None,
        events: Iterable[str] = ("*",),
        content_type: ContentType = "json",
        active: bool = True,
    ) -> Hook:
        """Add a webhook. Sends it ``ping``.

        Raises:
            Unprocessable: 20 webhooks of this organization want the same event.
        """
        return create_hook(
            self.state,
            url,
            organization=self,
            secret=secret,
            events=events,
            content_type=content_type,
            active=active,
        )

    def _tell(self, action: str, by: "str | User | None", **document: object) -> None:
        self.state.publish(
            Event(
                "organization",
                action,
                lambda: document,
                self.state.sender(by),
                organization=self,
            )
        )
