"""GitHub's REST API over the state: every route that callboard's providers need."""

from callboard_github.simulator.rest import (
    accounts,
    activity,
    apps,
    code,
    hooks,
    repositories,
    teams,
)
from callboard_github.simulator.rest.call import Call, RedirectTo, Reply, Routes

ROUTES: Routes = (
    *accounts.ROUTES,
    *apps.ROUTES,
    *teams.ROUTES,
    *repositories.ROUTES,
    *code.ROUTES,
    *activity.ROUTES,
    *hooks.ROUTES,
)
"""All routes, the more specific before the less."""

__all__ = ["ROUTES", "Call", "RedirectTo", "Reply", "Routes"]
