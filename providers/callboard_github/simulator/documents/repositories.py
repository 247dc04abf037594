"""Repositories as GitHub shows them."""

from typing import TYPE_CHECKING, Final

from callboard_github.simulator.documents.accounts import (
    account_document,
    organization_document,
)
from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.identity import timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.repository import Repository

# Each below the repository's own REST address, in GitHub's order.
_URLS: Final = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}


def brief_repository_document(repository: "Repository") -> Document:
    """Return a repository as ``installation`` events list it."""
    return {
        "id": repository.id,
        "node_id": repository.node_id,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def minimal_repository_document(repository: "Repository") -> Document:
    """Return a repository as a workflow run carries it: addresses and little else."""
    return {
        "id": repository.id,
        "node_id": repository.node_id,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": account_document(repository.owner),
        "html_url": repository.html_url,
        "description": repository.description,
        "fork": repository.fork,
        "url": repository.api_url,
        **{name: repository.api_url + path for name, path in _URLS.items()},
    }


def repository_document(repository: "Repository") -> Document:
    """Return a repository as lists and webhooks carry one."""
    document = minimal_repository_document(repository)
    html, issues = repository.html_url, repository.activity.open_issues
    ssh = f"{repository.state.web.split('://')[1].split(':')[0]}"
    custom: Document = {}
    return document | {
        "created_at": timestamp(repository.created),
        "updated_at": timestamp(repository.updated),
        "pushed_at": timestamp(repository.pushed),
        "git_url": f"git://{html.split('://')[1]}.git",
        "ssh_url": f"git@{ssh}:{repository.full_name}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "homepage": repository.homepage,
        "size": sum(map(len, repository.files.values())) // 1024,
        "stargazers_count": len(repository.activity.stars),
        "watchers_count": len(repository.activity.stars),
        "language": None,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": repository.archived,
        "disabled": False,
        "open_issues_count": issues,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": list(repository.topics),
        "visibility": repository.visibility,
        "forks": 0,
        "open_issues": issues,
        "watchers": len(repository.activity.stars),
        "default_branch": repository.default_branch,
        "custom_properties": custom,
    }


def repository_profile_document(repository: "Repository") -> Document:
    """Return a repository as ``GET /repos/{owner}/{repo}`` does."""
    document = repository_document(repository) | {
        "permissions": {
            "admin": True,
            "maintain": True,
            "push": True,
            "triage": True,
            "pull": True,
        },
        "network_count": 0,
        "subscribers_count": 0,
    }
    if repository.organization is not None:
        document["organization"] = account_document(repository.organization)
    return document


def pushed_repository_document(repository: "Repository") -> Document:
    """Return a repository in the older shape that ``push`` still uses."""
    owner = repository.owner
    document = repository_document(repository) | {
        "owner": {"name": owner.login, "email": owner.email} | account_document(owner),
        "url": repository.html_url,
        "created_at": repository.created,
        "pushed_at": repository.pushed,
        "stargazers": len(repository.activity.stars),
        "master_branch": repository.default_branch,
    }
    if repository.organization is not None:
        login = organization_document(repository.organization)["login"]
        document["organization"] = login
    return document
