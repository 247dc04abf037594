"""Which pushes matter.

Owns the reading of a ``push`` payload, which may tell less than happened: GitHub lists
a limited number of commits, a forced push hides what it took away, and the lists of a
commit's files may be empty.
"""

from collections.abc import Callable

from callboard_github.events.push import Push

_LISTED = 20
"""Commits from which on the list may not be the whole one."""


def branch_of(event: Push) -> str | None:
    """The branch that was pushed to; None for a tag."""
    prefix = "refs/heads/"
    return event.ref.removeprefix(prefix) if event.ref.startswith(prefix) else None


def is_vague(event: Push) -> bool:
    """Whether the payload can not tell which files changed."""
    return (
        event.forced
        or event.created
        or event.deleted
        or not event.commits
        or len(event.commits) >= _LISTED
        or any(not _paths(commit) for commit in event.commits)
    )


def touches(event: Push, matters: Callable[[str], bool]) -> bool:
    """Whether some file that matters was added, changed or removed."""
    return any(matters(path) for commit in event.commits for path in _paths(commit))


def _paths(commit: "object") -> list[str]:
    return [
        path
        for name in ("added", "modified", "removed")
        for path in getattr(commit, name)
    ]
