"""Repositories, their lists, topics and branches."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from callboard_github.simulator.documents import (
    Document,
    branch_document,
    commit_document,
    repository_document,
    repository_profile_document,
    team_document,
)
from callboard_github.simulator.errors import NotFound
from callboard_github.simulator.rest.call import Call, Reply, Routes

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository

_SORTS: "dict[str, Callable[[Repository], int | str]]" = {
    "created": lambda repository: repository.created,
    "updated": lambda repository: repository.updated,
    "pushed": lambda repository: repository.pushed,
    "full_name": lambda repository: repository.full_name.lower(),
}


def _of_organization(call: Call) -> Reply:
    return _list(call, call.organization().repositories, "created")


def _of_user(call: Call) -> Reply:
    account = call.state.account(call.path["login"])
    return _list(call, list(call.state.owned_by(account)), "full_name")


def _mine(call: Call) -> Reply:
    user = call.user()
    everything = [
        repository
        for repository in call.state.repositories.values()
        if repository.owner is user
        or (
            repository.organization is not None
            and user.id in repository.organization.members
        )
    ]
    return _list(call, everything, "full_name")


def _list(call: Call, found: "list[Repository]", sort: str) -> Reply:
    kind = call.query.get("type", "all")
    shown = [
        repository
        for repository in found
        if call.identity.sees(repository)
        and (
            kind in {"all", "owner", "member"}
            or (kind == "forks" and repository.fork)
            or (kind == "sources" and not repository.fork)
            or (kind == "public" and not repository.private)
            or (kind == "private" and repository.private)
        )
    ]
    sort = call.query.get("sort", sort)
    up = call.query.get("direction", "asc" if sort == "full_name" else "desc") == "asc"
    shown.sort(key=_SORTS.get(sort, _SORTS["created"]), reverse=not up)
    return call.page(shown, repository_document)


def _one(call: Call) -> Reply:
    return Reply(repository_profile_document(call.repository()))


def _by_id(call: Call) -> Reply:
    return Reply(repository_profile_document(_numbered(call)))


def _numbered(call: Call) -> "Repository":
    repository = call.state.repositories.get(call.number("id"))
    if repository is None or not call.identity.sees(repository):
        raise NotFound
    return repository


def _topics(call: Call) -> Reply:
    return Reply({"names": list(call.repository().topics)})


def _teams(call: Call) -> Reply:
    repository = call.repository()
    if repository.organization is None:
        return call.page([], team_document)
    teams = repository.organization.teams.values()
    with_it = [team for team in teams if repository.id in team.repositories]
    return call.page(with_it, team_document)


def _branches(call: Call) -> Reply:
    repository = call.repository()
    return call.page(
        sorted(repository.branches.items()),
        lambda item: branch_document(repository, *item),
    )


def _branch(call: Call) -> Reply:
    repository, name = call.repository(), call.path["branch"]
    commit = repository.branches.get(name)
    if commit is None:
        message = "Branch not found"
        raise NotFound(message)
    page = f"{repository.html_url}/tree/{name}"
    itself = f"{repository.api_url}/branches/{name}"
    document: Document = {
        "commit": commit_document(repository, commit),
        "_links": {"html": page, "self": itself},
        "protection": {
            "enabled": False,
            "required_status_checks": {
                "enforcement_level": "off",
                "contexts": [],
                "checks": [],
            },
        },
        "protection_url": f"{itself}/protection",
    }
    return Reply(branch_document(repository, name, commit) | document)


ROUTES: Routes = (
    ("GET", "/orgs/{org}/repos", _of_organization),
    ("GET", "/users/{login}/repos", _of_user),
    ("GET", "/user/repos", _mine),
    ("GET", "/repos/{owner}/{repo}", _one),
    ("GET", "/repositories/{id}", _by_id),
    ("GET", "/repos/{owner}/{repo}/topics", _topics),
    ("GET", "/repos/{owner}/{repo}/teams", _teams),
    ("GET", "/repos/{owner}/{repo}/branches", _branches),
    ("GET", "/repos/{owner}/{repo}/branches/{branch:path}", _branch),
)
