"""What events about a whole organization say of it.

Owns the choices that all providers share: what a new name replaces, and which
installations make an organization be read or go.
"""

from typing import TypeAlias

from callboard import Run
from callboard_github.events import (
    InstallationCreated,
    InstallationDeleted,
    InstallationNewPermissionsAccepted,
    InstallationSuspend,
    InstallationTargetRenamed,
    InstallationUnsuspend,
    OrganizationRenamed,
)
from callboard_github.scope import Scope

Installation: TypeAlias = (
    InstallationCreated
    | InstallationDeleted
    | InstallationNewPermissionsAccepted
    | InstallationSuspend
    | InstallationUnsuspend
)


def new_name(
    event: OrganizationRenamed | InstallationTargetRenamed,
) -> tuple[str | None, str] | None:
    """The old login, where it is told, and the new one; None if it is a person's."""
    if isinstance(event, OrganizationRenamed):
        old = event.changes and event.changes.login and event.changes.login.from_
        return old, event.organization.login
    old, new = event.changes.login, event.account.login
    if new is None or event.target_type != "Organization":
        return None
    return old and old.from_, new


def installed_for(event: Installation, scope: Scope, run: Run) -> str | None:
    """The login of whom an installation makes be read, or go; None for nobody.

    What organizations that are configured by name had stays: the app may come back.
    """
    account = event.installation.account
    if account is None or account.login is None:
        return None
    gone = isinstance(event, InstallationDeleted | InstallationSuspend)
    if gone and not scope.discovers:
        run.label(skipped=f"{account.login} is configured by name")
        return None
    return account.login
