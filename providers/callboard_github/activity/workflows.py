"""Workflows of GitHub Actions: how their newest runs are.

Owns the questions about workflows. What a run is like is asked for, never taken from an
event, so an old event cannot take a newer state away.
"""

import posixpath
from collections.abc import Sequence

from msgspec import Struct

from callboard import on
from callboard_catalog import Catalog, CatalogRun
from callboard_github.activity.source import Part, PartSource
from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.errors import NotFoundError
from callboard_github.events import (
    WorkflowRunCompleted,
    WorkflowRunInProgress,
    WorkflowRunRequested,
)
from callboard_github.repositories.answers import Repository
from callboard_github.repositories.following import Following
from callboard_github.scope import Scope
from callboard_github.settings import RepositoriesSettings, WorkflowsSettings

RUN_URL = "callboard/workflow-run"
RUN_AT = "callboard/workflow-run-at"
FILE = "callboard/workflow-file"
WORKFLOW_STATE = "callboard/workflow-state"
"""``active``, or why it does not run, in GitHub's words."""

_PAGE = 100
_DELETED = "deleted"


class _Workflow(Struct, frozen=True):
    id: int
    name: str
    path: str
    state: str
    html_url: str


class _Workflows(Struct, frozen=True):
    total_count: int
    workflows: list[_Workflow]


class _Run(Struct, frozen=True):
    workflow_id: int
    status: str | None
    conclusion: str | None
    html_url: str
    updated_at: str


class _Runs(Struct, frozen=True):
    total_count: int
    workflow_runs: list[_Run]


class WorkflowSource(PartSource):
    """Workflows, with their newest runs on the branch that counts."""

    def __init__(
        self,
        provider: str,
        github: GitHub,
        owner: str,
        branch: str | None,
    ) -> None:
        super().__init__(provider, github, "workflow", owner)
        self._branch = branch

    async def parts(self, run: Caller, repository: Repository) -> Sequence[Part]:
        """Every workflow that ran there and is not deleted.

        One that is switched off says so.
        """
        branch = self._branch or repository.default_branch
        if branch is None:
            return ()
        try:
            workflows = await self._workflows(run, repository)
        except NotFoundError:
            return ()  # where Actions are switched off
        newest = await self._newest(run, repository, branch, workflows)
        return [_part(one, newest[one.id]) for one in workflows if one.id in newest]

    async def _workflows(self, run: Caller, repository: Repository) -> list[_Workflow]:
        path = f"/repos/{repository.full_name}/actions/workflows"
        found: list[_Workflow] = []
        page = 1
        while True:
            answer = await self.github.get(
                run,
                path,
                _Workflows,
                account=repository.owner,
                per_page=_PAGE,
                page=page,
            )
            found += answer.workflows
            if not answer.workflows or len(found) >= answer.total_count:
                return [one for one in found if one.state != _DELETED]
            page += 1

    async def _newest(
        self,
        run: Caller,
        repository: Repository,
        branch: str,
        workflows: Sequence[_Workflow],
    ) -> dict[int, _Run]:
        """The newest run of each workflow, by the workflow's id."""
        if not workflows:
            return {}
        base = f"/repos/{repository.full_name}/actions"
        answer = await self._runs(run, repository, f"{base}/runs", branch, _PAGE)
        found: dict[int, _Run] = {}
        for one in answer.workflow_runs:
            found.setdefault(one.workflow_id, one)
        if answer.total_count > len(answer.workflow_runs):
            for workflow in workflows:
                if workflow.id not in found:
                    path = f"{base}/workflows/{workflow.id}/runs"
                    last = await self._runs(run, repository, path, branch, 1)
                    if last.workflow_runs:
                        found[workflow.id] = last.workflow_runs[0]
        return found

    async def _runs(
        self, run: Caller, repository: Repository, path: str, branch: str, count: int
    ) -> _Runs:
        return await self.github.get(
            run, path, _Runs, account=repository.owner, branch=branch, per_page=count
        )


def _part(workflow: _Workflow, newest: _Run) -> Part:
    return Part(
        name=posixpath.basename(workflow.path),
        title=workflow.name,
        url=workflow.html_url,
        state=newest.conclusion or newest.status,
        annotations={
            FILE: workflow.path,
            WORKFLOW_STATE: workflow.state,
            RUN_URL: newest.html_url,
            RUN_AT: newest.updated_at,
        },
    )


class Workflows(Following):
    """A Resource for each workflow, and on Components how they are."""

    name = "workflows"

    def __init__(
        self,
        catalog: Catalog,
        github: GitHub,
        scope: Scope,
        repositories: RepositoriesSettings | None = None,
        settings: WorkflowsSettings | None = None,
        *,
        most_removed: float = 0.5,
    ) -> None:
        followed = repositories or RepositoriesSettings()
        owner = (settings or WorkflowsSettings()).owner
        source = WorkflowSource(self.name, github, owner, followed.branch)
        super().__init__(
            catalog, github, scope, followed, source, most_removed=most_removed
        )

    @on(
        WorkflowRunRequested,
        WorkflowRunInProgress,
        WorkflowRunCompleted,
        ordered_by="repository.id",
    )
    async def ran(
        self,
        event: WorkflowRunRequested | WorkflowRunInProgress | WorkflowRunCompleted,
        run: CatalogRun,
    ) -> None:
        """The repository's workflows are read anew, with the newest run of each."""
        repository = event.repository
        counts = self.settings.branch or repository.default_branch
        if counts is not None and event.workflow_run.head_branch != counts:
            branch = event.workflow_run.head_branch
            run.label(skipped=f"{branch} is not the branch that counts")
            return
        if repository.id is not None and repository.full_name is not None:
            owner = repository.full_name.partition("/")[0]
            await self.updater.repository(run, owner, repository.id, repository.node_id)
