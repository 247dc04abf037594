"""What a provider tells the catalog, and what the catalog answers.

Owns the words of a mutation: full and delta, location keys, and how old the knowledge
behind it is.
"""

from collections.abc import Sequence

from msgspec import Struct

from callboard_catalog.entity import Entity
from callboard_catalog.refs import EntityRef
from callboard_catalog.rules import Problem


class Located(Struct, frozen=True):
    """An entity under a location key of its own, such as the file that declares it."""

    entity: Entity
    location_key: str


class LocatedRef(Struct, frozen=True):
    """An entity ref under a location key: what to remove there, and only there."""

    ref: EntityRef | str
    location_key: str


class Rejected(Struct, frozen=True):
    """Something that should be an entity and is not.

    What the catalog knows of it stays, with the problems as an error on it. Without a
    ref, all that the provider holds under the location key stays.
    """

    problems: tuple[Problem, ...]
    ref: str | None = None
    location_key: str | None = None

    def __str__(self) -> str:
        """One line for people."""
        name = self.ref or self.location_key or "a document"
        return f"{name}: " + "; ".join(map(str, self.problems))


class Full(Struct, frozen=True):
    """All that a provider knows; what it gave before and is not here is removed.

    Args:
        entities: Everything, or everything under ``location_key``.
        location_key: Limits the mutation to one location, such as one file: what the
            provider gave under other keys stays.
        rejected: What could not be made into entities.
        as_of: Unix seconds at which the knowledge was read, at the latest; None means
            when the run's delivery was received. Nothing that the catalog knows from
            later is changed by it.
    """

    entities: Sequence[Entity | Located] = ()
    location_key: str | None = None
    rejected: Sequence[Rejected] = ()
    as_of: float | None = None


class Delta(Struct, frozen=True):
    """What a provider knows to have changed; all else stays.

    A ref that is both removed and added is there afterwards.

    Args:
        added: Entities, whole: each replaces what this provider gave under its ref.
        removed: Refs. A plain one is withdrawn under every location key of the
            provider.
        rejected: What could not be made into entities.
        as_of: As of ``Full``.
    """

    added: Sequence[Entity | Located] = ()
    removed: Sequence[EntityRef | str | LocatedRef] = ()
    rejected: Sequence[Rejected] = ()
    as_of: float | None = None


class Conflict(Struct, frozen=True):
    """A claim on an entity that another location key holds."""

    ref: str
    provider: str
    location_key: str
    held_by: str
    """The provider whose claim is shown."""
    held_under: str
    """Its location key."""

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.ref} is claimed by {self.provider} under {self.location_key}, "
            f"but {self.held_by} holds it under {self.held_under}"
        )


class Applied(Struct, frozen=True):
    """What became of a mutation, counted in entities."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    handed_over: int = 0
    """Entities whose content stayed while another claim is shown now."""
    unchanged: int = 0
    """What was given and is so already, or is held by another."""
    stale: int = 0
    """What was left alone because the catalog knows it from later."""
    conflicts: tuple[Conflict, ...] = ()
    """Claims of this provider, in this mutation or before it, that do not hold."""
    rejected: tuple[Rejected, ...] = ()
    version: int = 0
    """The number of the catalog's last change."""
    recorded: int = 0
    """How many changes were written to the history."""
