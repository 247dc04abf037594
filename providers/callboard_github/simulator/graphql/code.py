"""Resolvers of branches, commits, trees and files."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.git import Commit, Entry, Snapshot
from callboard_github.simulator.graphql.connection import Connection, connect
from callboard_github.simulator.graphql.fields import Fields, Info, page
from callboard_github.simulator.identity import node_id, timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository

_TEXT_LIMIT = 512_000
"""Bytes after which GitHub gives no text of a blob, but ``isTruncated``."""


@dataclass(frozen=True)
class Branch:
    """A ref."""

    repository: "Repository"
    name: str
    commit: Commit

    @property
    def id(self) -> str:
        """The GraphQL id."""
        return node_id("REF", self.repository.id, int(self.commit.sha[:12], 16))

    @property
    def prefix(self) -> str:
        """What stands before the name."""
        return "refs/heads/"

    @property
    def target(self) -> "CommitObject":
        """Its newest commit."""
        return CommitObject(self.repository, self.commit)


@dataclass(frozen=True)
class _Object:
    repository: "Repository"
    commit: Commit

    @property
    def oid(self) -> str:
        """Git's name."""
        raise NotImplementedError

    @property
    def id(self) -> str:
        """The GraphQL id."""
        kind = type(self).__name__[0]
        return node_id(kind, self.repository.id, int(self.oid[:12], 16))

    @property
    def abbreviatedOid(self) -> str:  # noqa: N802 - the schema's name
        """Git's name, short."""
        return self.oid[:7]

    @property
    def html_url(self) -> str:
        """The commit's page."""
        return f"{self.repository.html_url}/commit/{self.commit.sha}"

    @property
    def commitUrl(self) -> str:  # noqa: N802 - the schema's name
        """The commit's page."""
        return self.html_url

    @property
    def commitResourcePath(self) -> str:  # noqa: N802 - the schema's name
        """The commit's page without host."""
        return f"/{self.repository.full_name}/commit/{self.commit.sha}"


@dataclass(frozen=True)
class CommitObject(_Object):
    """A commit."""

    @property
    def oid(self) -> str:
        """Git's name."""
        return self.commit.sha


@dataclass(frozen=True)
class Blob(_Object):
    """A file."""

    entry: Entry

    @property
    def oid(self) -> str:
        """Git's name."""
        return self.entry.sha

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return self.commit.snapshot.files[self.entry.path]

    @property
    def is_binary(self) -> bool:
        """Whether GitHub takes it for something else than text."""
        return b"\0" in self.content[:8000]


@dataclass(frozen=True)
class Tree(_Object):
    """A directory."""

    entry: Entry

    @property
    def oid(self) -> str:
        """Git's name."""
        return self.entry.sha

    @property
    def entries(self) -> "list[Line]":
        """What is in it."""
        found = self.commit.snapshot.directories.get(self.entry.path, ())
        return [Line(self.repository, self.commit, entry) for entry in found]


@dataclass(frozen=True)
class Line:
    """One line of a directory."""

    repository: "Repository"
    commit: Commit
    entry: Entry

    @property
    def object(self) -> "Blob | Tree":
        """The file or directory itself."""
        return _at(self.repository, self.commit, self.entry)


def _at(repository: "Repository", commit: Commit, entry: Entry) -> "Blob | Tree":
    if entry.kind == "tree":
        return Tree(repository, commit, entry)
    return Blob(repository, commit, entry)


def find_object(
    repository: "Repository",
    _info: Info,
    expression: str | None = None,
    oid: str | None = None,
) -> _Object | None:
    """Resolve ``Repository.object``: ``main:path/to/file``, ``HEAD:``, a ref, an id.

    Null, without an error, if nothing is there.
    """
    reference, colon, path = (expression or oid or "HEAD").partition(":")
    try:
        commit = repository.commit(reference)
    except NotFound:
        return _by_id(repository, reference) if not colon else None
    if not colon:
        return CommitObject(repository, commit)
    entry = commit.snapshot.find(path)
    return None if entry is None else _at(repository, commit, entry)


