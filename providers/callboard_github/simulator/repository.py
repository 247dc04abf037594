"""A repository: its settings, branches, files and webhooks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from callboard_github.simulator import pushing
from callboard_github.simulator.activity import Activity
from callboard_github.simulator.app import installations_of
from callboard_github.simulator.documents import Document, owner_change_document
from callboard_github.simulator.errors import Forbidden, NotFound, Unprocessable
from callboard_github.simulator.git import Change, Commit
from callboard_github.simulator.hook import ContentType, Hook
from callboard_github.simulator.hooking import create_hook
from callboard_github.simulator.identity import node_id
from callboard_github.simulator.publish import Event
from callboard_github.simulator.user import User
from callboard_github.simulator.verb import verb

if TYPE_CHECKING:
    from callboard_github.simulator.app import Installation
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.state import State

Visibility = Literal["public", "private", "internal"]


@dataclass(eq=False)
class Repository:
    """A repository of a person or an organization."""

    state: "State" = field(repr=False)
    owner: "User | Organization"
    id: int
    name: str
    description: str | None
    visibility: Visibility
    topics: list[str]
    default_branch: str
    created: int
    updated: int
    homepage: str | None = None
    fork: bool = False
    archived: bool = False
    pushed: int = 0
    branches: dict[str, Commit] = field(default_factory=dict[str, Commit], repr=False)
    """Name to the newest commit."""
    commits: dict[str, Commit] = field(default_factory=dict[str, Commit], repr=False)
    """Every commit that was ever pushed, by id: a force-push loses none."""
    hooks: list[Hook] = field(default_factory=list[Hook], repr=False)
    activity: Activity = field(init=False, repr=False)
    """Stars, issues, environments, deployments and workflow runs."""

    def __post_init__(self) -> None:
        self.activity = Activity(self)

    def __str__(self) -> str:
        return self.full_name

    @property
    def organization(self) -> "Organization | None":
        """The owner, if it is an organization."""
        return None if isinstance(self.owner, User) else self.owner

    @property
    def full_name(self) -> str:
        """The owner's login and the name."""
        return f"{self.owner.login}/{self.name}"

    @property
    def node_id(self) -> str:
        """The GraphQL id."""
        return node_id("R", self.id)

    @property
    def html_url(self) -> str:
        """The repository's page."""
        return f"{self.state.web}/{self.full_name}"

    @property
    def api_url(self) -> str:
        """The REST address."""
        return f"{self.state.api}/repos/{self.full_name}"

    @property
    def private(self) -> bool:
        """Whether not everybody may see it."""
        return self.visibility != "public"

    @property
    def head(self) -> Commit | None:
        """The newest commit of the default branch; None if there is none."""
        return self.branches.get(self.default_branch)

    @property
    def files(self) -> Mapping[str, bytes]:
        """What is on the default branch."""
        return {} if self.head is None else self.head.snapshot.files

    def commit(self, reference: str | None = None) -> Commit:
        """Return the commit that a branch, ``refs/heads/…``, ``HEAD`` or id names.

        Raises:
            NotFound: Nothing is named so.
        """
        name = reference or "HEAD"
        name = self.default_branch if name == "HEAD" else name
        name = name.removeprefix("refs/heads/").removeprefix("heads/")
        if (found := self.branches.get(name) or self.commits.get(name)) is not None:
            return found
        if len(name) >= 7:
            for sha, commit in self.commits.items():
                if sha.startswith(name):
                    return commit
        message = f"No commit found for the ref {reference}"
        raise NotFound(message)

    # Commits.

    @verb
    def push(
        self,
        *changes: Change,
        branch: str | None = None,
        onto: "Commit | str | None" = None,
        message: str = "Change files",
        by: "str | User | None" = None,
    ) -> Commit | None:
        """Push one commit for each mapping of paths to contents. Sends ``push``.

        Args:
            *changes: For each commit, path to new content, None to remove. Without
                any, the branch is moved to ``onto``.
            branch: Which one; None is the default branch. A new one starts at the
                default branch's head, and sends ``create`` first.
            onto: The commit to build upon, instead of the branch's newest. If that
                leaves commits behind, the push is forced.
            message: Of all commits.
            by: Author and pusher.

        Returns:
            The branch's new head; None if the branch stays empty.

        Raises:
            Forbidden: The repository is archived.
            NotFound: ``onto`` names nothing.
        """
        self._writable()
        return pushing.push(
            self,
            changes,
            branch=branch,
            onto=onto,
            message=message,
            by=self._sender(by),
        )

    @verb
    def delete_branch(self, branch: str, *, by: "str | User | None" = None) -> None:
        """Delete a branch. Sends ``delete`` and a ``push`` with ``deleted``.

        Raises:
            Unprocessable: It is the default branch.
            NotFound: No such branch.
        """
        self._writable()
        if branch == self.default_branch:
            message = "Cannot delete the default branch"
            raise Unprocessable(message)
        if branch not in self.branches:
            raise NotFound
        pushing.delete_branch(self, branch, self._sender(by))

    # Settings.

    @verb
    def rename(self, name: str, *, by: "str | User | None" = None) -> None:
        """Take another name; the old one redirects. Sends ``repository.renamed``.

        Raises:
            Unprocessable: The owner has another repository of that name.
        """
        old = self.name
        self.state.check_name(self.owner, name, besides=self)
        self.state.forget_name(self)
        self.name = name
        self.state.remember_name(self)
        self._changed("renamed", by, {"repository": {"name": {"from": old}}})

    @verb
    def archive(self, *, by: "str | User | None" = None) -> None:
        """Make it read-only. Sends ``repository.archived``."""
        if not self.archived:
            self.archived = True
            self._changed("archived", by)

    @verb
    def unarchive(self, *, by: "str | User | None" = None) -> None:
        """Undo archiving. Sends ``repository.unarchived``."""
        if self.archived:
            self.archived = False
            self._changed("unarchived", by)

    @verb
    def privatize(self, *, by: "str | User | None" = None) -> None:
        """Hide it from the public. Sends ``repository.privatized``."""
        if self.visibility != "private":
            self.visibility = "private"
            self._changed("privatized", by)

    @verb
    def publicize(self, *, by: "str | User | None" = None) -> None:
        """Show it to everybody. Sends ``repository.publicized`` and ``public``."""
        if self.visibility != "public":
            self.visibility = "public"
            self._changed("publicized", by)
            self.tell("public", None, by)

    @verb
    def edit(
        self,
        *,
        description: str | None = None,
        topics: Iterable[str] | None = None,
        default_branch: str | None = None,
        homepage: str | None = None,
        by: "str | User | None" = None,
    ) -> None:
        """Change settings; what is None stays.

        Sends one ``repository.edited`` for each setting that changes, as GitHub's
        pages save them one by one.

        Raises:
            Unprocessable: The default branch is to be one that is not there.
        """
        if default_branch is not None and default_branch not in self.branches:
            message = f"Validation Failed: no branch {default_branch}"
            raise Unprocessable(message)
        if description is not None and description != (self.description or ""):
            old, self.description = self.description, description or None
            self._changed("edited", by, {"description": {"from": old}})
        if homepage is not None and homepage != (self.homepage or ""):
            old, self.homepage = self.homepage, homepage or None
            self._changed("edited", by, {"homepage": {"from": old}})
        if topics is not None and (new := sorted(set(topics))) != self.topics:
            before, self.topics = self.topics, new
            self._changed("edited", by, {"topics": {"from": before}})
        if default_branch is not None and default_branch != self.default_branch:
            last, self.default_branch = self.default_branch, default_branch
            self._changed("edited", by, {"default_branch": {"from": last}})

    @verb
    def transfer(
        self, to: "User | Organization | str", *, by: "str | User | None" = None
    ) -> None:
        """Give it to another account; the old name redirects.

        Sends ``repository.transferred``, which only the new owner's webhooks hear,
        as GitHub says (webhook page of ``repository``). Apps on both accounts are
        told by ``installation_repositories``.

        Raises:
            Unprocessable: The new owner has a repository of that name.
        """
        new = self.state.account(to) if isinstance(to, str) else to
        old = self.owner
        self.state.check_name(new, self.name)
        before = self._installations()
        self.state.forget_name(self)
        self.owner = new
        self.state.remember_name(self)
        for team in self.state.teams.values():
            team.repositories.pop(self.id, None)
        for installation in before:
            installation.chosen.discard(self.id)
            installation.tell_repositories(removed=[self], by=by)
        self._changed("transferred", by, {"owner": owner_change_document(old)})
        for installation in self._installations():
            installation.tell_repositories(added=[self], by=by)

    @verb
    def delete(self, *, by: "str | User | None" = None) -> None:
        """Delete it. Sends ``repository.deleted``."""
        self.tell("repository", "deleted", by)
        for installation in self._installations():
            installation.tell_repositories(removed=[self], by=by)
        self.state.forget_name(self)
        del self.state.repositories[self.id]
        for hook in self.hooks:
            del self.state.hooks[hook.id]
        for team in self.state.teams.values():
            team.repositories.pop(self.id, None)

    @verb
    def create_hook(
        self,
        url: str,
        *,
        secret: str | None = None,
        events: Iterable[str] = ("push",),
        content_type: ContentType = "json",
        active: bool = True,
    ) -> Hook:
        """Add a webhook. Sends it ``ping``."""
        return create_hook(
            self.state,
            url,
            repository=self,
            secret=secret,
            events=events,
            content_type=content_type,
            active=active,
        )

    def tell(
        self,
        event: str,
        action: str | None,
        by: "str | User | None" = None,
        document: Callable[[], Document] = dict,
    ) -> None:
        """Publish an event of this repository."""
        self.state.publish(
            Event(
                event,
                action,
                document,
                self._sender(by),
                organization=self.organization,
                repository=self,
            )
        )

    def _changed(
        self, action: str, by: "str | User | None", changes: Document | None = None
    ) -> None:
        self.updated = self.state.mint.moment()
        document: Document = {} if changes is None else {"changes": changes}
        self.tell("repository", action, by, lambda: document)

    def _sender(self, by: "str | User | None") -> User:
        return self.state.sender(by)

    def _installations(self) -> "list[Installation]":
        there = installations_of(self.state, self.owner)
        return [installation for installation in there if installation.sees(self)]

    def _writable(self) -> None:
        if self.archived:
            message = "Repository was archived so is read-only."
            raise Forbidden(message)
