"""What an entity is: the envelope that every kind shares.

Owns the objects providers build and read. They hold what a provider says; the catalog
adds uid, etag, relations and status to what it shows.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from callboard_catalog.documents import Document, JsonValue, items, members
from callboard_catalog.refs import DEFAULT_NAMESPACE, EntityRef

API_VERSION = "backstage.io/v1alpha1"

MANAGED_BY_LOCATION = "backstage.io/managed-by-location"
MANAGED_BY_ORIGIN_LOCATION = "backstage.io/managed-by-origin-location"
SOURCE_LOCATION = "backstage.io/source-location"
VIEW_URL = "backstage.io/view-url"
EDIT_URL = "backstage.io/edit-url"
ORPHAN = "backstage.io/orphan"

_KNOWN = frozenset(
    (
        "name",
        "namespace",
        "title",
        "description",
        "labels",
        "annotations",
        "tags",
        "links",
        "uid",
        "etag",
    )
)


class Link(Struct, kw_only=True, omit_defaults=True):
    """A link shown with an entity."""

    url: str
    title: str | None = None
    icon: str | None = None
    type: str | None = None


class Metadata(Struct, kw_only=True):
    """Name and description of an entity.

    ``extra`` holds further members, which Backstage allows here.
    """

    name: str
    namespace: str = DEFAULT_NAMESPACE
    title: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: Sequence[str] = ()
    links: Sequence[Link] = ()
    extra: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def document(self) -> dict[str, JsonValue]:
        """The metadata as JSON members; what is not set is left out."""
        made: dict[str, JsonValue] = {
            key: value for key, value in self.extra.items() if key not in _KNOWN
        }
        made["name"] = self.name
        made["namespace"] = self.namespace
        if self.title is not None:
            made["title"] = self.title
        if self.description is not None:
            made["description"] = self.description
        if self.labels:
            made["labels"] = dict(self.labels)
        if self.annotations:
            made["annotations"] = dict(self.annotations)
        if self.tags:
            made["tags"] = list(self.tags)
        if self.links:
            made["links"] = [_link(link) for link in self.links]
        return made

    @classmethod
    def of(cls, document: Document) -> "Metadata":
        """Read metadata that is known to be valid; uid and etag are left behind."""
        title, description = document.get("title"), document.get("description")
        return cls(
            name=str(document["name"]),
            namespace=str(document.get("namespace") or DEFAULT_NAMESPACE),
            title=None if title is None else str(title),
            description=None if description is None else str(description),
            labels=_texts(document.get("labels")),
            annotations=_texts(document.get("annotations")),
            tags=[str(tag) for tag in items(document.get("tags"))],
            links=[
                Link(**_texts(members(link))) for link in items(document.get("links"))
            ],
            extra={k: v for k, v in document.items() if k not in _KNOWN},
        )


class Entity(Struct, kw_only=True):
    """One entity as a provider gives it."""

    kind: str
    metadata: Metadata
    spec: Mapping[str, JsonValue] | None = None
    api_version: str = API_VERSION

    @property
    def ref(self) -> EntityRef:
        """Its identity."""
        return EntityRef(self.kind, self.metadata.namespace, self.metadata.name)

    def document(self) -> dict[str, JsonValue]:
        """The entity as a JSON object, the form that files and the API use."""
        made: dict[str, JsonValue] = {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": self.metadata.document(),
        }
        if self.spec is not None:
            made["spec"] = self.spec
        return made

    @classmethod
    def of(cls, document: Document) -> "Entity":
        """Read a document that is known to be valid, such as one of the catalog's.

        ``rules.problems_in`` checks a document from elsewhere.
        """
        spec = document.get("spec")
        return cls(
            api_version=str(document["apiVersion"]),
            kind=str(document["kind"]),
            metadata=Metadata.of(members(document["metadata"])),
            spec=spec if isinstance(spec, Mapping) else None,
        )


def _texts(value: JsonValue) -> dict[str, str]:
    return {key: str(text) for key, text in members(value).items()}


def _link(link: Link) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {"url": link.url}
    for name in ("title", "icon", "type"):
        value = getattr(link, name)
        if value is not None:
            made[name] = value
    return made
