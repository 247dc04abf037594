"""GitHub Apps and where they are installed."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from callboard_github.simulator.documents import (
    Document,
    account_document,
    brief_repository_document,
    installation_document,
)
from callboard_github.simulator.errors import Unprocessable
from callboard_github.simulator.identity import node_id
from callboard_github.simulator.publish import Event
from callboard_github.simulator.verb import verb

if TYPE_CHECKING:
    from callboard_github.simulator.hook import Hook
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State
    from callboard_github.simulator.user import User

Selection = Literal["all", "selected"]


@dataclass(eq=False)
class App:
    """A GitHub App: what can be installed, with its one webhook."""

    state: "State" = field(repr=False)
    id: int
    slug: str
    name: str
    owner: "User | Organization"
    permissions: dict[str, str]
    events: frozenset[str]
    created: int
    updated: int
    hook: "Hook | None" = None
    """Its webhook; an app has at most one, and can not delete it."""
    installations: "dict[int, Installation]" = field(
        default_factory=dict[int, "Installation"], repr=False
    )

    def __str__(self) -> str:
        return self.slug

    @property
    def node_id(self) -> str:
        """The GraphQL id."""
        return node_id("A", self.id)

    @property
    def client_id(self) -> str:
        """What may stand for the id in a JWT's ``iss``."""
        return f"Iv1.{self.id:016x}"

    @verb
    def install(
        self,
        account: "User | Organization | str",
        repositories: "Iterable[Repository] | None" = None,
        *,
        by: "str | User | None" = None,
    ) -> "Installation":
        """Install the app. Sends ``installation.created``.

        Args:
            account: A person or an organization, or its login.
            repositories: The only ones it may see; None is all, now and later.
            by: Who does it.

        Raises:
            Unprocessable: It is installed there already.
        """
        where = self.state.account(account) if isinstance(account, str) else account
        if any(there.account is where for there in self.installations.values()):
            message = f"{self.slug} is already installed on {where}"
            raise Unprocessable(message)
        moment = self.state.mint.moment()
        installation = Installation(
            state=self.state,
            app=self,
            id=self.state.mint.number("installation"),
            account=where,
            selection="all" if repositories is None else "selected",
            chosen={repository.id for repository in repositories or ()},
            permissions=dict(self.permissions),
            events=self.events,
            created=moment,
            updated=moment,
        )
        self.installations[installation.id] = installation
        self.state.installations[installation.id] = installation
        installation.tell_with_repositories("created", by)
        return installation

    @verb
    def ask_for(
        self, permissions: Mapping[str, str] = {}, events: Iterable[str] = ()
    ) -> None:
        """Want more than installations have granted; they must accept it first."""
        self.permissions.update(permissions)
        self.events |= frozenset(events)
        if self.hook is not None:
            self.hook.events = self.events


