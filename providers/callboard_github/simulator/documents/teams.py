"""Teams as GitHub shows them."""

from typing import TYPE_CHECKING

from callboard_github.simulator.documents.accounts import organization_profile_document
from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.identity import timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.team import Team


def _simple(team: "Team") -> Document:
    return {
        "name": team.name,
        "id": team.id,
        "node_id": team.node_id,
        "slug": team.slug,
        "description": team.description,
        "privacy": team.privacy,
        "notification_setting": "notifications_enabled",
        "url": team.api_url,
        "html_url": team.html_url,
        "members_url": f"{team.api_url}/members{{/member}}",
        "repositories_url": f"{team.api_url}/repos",
        "permission": "pull",
        "type": "organization",
        "organization_id": team.organization.id,
    }


def team_document(team: "Team") -> Document:
    """Return a team as lists and webhooks carry one; its parent without its own."""
    parent = None if team.parent is None else _simple(team.parent)
    return _simple(team) | {"parent": parent}


def team_profile_document(team: "Team") -> Document:
    """Return a team as ``GET /orgs/{org}/teams/{slug}`` does."""
    below = {number for child in team.descendants() for number in child.members}
    return team_document(team) | {
        # The REST API counts the people of child teams too.
        "members_count": len(below | set(team.members)),
        "repos_count": len(team.repositories),
        "created_at": timestamp(team.created),
        "updated_at": timestamp(team.updated),
        "organization": organization_profile_document(team.organization),
    }
