"""Commits, branches, trees and files as GitHub shows them."""

from base64 import encodebytes
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from callboard_github.simulator.documents.accounts import user_document
from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.documents.repositories import pushed_repository_document
from callboard_github.simulator.git import (
    NO_COMMIT,
    Commit,
    Difference,
    Entry,
    introduced,
)
from callboard_github.simulator.identity import node_id, timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.user import User


def push_document(
    repository: "Repository",
    branch: str,
    before: Commit | None,
    after: Commit | None,
    commits: Sequence[Commit],
    *,
    by: "User",
    forced: bool,
    base: str | None = None,
) -> Document:
    """Return the body of a ``push``.

    Args:
        repository: Where.
        branch: Which branch, without ``refs/heads/``.
        before: Its head until now; None if it is new.
        after: Its head from now on; None if it is gone.
        commits: What the push brought, oldest first; only the last ones are listed
            when there are more than GitHub's limit.
        by: The pusher.
        forced: Whether ``before`` was left behind.
        base: The branch that a new branch equals.
    """
    old = NO_COMMIT if before is None else before.sha
    new = NO_COMMIT if after is None else after.sha
    limit = repository.state.limits.push_commits
    if before is None:
        compare = f"compare/{branch}"
    else:
        compare = f"compare/{old[:12]}...{new[:12]}"
    listed = commits[max(0, len(commits) - limit) :]
    head = None if after is None else _pushed_commit(repository, after)
    return {
        "ref": f"refs/heads/{branch}",
        "before": old,
        "after": new,
        "repository": pushed_repository_document(repository),
        "pusher": {"name": by.login, "email": by.email},
        "created": before is None,
        "deleted": after is None,
        "forced": forced,
        "base_ref": None if base is None else f"refs/heads/{base}",
        "compare": f"{repository.html_url}/{compare}",
        "commits": [_pushed_commit(repository, commit) for commit in listed],
        "head_commit": head,
    }


def _pushed_commit(repository: "Repository", commit: Commit) -> Document:
    author: Document = {
        "name": commit.name,
        "email": commit.email,
        "username": commit.author,
    }
    changed = introduced(commit)
    return {
        "id": commit.sha,
        "tree_id": commit.snapshot.sha,
        "distinct": True,
        "message": commit.message,
        "timestamp": timestamp(commit.moment),
        "url": f"{repository.html_url}/commit/{commit.sha}",
        "author": author,
        "committer": author,
        "added": changed.added,
        "removed": changed.removed,
        "modified": changed.modified,
    }


def commit_document(
    repository: "Repository", commit: Commit, *, files: bool = False
) -> Document:
    """Return a commit as the REST API does; one that is asked for lists its files."""
    api, html = repository.api_url, repository.html_url
    who: Document = {
        "name": commit.name,
        "email": commit.email,
        "date": timestamp(commit.moment),
    }
    author = repository.state.users.get(commit.author.lower())
    account = None if author is None else user_document(author)
    parents = [] if commit.parent is None else [commit.parent.sha]
    document: Document = {
        "sha": commit.sha,
        "node_id": node_id("C", repository.id, int(commit.sha[:12], 16)),
        "commit": {
            "author": who,
            "committer": who,
            "message": commit.message,
            "tree": {
                "sha": commit.snapshot.sha,
                "url": f"{api}/git/trees/{commit.snapshot.sha}",
            },
            "url": f"{api}/git/commits/{commit.sha}",
            "comment_count": 0,
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{html}/commit/{commit.sha}",
        "comments_url": f"{api}/commits/{commit.sha}/comments",
        "author": account,
        "committer": account,
        "parents": [
            {
                "sha": sha,
                "url": f"{api}/commits/{sha}",
                "html_url": f"{html}/commit/{sha}",
            }
            for sha in parents
        ],
    }
    if files:
        document["files"] = files_document(repository, commit, introduced(commit))
        document["stats"] = {"total": 0, "additions": 0, "deletions": 0}
    return document


def files_document(
    repository: "Repository", commit: Commit, changed: Difference
) -> list[Document]:
    """Return changed paths as a commit or a comparison lists them."""
    return [
        {
            "sha": _blob_sha(commit, path),
            "filename": path,
            "status": status,
            "additions": 0,
            "deletions": 0,
            "changes": 0,
            "blob_url": f"{repository.html_url}/blob/{commit.sha}/{path}",
            "raw_url": f"{repository.html_url}/raw/{commit.sha}/{path}",
            "contents_url": f"{repository.api_url}/contents/{path}?ref={commit.sha}",
        }
        for status, paths in (
            ("added", changed.added),
            ("removed", changed.removed),
            ("modified", changed.modified),
        )
        for path in paths
    ]


def _blob_sha(commit: Commit, path: str) -> str | None:
    entry = commit.snapshot.find(path)
    return None if entry is None else entry.sha


def branch_document(repository: "Repository", name: str, commit: Commit) -> Document:
    """Return a branch as a list of branches carries it."""
    return {
        "name": name,
        "commit": {
            "sha": commit.sha,
            "url": f"{repository.api_url}/commits/{commit.sha}",
        },
        "protected": False,
    }


def tree_document(
    repository: "Repository", sha: str, entries: Iterable[Entry], below: str = ""
) -> Document:
    """Return a tree; ``truncated`` if it has more entries than GitHub lists.

    Args:
        repository: Where.
        sha: The tree's id.
        entries: What to list.
        below: The directory that paths are relative to.
    """
    listed = list(entries)
    limit = repository.state.limits.tree_entries
    git = f"{repository.api_url}/git"
    documents: list[Document] = []
    for entry in listed[:limit]:
        document: Document = {
            "path": entry.path.removeprefix(below).lstrip("/"),
            "mode": entry.mode,
            "type": entry.kind,
            "sha": entry.sha,
            "url": f"{git}/{entry.kind}s/{entry.sha}",
        }
        if entry.size is not None:
            document["size"] = entry.size
        documents.append(document)
    return {
        "sha": sha,
        "url": f"{git}/trees/{sha}",
        "tree": documents,
        "truncated": len(listed) > limit,
    }


def content_document(
    repository: "Repository", reference: str, entry: Entry, content: bytes | None
) -> Document:
    """Return a file or directory as the contents API does.

    Args:
        repository: Where.
        reference: The branch or commit that was asked for.
        entry: What to show.
        content: A file's bytes; None in a directory's listing.
    """
    api, html = repository.api_url, repository.html_url
    file = entry.kind == "blob"
    this = f"{api}/contents/{entry.path}?ref={reference}"
    git = f"{api}/git/{entry.kind}s/{entry.sha}"
    page = f"{html}/{entry.kind}/{reference}/{entry.path}"
    document: Document = {
        "name": entry.name,
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": this,
        "html_url": page,
        "git_url": git,
        "download_url": (f"{html}/raw/{reference}/{entry.path}" if file else None),
        "type": "file" if file else "dir",
    }
    if content is not None:
        # GitHub gives no content for a file of more than a mebibyte.
        small = len(content) <= 1024 * 1024
        document["content"] = encodebytes(content).decode() if small else ""
        document["encoding"] = "base64" if small else "none"
    document["_links"] = {"self": this, "git": git, "html": page}
    return document
