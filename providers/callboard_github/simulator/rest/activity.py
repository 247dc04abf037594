"""Workflows, environments and deployments."""

from collections.abc import Callable

from callboard_github.simulator.documents.activity import (
    deployment_document,
    deployment_status_document,
    environment_document,
    workflow_document,
    workflow_run_document,
)
from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.rest.call import Call, Reply, Routes


def _counted(name: str, total: int) -> "Callable[[list[object]], dict[str, object]]":
    return lambda page: {"total_count": total, name: page}


def _workflows(call: Call) -> Reply:
    repository = call.repository()
    found = list(repository.activity.workflows.values())
    return call.page(
        found,
        lambda workflow: workflow_document(repository, workflow),
        _counted("workflows", len(found)),
    )


def _runs(call: Call) -> Reply:
    repository = call.repository()
    runs = list(reversed(repository.activity.runs))
    if asked := call.path.get("workflow"):
        runs = [
            run
            for run in runs
            if asked in {str(run.workflow.id), run.workflow.path.rpartition("/")[2]}
        ]
    if branch := call.query.get("branch"):
        runs = [run for run in runs if run.branch == branch]
    if sha := call.query.get("head_sha"):
        runs = [run for run in runs if run.commit.sha == sha]
    if status := call.query.get("status"):
        runs = [run for run in runs if status in {run.status, run.conclusion}]
    return call.page(
        runs,
        lambda run: workflow_run_document(repository, run),
        _counted("workflow_runs", len(runs)),
    )


def _run(call: Call) -> Reply:
    repository, number = call.repository(), call.number("run")
    for run in repository.activity.runs:
        if run.id == number:
            return Reply(workflow_run_document(repository, run))
    raise NotFound


def _environments(call: Call) -> Reply:
    repository = call.repository()
    found = list(repository.activity.environments.values())
    return call.page(
        found,
        lambda environment: environment_document(repository, environment),
        _counted("environments", len(found)),
    )


def _deployments(call: Call) -> Reply:
    repository = call.repository()
    found = list(reversed(repository.activity.deployments))
    if environment := call.query.get("environment"):
        found = [one for one in found if one.environment == environment]
    if sha := call.query.get("sha"):
        found = [one for one in found if one.commit.sha == sha]
    if reference := call.query.get("ref"):
        found = [one for one in found if one.reference == reference]
    return call.page(found, lambda one: deployment_document(repository, one))


def _statuses(call: Call) -> Reply:
    repository, number = call.repository(), call.number("deployment")
    for deployment in repository.activity.deployments:
        if deployment.id == number:
            break
    else:
        raise NotFound
    return call.page(
        deployment.statuses[::-1],
        lambda status: deployment_status_document(repository, deployment, status),
    )


_REPO = "/repos/{owner}/{repo}"

ROUTES: Routes = (
    ("GET", f"{_REPO}/actions/workflows", _workflows),
    ("GET", f"{_REPO}/actions/workflows/{{workflow}}/runs", _runs),
    ("GET", f"{_REPO}/actions/runs", _runs),
    ("GET", f"{_REPO}/actions/runs/{{run}}", _run),
    ("GET", f"{_REPO}/environments", _environments),
    ("GET", f"{_REPO}/deployments", _deployments),
    ("GET", f"{_REPO}/deployments/{{deployment}}/statuses", _statuses),
)
