"""Apps and installations as GitHub shows them."""

from typing import TYPE_CHECKING

from callboard_github.simulator.documents.accounts import (
    account_document,
    user_document,
)
from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.identity import timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.app import App, Installation


def app_document(app: "App") -> Document:
    """Return an app as ``GET /app`` does."""
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": app.node_id,
        "client_id": app.client_id,
        "owner": account_document(app.owner),
        "name": app.name,
        "description": None,
        "external_url": f"{app.state.web}/apps/{app.slug}",
        "html_url": f"{app.state.web}/apps/{app.slug}",
        "created_at": timestamp(app.created),
        "updated_at": timestamp(app.updated),
        "permissions": dict(app.permissions),
        "events": sorted(app.events),
        "installations_count": len(app.installations),
    }


def installation_document(installation: "Installation") -> Document:
    """Return an installation as the REST API and ``installation`` events do."""
    state, account = installation.state, installation.account
    kind = "Organization" if hasattr(account, "members") else "User"
    below = "organizations/" if kind == "Organization" else ""
    login = f"{account.login}/" if kind == "Organization" else ""
    page = f"{state.web}/{below}{login}settings/installations/{installation.id}"
    by, at = installation.suspended_by, installation.suspended
    return {
        "id": installation.id,
        "node_id": installation.node_id,
        "account": account_document(account),
        "repository_selection": installation.selection,
        "access_tokens_url": (
            f"{state.api}/app/installations/{installation.id}/access_tokens"
        ),
        "repositories_url": f"{state.api}/installation/repositories",
        "html_url": page,
        "app_id": installation.app.id,
        "client_id": installation.app.client_id,
        "app_slug": installation.app.slug,
        "target_id": account.id,
        "target_type": kind,
        "permissions": dict(installation.permissions),
        "events": sorted(installation.events),
        "created_at": timestamp(installation.created),
        "updated_at": timestamp(installation.updated),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if by is None else user_document(by),
        "suspended_at": None if at is None else timestamp(at),
    }
