"""Which repositories there are."""

from collections.abc import Callable, Iterable, Sequence

from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.errors import NotAllowedError, NotFoundError
from callboard_github.repositories.answers import (
    Named,
    RepositoriesRoot,
    Repository,
    repository_of,
)
from callboard_github.repositories.asking import REPOSITORIES
from callboard_github.repositories.filters import Filter

_PAGE = 100


async def list_repositories(
    run: Caller,
    github: GitHub,
    login: str,
    wanted: Filter,
    each: Callable[[Sequence[Repository]], None],
) -> None:
    """Call ``each`` with those of an organization that count, a page at a time.

    Raises:
        GitHubError: Some could not be listed.
    """
    seen: set[int] = set()

    def page(answer: RepositoriesRoot) -> None:
        nodes = answer.organization.repositories.nodes
        listed = [repository_of(node) for node in nodes if node is not None]
        counting = [r for r in listed if r.id not in seen and not wanted.reason(r)]
        seen.update(repository.id for repository in listed)
        each(counting)

    await github.query_pages(
        run,
        REPOSITORIES,
        {"login": login},
        lambda answer: answer.organization.repositories.page_info.cursor,
        account=login,
        first=_PAGE,
        each=page,
    )


async def is_reached(
    run: Caller, github: GitHub, id_: int, owners: Iterable[str]
) -> bool:
    """Whether a repository belongs to one of some owners, and can be read."""
    for owner in owners:
        path = f"/repositories/{id_}"
        try:
            found = await github.get(run, path, Named, account=owner)
        except (NotFoundError, NotAllowedError):
            continue
        if found.full_name.partition("/")[0].lower() == owner.lower():
            return True
    return False
