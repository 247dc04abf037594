"""How a repository comes to be."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from callboard_github.simulator.app import installations_of
from callboard_github.simulator.repository import Repository, Visibility

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.user import User


def create_repository(
    owner: "User | Organization",
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
    """Create a repository.

    Sends ``repository.created``, to apps ``installation_repositories.added``, and
    with files a ``push`` of the first commit.

    Raises:
        Unprocessable: The owner has a repository of that name.
    """
    state = owner.state
    state.check_name(owner, name)
    moment = state.mint.moment()
    repository = Repository(
        state,
        owner,
        state.mint.number("repository"),
        name,
        description,
        visibility,
        sorted(set(topics)),
        default_branch,
        moment,
        moment,
        fork=fork,
        pushed=moment,
    )
    state.repositories[repository.id] = repository
    state.remember_name(repository)
    repository.tell("repository", "created", by)
    for installation in installations_of(state, owner):
        if installation.sees(repository):
            installation.tell_repositories(added=[repository], by=by)
    if files:
        repository.push(files, message="Initial commit", by=by)
    return repository
