"""What a push does to a branch, and the webhook it sends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from callboard_github.simulator.documents import push_document
from callboard_github.simulator.git import EMPTY, Change, Commit

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.user import User


def push(
    repository: "Repository",
    changes: Sequence[Change],
    *,
    branch: str | None,
    onto: Commit | str | None,
    message: str,
    by: "User",
) -> Commit | None:
    """Put commits on a branch and tell of it: see `Repository.push`."""
    name = branch or repository.default_branch
    before = repository.branches.get(name)
    base = repository.commit(onto) if isinstance(onto, str) else onto
    if base is None:
        base = before or repository.head
    after = base
    for change in changes:
        after = Commit(
            author=by.login,
            name=by.name or by.login,
            email=email_of(by),
            message=message,
            moment=repository.state.mint.moment(),
            parent=after,
            snapshot=(EMPTY if after is None else after.snapshot).changed(change),
        )
        repository.commits[after.sha] = after
    if after is None or after is before:
        return after
    known = set[str]()
    for tip in repository.branches.values() if before is None else (before,):
        known.update(commit.sha for commit in tip.history())
    new = [commit for commit in after.history() if commit.sha not in known][::-1]
    forced = before is not None and all(
        commit is not before for commit in after.history()
    )
    at = [tip for tip, commit in repository.branches.items() if commit is after]
    repository.branches[name] = after
    repository.pushed = repository.state.mint.now()
    if before is None:
        _tell_reference(repository, "create", name, by)
    repository.tell(
        "push",
        None,
        by,
        lambda: push_document(
            repository,
            name,
            before,
            after,
            new,
            by=by,
            forced=forced,
            base=at[0] if before is None and at else None,
        ),
    )
    return after


def delete_branch(repository: "Repository", branch: str, by: "User") -> None:
    """Take a branch away and tell of it."""
    before = repository.branches.pop(branch)
    repository.pushed = repository.state.mint.moment()
    _tell_reference(repository, "delete", branch, by)
    repository.tell(
        "push",
        None,
        by,
        lambda: push_document(
            repository, branch, before, None, [], by=by, forced=False
        ),
    )


def email_of(user: "User") -> str:
    """Return the address that a person's commits carry."""
    return user.email or f"{user.id}+{user.login}@users.noreply.github.com"


def _tell_reference(
    repository: "Repository", event: str, branch: str, by: "User"
) -> None:
    document: dict[str, object] = {
        "ref": branch,
        "ref_type": "branch",
        "pusher_type": "user",
    }
    if event == "create":
        document["master_branch"] = repository.default_branch
        document["description"] = repository.description
    repository.tell(event, None, by, lambda: document)
