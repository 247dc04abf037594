"""Users and groups of GitHub organizations."""

from callboard_github.organizations.answers import Person, Team
from callboard_github.organizations.provider import Organizations

__all__ = ["Organizations", "Person", "Team"]
