"""A person with an account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from callboard_github.simulator.identity import node_id
from callboard_github.simulator.verb import verb

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository, Visibility
    from callboard_github.simulator.state import State


@dataclass(eq=False)
class User:
    """An account of a person.

    GitHub tells nobody's webhooks about a changed profile, a new login or a
    suspension: only reading again shows them.
    """

    state: "State" = field(repr=False)
    id: int
    login: str
    name: str | None
    email: str | None
    bio: str | None
    created: int
    suspended: bool = False
    """Only GitHub Enterprise Server shows this."""
    site_admin: bool = False
    avatar: str | None = None
    updated: int = 0

    def __str__(self) -> str:
        return self.login

    @property
    def node_id(self) -> str:
        """The GraphQL id."""
        return node_id("U", self.id)

    @property
    def avatar_url(self) -> str:
        """Where the picture is."""
        return self.avatar or f"{self.state.avatars}/u/{self.id}?v=4"

    @property
    def html_url(self) -> str:
        """The profile page."""
        return f"{self.state.web}/{self.login}"

    @property
    def api_url(self) -> str:
        """The REST address."""
        return f"{self.state.api}/users/{self.login}"

    @verb
    def edit(
        self,
        *,
        name: str | None = None,
        email: str | None = None,
        bio: str | None = None,
        avatar: str | None = None,
    ) -> None:
        """Change the profile; what is None stays, ``""`` clears. Sends no webhook."""
        if name is not None:
            self.name = name or None
        if email is not None:
            self.email = email or None
        if bio is not None:
            self.bio = bio or None
        if avatar is not None:
            self.avatar = avatar or None
        self.updated = self.state.mint.moment()

    @verb
    def create_repository(
        self,
        name: str,
        *,
        description: str | None = None,
        visibility: "Visibility" = "public",
        topics: Iterable[str] = (),
        files: Mapping[str, str | bytes] | None = None,
        fork: bool = False,
    ) -> "Repository":
        """Create a repository of one's own: see `founding.create_repository`."""
        from callboard_github.simulator.founding import create_repository

        return create_repository(
            self,
            name,
            description=description,
            visibility=visibility,
            topics=topics,
            files=files,
            fork=fork,
            by=self,
        )

    @verb
    def rename(self, login: str) -> None:
        """Take another login. Sends no webhook."""
        self.state.rename_account(self, login)
        self.updated = self.state.mint.moment()

    @verb
    def suspend(self) -> None:
        """Suspend the account, as an administrator of an Enterprise Server can."""
        self.suspended = True

    @verb
    def unsuspend(self) -> None:
        """Undo a suspension."""
        self.suspended = False
