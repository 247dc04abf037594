"""What a provider tells the catalog, and what the catalog answers.

Owns the words of a mutation: full and delta, location keys, supplements, and how old the
knowledge behind it is.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from callboard_catalog import formats
from callboard_catalog.documents import JsonValue, shown
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

    What the catalog knows of it stays, with the problems as an error on it until
    something newer is said of it under the same location key. Without a ref, all that
    the provider holds under the location key stays, until a full mutation reads it.
    """

    problems: tuple[Problem, ...]
    ref: str | None = None
    location_key: str | None = None

    def __str__(self) -> str:
        """One line for people."""
        name = self.ref or self.location_key or "a document"
        return f"{name}: " + "; ".join(map(str, self.problems))


class InvalidSupplement(ValueError):  # noqa: N818 - a ValueError that callers tell apart
    """A supplement that would make a valid entity an invalid one."""

    def __init__(self, about: str, expected: str, came: object) -> None:
        super().__init__(
            f"supplement about {about}: expected {expected}, came {shown(came)}"
        )


class Supplement(Struct, frozen=True):
    """What a provider adds to entities that another one owns.

    The owner's own keys win. Entities that come later have it too.

    Args:
        about: Which entities: those that are shown under a location key that begins so.
            Ends with a slash, such as ``repositories/1234/``.
        annotations: By key.
        labels: By key.
        depends_on: Refs for ``spec.dependsOn``, of kinds that have it.
        kinds: Entities of other kinds get nothing.
        location_key: Its own, as an entity has one; None means the provider's.

    Raises:
        InvalidSupplement: What it adds breaks a rule of entities.
        InvalidRef: A text of ``depends_on`` is no ref with a kind.
    """

    about: str
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    depends_on: Sequence[EntityRef | str] = ()
    kinds: Sequence[str] = ("Component",)
    location_key: str | None = None

    def __post_init__(self) -> None:
        if not self.about.endswith("/") or "\0" in self.about:
            raise InvalidSupplement(self.about, "a text that ends with /", self.about)
        for key in (*self.annotations, *self.labels):
            if not formats.KEY.check(key):
                raise InvalidSupplement(self.about, formats.KEY.expected, key)
        for text in self.labels.values():
            if not formats.LABEL_VALUE.check(text):
                raise InvalidSupplement(self.about, formats.LABEL_VALUE.expected, text)
        for ref in self.depends_on:
            EntityRef.parse(ref)

    def document(self) -> dict[str, JsonValue]:
        """What it says, as a JSON object."""
        return {
            "annotations": dict(self.annotations),
            "labels": dict(self.labels),
            "dependsOn": sorted({str(EntityRef.parse(r)) for r in self.depends_on}),
            "kinds": sorted({kind.lower() for kind in self.kinds}),
        }


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
        supplements: Everything that the provider adds to others' entities, or
            everything under ``location_key``.
    """

    entities: Sequence[Entity | Located] = ()
    location_key: str | None = None
    rejected: Sequence[Rejected] = ()
    as_of: float | None = None
    supplements: Sequence[Supplement] = ()


class Delta(Struct, frozen=True):
    """What a provider knows to have changed; all else stays.

    A ref that is both removed and added is there afterwards.

    Args:
        added: Entities, whole: each replaces what this provider gave under its ref.
        removed: Refs. A plain one is withdrawn under every location key of the
            provider.
        rejected: What could not be made into entities. Without a ref it is told to the
            run alone.
        as_of: As of ``Full``.
        supplements: Each replaces what the provider added under the same location key
            to the same entities.
        unsupplemented: What supplements are about that are withdrawn, under every
            location key of the provider.
    """

    added: Sequence[Entity | Located] = ()
    removed: Sequence[EntityRef | str | LocatedRef] = ()
    rejected: Sequence[Rejected] = ()
    as_of: float | None = None
    supplements: Sequence[Supplement] = ()
    unsupplemented: Sequence[str] = ()


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
    supplemented: int = 0
    """Entities, others' too, that show something else because of supplements alone."""
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
    remarks: int = 0
    """How many of them left their entity as it was: conflicts, rejections, the end of one."""
