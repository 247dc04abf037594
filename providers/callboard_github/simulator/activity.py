"""What goes on in a repository beside its code: stars, issues, workflows, deployments."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from callboard_github.simulator.documents.activity import (
    deployment_document,
    deployment_status_document,
    issue_document,
    workflow_document,
    workflow_run_document,
)
from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.git import Commit
from callboard_github.simulator.identity import timestamp
from callboard_github.simulator.verb import verb

if TYPE_CHECKING:
    from callboard_github.simulator.documents import Document
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State
    from callboard_github.simulator.user import User

Conclusion = Literal[
    "success", "failure", "neutral", "cancelled", "skipped", "timed_out"
]
DeploymentState = Literal[
    "queued", "pending", "in_progress", "success", "failure", "error", "inactive"
]


@dataclass(eq=False)
class Issue:
    """An issue."""

    id: int
    number: int
    title: str
    author: "User"
    created: int
    closed: int | None = None


@dataclass(eq=False)
class Workflow:
    """A workflow of GitHub Actions."""

    id: int
    name: str
    path: str
    created: int
    state: Literal["active", "deleted", "disabled_manually"] = "active"


@dataclass(eq=False)
class WorkflowRun:
    """One run of a workflow."""

    id: int
    number: int
    workflow: Workflow
    commit: Commit
    branch: str
    actor: "User"
    created: int
    updated: int
    status: Literal["queued", "in_progress", "completed"] = "queued"
    conclusion: Conclusion | None = None


@dataclass(eq=False)
class DeploymentStatus:
    """What became of a deployment, at one moment."""

    id: int
    state: DeploymentState
    description: str
    creator: "User"
    created: int
    environment_url: str = ""


@dataclass(eq=False)
class Deployment:
    """A commit brought, or to be brought, to an environment."""

    id: int
    environment: str
    commit: Commit
    reference: str
    creator: "User"
    created: int
    statuses: list[DeploymentStatus] = field(default_factory=list[DeploymentStatus])
    """Oldest first."""


@dataclass(eq=False)
class Environment:
    """Where deployments go."""

    id: int
    name: str
    created: int


@dataclass(eq=False)
class Activity:
    """The activity of one repository, and the verbs that cause it."""

    repository: "Repository" = field(repr=False)
    stars: dict[int, int] = field(default_factory=dict[int, int])
    """Who starred it, by id, and when."""
    issues: list[Issue] = field(default_factory=list[Issue])
    workflows: dict[str, Workflow] = field(default_factory=dict[str, Workflow])
    """By path."""
    runs: list[WorkflowRun] = field(default_factory=list[WorkflowRun])
    """Oldest first."""
    environments: dict[str, Environment] = field(default_factory=dict[str, Environment])
    deployments: list[Deployment] = field(default_factory=list[Deployment])
    """Oldest first."""

    def __str__(self) -> str:
        return f"{self.repository}.activity"

    @property
    def state(self) -> "State":
        """The state that holds the repository."""
        return self.repository.state

    @property
    def open_issues(self) -> int:
        """How many issues are open."""
        return sum(issue.closed is None for issue in self.issues)

    # People.

    @verb
    def star(self, by: "str | User") -> None:
        """Star the repository. Sends ``star.created``."""
        user, moment = self.state.ensure_user(by), self.state.mint.moment()
        self.stars[user.id] = moment
        document: Document = {"starred_at": timestamp(moment)}
        self.repository.tell("star", "created", user, lambda: document)

    @verb
    def unstar(self, by: "str | User") -> None:
        """Take a star back. Sends ``star.deleted``.

        Raises:
            NotFound: There was none.
        """
        user = self.state.ensure_user(by)
        if self.stars.pop(user.id, None) is None:
            raise NotFound
        document: Document = {"starred_at": None}
        self.repository.tell("star", "deleted", user, lambda: document)

    @verb
    def open_issue(self, title: str, *, by: "str | User | None" = None) -> Issue:
        """Open an issue. Sends ``issues.opened``."""
        author = self.state.sender(by)
        moment, number = self.state.mint.moment(), len(self.issues) + 1
        issue = Issue(self.state.mint.number("issue"), number, title, author, moment)
        self.issues.append(issue)
        self._tell_issue("opened", issue, author)
        return issue

    @verb
    def close_issue(self, issue: Issue, *, by: "str | User | None" = None) -> None:
        """Close an issue. Sends ``issues.closed``."""
        issue.closed = self.state.mint.moment()
        self._tell_issue("closed", issue, self.state.sender(by))

    # Workflows.

    @verb
    def run_workflow(
        self,
        name: str,
        conclusion: Conclusion | None = "success",
        *,
        path: str | None = None,
        branch: str | None = None,
        by: "str | User | None" = None,
    ) -> WorkflowRun:
        """Run a workflow on a branch's head.

        Sends ``workflow_run`` ``requested`` and, unless the conclusion is None,
        ``in_progress`` and ``completed`` too.

        Args:
            name: The workflow's name.
            conclusion: How it ends; None leaves it queued for `finish_run`.
            path: Its file; ``.github/workflows/<name>.yml`` if not given.
            branch: The default branch if not given.
            by: Who pushed.

        Raises:
            NotFound: The branch has no commit.
        """
        branch = branch or self.repository.default_branch
        commit = self.repository.commit(branch)
        file = path or f".github/workflows/{name.lower().replace(' ', '-')}.yml"
        moment = self.state.mint.moment()
        if file not in self.workflows:
            number = self.state.mint.number("workflow")
            self.workflows[file] = Workflow(number, name, file, moment)
        run = WorkflowRun(
            self.state.mint.number("workflow run"),
            1 + sum(run.workflow.path == file for run in self.runs),
            self.workflows[file],
            commit,
            branch,
            self.state.sender(by),
            moment,
            moment,
        )
        self.runs.append(run)
        self._tell_run("requested", run)
        if conclusion is not None:
            self.start_run(run)
            self.finish_run(run, conclusion)
        return run

    @verb
    def start_run(self, run: WorkflowRun) -> None:
        """Let a queued run begin. Sends ``workflow_run.in_progress``."""
        run.status, run.updated = "in_progress", self.state.mint.moment()
        self._tell_run("in_progress", run)

    @verb
    def finish_run(self, run: WorkflowRun, conclusion: Conclusion = "success") -> None:
        """Let a run end. Sends ``workflow_run.completed``."""
        run.status, run.conclusion = "completed", conclusion
        run.updated = self.state.mint.moment()
        self._tell_run("completed", run)

    def set_workflow_state(
        self, name: str, state: Literal["active", "deleted", "disabled_manually"]
    ) -> None:
        """Switch a workflow off or on, or remove it. GitHub sends nothing.

        Raises:
            NotFound: There is no such workflow.
        """
        for workflow in self.workflows.values():
            if workflow.name == name:
                workflow.state = state
                return
        raise NotFound

    # Deployments.

    def remove_environment(self, name: str) -> None:
        """Remove an environment; its deployments stay. GitHub sends nothing.

        Raises:
            NotFound: There is no such environment.
        """
        if self.environments.pop(name, None) is None:
            raise NotFound

    @verb
    def deploy(
        self,
        environment: str,
        state: DeploymentState | None = "success",
        *,
        reference: str | None = None,
        by: "str | User | None" = None,
    ) -> Deployment:
        """Deploy a branch's head; an unknown environment comes to be.

        Sends ``deployment.created`` and, unless the state is None,
        ``deployment_status.created``.

        Raises:
            NotFound: The reference names nothing.
        """
        reference = reference or self.repository.default_branch
        commit, moment = self.repository.commit(reference), self.state.mint.moment()
        if environment not in self.environments:
            number = self.state.mint.number("environment")
            self.environments[environment] = Environment(number, environment, moment)
        deployment = Deployment(
            self.state.mint.number("deployment"),
            environment,
            commit,
            reference,
            self.state.sender(by),
            moment,
        )
        self.deployments.append(deployment)
        self.repository.tell(
            "deployment",
            "created",
            deployment.creator,
            lambda: {
                "deployment": deployment_document(self.repository, deployment),
                "workflow": None,
                "workflow_run": None,
            },
        )
        if state is not None:
            self.report_deployment(deployment, state, by=by)
        return deployment

    @verb
    def report_deployment(
        self,
        deployment: Deployment,
        state: DeploymentState,
        *,
        environment_url: str = "",
        by: "str | User | None" = None,
    ) -> None:
        """Say what became of a deployment. Sends ``deployment_status.created``."""
        status = DeploymentStatus(
            self.state.mint.number("deployment status"),
            state,
            "",
            self.state.sender(by),
            self.state.mint.moment(),
            environment_url,
        )
        deployment.statuses.append(status)
        self.repository.tell(
            "deployment_status",
            "created",
            status.creator,
            lambda: {
                "deployment_status": deployment_status_document(
                    self.repository, deployment, status
                ),
                "deployment": deployment_document(self.repository, deployment),
                "check_run": None,
                "workflow": None,
                "workflow_run": None,
            },
        )

    def _tell_issue(self, action: str, issue: Issue, by: "User") -> None:
        self.repository.tell(
            "issues",
            action,
            by,
            lambda: {"issue": issue_document(self.repository, issue)},
        )

    def _tell_run(self, action: str, run: WorkflowRun) -> None:
        self.repository.tell(
            "workflow_run",
            action,
            run.actor,
            lambda: {
                "workflow_run": workflow_run_document(self.repository, run),
                "workflow": workflow_document(self.repository, run.workflow),
            },
        )
