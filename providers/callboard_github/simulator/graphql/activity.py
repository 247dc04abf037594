"""Resolvers of environments and deployments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callboard_github.simulator import activity
from callboard_github.simulator.graphql.code import Branch, CommitObject
from callboard_github.simulator.graphql.connection import Connection, connect
from callboard_github.simulator.graphql.fields import Fields, Info
from callboard_github.simulator.identity import node_id, timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.user import User


@dataclass(frozen=True)
class Environment:
    """An environment; its attributes are the schema's fields."""

    id: str
    databaseId: int  # noqa: N815 - the schema's name
    name: str


@dataclass(frozen=True)
class DeploymentStatus:
    """What became of a deployment; its attributes are the schema's fields."""

    id: str
    state: str
    description: str
    creator: "User"
    createdAt: str  # noqa: N815 - the schema's name
    updatedAt: str  # noqa: N815 - the schema's name
    environmentUrl: str | None  # noqa: N815 - the schema's name
    logUrl: None = None  # noqa: N815 - the schema's name


@dataclass(frozen=True)
class Deployment:
    """A deployment."""

    repository: "Repository"
    record: activity.Deployment


def environments_of(
    repository: "Repository", _info: Info, **arguments: object
) -> Connection:
    """Resolve ``Repository.environments``."""
    return connect(
        "environments",
        [
            Environment(node_id("EN", repository.id, found.id), found.id, found.name)
            for found in repository.activity.environments.values()
        ],
        arguments,
        lambda environment: environment.name,
    )


def deployments_of(
    repository: "Repository",
    _info: Info,
    environments: list[str] | None = None,
    **arguments: object,
) -> Connection:
    """Resolve ``Repository.deployments``."""
    order = arguments.get("orderBy")
    return connect(
        "deployments",
        [
            Deployment(repository, found)
            for found in repository.activity.deployments
            if environments is None or found.environment in environments
        ],
        arguments,
        lambda deployment: deployment.record.id,
        descending=isinstance(order, dict) and "DESC" in order.values(),
    )


def _status(deployment: Deployment, _info: Info) -> DeploymentStatus | None:
    if not deployment.record.statuses:
        return None
    last = deployment.record.statuses[-1]
    return DeploymentStatus(
        id=node_id("DES", deployment.repository.id, last.id),
        state=last.state.upper(),
        description=last.description,
        creator=last.creator,
        createdAt=timestamp(last.created),
        updatedAt=timestamp(last.created),
        environmentUrl=last.environment_url or None,
    )


def _state(deployment: Deployment, _info: Info) -> str:
    if not deployment.record.statuses:
        return "PENDING"
    last = deployment.record.statuses[-1].state
    # A deployment that succeeded is called active.
    return "ACTIVE" if last == "success" else last.upper()


def _id(deployment: Deployment, _info: Info) -> str:
    return node_id("DE", deployment.repository.id, deployment.record.id)


def _number(deployment: Deployment, _info: Info) -> int:
    return deployment.record.id


def _commit(deployment: Deployment, _info: Info) -> CommitObject:
    return CommitObject(deployment.repository, deployment.record.commit)


def _commit_id(deployment: Deployment, _info: Info) -> str:
    return deployment.record.commit.sha


def _created(deployment: Deployment, _info: Info) -> str:
    return timestamp(deployment.record.created)


def _updated(deployment: Deployment, _info: Info) -> str:
    statuses = deployment.record.statuses
    return timestamp(statuses[-1].created if statuses else deployment.record.created)


def _creator(deployment: Deployment, _info: Info) -> "User":
    return deployment.record.creator


def _environment(deployment: Deployment, _info: Info) -> str:
    return deployment.record.environment


def _branch(deployment: Deployment, _info: Info) -> "Branch | None":
    name = deployment.record.reference
    head = deployment.repository.branches.get(name)
    return None if head is None else Branch(deployment.repository, name, head)


def _task(_deployment: Deployment, _info: Info) -> str:
    return "deploy"


DEPLOYMENT: Fields = {
    "commit": _commit,
    "commitOid": _commit_id,
    "createdAt": _created,
    "creator": _creator,
    "databaseId": _number,
    "environment": _environment,
    "id": _id,
    "latestStatus": _status,
    "ref": _branch,
    "state": _state,
    "task": _task,
    "updatedAt": _updated,
}