@dataclass(eq=False)
class Installation:
    """An app on an account."""

    state: "State" = field(repr=False)
    app: App
    id: int
    account: "User | Organization"
    selection: Selection
    chosen: set[int] = field(repr=False)
    """Repository ids, if the selection is ``selected``."""
    permissions: dict[str, str] = field(repr=False)
    events: frozenset[str] = field(repr=False)
    created: int
    updated: int
    suspended: int | None = None
    """When it was suspended."""
    suspended_by: "User | None" = None

    def __str__(self) -> str:
        return f"{self.app}@{self.account}"

    @property
    def node_id(self) -> str:
        """The GraphQL id, as webhooks carry it."""
        # GitHub never moved this kind to the newer format.
        return b64encode(f"023:IntegrationInstallation{self.id}".encode()).decode()

    @property
    def repositories(self) -> "list[Repository]":
        """What it may see, oldest first."""
        return [r for r in self.state.owned_by(self.account) if self.sees(r)]

    def sees(self, repository: "Repository") -> bool:
        """Return whether it may see a repository."""
        return repository.owner is self.account and (
            self.selection == "all" or repository.id in self.chosen
        )

    @verb
    def delete(self, *, by: "str | User | None" = None) -> None:
        """Uninstall. Sends ``installation.deleted``."""
        self.tell_with_repositories("deleted", by)
        del self.app.installations[self.id]
        del self.state.installations[self.id]

    @verb
    def suspend(self, *, by: "str | User | None" = None) -> None:
        """Suspend. Sends ``installation.suspend``, and from then on nothing else."""
        self.suspended = self.updated = self.state.mint.moment()
        self.suspended_by = self.state.sender(by)
        self.tell_with_repositories("suspend", by)

    @verb
    def unsuspend(self, *, by: "str | User | None" = None) -> None:
        """Undo a suspension. Sends ``installation.unsuspend``."""
        self.suspended = self.suspended_by = None
        self.updated = self.state.mint.moment()
        self.tell_with_repositories("unsuspend", by)

    @verb
    def accept_permissions(self, *, by: "str | User | None" = None) -> None:
        """Grant what the app asks for.

        Sends ``installation.new_permissions_accepted``.
        """
        self.permissions = dict(self.app.permissions)
        self.events = self.app.events
        self.updated = self.state.mint.moment()
        self.tell_with_repositories("new_permissions_accepted", by)

    @verb
    def choose(
        self,
        repositories: "Iterable[Repository] | None",
        *,
        by: "str | User | None" = None,
    ) -> None:
        """Change which repositories it may see; None is all.

        Sends ``installation_repositories`` ``added`` and ``removed`` as needed.
        """
        before = {repository.id: repository for repository in self.repositories}
        self.selection = "all" if repositories is None else "selected"
        self.chosen = {repository.id for repository in repositories or ()}
        after = {repository.id: repository for repository in self.repositories}
        self.tell_repositories(
            added=[after[number] for number in after.keys() - before.keys()],
            removed=[before[number] for number in before.keys() - after.keys()],
            by=by,
        )

    def tell_with_repositories(self, action: str, by: "str | User | None") -> None:
        """Publish an ``installation`` event."""
        self._tell(
            "installation",
            action,
            by,
            lambda: {
                "installation": installation_document(self),
                "repositories": [
                    brief_repository_document(repository)
                    for repository in self.repositories
                ],
                "requester": None,
            },
        )

    def tell_repositories(
        self,
        *,
        added: "Iterable[Repository]" = (),
        removed: "Iterable[Repository]" = (),
        by: "str | User | None" = None,
    ) -> None:
        """Publish ``installation_repositories`` for what came and what went."""
        came = [brief_repository_document(r) for r in added]
        went = [brief_repository_document(r) for r in removed]
        for action, some in (("added", came), ("removed", went)):
            if not some:
                continue
            self._tell(
                "installation_repositories",
                action,
                by,
                lambda action=action, some=some: {
                    "installation": installation_document(self),
                    "repository_selection": self.selection,
                    "repositories_added": some if action == "added" else [],
                    "repositories_removed": some if action == "removed" else [],
                    "requester": None,
                },
            )

    def tell_target_renamed(self, changes: Document, by: "str | User | None") -> None:
        """Publish ``installation_target.renamed``."""
        self._tell(
            "installation_target",
            "renamed",
            by,
            lambda: {
                "account": account_document(self.account),
                "changes": changes,
                "installation": {"id": self.id, "node_id": self.node_id},
                "target_type": type(self.account).__name__,
            },
        )

    def _tell(
        self,
        event: str,
        action: str,
        by: "str | User | None",
        document: Callable[[], Document],
    ) -> None:
        self.state.publish(
            Event(event, action, document, self.state.sender(by), installation=self)
        )


def installations_of(
    state: "State", account: "User | Organization"
) -> list[Installation]:
    """Return what is installed on an account."""
    return [i for i in state.installations.values() if i.account is account]
