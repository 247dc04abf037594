"""What every resolver of one query may use."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callboard_github.simulator.graphql.refusal import Refusal

if TYPE_CHECKING:
    from callboard_github.simulator.budget import Window
    from callboard_github.simulator.faults import Faults
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.state import State
    from callboard_github.simulator.tokens import Identity


@dataclass
class Scope:
    """The query's surroundings."""

    state: "State"
    identity: "Identity"
    faults: "Faults"
    window: "Window"
    cost: int
    nodes: int

    def visible(self, repository: "Repository") -> bool:
        """Return whether a repository exists for who asks."""
        return self.identity.sees(repository)

    def inside(self, login: str, field: str) -> None:
        """Make sure that who asks sees the inside of an account.

        Raises:
            Refusal: It does not.
        """
        if not self.identity.belongs_to(login):
            message = f"Resource not accessible by integration: `{field}` of {login}"
            raise Refusal("FORBIDDEN", message)
