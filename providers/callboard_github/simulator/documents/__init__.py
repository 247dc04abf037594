"""GitHub's JSON documents, made from the state.

One module per noun; webhooks and REST answers share them.
"""

from callboard_github.simulator.documents.accounts import (
    account_document,
    organization_document,
    organization_profile_document,
    owner_change_document,
    user_document,
    user_profile_document,
)
from callboard_github.simulator.documents.apps import (
    app_document,
    installation_document,
)
from callboard_github.simulator.documents.commits import (
    branch_document,
    commit_document,
    content_document,
    push_document,
    tree_document,
)
from callboard_github.simulator.documents.document import Document
from callboard_github.simulator.documents.hooks import (
    delivery_document,
    delivery_summary_document,
    hook_document,
)
from callboard_github.simulator.documents.repositories import (
    brief_repository_document,
    repository_document,
    repository_profile_document,
)
from callboard_github.simulator.documents.teams import (
    team_document,
    team_profile_document,
)

__all__ = [
    "Document",
    "account_document",
    "app_document",
    "branch_document",
    "brief_repository_document",
    "commit_document",
    "content_document",
    "delivery_document",
    "delivery_summary_document",
    "hook_document",
    "installation_document",
    "organization_document",
    "organization_profile_document",
    "owner_change_document",
    "push_document",
    "repository_document",
    "repository_profile_document",
    "team_document",
    "team_profile_document",
    "tree_document",
    "user_document",
    "user_profile_document",
]
