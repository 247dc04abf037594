"""What GitHub says of repositories and their files.

Owns the shapes of answers, and of what is made of them.
"""

from typing import Any

import msgspec
from msgspec import Struct

from callboard_catalog import CatalogFile


class Page(Struct, frozen=True, rename="camel"):
    """``pageInfo``."""

    has_next_page: bool
    end_cursor: str | None = None

    @property
    def cursor(self) -> str | None:
        """Where the next page starts; None on the last one."""
        return self.end_cursor if self.has_next_page else None


class _Login(Struct, frozen=True):
    login: str


class _Name(Struct, frozen=True):
    name: str


class _Topic(Struct, frozen=True):
    topic: _Name


class _Topics(Struct, frozen=True):
    nodes: list[_Topic]


class Node(Struct, frozen=True, rename="camel"):
    """``Repository``, without files."""

    id: str
    database_id: int
    name: str
    url: str
    owner: _Login
    is_archived: bool
    is_fork: bool
    visibility: str
    repository_topics: _Topics
    default_branch_ref: _Name | None = None


class Named(Struct, frozen=True):
    """A repository, as far as its name."""

    full_name: str


class Repository(Struct, frozen=True):
    """A repository."""

    id: int
    node_id: str
    owner: str
    name: str
    url: str
    """Its page."""
    archived: bool
    fork: bool
    visibility: str
    topics: tuple[str, ...]
    default_branch: str | None
    """None while it is empty."""

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"


class Blob(Struct, frozen=True, rename="camel"):
    """A file."""

    oid: str
    byte_size: int | None = None
    """None for what is no file, such as a directory."""
    is_binary: bool | None = None
    is_truncated: bool = False
    text: str | None = None


class Files(Struct, frozen=True):
    """Some files of a repository at one commit."""

    repository: Repository
    branch: str
    commit: str
    blobs: dict[str, Blob]
    """By path; what is not there is not here."""


class Contents(Struct, frozen=True):
    """What the files of a repository give."""

    repository: Repository
    branch: str | None
    """None when there is no such branch, and so no file."""
    files: dict[str, CatalogFile]
    """By path."""


class Repositories(Struct, frozen=True, rename="camel"):
    """A page of an organization's repositories."""

    page_info: Page
    nodes: list[Node | None]


class WithRepositories(Struct, frozen=True):
    """``Organization`` with its repositories."""

    repositories: Repositories


class RepositoriesRoot(Struct, frozen=True):
    """Answer to ``Repositories``."""

    organization: WithRepositories


class TreeEntry(Struct, frozen=True):
    """One line of a tree."""

    path: str
    type: str
    sha: str


class Tree(Struct, frozen=True):
    """Answer to ``GET /repos/…/git/trees/…``."""

    tree: list[TreeEntry]
    truncated: bool = False


class EncodedBlob(Struct, frozen=True):
    """Answer to ``GET /repos/…/git/blobs/…``."""

    content: str
    encoding: str


def repository_of(node: Node) -> Repository:
    """A repository out of its answer."""
    branch = node.default_branch_ref
    return Repository(
        id=node.database_id,
        node_id=node.id,
        owner=node.owner.login,
        name=node.name,
        url=node.url,
        archived=node.is_archived,
        fork=node.is_fork,
        visibility=node.visibility,
        topics=tuple(topic.topic.name for topic in node.repository_topics.nodes),
        default_branch=None if branch is None else branch.name,
    )


def blob_of(answer: Any) -> Blob | None:
    """A file out of its answer; None for nothing, or for a directory."""
    if answer is None:
        return None
    blob = msgspec.convert(answer, Blob)
    return None if blob.byte_size is None else blob
