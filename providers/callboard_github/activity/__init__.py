"""What goes on around the code of repositories: workflows and deployments."""

from callboard_github.activity.deployments import Deployments
from callboard_github.activity.workflows import Workflows

__all__ = ["Deployments", "Workflows"]
