"""The providers that a configuration asks for.

Owns the entry point: what is made of settings and credentials.
"""

import logging
from collections.abc import Sequence

from callboard import Callboard, Provider
from callboard_catalog import catalog_of
from callboard_github.client import GitHub
from callboard_github.scope import Scope
from callboard_github.setting_rules import check_values
from callboard_github.settings import (
    PRIVATE_KEY,
    TOKEN,
    Credentials,
    DeploymentsSettings,
    GitHubSettings,
    HooksSettings,
    OrganizationsSettings,
    RepositoriesSettings,
    WorkflowsSettings,
    api_url,
    read_credentials,
)

logger = logging.getLogger(__name__)


def make_providers(board: Callboard) -> Sequence[Provider]:
    """Those that are enabled, or none without credentials.

    Raises:
        SettingsError: A section is wrong, or only half of the credentials are there.
    """
    settings = board.settings
    chosen = settings.section("github", GitHubSettings)
    organizations = settings.section("organizations", OrganizationsSettings)
    repositories = settings.section("repositories", RepositoriesSettings)
    workflows = settings.section("workflows", WorkflowsSettings)
    deployments = settings.section("deployments", DeploymentsSettings)
    hooks = settings.section("hooks", HooksSettings)
    check_values(settings)
    credentials = read_credentials(settings, chosen)
    if credentials is None:
        ways = f"CALLBOARD_{TOKEN}, or github.app_id and CALLBOARD_{PRIVATE_KEY}"
        logger.warning("no GitHub credentials (%s): no GitHub provider runs", ways)
        return []
    # Imported here: what only checks or lists needs neither.
    from callboard_github.activity import Deployments, Workflows
    from callboard_github.hooks.provider import missed_deliveries_of
    from callboard_github.names import Names
    from callboard_github.organizations import Organizations
    from callboard_github.repositories import Repositories

    github, scope = github_of(board, credentials, chosen)
    catalog = catalog_of(board)
    most = chosen.most_removed
    made: list[Provider] = []
    if organizations.enabled:
        made.append(
            Organizations(catalog, github, scope, organizations, most_removed=most)
        )
    if repositories.enabled:
        made.append(
            Repositories(
                catalog,
                github,
                scope,
                repositories,
                names=Names.chosen(organizations, scope),
                most_removed=most,
            )
        )
    followed = (catalog, github, scope, repositories)
    if workflows.enabled:
        made.append(Workflows(*followed, workflows, most_removed=most))
    if deployments.enabled:
        made.append(Deployments(*followed, deployments, most_removed=most))
    if hooks.enabled:
        made.append(missed_deliveries_of(board, github, scope, hooks))
    return made


def github_of(
    board: Callboard, credentials: Credentials, chosen: GitHubSettings
) -> tuple[GitHub, Scope]:
    """The client of a callboard, and whose organizations it is about.

    Raises:
        SettingsError: ``github.url`` is no address.
    """

    def make() -> GitHub:
        return GitHub(
            api_url(board.settings, chosen),
            credentials,
            calls_at_once=chosen.calls_at_once,
            patience=chosen.patience,
        )

    github = board.share(GitHub, make)
    return github, board.share(Scope, lambda: Scope(github, chosen.organizations))
