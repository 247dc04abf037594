"""Resolvers of repositories."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.graphql.activity import (
    deployments_of,
    environments_of,
)
from callboard_github.simulator.graphql.code import Branch, find_object
from callboard_github.simulator.graphql.connection import Connection, connect
from callboard_github.simulator.graphql.fields import (
    Fields,
    Info,
    constant,
    moment,
    page,
    path,
)
from callboard_github.simulator.graphql.refusal import Refusal
from callboard_github.simulator.identity import node_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.user import User

_ORDERS: "dict[str, Callable[[Repository], str]]" = {
    # Padded, so that numbers sort as text; the id makes each one unique.
    "CREATED_AT": lambda found: f"{found.created:012}{found.id:012}",
    "UPDATED_AT": lambda found: f"{found.updated:012}{found.id:012}",
    "PUSHED_AT": lambda found: f"{found.pushed:012}{found.id:012}",
    "STARGAZERS": lambda found: f"{len(found.activity.stars):012}{found.id:012}",
    "NAME": lambda found: found.name.lower(),
}


def repositories_of(
    account: "User | Organization", info: Info, **arguments: object
) -> Connection:
    """Resolve ``RepositoryOwner.repositories``."""
    scope = info.context
    found = [
        repository
        for repository in scope.state.owned_by(account)
        if scope.visible(repository) and _matches(repository, arguments)
    ]
    order = cast("dict[str, str] | None", arguments.get("orderBy"))
    shorten = scope.faults.shortens()
    if order is None:
        return connect(
            "repositories", found, arguments, lambda one: one.id, shorten=shorten
        )
    return connect(
        "repositories",
        found,
        arguments,
        _ORDERS[order["field"]],
        descending=order["direction"] == "DESC",
        shorten=shorten,
    )


def _matches(repository: "Repository", arguments: dict[str, object]) -> bool:
    privacy = "PRIVATE" if repository.private else "PUBLIC"
    return (
        arguments.get("privacy") in {None, privacy}
        and arguments.get("visibility") in {None, repository.visibility.upper()}
        and arguments.get("isFork") in {None, repository.fork}
        and arguments.get("isArchived") in {None, repository.archived}
        and arguments.get("isLocked") in {None, False}
    )


def repository_of(
    account: "User | Organization",
    info: Info,
    name: str,
    followRenames: bool = True,  # noqa: N803 - the schema's argument
) -> "Repository":
    """Resolve ``RepositoryOwner.repository``."""
    return find_repository(None, info, account.login, name, followRenames)


def find_repository(
    _root: object,
    info: Info,
    owner: str,
    name: str,
    followRenames: bool = True,  # noqa: N803 - the schema's argument
) -> "Repository":
    """Resolve ``repository``.

    Raises:
        Refusal: Absent, or hidden from who asks.
    """
    scope = info.context
    found = scope.state.moved(owner, name) if followRenames else None
    try:
        found = found or scope.state.repository(owner, name)
    except NotFound:
        found = None
    if found is None or not scope.visible(found):
        message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
        raise Refusal("NOT_FOUND", message)
    return found


@dataclass(frozen=True)
class _Topic:
    name: str

    @property
    def id(self) -> str:
        return node_id("TO", int.from_bytes(self.name.encode()[:7], "big"))


@dataclass(frozen=True)
class _RepositoryTopic:
    topic: _Topic
    html_url: str

    @property
    def id(self) -> str:
        return self.topic.id


def _topics(repository: "Repository", _info: Info, **arguments: object) -> Connection:
    return connect(
        "repositoryTopics",
        [
            _RepositoryTopic(_Topic(name), f"{repository.state.web}/topics/{name}")
            for name in repository.topics
        ],
        arguments,
        lambda one: one.topic.name,
    )


def _default_branch(repository: "Repository", _info: Info) -> Branch | None:
    if repository.head is None:
        return None
    return Branch(repository, repository.default_branch, repository.head)


def _reference(
    repository: "Repository",
    _info: Info,
    qualifiedName: str,  # noqa: N803 - the schema's argument
) -> Branch | None:
    name = qualifiedName.removeprefix("refs/").removeprefix("heads/")
    commit = repository.branches.get(name)
    return None if commit is None else Branch(repository, name, commit)


def _references(
    repository: "Repository",
    _info: Info,
    refPrefix: str,  # noqa: N803 - the schema's argument
    query: str | None = None,
    **arguments: object,
) -> Connection | None:
    branches = [
        Branch(repository, name, commit)
        for name, commit in repository.branches.items()
        if refPrefix.strip("/") == "refs/heads" and (query or "") in name
    ]
    return connect("refs", branches, arguments, lambda branch: branch.name)


def _visibility(repository: "Repository", _info: Info) -> str:
    return repository.visibility.upper()


def _archived(repository: "Repository", info: Info) -> object:
    return moment("updated")(repository, info) if repository.archived else None


def _is_empty(repository: "Repository", _info: Info) -> bool:
    return not repository.branches


def _in_organization(repository: "Repository", _info: Info) -> bool:
    return repository.organization is not None


def _stars(repository: "Repository", _info: Info) -> int:
    return len(repository.activity.stars)


def _ssh(repository: "Repository", _info: Info) -> str:
    host = repository.state.web.split("://")[1].split(":")[0]
    return f"git@{host}:{repository.full_name}.git"


REPOSITORY: Fields = {
    "archivedAt": _archived,
    "createdAt": moment("created"),
    "databaseId": "id",
    "defaultBranchRef": _default_branch,
    "descriptionHTML": constant(""),
    "deployments": deployments_of,
    "diskUsage": constant(0),
    "environments": environments_of,
    "forkCount": constant(0),
    "homepageUrl": "homepage",
    "id": "node_id",
    "isArchived": "archived",
    "isDisabled": constant(value=False),
    "isEmpty": _is_empty,
    "isFork": "fork",
    "isInOrganization": _in_organization,
    "isLocked": constant(value=False),
    "isMirror": constant(value=False),
    "isPrivate": "private",
    "isTemplate": constant(value=False),
    "nameWithOwner": "full_name",
    "object": find_object,
    "pushedAt": moment("pushed"),
    "ref": _reference,
    "refs": _references,
    "repositoryTopics": _topics,
    "resourcePath": path(),
    "sshUrl": _ssh,
    "stargazerCount": _stars,
    "updatedAt": moment("updated"),
    "url": page(),
    "viewerPermission": constant("ADMIN"),
    "visibility": _visibility,
}

TOPIC: Fields = {"url": page(), "resourcePath": path()}
