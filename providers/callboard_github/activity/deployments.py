"""Deployments: what was brought to which environment last.

Owns the question about environments. How a deployment is, is asked for, never taken from
an event, so an old event cannot take a newer state away.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import quote

from msgspec import Struct, field

from callboard import on
from callboard_catalog import Catalog, CatalogRun
from callboard_catalog.entity import Link
from callboard_github.activity.source import Part, PartSource
from callboard_github.calls import Caller
from callboard_github.client import GitHub, Query
from callboard_github.events import DeploymentCreated, DeploymentStatusCreated
from callboard_github.repositories.answers import Page, Repository
from callboard_github.repositories.following import Following
from callboard_github.scope import Scope
from callboard_github.settings import DeploymentsSettings, RepositoriesSettings

COMMIT = "callboard/deployed-commit"
DEPLOYED_AT = "callboard/deployed-at"

_AT_ONCE = 50
_LAST = "orderBy: {field: CREATED_AT, direction: DESC}"
_LIMIT = "rateLimit { cost remaining }"


class _Name(Struct, frozen=True):
    name: str


class _Names(Struct, frozen=True, rename="camel"):
    page_info: Page
    nodes: list[_Name]


class _Environments(Struct, frozen=True):
    environments: _Names


class _EnvironmentsRoot(Struct, frozen=True):
    node: _Environments | None


class _Status(Struct, frozen=True, rename="camel"):
    environment_url: str | None = None


class _Deployment(Struct, frozen=True, rename="camel"):
    state: str | None
    commit_oid: str
    created_at: str
    latest_status: _Status | None = None


class _Deployments(Struct, frozen=True):
    nodes: list[_Deployment]


class _DeploymentsRoot(Struct, frozen=True):
    node: dict[str, _Deployments] | None = field(default=None)


ENVIRONMENTS = Query(
    "Environments",
    f"""
query Environments($id: ID!, $first: Int!, $after: String) {{
  {_LIMIT}
  node(id: $id) {{ ... on Repository {{
    environments(first: $first, after: $after) {{
      pageInfo {{ hasNextPage endCursor }} nodes {{ name }}
    }}
  }} }}
}}""",
    _EnvironmentsRoot,
    may_miss=True,
)


class EnvironmentSource(PartSource):
    """Environments, with the last deployment to each."""

    def __init__(
        self,
        provider: str,
        github: GitHub,
        settings: DeploymentsSettings,
    ) -> None:
        super().__init__(provider, github, "environment", settings.owner)
        self._patterns = settings.environments

    async def parts(self, run: Caller, repository: Repository) -> Sequence[Part]:
        """Every environment whose name matches."""
        names = [
            name
            for name in await self._names(run, repository)
            if any(fnmatchcase(name, pattern) for pattern in self._patterns)
        ]
        made: list[Part] = []
        for start in range(0, len(names), _AT_ONCE):
            made += await self._last(run, repository, names[start : start + _AT_ONCE])
        return made

    async def _names(self, run: Caller, repository: Repository) -> list[str]:
        pages = await self.github.query_pages(
            run,
            ENVIRONMENTS,
            {"id": repository.node_id},
            lambda answer: (
                None
                if answer.node is None
                else answer.node.environments.page_info.cursor
            ),
            account=repository.owner,
        )
        found = [page.node.environments for page in pages if page.node is not None]
        return [node.name for environments in found for node in environments.nodes]

    async def _last(
        self, run: Caller, repository: Repository, names: Sequence[str]
    ) -> list[Part]:
        asked = {f"e{index}": name for index, name in enumerate(names)}
        kinds = ", ".join(f"${key}: String!" for key in asked)
        parts = " ".join(
            f"{key}: deployments(first: 1, environments: [${key}], {_LAST})"
            " { nodes { state commitOid createdAt latestStatus { environmentUrl } } }"
            for key in asked
        )
        text = f"""
query Deployments($id: ID!, {kinds}) {{
  {_LIMIT} node(id: $id) {{ ... on Repository {{ {parts} }} }}
}}"""
        query = Query("Deployments", text, _DeploymentsRoot, may_miss=True)
        variables = {"id": repository.node_id, **asked}
        answer = await self.github.query(
            run, query, variables, account=repository.owner
        )
        found = answer.node or {}
        return [
            _part(repository, name, found[key].nodes if key in found else [])
            for key, name in asked.items()
        ]


def _part(repository: Repository, name: str, deployed: Sequence[_Deployment]) -> Part:
    url = f"{repository.url}/deployments/{quote(name, safe='')}"
    if not deployed:
        return Part(name, name, url)
    (last,) = deployed
    status = last.latest_status
    shown = status.environment_url if status is not None else None
    return Part(
        name,
        name,
        url,
        (last.state or "pending").lower(),
        {COMMIT: last.commit_oid, DEPLOYED_AT: last.created_at},
        (Link(url=shown, title=name),) if shown else (),
    )


class Deployments(Following):
    """A Resource for each environment, and on Components what is deployed there."""

    name = "deployments"

    def __init__(
        self,
        catalog: Catalog,
        github: GitHub,
        scope: Scope,
        repositories: RepositoriesSettings | None = None,
        settings: DeploymentsSettings | None = None,
        *,
        most_removed: float = 0.5,
    ) -> None:
        chosen = settings or DeploymentsSettings()
        source = EnvironmentSource(self.name, github, chosen)
        followed = repositories or RepositoriesSettings()
        super().__init__(
            catalog, github, scope, followed, source, most_removed=most_removed
        )

    @on(DeploymentCreated, DeploymentStatusCreated, ordered_by="repository.id")
    async def deployed(
        self, event: DeploymentCreated | DeploymentStatusCreated, run: CatalogRun
    ) -> None:
        """The repository's environments are read anew, with the last deployments."""
        repository = event.repository
        owner = repository.full_name.partition("/")[0]
        await self.updater.repository(run, owner, repository.id, repository.node_id)
