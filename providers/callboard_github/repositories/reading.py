"""Catalog files, read from GitHub.

Owns the way from an organization to the files that its repositories hold: repositories
are listed page by page while the files of those already listed are read in batches.
"""

import base64
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec

from callboard_catalog import BadDocument, CatalogFile, Problem, read_catalog_file
from callboard_catalog.catalog_file import LARGEST_FILE
from callboard_github.calls import Caller
from callboard_github.client import GitHub, Query
from callboard_github.errors import NotAllowedError, NotFoundError
from callboard_github.names import Names
from callboard_github.repositories import code_owners, targets
from callboard_github.repositories.answers import (
    Blob,
    Contents,
    EncodedBlob,
    Files,
    Named,
    Node,
    RepositoriesRoot,
    Repository,
    blob_of,
    repository_of,
)
from callboard_github.repositories.code_owners import CodeOwners, read_code_owners
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.ownership import owning
from callboard_github.repositories.patterns import Patterns
from callboard_github.repositories.trees import paths_in
from callboard_github.together import together

_REPOSITORIES = 100
_BATCH = 50
_DEEPEST = 10

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


class Reader:
    """Reads repositories.

    Args:
        github: Where from.
        patterns: Which files.
        branch: Instead of the default branches.
        owners: How owners are called that CODEOWNERS names; None leaves it unread.
    """

    def __init__(
        self,
        github: GitHub,
        patterns: Patterns,
        branch: str | None = None,
        *,
        owners: Names | None = None,
    ) -> None:
        self._github = github
        self._patterns = patterns
        self._branch = branch
        self._owners = owners
        places = () if owners is None else code_owners.PLACES
        self._asked = (*patterns.plain, *places)
        """Paths that are read with each repository."""

    async def organization(
        self, run: Caller, login: str, wanted: Filter
    ) -> list[Contents]:
        """The catalog files of all repositories that count.

        Raises:
            GitHubError: Some of it could not be read.
        """
        found: list[Contents] = []
        seen: set[int] = set()

        async def read(some: Sequence[Repository]) -> None:
            found.extend(await self._batch(run, login, some))

        async with together() as start:

            def page(answer: RepositoriesRoot) -> None:
                nodes = answer.organization.repositories.nodes
                listed = [repository_of(node) for node in nodes if node is not None]
                counting = [
                    r for r in listed if r.id not in seen and wanted.reason(r) is None
                ]
                seen.update(repository.id for repository in listed)
                for index in range(0, len(counting), _BATCH):
                    some = counting[index : index + _BATCH]
                    names = f"{some[0].name} … {some[-1].name}"
                    start(f"files of {names}", partial(read, some))

            await self._github.query_pages(
                run,
                REPOSITORIES,
                {"login": login},
                lambda answer: answer.organization.repositories.page_info.cursor,
                account=login,
                first=_REPOSITORIES,
                each=page,
            )
        return found

    async def repository(
        self, run: Caller, account: str, node_id: str
    ) -> Files | Repository | None:
        """A repository as it is now, with its plain files.

        None when there is none, or none that is shown; only the repository when the
        branch is not there.
        """
        text = f"""
query RepositoryFiles($id: ID!, {self._parameters()}) {{
  {_LIMIT}
  node(id: $id) {{ ... on Repository {{ ...node {self._fields()} }} }}
}}
{_NODE}{self._fragments()}"""
        query = Query("RepositoryFiles", text, dict[str, Any], may_miss=True)
        variables = {"id": node_id, **self._variables()}
        answer = await self._github.query(run, query, variables, account=account)
        return self._files(answer.get("node"))

    async def reached(self, run: Caller, id_: int, owners: Iterable[str]) -> bool:
        """Whether a repository belongs to one of some owners, and can be read."""
        for owner in owners:
            path = f"/repositories/{id_}"
            try:
                found = await self._github.get(run, path, Named, account=owner)
            except (NotFoundError, NotAllowedError):
                continue
            if found.full_name.partition("/")[0].lower() == owner.lower():
                return True
        return False

    async def contents(self, run: Caller, found: Files | Repository) -> Contents:
        """All catalog files of a repository, parsed; Location targets are followed."""
        if isinstance(found, Repository):
            return Contents(found, None, {})
        blobs = dict(found.blobs)
        rules = await self._rules(run, found)
        if self._patterns.globs:
            paths = await paths_in(
                run, self._github, found.repository, found.commit, self._patterns.match
            )
            missing = [path for path in paths if path not in blobs]
            blobs |= await self._blobs(run, found, missing)
        files = await self._parsed(run, found.repository, blobs, rules)
        for _ in range(_DEEPEST):
            more = await self._targets(run, found, files)
            if not more:
                break
            blobs = await self._blobs(run, found, more)
            files |= await self._parsed(run, found.repository, blobs, rules)
        return Contents(found.repository, found.branch, files)

    async def _rules(self, run: Caller, found: Files) -> CodeOwners | None:
        """The CODEOWNERS of a repository; None for one that GitHub would not load."""
        if found.code_owners is None:
            return None
        place, blob = found.code_owners
        if blob.is_binary or (blob.byte_size or 0) > code_owners.LARGEST_FILE:
            return None
        content = await self._content(run, found.repository, blob)
        return await anyio.to_thread.run_sync(read_code_owners, place, content)

    async def _targets(
        self, run: Caller, found: Files, files: dict[str, CatalogFile]
    ) -> list[str]:
        """Paths that Locations in ``files`` name and that are not read yet."""
        wanted = Patterns(
            target
            for path, file in files.items()
            for target in targets.of(file, path, found.repository, found.branch)
        )
        paths = set(wanted.plain)
        if wanted.globs:
            matched = await paths_in(
                run, self._github, found.repository, found.commit, wanted.match
            )
            paths.update(matched)
        return sorted(paths - files.keys())

    async def _batch(
        self, run: Caller, login: str, some: Sequence[Repository]
    ) -> list[Contents]:
        names = {f"n{index}": one.name for index, one in enumerate(some)}
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
        variables = {"login": login, **names, **self._variables()}
        answer = await self._github.query(run, query, variables, account=login)
        read = [self._files(answer.get(name)) for name in names]
        whole = [found for found in read if isinstance(found, Files)]
        # One thread for the files of a whole batch, where nothing else is to be read.
        quick = [f for f in whole if not self._patterns.globs and not _incomplete(f)]
        parsed = await anyio.to_thread.run_sync(self._parse_all, quick)
        made = [contents for contents in parsed if not _points(contents)]
        done = {contents.repository.id for contents in made}

        async def one(found: Files) -> None:
            made.append(await self.contents(run, found))

        async with together() as start:
            for found in whole:
                if found.repository.id not in done:
                    start(f"files of {found.repository.name}", partial(one, found))
        return made

    async def _blobs(
        self, run: Caller, found: Files, paths: Sequence[str]
    ) -> dict[str, Blob]:
        blobs: dict[str, Blob] = {}
        for start in range(0, len(paths), _BATCH):
            some = {f"p{i}": p for i, p in enumerate(paths[start : start + _BATCH])}
            kinds = ", ".join(f"${name}: String!" for name in some)
            parts = " ".join(
                f"{name}: object(expression: ${name}) {{ ...blob }}" for name in some
            )
            text = f"""
query Blobs($id: ID!, {kinds}) {{
  {_LIMIT} node(id: $id) {{ ... on Repository {{ {parts} }} }}
}}
{_BLOB}"""
            answer = await self._github.query(
                run,
                Query("Blobs", text, dict[str, Any], may_miss=True),
                {
                    "id": found.repository.node_id,
                    **{name: f"{found.commit}:{path}" for name, path in some.items()},
                },
                account=found.repository.owner,
            )
            node: dict[str, Any] = answer.get("node") or {}
            for name, path in some.items():
                blob = blob_of(node.get(name))
                if blob is not None:
                    blobs[path] = blob
        return blobs

    async def _parsed(
        self,
        run: Caller,
        repository: Repository,
        blobs: dict[str, Blob],
        rules: CodeOwners | None,
    ) -> dict[str, CatalogFile]:
        whole = {
            path: await self._text(run, repository, blob)
            for path, blob in blobs.items()
        }
        return await anyio.to_thread.run_sync(
            lambda: {p: self._parse(p, text, rules) for p, text in whole.items()}
        )

    async def _text(
        self, run: Caller, repository: Repository, blob: Blob
    ) -> str | bytes | CatalogFile:
        if blob.is_binary:
            return _unreadable("a text", "a binary file")
        size = blob.byte_size or 0
        if size > LARGEST_FILE:
            return _unreadable(f"at most {LARGEST_FILE} bytes", f"{size}")
        return await self._content(run, repository, blob)

    async def _content(
        self, run: Caller, repository: Repository, blob: Blob
    ) -> str | bytes:
        if _is_whole(blob):
            return blob.text or ""
        path = f"/repos/{repository.full_name}/git/blobs/{blob.oid}"
        answer = await self._github.get(
            run, path, EncodedBlob, account=repository.owner
        )
        return base64.b64decode(answer.content)

    def _files(self, node: Any) -> Files | Repository | None:
        if not node:
            return None
        repository = repository_of(msgspec.convert(node, Node))
        branch = self._branch or repository.default_branch
        if branch is None or node["head"] is None:
            return repository
        blobs = {
            path: blob_of(node[f"f{index}"]) for index, path in enumerate(self._asked)
        }
        there = {path: blob for path, blob in blobs.items() if blob is not None}
        files = {path: there[path] for path in self._patterns.plain if path in there}
        return Files(
            repository,
            branch,
            node["head"]["oid"],
            files,
            next(((p, there[p]) for p in code_owners.PLACES if p in there), None)
            if self._owners is not None
            else None,
        )

    def _parse_all(self, found: Sequence[Files]) -> list[Contents]:
        made: list[Contents] = []
        for files in found:
            rules = None
            if files.code_owners is not None:
                place, blob = files.code_owners
                rules = read_code_owners(place, blob.text or "")
            parsed = {
                path: self._parse(path, blob.text or "", rules)
                for path, blob in files.blobs.items()
            }
            made.append(Contents(files.repository, files.branch, parsed))
        return made

    def _parse(
        self, path: str, text: str | bytes | CatalogFile, rules: CodeOwners | None
    ) -> CatalogFile:
        if isinstance(text, CatalogFile):
            return text
        if rules is None or self._owners is None:
            return read_catalog_file(text)
        return read_catalog_file(text, amend=owning(rules, self._owners, path))

    def _parameters(self) -> str:
        names = ["head", *(f"f{i}" for i in range(len(self._asked)))]
        return ", ".join(f"${name}: String!" for name in names)

    def _variables(self) -> dict[str, str]:
        head = f"refs/heads/{self._branch}" if self._branch else "HEAD"
        asked = enumerate(self._asked)
        return {"head": head, **{f"f{i}": f"{head}:{path}" for i, path in asked}}

    def _fields(self) -> str:
        blobs = " ".join(
            f"f{index}: object(expression: $f{index}) {{ ...blob }}"
            for index in range(len(self._asked))
        )
        return f"head: object(expression: $head) {{ oid }} {blobs}"

    def _fragments(self) -> str:
        return _BLOB if self._asked else ""


def _unreadable(expected: str, came: str) -> CatalogFile:
    return CatalogFile((), (BadDocument(0, 1, (Problem("", expected, came),)),))


def _points(contents: Contents) -> bool:
    """Whether some file names further ones."""
    files = contents.files.values()
    return any(e.kind == "Location" for file in files for e in file.entities)


def _incomplete(files: Files) -> bool:
    """Whether the text of some file did not come with it."""
    owners = () if files.code_owners is None else files.code_owners[1:]
    blobs = (*files.blobs.values(), *owners)
    return any(blob.is_binary or not _is_whole(blob) for blob in blobs)


def _is_whole(blob: Blob) -> bool:
    """Whether the text that came is the file's; GraphQL patches bytes that are no UTF-8."""
    return blob.text is not None and not blob.is_truncated and "\ufffd" not in blob.text
