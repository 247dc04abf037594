"""What is in a repository: files, trees, blobs, commits and comparisons."""

from base64 import encodebytes
from typing import TYPE_CHECKING

from callboard_github.simulator.documents import (
    Document,
    commit_document,
    content_document,
    tree_document,
)
from callboard_github.simulator.documents.commits import files_document
from callboard_github.simulator.errors import Conflict, NotFound
from callboard_github.simulator.git import Commit, blob_id, difference, tree_id
from callboard_github.simulator.identity import node_id
from callboard_github.simulator.rest.call import Call, Reply, Routes

if TYPE_CHECKING:
    from callboard_github.simulator.git import Snapshot
    from callboard_github.simulator.repository import Repository


def _contents(call: Call) -> Reply:
    repository = call.repository()
    if repository.head is None and not repository.branches:
        message = "This repository is empty."
        raise NotFound(message)
    reference = call.query.get("ref") or repository.default_branch
    snapshot = repository.commit(reference).snapshot
    path = call.path.get("path", "").strip("/")
    entry = snapshot.find(path)
    if entry is None:
        raise NotFound
    if entry.kind == "blob":
        content = snapshot.files[path]
        if "raw" in call.accept:
            headers = {"content-type": "application/vnd.github.raw; charset=utf-8"}
            return Reply(content, headers=headers)
        return Reply(content_document(repository, reference, entry, content))
    listed = [
        content_document(repository, reference, child, None)
        for child in snapshot.directories[path]
    ]
    if "object" in call.accept:
        shown = content_document(repository, reference, entry, None)
        return Reply(shown | {"entries": listed})
    return Reply(listed)


def _tree(call: Call) -> Reply:
    repository, asked = call.repository(), call.path["sha"]
    if not repository.branches:
        message = "Git Repository is empty."
        raise Conflict(message)
    snapshot, folder = _find_tree(repository, asked)
    if "recursive" in call.query:
        entries = list(snapshot.walk(folder))
    else:
        entries = list(snapshot.directories[folder])
    sha = tree_id(snapshot.directories[folder])
    return Reply(tree_document(repository, sha, entries, folder))


def _find_tree(repository: "Repository", asked: str) -> "tuple[Snapshot, str]":
    try:
        return repository.commit(asked).snapshot, ""
    except NotFound:
        pass
    for commit in reversed(repository.commits.values()):
        for folder, entries in commit.snapshot.directories.items():
            if tree_id(entries) == asked:
                return commit.snapshot, folder
    raise NotFound


def _blob(call: Call) -> Reply:
    repository, asked = call.repository(), call.path["sha"]
    for commit in reversed(repository.commits.values()):
        for content in commit.snapshot.files.values():
            if blob_id(content) == asked:
                document: Document = {
                    "sha": asked,
                    "node_id": node_id("B", repository.id, int(asked[:12], 16)),
                    "size": len(content),
                    "url": f"{repository.api_url}/git/blobs/{asked}",
                    "content": encodebytes(content).decode(),
                    "encoding": "base64",
                }
                return Reply(document)
    raise NotFound


def _reference(call: Call) -> Reply:
    repository, name = call.repository(), call.path["ref"]
    commit = repository.branches.get(name.removeprefix("heads/"))
    if commit is None or not name.startswith("heads/"):
        raise NotFound
    git = f"{repository.api_url}/git"
    document: Document = {
        "ref": f"refs/{name}",
        "node_id": node_id("REF", repository.id, int(commit.sha[:12], 16)),
        "url": f"{git}/refs/{name}",
        "object": {
            "sha": commit.sha,
            "type": "commit",
            "url": f"{git}/commits/{commit.sha}",
        },
    }
    return Reply(document)


def _commits(call: Call) -> Reply:
    repository = call.repository()
    if not repository.branches:
        message = "Git Repository is empty."
        raise Conflict(message)
    commits = list(repository.commit(call.query.get("sha")).history())
    if path := call.query.get("path"):
        commits = [commit for commit in commits if _touches(commit, path)]
    return call.page(commits, lambda commit: commit_document(repository, commit))


def _touches(commit: Commit, path: str) -> bool:
    before = None if commit.parent is None else commit.parent.snapshot.find(path)
    after = commit.snapshot.find(path)
    return (before and before.sha) != (after and after.sha)


def _commit(call: Call) -> Reply:
    repository = call.repository()
    commit = repository.commit(call.path["ref"])
    if "sha" in call.accept:
        return Reply(commit.sha.encode(), headers={"content-type": "text/plain"})
    return Reply(commit_document(repository, commit, files=True))


def _compare(call: Call) -> Reply:
    repository = call.repository()
    base_name, _, head_name = call.path["basehead"].partition("...")
    base, head = repository.commit(base_name), repository.commit(head_name)
    behind = {commit.sha: commit for commit in base.history()}
    ahead = [commit for commit in head.history() if commit.sha not in behind][::-1]
    common = ahead[0].parent if ahead else head
    if common is None:
        message = f"No common ancestor between {base_name} and {head_name}."
        raise NotFound(message)
    left = len(behind) - sum(1 for _ in common.history())
    statuses = {
        (False, False): "identical",
        (True, False): "ahead",
        (False, True): "behind",
        (True, True): "diverged",
    }
    changed = difference(common.snapshot, head.snapshot)
    api, html = repository.api_url, repository.html_url
    document: Document = {
        "url": f"{api}/compare/{base_name}...{head_name}",
        "html_url": f"{html}/compare/{base_name}...{head_name}",
        "permalink_url": f"{html}/compare/{base.sha[:7]}...{head.sha[:7]}",
        "diff_url": f"{html}/compare/{base_name}...{head_name}.diff",
        "patch_url": f"{html}/compare/{base_name}...{head_name}.patch",
        "base_commit": commit_document(repository, base),
        "merge_base_commit": commit_document(repository, common),
        "status": statuses[bool(ahead), left > 0],
        "ahead_by": len(ahead),
        "behind_by": left,
        "total_commits": len(ahead),
        "commits": [commit_document(repository, commit) for commit in ahead[:250]],
        "files": files_document(repository, head, changed)[:300],
    }
    return Reply(document)


_REPO = "/repos/{owner}/{repo}"

ROUTES: Routes = (
    ("GET", f"{_REPO}/contents", _contents),
    ("GET", f"{_REPO}/contents/{{path:path}}", _contents),
    ("GET", f"{_REPO}/git/trees/{{sha:path}}", _tree),
    ("GET", f"{_REPO}/git/blobs/{{sha}}", _blob),
    ("GET", f"{_REPO}/git/ref/{{ref:path}}", _reference),
    ("GET", f"{_REPO}/commits", _commits),
    ("GET", f"{_REPO}/commits/{{ref:path}}", _commit),
    ("GET", f"{_REPO}/compare/{{basehead:path}}", _compare),
)
