"""People and organizations as GitHub shows them."""

from typing import TYPE_CHECKING

from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.identity import timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.user import User

_ACCOUNT_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user_document(user: "User") -> Document:
    """Return a person as lists and webhooks carry one: no name, no email, no bio."""
    return _account(user, "User", site_admin=user.site_admin)


def account_document(account: "User | Organization") -> Document:
    """Return an owner, person or organization, in the shape of a person."""
    if hasattr(account, "members"):
        return _account(account, "Organization", site_admin=False)
    return _account(account, "User", site_admin=False)


def _account(
    account: "User | Organization", kind: str, *, site_admin: bool
) -> Document:
    url = f"{account.state.api}/users/{account.login}"
    document: Document = {
        "login": account.login,
        "id": account.id,
        "node_id": account.node_id,
        "avatar_url": account.avatar_url,
        "gravatar_id": "",
        "url": url,
        "html_url": account.html_url,
    }
    for name, path in _ACCOUNT_URLS.items():
        document[name] = url + path
    document["type"] = kind
    document["user_view_type"] = "public"
    document["site_admin"] = site_admin
    return document


def user_profile_document(user: "User") -> Document:
    """Return a person as ``GET /users/{login}`` does."""
    document = user_document(user) | {
        "name": user.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": user.email,
        "hireable": None,
        "bio": user.bio,
        "twitter_username": None,
        "public_repos": sum(1 for _ in user.state.owned_by(user)),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": timestamp(user.created),
        "updated_at": timestamp(user.updated),
    }
    if user.suspended:
        document["suspended_at"] = timestamp(user.updated)
    return document


def organization_document(organization: "Organization") -> Document:
    """Return an organization as lists and webhooks carry one."""
    url = organization.api_url
    return {
        "login": organization.login,
        "id": organization.id,
        "node_id": organization.node_id,
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": organization.avatar_url,
        "description": organization.description or "",
    }


def organization_profile_document(organization: "Organization") -> Document:
    """Return an organization as ``GET /orgs/{org}`` does."""
    repositories = organization.repositories
    return organization_document(organization) | {
        "name": organization.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": organization.email,
        "twitter_username": None,
        "is_verified": False,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": sum(not repository.private for repository in repositories),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": organization.html_url,
        "created_at": timestamp(organization.created),
        "updated_at": timestamp(organization.updated),
        "archived_at": None,
        "type": "Organization",
        "total_private_repos": sum(repository.private for repository in repositories),
        "default_repository_permission": "read",
        "members_can_create_repositories": True,
        "two_factor_requirement_enabled": True,
        "plan": {"name": "enterprise", "space": 976_562_499, "private_repos": 9_999},
    }


def owner_change_document(old: "User | Organization") -> Document:
    """Return who owned a repository before, as ``repository.transferred`` does."""
    if hasattr(old, "members"):
        organization: Organization = old  # pyright: ignore[reportAssignmentType]  # only organizations have members
        return {"from": {"organization": organization_document(organization)}}
    return {"from": {"user": account_document(old)}}
