"""How people and teams of GitHub are called in the catalog.

Owns the rule of namespaces, which whoever names an owner shares with the provider that
gives users and groups.
"""

from callboard_catalog import EntityRef
from callboard_github.scope import Scope
from callboard_github.settings import OrganizationsSettings


class Names:
    """How entities of organizations are called, and how they name each other.

    Args:
        own_namespaces: Whether each organization's groups have a namespace of their
            own, instead of ``default``.
    """

    def __init__(self, *, own_namespaces: bool) -> None:
        self._own_namespaces = own_namespaces

    @classmethod
    def chosen(cls, settings: OrganizationsSettings, scope: Scope) -> "Names":
        """As configured, for these organizations."""
        wanted = settings.namespaces
        own = wanted == "organization" or (wanted == "automatic" and not scope.alone)
        return cls(own_namespaces=own)

    def namespace(self, organization: str) -> str:
        """Of an organization's groups."""
        return organization.lower() if self._own_namespaces else "default"

    def group(self, organization: str, slug: str) -> EntityRef:
        """The ref of a team."""
        return EntityRef("group", self.namespace(organization), slug)

    def user(self, login: str) -> EntityRef:
        """The ref of a person."""
        return EntityRef("user", "default", login)

    def member_of(self, organization: str, slug: str) -> str:
        """A team in ``spec.memberOf``."""
        return f"{organization.lower()}/{slug}" if self._own_namespaces else slug

    def member(self, login: str) -> str:
        """A person in ``spec.members``."""
        return f"default/{login}" if self._own_namespaces else login
