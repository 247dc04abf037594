"""Packages that entities publish and depend on.

Owns the way from manifests to entities: a manifest speaks for the Components that a
catalog file in its directory describes. Each package of ours is a Resource that depends
on the Component it is made from; who needs the package depends on the Resource.
"""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from callboard import SettingsError
from callboard_catalog import (
    BadDocument,
    CatalogFile,
    Entity,
    EntityRef,
    JsonValue,
    Metadata,
    Problem,
)
from callboard_github.repositories.manifests import READERS, BadManifest, Manifest
from callboard_github.resource_names import resource_name

PACKAGE = "callboard/package"
"""A package by its kind and name, such as ``npm/@acme/ui``."""
DEPENDS_FROM = "callboard/depends-from"
"""The manifests that some of ``spec.dependsOn`` is from."""

Read = Mapping[str, "Manifest | BadManifest"]
"""Manifests by path."""


class Packages(Struct, frozen=True):
    """Which packages are ours.

    Args:
        patterns: Of their names, in which ``*`` and ``?`` may stand, and
            ``{organization}`` for the login of a repository's owner.

    Raises:
        SettingsError: A pattern has another placeholder.
    """

    patterns: Sequence[str]

    def __post_init__(self) -> None:
        for pattern in self.patterns:
            if "{" in pattern.replace("{organization}", ""):
                message = "repositories.packages: expected no placeholder but"
                raise SettingsError(f"{message} {{organization}}, got {pattern!r}")

    def have(self, name: str, organization: str) -> bool:
        """Whether a package is one of them, to a repository of an organization."""
        return any(
            fnmatchcase(
                name.lower(), pattern.replace("{organization}", organization).lower()
            )
            for pattern in self.patterns
        )


def ref_of(kind: str, name: str) -> EntityRef:
    """The Resource of a package."""
    return EntityRef("resource", "default", resource_name(kind, name))


def beside(files: Mapping[str, CatalogFile]) -> list[str]:
    """Where manifests may be that speak for Components of some files."""
    described = {
        posixpath.dirname(path)
        for path, file in files.items()
        if _components(file.entities)
    }
    return in_folders(described)


def in_folders(folders: Iterable[str]) -> list[str]:
    """Paths of all manifests that may be in some directories."""
    return [posixpath.join(f, name) for f in sorted(set(folders)) for name in READERS]


def with_packages(
    files: Mapping[str, CatalogFile],
    manifests: Read,
    packages: Packages,
    organization: str,
) -> dict[str, CatalogFile]:
    """The files with what manifests add: dependencies, and files of Resources.

    A manifest that cannot be read rejects its Components, which stay as they were.
    """
    made = dict(files)
    for path in sorted(files):
        file = files[path]
        folder = posixpath.dirname(path)
        here = {p: manifests[p] for p in in_folders([folder]) if p in manifests}
        components = _components(file.entities)
        if not here or not components:
            continue
        good = {
            p: replace(m, needs=_ours(m.needs, packages, organization))
            for p, m in here.items()
            if isinstance(m, Manifest)
        }
        bad = {p: m for p, m in here.items() if isinstance(m, BadManifest)}
        made[path] = _rejecting(file, bad) if bad else _depending(file, good)
        for manifest, wrong in bad.items():
            document = BadDocument(0, wrong.line or 1, (_problem("", wrong),))
            made[manifest] = CatalogFile((), (document,))
        for manifest, said in good.items():
            name = said.name
            if name and packages.have(name, organization) and manifest not in made:
                resource = _resource(said.kind, name, components[0])
                made[manifest] = CatalogFile((resource,), ())
    return made


def _components(entities: Iterable[Entity]) -> list[Entity]:
    return [entity for entity in entities if entity.kind == "Component"]


def _ours(
    names: Iterable[str], packages: Packages, organization: str
) -> frozenset[str]:
    return frozenset(name for name in names if packages.have(name, organization))


def _rejecting(file: CatalogFile, bad: Mapping[str, BadManifest]) -> CatalogFile:
    problems = tuple(_problem(path, wrong) for path, wrong in bad.items())
    rejected = [
        BadDocument(0, 1, problems, str(entity.ref))
        for entity in _components(file.entities)
    ]
    others = tuple(e for e in file.entities if e.kind != "Component")
    return CatalogFile(others, (*file.bad, *rejected))


def _problem(path: str, wrong: BadManifest) -> Problem:
    if path:
        # The line is the manifest's: a Problem's own is that of the catalog file.
        where = path if wrong.line is None else f"{path}:{wrong.line}"
        return Problem(where, wrong.expected, wrong.came)
    return Problem("", wrong.expected, wrong.came, wrong.line)


def _depending(file: CatalogFile, manifests: Mapping[str, Manifest]) -> CatalogFile:
    own = {str(ref_of(m.kind, m.name)) for m in manifests.values() if m.name}
    needed: set[str] = set()
    sources: list[str] = []
    for path, manifest in manifests.items():
        found = {str(ref_of(manifest.kind, name)) for name in manifest.needs} - own
        if found:
            needed |= found
            sources.append(posixpath.basename(path))
    if not needed:
        return file
    entities = tuple(
        _with_needs(entity, needed, sources) if entity.kind == "Component" else entity
        for entity in file.entities
    )
    return replace(file, entities=entities)


def _with_needs(entity: Entity, needed: set[str], sources: Sequence[str]) -> Entity:
    spec = dict(entity.spec or {})
    said: JsonValue = spec.get("dependsOn")
    listed = [str(text) for text in said] if isinstance(said, Sequence) else []
    namespace = entity.metadata.namespace
    known = {
        str(EntityRef.parse(text, kind="component", namespace=namespace))
        for text in listed
    }
    spec["dependsOn"] = [*listed, *sorted(needed - known)]
    annotations = {**entity.metadata.annotations, DEPENDS_FROM: ", ".join(sources)}
    metadata = replace(entity.metadata, annotations=annotations)
    return replace(entity, metadata=metadata, spec=spec)


def _resource(kind: str, name: str, component: Entity) -> Entity:
    said = component.spec or {}
    namespace = component.metadata.namespace
    spec: dict[str, JsonValue] = {
        "type": "package",
        "dependsOn": [str(component.ref)],
    }
    # Written out: this entity is in another namespace than theirs may be.
    for field, wanted in (("owner", "group"), ("system", "system")):
        if field in said:
            ref = EntityRef.parse(str(said[field]), kind=wanted, namespace=namespace)
            spec[field] = str(ref)
    return Entity(
        kind="Resource",
        metadata=Metadata(
            name=resource_name(kind, name),
            title=name,
            annotations={PACKAGE: f"{kind}/{name}"},
        ),
        spec=spec,
    )
