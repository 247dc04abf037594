"""A GitHub that runs on loopback and behaves as GitHub does.

Holds organizations, teams, people, repositories with files, apps and webhooks; answers
REST and GraphQL; sends real signed webhooks when its state changes; and misbehaves on
request. Everything follows from a seed. Made for callboard's demo and tests, and for
the tests of your own providers.
"""

from callboard_github.simulator.app import App, Installation
from callboard_github.simulator.budget import Policy
from callboard_github.simulator.errors import (
    Conflict,
    Forbidden,
    NotFound,
    SimulatorError,
    Unauthorized,
    Unprocessable,
)
from callboard_github.simulator.faults import Faults, WebhookFaults
from callboard_github.simulator.git import Change, Commit
from callboard_github.simulator.hook import Hook, HookDelivery
from callboard_github.simulator.life import Life, live
from callboard_github.simulator.organization import Organization
from callboard_github.simulator.population import Size, populate
from callboard_github.simulator.repository import Repository
from callboard_github.simulator.simulator import Simulator
from callboard_github.simulator.state import Limits
from callboard_github.simulator.team import Team
from callboard_github.simulator.user import User

__all__ = [
    "App",
    "Change",
    "Commit",
    "Conflict",
    "Faults",
    "Forbidden",
    "Hook",
    "HookDelivery",
    "Installation",
    "Life",
    "Limits",
    "NotFound",
    "Organization",
    "Policy",
    "Repository",
    "Simulator",
    "SimulatorError",
    "Size",
    "Team",
    "Unauthorized",
    "Unprocessable",
    "User",
    "WebhookFaults",
    "live",
    "populate",
]
