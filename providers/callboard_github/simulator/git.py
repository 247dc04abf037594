"""Commits and trees with the object ids that git itself would give.

Owns what is inside a repository: immutable snapshots of files and the commits that
point at them. Knows nothing of GitHub.
"""

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

NO_COMMIT = "0" * 40
"""What stands for "no commit" in a push: the branch is new, or is gone."""

Change = Mapping[str, str | bytes | None]
"""One commit's worth of changes: path to new content, or to None to remove it."""


def object_id(kind: str, content: bytes) -> str:
    """Return git's SHA-1 name of an object (``blob``, ``tree``, ``commit``)."""
    header = f"{kind} {len(content)}\0".encode()
    return hashlib.sha1(header + content).hexdigest()  # noqa: S324 - git's own


@functools.lru_cache(maxsize=65_536)
def blob_id(content: bytes) -> str:
    """Return the id of a file's content."""
    return object_id("blob", content)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a directory: a blob or a tree."""

    name: str
    path: str
    kind: str
    """``blob`` or ``tree``."""
    sha: str
    size: int | None
    """Bytes of a blob; None for a tree."""

    @property
    def mode(self) -> str:
        """Git's file mode."""
        return "040000" if self.kind == "tree" else "100644"


class Snapshot:
    """The files of one commit; immutable, with its directories computed when asked.

    Args:
        files: Path to content. Kept as it is: the caller gives it away.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def changed(self, change: Change) -> "Snapshot":
        """Return the snapshot after a change; removing an absent path does nothing."""
        files = dict(self.files)
        for path, content in change.items():
            if content is None:
                files.pop(path, None)
            else:
                text = content.encode() if isinstance(content, str) else content
                files[path.strip("/")] = text
        return Snapshot(files)

    @cached_property
    def directories(self) -> Mapping[str, tuple[Entry, ...]]:
        """Every directory (``""`` is the root) with its entries, sorted by name."""
        nested: dict[str, dict[str, Entry | None]] = {"": {}}
        for path, content in self.files.items():
            folder, _, name = path.rpartition("/")
            nested.setdefault(folder, {})[name] = Entry(
                name, path, "blob", blob_id(content), len(content)
            )
            while folder:
                above, _, name = folder.rpartition("/")
                nested.setdefault(above, {})[name] = None
                folder = above
        result: dict[str, tuple[Entry, ...]] = {}
        # Deepest first, so that a tree's own id is there when its parent needs it.
        for folder in sorted(nested, key=lambda path: -path.count("/") - bool(path)):
            entries = [
                entry or self._tree(f"{folder}/{name}".lstrip("/"), name, result)
                for name, entry in nested[folder].items()
            ]
            result[folder] = tuple(sorted(entries, key=lambda entry: entry.name))
        return result

    @staticmethod
    def _tree(path: str, name: str, known: Mapping[str, tuple[Entry, ...]]) -> Entry:
        return Entry(name, path, "tree", tree_id(known[path]), None)

    @cached_property
    def sha(self) -> str:
        """The id of the root tree."""
        return tree_id(self.directories[""])

    def find(self, path: str) -> Entry | None:
        """Return the blob or tree at a path; the root tree for ``""``."""
        path = path.strip("/")
        name = path.rpartition("/")[2]
        if (content := self.files.get(path)) is not None:
            return Entry(name, path, "blob", blob_id(content), len(content))
        if (entries := self.directories.get(path)) is not None:
            return Entry(name, path, "tree", tree_id(entries), None)
        return None

    def walk(self, path: str = "") -> Iterator[Entry]:
        """Yield everything below a directory, trees before what is in them."""
        for entry in self.directories.get(path, ()):
            yield entry
            if entry.kind == "tree":
                yield from self.walk(entry.path)


EMPTY = Snapshot({})


def tree_id(entries: tuple[Entry, ...]) -> str:
    """Return the id of a directory that holds these entries."""

    def place(entry: Entry) -> str:
        # Git sorts a directory as if its name ended in a slash.
        return entry.name + ("/" if entry.kind == "tree" else "")

    return object_id(
        "tree",
        b"".join(
            f"{entry.mode.lstrip('0')} {entry.name}\0".encode()
            + bytes.fromhex(entry.sha)
            for entry in sorted(entries, key=place)
        ),
    )


@dataclass(frozen=True)
class Commit:
    """One commit: who, when, why, and every file as it was."""

    author: str
    """The author's login."""
    name: str
    email: str
    message: str
    moment: int
    """Unix seconds, author's and committer's alike."""
    parent: "Commit | None"
    snapshot: Snapshot = field(repr=False)

    @cached_property
    def sha(self) -> str:
        """Git's name of this commit."""
        who = f"{self.name} <{self.email}> {self.moment} +0000"
        lines = [f"tree {self.snapshot.sha}"]
        if self.parent is not None:
            lines.append(f"parent {self.parent.sha}")
        lines += [f"author {who}", f"committer {who}", "", self.message]
        return object_id("commit", "\n".join(lines).encode())

    def history(self) -> Iterator["Commit"]:
        """Yield this commit and all before it, newest first."""
        commit: Commit | None = self
        while commit is not None:
            yield commit
            commit = commit.parent


@dataclass(frozen=True, slots=True)
class Difference:
    """Paths that differ between two snapshots, each list sorted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    modified: tuple[str, ...]


def difference(before: Snapshot, after: Snapshot) -> Difference:
    """Return what changed from one snapshot to another."""
    old, new = before.files, after.files
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        modified=tuple(
            sorted(path for path in old.keys() & new.keys() if old[path] != new[path])
        ),
    )


def introduced(commit: Commit) -> Difference:
    """Return what a commit changed against its parent."""
    before = EMPTY if commit.parent is None else commit.parent.snapshot
    return difference(before, commit.snapshot)