def _by_id(repository: "Repository", oid: str) -> _Object | None:
    for commit in reversed(repository.commits.values()):
        for entry in _everything(commit.snapshot):
            if entry.sha == oid:
                return _at(repository, commit, entry)
    return None


def _everything(snapshot: Snapshot) -> list[Entry]:
    return [Entry("", "", "tree", snapshot.sha, None), *snapshot.walk()]


def _text(blob: Blob, _info: Info) -> str | None:
    if blob.is_binary or len(blob.content) > _TEXT_LIMIT:
        return None
    return blob.content.decode("utf-8", "replace")


def _is_truncated(blob: Blob, _info: Info) -> bool:
    return len(blob.content) > _TEXT_LIMIT


def _size(blob: Blob, _info: Info) -> int:
    return len(blob.content)


def _is_binary(blob: Blob, _info: Info) -> bool:
    return blob.is_binary


def _extension(line: Line, _info: Info) -> str:
    _, dot, extension = line.entry.name.rpartition(".")
    return dot + extension if dot else ""


def _line(attribute: str) -> "Fields":
    def resolve(line: Line, _info: Info) -> object:
        return getattr(line.entry, attribute)

    return {attribute: resolve}


def _mode(line: Line, _info: Info) -> int:
    return int(line.entry.mode, 8)


def _line_size(line: Line, _info: Info) -> int:
    return line.entry.size or 0


def _kind(line: Line, _info: Info) -> str:
    return line.entry.kind


def _oid(line: Line, _info: Info) -> str:
    return line.entry.sha


def _generated(_line: Line, _info: Info) -> bool:
    return False


def _message(found: CommitObject, _info: Info) -> str:
    return found.commit.message


def _headline(found: CommitObject, _info: Info) -> str:
    return found.commit.message.partition("\n")[0]


def _message_body(found: CommitObject, _info: Info) -> str:
    return found.commit.message.partition("\n")[2].strip()


def _date(found: CommitObject, _info: Info) -> str:
    return timestamp(found.commit.moment)


def _author(found: CommitObject, info: Info) -> dict[str, object]:
    commit, users = found.commit, info.context.state.users
    user = users.get(commit.author.lower())
    return {
        "name": commit.name,
        "email": commit.email,
        "date": timestamp(commit.moment),
        "user": user,
        "avatarUrl": "" if user is None else user.avatar_url,
    }


def _root(found: CommitObject, _info: Info) -> Tree:
    sha = found.commit.snapshot.sha
    return Tree(found.repository, found.commit, Entry("", "", "tree", sha, None))


def _file(found: CommitObject, _info: Info, path: str) -> Line | None:
    entry = found.commit.snapshot.find(path)
    return None if entry is None else Line(found.repository, found.commit, entry)


def _history(found: CommitObject, _info: Info, **arguments: object) -> Connection:
    commits = list(found.commit.history())
    places = {commit.sha: place for place, commit in enumerate(commits)}
    return connect(
        "history",
        [CommitObject(found.repository, commit) for commit in commits],
        arguments,
        lambda one: places[one.oid],
    )


def _parents(found: CommitObject, _info: Info, **arguments: object) -> Connection:
    parent = found.commit.parent
    parents = [] if parent is None else [CommitObject(found.repository, parent)]
    return connect("parents", parents, arguments, lambda one: one.oid)


BLOB: Fields = {
    "byteSize": _size,
    "isBinary": _is_binary,
    "isTruncated": _is_truncated,
    "text": _text,
}

TREE_ENTRY: Fields = {
    **_line("name"),
    **_line("path"),
    "extension": _extension,
    "isGenerated": _generated,
    "mode": _mode,
    "oid": _oid,
    "size": _line_size,
    "type": _kind,
}

COMMIT: Fields = {
    "author": _author,
    "authoredDate": _date,
    "committedDate": _date,
    "committer": _author,
    "file": _file,
    "history": _history,
    "message": _message,
    "messageBody": _message_body,
    "messageHeadline": _headline,
    "parents": _parents,
    "tree": _root,
    "url": page(),
}
