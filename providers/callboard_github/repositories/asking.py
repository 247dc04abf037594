"""The questions to GitHub's GraphQL about repositories and some of their files.

Owns the texts of queries that grow with the number of files, and what comes back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from callboard_github.client import Query
from callboard_github.repositories.answers import (
    Blob,
    Files,
    Node,
    RepositoriesRoot,
    Repository,
    blob_of,
    repository_of,
)

_LIMIT = "rateLimit { cost remaining }"
_NODE = """
fragment node on Repository {
  id databaseId name url isArchived isFork visibility owner { login }
  defaultBranchRef { name }
  repositoryTopics(first: 100) { nodes { topic { name } } }
}"""
_BLOB = """
fragment blob on GitObject { oid ... on Blob { byteSize isBinary isTruncated text } }"""

REPOSITORIES = Query(
    "Repositories",
    f"""
query Repositories($login: String!, $first: Int!, $after: String) {{
  {_LIMIT}
  organization(login: $login) {{
    repositories(first: $first, after: $after) {{
      pageInfo {{ hasNextPage endCursor }} nodes {{ ...node }}
    }}
  }}
}}
{_NODE}""",
    RepositoriesRoot,
)


class Question:
    """Repositories with the files at some paths.

    Args:
        paths: From the root of a repository.
        branch: Instead of the default branches.
    """

    def __init__(self, paths: Sequence[str], branch: str | None = None) -> None:
        self._paths = paths
        self._branch = branch
        self._names = [f"f{index}" for index in range(len(paths))]

    def of_one(self, node_id: str) -> tuple[Query[dict[str, Any]], dict[str, str]]:
        """About one repository, whose answer is under ``node``."""
        text = f"""
query RepositoryFiles($id: ID!, {self._parameters()}) {{
  {_LIMIT}
  node(id: $id) {{ ... on Repository {{ ...node {self._fields()} }} }}
}}
{_NODE}{self._fragments()}"""
        query = Query("RepositoryFiles", text, dict[str, Any], may_miss=True)
        return query, {"id": node_id, **self._variables()}

    def of_some(
        self, login: str, names: Mapping[str, str]
    ) -> tuple[Query[dict[str, Any]], dict[str, str]]:
        """About an owner's repositories; ``names`` are theirs, by where the answer is."""
        kinds = ", ".join(f"${name}: String!" for name in names)
        parts = " ".join(
            f"{name}: repository(owner: $login, name: ${name},"
            f" followRenames: false) {{ ...node {self._fields()} }}"
            for name in names
        )
        text = f"""
query Files($login: String!, {kinds}, {self._parameters()}) {{
  {_LIMIT} {parts}
}}
{_NODE}{self._fragments()}"""
        query = Query("Files", text, dict[str, Any], may_miss=True)
        return query, {"login": login, **names, **self._variables()}

    def answered(self, node: Any) -> Files | Repository | None:
        """What an answer tells of one repository.

        None when there is none; only the repository when the branch is not there.
        """
        if not node:
            return None
        repository = repository_of(msgspec.convert(node, Node))
        branch = self._branch or repository.default_branch
        if branch is None or node["head"] is None:
            return repository
        blobs = _there(node, dict(zip(self._names, self._paths, strict=True)))
        return Files(repository, branch, node["head"]["oid"], blobs)

    def _parameters(self) -> str:
        return ", ".join(f"${name}: String!" for name in ("head", *self._names))

    def _variables(self) -> dict[str, str]:
        head = f"refs/heads/{self._branch}" if self._branch else "HEAD"
        asked = zip(self._names, self._paths, strict=True)
        return {"head": head, **{name: f"{head}:{path}" for name, path in asked}}

    def _fields(self) -> str:
        blobs = " ".join(
            f"{name}: object(expression: ${name}) {{ ...blob }}" for name in self._names
        )
        return f"head: object(expression: $head) {{ oid }} {blobs}"

    def _fragments(self) -> str:
        return _BLOB if self._paths else ""


def files_at(
    node_id: str, commit: str, paths: Mapping[str, str]
) -> tuple[Query[dict[str, Any]], dict[str, str]]:
    """Files of a repository at a commit; ``paths`` by where the answer is."""
    kinds = ", ".join(f"${name}: String!" for name in paths)
    parts = " ".join(
        f"{name}: object(expression: ${name}) {{ ...blob }}" for name in paths
    )
    text = f"""
query Blobs($id: ID!, {kinds}) {{
  {_LIMIT} node(id: $id) {{ ... on Repository {{ {parts} }} }}
}}
{_BLOB}"""
    expressions = {name: f"{commit}:{path}" for name, path in paths.items()}
    query = Query("Blobs", text, dict[str, Any], may_miss=True)
    return query, {"id": node_id, **expressions}


def blobs_in(answer: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Blob]:
    """The files of an answer to ``files_at``, by path; what is not there is not here."""
    return _there(answer.get("node") or {}, paths)


def _there(node: Mapping[str, Any], paths: Mapping[str, str]) -> dict[str, Blob]:
    found = {path: blob_of(node.get(name)) for name, path in paths.items()}
    return {path: blob for path, blob in found.items() if blob is not None}
