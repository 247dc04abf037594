"""Issues, workflows, environments and deployments as GitHub shows them."""

from typing import TYPE_CHECKING

from callboard_github.simulator.documents.accounts import user_document
from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.documents.repositories import (
    minimal_repository_document,
)
from callboard_github.simulator.identity import node_id, timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.activity import (
        Deployment,
        DeploymentStatus,
        Environment,
        Issue,
        Workflow,
        WorkflowRun,
    )
    from callboard_github.simulator.repository import Repository


def issue_document(repository: "Repository", issue: "Issue") -> Document:
    """Return an issue."""
    url = f"{repository.api_url}/issues/{issue.number}"
    closed = None if issue.closed is None else timestamp(issue.closed)
    faces = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    reactions: Document = {"url": f"{url}/reactions", "total_count": 0}
    return {
        "url": url,
        "repository_url": repository.api_url,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{repository.html_url}/issues/{issue.number}",
        "id": issue.id,
        "node_id": node_id("I", repository.id, issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": user_document(issue.author),
        "labels": [],
        "state": "open" if closed is None else "closed",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 0,
        "created_at": timestamp(issue.created),
        "updated_at": timestamp(issue.closed or issue.created),
        "closed_at": closed,
        "author_association": "MEMBER",
        "active_lock_reason": None,
        "body": None,
        "reactions": reactions | dict.fromkeys(faces, 0),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
        "state_reason": None if closed is None else "completed",
    }


def workflow_document(repository: "Repository", workflow: "Workflow") -> Document:
    """Return a workflow."""
    return {
        "id": workflow.id,
        "node_id": node_id("W", repository.id, workflow.id),
        "name": workflow.name,
        "path": workflow.path,
        "state": workflow.state,
        "created_at": timestamp(workflow.created),
        "updated_at": timestamp(workflow.created),
        "url": f"{repository.api_url}/actions/workflows/{workflow.id}",
        "html_url": (
            f"{repository.html_url}/blob/{repository.default_branch}/{workflow.path}"
        ),
        "badge_url": f"{repository.html_url}/workflows/{workflow.name}/badge.svg",
    }


def workflow_run_document(repository: "Repository", run: "WorkflowRun") -> Document:
    """Return a run of a workflow."""
    url = f"{repository.api_url}/actions/runs/{run.id}"
    who: Document = {"name": run.commit.name, "email": run.commit.email}
    actor, repo = user_document(run.actor), minimal_repository_document(repository)
    suite = run.id + 1
    return {
        "id": run.id,
        "name": run.workflow.name,
        "node_id": node_id("WFR", repository.id, run.id),
        "head_branch": run.branch,
        "head_sha": run.commit.sha,
        "path": run.workflow.path,
        "display_title": run.commit.message.partition("\n")[0],
        "run_number": run.number,
        "event": "push",
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow.id,
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CS", repository.id, suite),
        "url": url,
        "html_url": f"{repository.html_url}/actions/runs/{run.id}",
        "pull_requests": [],
        "created_at": timestamp(run.created),
        "updated_at": timestamp(run.updated),
        "actor": actor,
        "run_attempt": 1,
        "referenced_workflows": [],
        "run_started_at": timestamp(run.created),
        "triggering_actor": actor,
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{repository.api_url}/check-suites/{suite}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": None,
        "workflow_url": f"{repository.api_url}/actions/workflows/{run.workflow.id}",
        "head_commit": {
            "id": run.commit.sha,
            "tree_id": run.commit.snapshot.sha,
            "message": run.commit.message,
            "timestamp": timestamp(run.commit.moment),
            "author": who,
            "committer": who,
        },
        "repository": repo,
        "head_repository": repo,
    }


def environment_document(
    repository: "Repository", environment: "Environment"
) -> Document:
    """Return an environment."""
    return {
        "id": environment.id,
        "node_id": node_id("EN", repository.id, environment.id),
        "name": environment.name,
        "url": f"{repository.api_url}/environments/{environment.name}",
        "html_url": (
            f"{repository.html_url}/deployments/activity_log"
            f"?environments_filter={environment.name}"
        ),
        "created_at": timestamp(environment.created),
        "updated_at": timestamp(environment.created),
        "protection_rules": [],
        "deployment_branch_policy": None,
    }


def deployment_document(repository: "Repository", deployment: "Deployment") -> Document:
    """Return a deployment."""
    url = f"{repository.api_url}/deployments/{deployment.id}"
    last = deployment.statuses[-1].created if deployment.statuses else None
    return {
        "url": url,
        "id": deployment.id,
        "node_id": node_id("DE", repository.id, deployment.id),
        "task": "deploy",
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": None,
        "created_at": timestamp(deployment.created),
        "updated_at": timestamp(last or deployment.created),
        "statuses_url": f"{url}/statuses",
        "repository_url": repository.api_url,
        "creator": user_document(deployment.creator),
        "sha": deployment.commit.sha,
        "ref": deployment.reference,
        "payload": {},
        "transient_environment": False,
        "production_environment": deployment.environment == "production",
        "performed_via_github_app": None,
    }


def deployment_status_document(
    repository: "Repository", deployment: "Deployment", status: "DeploymentStatus"
) -> Document:
    """Return what became of a deployment."""
    above = f"{repository.api_url}/deployments/{deployment.id}"
    return {
        "url": f"{above}/statuses/{status.id}",
        "id": status.id,
        "node_id": node_id("DES", repository.id, status.id),
        "state": status.state,
        "creator": user_document(status.creator),
        "description": status.description,
        "environment": deployment.environment,
        "target_url": "",
        "created_at": timestamp(status.created),
        "updated_at": timestamp(status.created),
        "deployment_url": above,
        "repository_url": repository.api_url,
        "environment_url": status.environment_url,
        "log_url": "",
        "performed_via_github_app": None,
    }
