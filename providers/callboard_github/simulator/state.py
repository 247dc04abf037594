"""Everything a simulated GitHub knows.

Owns accounts, repositories, apps, webhooks and the history of verbs; finds them by
name or id, and hands every event to the webhooks that want it. No IO: what must be
sent waits in the outbox.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from callboard_github.simulator.app import App
from callboard_github.simulator.errors import NotFound, Unprocessable
from callboard_github.simulator.hooking import create_hook
from callboard_github.simulator.identity import BEGINNING, Mint
from callboard_github.simulator.organization import Organization
from callboard_github.simulator.outbox import Outbox
from callboard_github.simulator.publish import Event, publish
from callboard_github.simulator.user import User

if TYPE_CHECKING:
    from callboard_github.simulator.app import Installation
    from callboard_github.simulator.hook import Hook
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.team import Team
    from callboard_github.simulator.verb import Step


APP_EVENTS: Final = (
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "installation_target",
    "issues",
    "member",
    "membership",
    "organization",
    "public",
    "push",
    "repository",
    "star",
    "team",
    "team_add",
    "workflow_run",
)
"""What an app of a simulated GitHub subscribes to, unless told otherwise."""

APP_PERMISSIONS: Final = MappingProxyType(
    {
        "actions": "read",
        "administration": "read",
        "contents": "read",
        "deployments": "read",
        "issues": "read",
        "members": "read",
        "metadata": "read",
        "organization_hooks": "write",
        "repository_hooks": "write",
    }
)


@dataclass
class Limits:
    """Where GitHub cuts off; smaller ones make the edges easy to reach in a test."""

    push_commits: int = 2048
    """Commits that a push webhook lists at most."""
    tree_entries: int = 100_000
    """Entries of a recursive tree before ``truncated`` becomes true."""
    payload_bytes: int = 25 * 1024 * 1024
    """A larger payload is not delivered at all."""
    deliveries_kept: int = 5_000
    """Deliveries that one webhook remembers."""
    deliveries_days: float = 3
    """Days for which they are listed and sent again; an Enterprise Server has 7."""


class State:
    """The pure heart: records, lookups, and the events that verbs cause.

    Args:
        seed: What all ids and GUIDs follow from.
        began: First moment of the calendar.
        web: Where pages are, without a slash at the end.
        api: Where the REST API is, without a slash at the end.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        began: datetime = BEGINNING,
        web: str = "https://github.com",
        api: str = "https://api.github.com",
        limits: Limits | None = None,
    ) -> None:
        self.seed = seed
        self.web = web
        self.api = api
        self.limits = limits or Limits()
        self.mint = Mint(seed, began)
        # A client may call from another thread than the one that runs the verbs.
        self.lock = threading.RLock()
        self.depth = 0
        self.history: deque[Step] = deque(maxlen=10_000)
        self.outbox = Outbox()
        self.users: dict[str, User] = {}
        self.organizations: dict[str, Organization] = {}
        self.repositories: dict[int, Repository] = {}
        self.teams: dict[int, Team] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.hooks: dict[int, Hook] = {}
        self._by_name: dict[tuple[str, str], Repository] = {}
        self._moved: dict[tuple[str, str], int] = {}
        self.operator = self.create_user("operator", name="Olga Perator", admin=True)
        """Who does what nobody in particular does: the default ``sender``."""

    @property
    def state(self) -> "State":
        """Itself, so that verbs can stand here too."""
        return self

    @property
    def avatars(self) -> str:
        """Where pictures are."""
        return "https://avatars.githubusercontent.com"

    def __str__(self) -> str:
        return "github"

    # Accounts.

    def create_user(
        self,
        login: str,
        *,
        name: str | None = None,
        email: str | None = None,
        bio: str | None = None,
        admin: bool = False,
    ) -> User:
        """Open a person's account.

        Raises:
            Unprocessable: The login is taken.
        """
        self._free(login)
        moment = self.mint.moment()
        user = User(
            self,
            self.mint.number("user"),
            login,
            name,
            email,
            bio,
            moment,
            site_admin=admin,
            updated=moment,
        )
        self.users[login.lower()] = user
        return user

    def create_organization(
        self,
        login: str,
        *,
        name: str | None = None,
        description: str | None = None,
        email: str | None = None,
        members: "Iterable[str | User]" = (),
    ) -> "Organization":
        """Open an organization's account.

        Raises:
            Unprocessable: The login is taken.
        """
        self._free(login)
        moment = self.mint.moment()
        organization = Organization(
            self,
            self.mint.number("organization"),
            login,
            name,
            description,
            moment,
            email=email,
            updated=moment,
        )
        self.organizations[login.lower()] = organization
        for member in members:
            organization.add_member(member)
        return organization

    def create_app(
        self,
        slug: str,
        *,
        url: str | None = None,
        secret: str | None = None,
        events: Iterable[str] = APP_EVENTS,
        permissions: Mapping[str, str] = APP_PERMISSIONS,
        owner: "User | Organization | None" = None,
    ) -> "App":
        """Register a GitHub App; with a URL it has a webhook, which is pinged."""
        moment = self.mint.moment()
        app = App(
            self,
            self.mint.number("app"),
            slug,
            slug.replace("-", " ").capitalize(),
            owner or self.operator,
            dict(permissions),
            frozenset(events),
            moment,
            moment,
        )
        self.apps[app.id] = app
        if url is not None:
            create_hook(
                self,
                url,
                app=app,
                secret=secret,
                events=app.events,
                content_type="json",
            )
        return app

    def user(self, login: "str | User") -> User:
        """Return a person.

        Raises:
            NotFound: No such login.
        """
        if isinstance(login, User):
            return login
        found = self.users.get(login.lower())
        if found is None:
            raise NotFound
        return found

    def ensure_user(self, login: "str | User") -> User:
        """Return a person, with a new account if there is none of that login."""
        if isinstance(login, User):
            return login
        return self.users.get(login.lower()) or self.create_user(login)

    def organization(self, login: str) -> "Organization":
        """Return an organization.

        Raises:
            NotFound: No such login.
        """
        found = self.organizations.get(login.lower())
        if found is None:
            raise NotFound
        return found

    def account(self, login: str) -> "User | Organization":
        """Return the person or organization of a login.

        Raises:
            NotFound: Neither has it.
        """
        return self.organizations.get(login.lower()) or self.user(login)

    def rename_account(self, account: "User | Organization", login: str) -> None:
        """Give an account another login and its repositories another full name.

        Raises:
            Unprocessable: The login is taken.
        """
        if login.lower() != account.login.lower():
            self._free(login)
        owned = list(self.owned_by(account))
        for repository in owned:
            self.forget_name(repository)
        if isinstance(account, User):
            del self.users[account.login.lower()]
            self.users[login.lower()] = account
        else:
            del self.organizations[account.login.lower()]
            self.organizations[login.lower()] = account
        account.login = login
        for repository in owned:
            self.remember_name(repository)

    def _free(self, login: str) -> None:
        if login.lower() in self.users or login.lower() in self.organizations:
            message = f"Login {login} is already taken"
            raise Unprocessable(message)

    # Repositories.

    def owned_by(self, account: "User | Organization") -> "Iterator[Repository]":
        """Yield an account's repositories in the order of their creation."""
        for repository in self.repositories.values():
            if repository.owner is account:
                yield repository

    def repository(self, owner: str, name: str) -> "Repository":
        """Return a repository by its present name.

        Raises:
            NotFound: Absent, or renamed: see `moved`.
        """
        found = self._by_name.get((owner.lower(), name.lower()))
        if found is None:
            raise NotFound
        return found

    def check_name(
        self,
        owner: "User | Organization",
        name: str,
        besides: "Repository | None" = None,
    ) -> None:
        """Make sure that an account may give a name to a repository.

        Raises:
            Unprocessable: Another one of the account has it.
        """
        key = (owner.login.lower(), name.lower())
        if self._by_name.get(key, besides) is not besides:
            message = "Name already exists on this account"
            raise Unprocessable(message)

    def moved(self, owner: str, name: str) -> "Repository | None":
        """Return the repository that left this name by renaming or transfer."""
        number = self._moved.get((owner.lower(), name.lower()))
        return None if number is None else self.repositories.get(number)

    def remember_name(self, repository: "Repository") -> None:
        """Make a repository findable under its present name."""
        key = (repository.owner.login.lower(), repository.name.lower())
        self._by_name[key] = repository
        self._moved.pop(key, None)

    def forget_name(self, repository: "Repository") -> None:
        """Leave a redirect behind where a repository was found until now."""
        key = (repository.owner.login.lower(), repository.name.lower())
        del self._by_name[key]
        self._moved[key] = repository.id

    # Webhooks.

    def publish(self, event: Event) -> None:
        """Hand an event to every webhook that wants it: see `publish.publish`."""
        publish(self, event)

    def sender(self, by: "str | User | None") -> User:
        """Return who does something: the named person, or the operator."""
        return self.operator if by is None else self.ensure_user(by)

    def listen(self, heard: Callable[[], None] | None) -> None:
        """Have a function called whenever something is put into the outbox."""
        self.outbox.listen(heard)
