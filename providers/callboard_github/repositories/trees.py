"""What files a repository holds.

Owns the listing of trees: in one call where GitHub tells all, directory by directory
where the tree is too large for that.
"""

from collections.abc import Callable

from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.repositories.answers import Repository, Tree

_MOST_CALLS = 2_000


class TooManyDirectoriesError(Exception):
    """A repository has more directories than anyone would read for a glob."""


async def paths_in(
    run: Caller,
    github: GitHub,
    repository: Repository,
    commit: str,
    match: Callable[[str], bool],
) -> list[str]:
    """Paths of the files that match, at a commit.

    Raises:
        GitHubError: A tree could not be read.
        TooManyDirectoriesError: It would take thousands of calls.
    """
    base = f"/repos/{repository.full_name}/git/trees"
    account = repository.owner
    whole = await github.get(
        run, f"{base}/{commit}", Tree, account=account, recursive=1
    )
    if not whole.truncated:
        return [e.path for e in whole.tree if e.type == "blob" and match(e.path)]
    found: list[str] = []
    waiting = [("", commit)]
    for calls, (folder, sha) in enumerate(waiting, 1):
        if calls > _MOST_CALLS:
            message = f"{repository.full_name} has more than {_MOST_CALLS} directories"
            raise TooManyDirectoriesError(f"{message}: name its files without a glob")
        tree = await github.get(run, f"{base}/{sha}", Tree, account=account)
        for entry in tree.tree:
            path = f"{folder}{entry.path}"
            if entry.type == "tree":
                waiting.append((f"{path}/", entry.sha))
            elif entry.type == "blob" and match(path):
                found.append(path)
    return found
