"""What the catalog knows of organizations.

Owns the reads: an organization's groups, some users, all users.
"""

from collections.abc import Iterable

from callboard_catalog import Catalog, Entity
from callboard_catalog.reading import claimed
from callboard_github.names import Names
from callboard_github.organizations.entities import key_of


class Known:
    """What one provider said before."""

    def __init__(self, catalog: Catalog, provider: str, names: Names) -> None:
        self._catalog = catalog
        self._provider = provider
        self._names = names

    async def groups(self, organization: str) -> dict[str, Entity]:
        """An organization's groups, by slug."""
        key = key_of(self._provider, organization)
        owned = await self._catalog.owned_by(self._provider, location_key=key)
        return {group.metadata.name: group for group in owned}

    async def users(self, names: Iterable[str]) -> dict[str, Entity]:
        """Those of some users that are known, by name in lower case."""
        refs = [str(self._names.user(name)) for name in names]
        if not refs:
            return {}
        found = await self._catalog.database.read(
            lambda connection: claimed(connection, self._provider, refs=refs)
        )
        return {f.entity.metadata.name.lower(): f.entity for f in found}

    async def everybody(self) -> dict[str, Entity]:
        """All users, by name in lower case."""
        owned = await self._catalog.owned_by(self._provider, kind="user")
        return {user.metadata.name.lower(): user for user in owned}
