"""The kinds that Backstage knows: a table of facts.

Owns which fields a kind's ``spec`` must have, of what type, and which of them name other
entities. Read in ``@backstage/catalog-model`` 1.10 (schemas) and
``@backstage/plugin-catalog-backend`` 4.0 (relations).
"""

from msgspec import Struct

API_VERSIONS = ("backstage.io/v1alpha1", "backstage.io/v1beta1")


class Names(Struct, frozen=True):
    """A field of ``spec`` that names other entities, and the relation it makes."""

    field: str
    kind: str | None
    """Taken when the text names no kind; None: the text must."""
    type: str
    inverse: str


class Kind(Struct, frozen=True, kw_only=True):
    """One kind: its fields of text, of lists of text, and what they name."""

    name: str
    required: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    names: tuple[Names, ...] = ()
    profile: bool = False
    api_versions: tuple[str, ...] = API_VERSIONS


_OWNER = Names("owner", "group", "ownedBy", "ownerOf")
_SYSTEM = Names("system", "system", "partOf", "hasPart")
_DEPENDS = (
    Names("dependsOn", None, "dependsOn", "dependencyOf"),
    Names("dependencyOf", None, "dependencyOf", "dependsOn"),
)

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="Component",
            required=("type", "lifecycle", "owner"),
            texts=("type", "lifecycle", "owner", "system", "subcomponentOf"),
            lists=("providesApis", "consumesApis", "dependsOn"),
            names=(
                _OWNER,
                Names("subcomponentOf", "component", "partOf", "hasPart"),
                Names("providesApis", "api", "providesApi", "apiProvidedBy"),
                Names("consumesApis", "api", "consumesApi", "apiConsumedBy"),
                *_DEPENDS,
                _SYSTEM,
            ),
        ),
        Kind(
            name="API",
            required=("type", "lifecycle", "owner", "definition"),
            texts=("type", "lifecycle", "owner", "system", "definition"),
            names=(_OWNER, _SYSTEM),
        ),
        Kind(
            name="Resource",
            required=("type", "owner"),
            texts=("type", "owner", "system"),
            lists=("dependsOn",),
            names=(_OWNER, *_DEPENDS, _SYSTEM),
        ),
        Kind(
            name="System",
            required=("owner",),
            texts=("owner", "domain", "type"),
            names=(_OWNER, Names("domain", "domain", "partOf", "hasPart")),
        ),
        Kind(
            name="Domain",
            required=("owner",),
            texts=("owner", "subdomainOf", "type"),
            names=(_OWNER, Names("subdomainOf", "domain", "partOf", "hasPart")),
        ),
        Kind(
            name="Group",
            required=("type", "children"),
            texts=("type", "parent"),
            lists=("children", "members"),
            names=(
                Names("parent", "group", "childOf", "parentOf"),
                Names("children", "group", "parentOf", "childOf"),
                Names("members", "user", "hasMember", "memberOf"),
            ),
            profile=True,
        ),
        Kind(
            name="User",
            required=("memberOf",),
            lists=("memberOf",),
            names=(Names("memberOf", "group", "memberOf", "hasMember"),),
            profile=True,
        ),
        Kind(
            name="Location",
            texts=("type", "target", "presence"),
            lists=("targets",),
        ),
        Kind(
            name="AiResource",
            required=("type", "lifecycle", "owner"),
            texts=("type", "lifecycle", "owner", "system"),
            lists=("dependsOn",),
            names=(_OWNER, _SYSTEM, _DEPENDS[0]),
            api_versions=("backstage.io/v1alpha1",),
        ),
        # Its rules are the scaffolder's; here it only gets its owner.
        Kind(
            name="Template",
            texts=("owner",),
            names=(_OWNER,),
            api_versions=("scaffolder.backstage.io/v1beta3",),
        ),
    )
}

BY_LOWER_NAME = {name.lower(): name for name in KINDS}

UNORDERED = frozenset(
    (
        "children",
        "members",
        "memberOf",
        "dependsOn",
        "dependencyOf",
        "providesApis",
        "consumesApis",
    )
)
"""Lists of ``spec`` whose order means nothing: kept sorted."""


def kind_of(kind: object, api_version: object) -> Kind | None:
    """The known kind with this name and version of its format; None: a custom one."""
    known = KINDS.get(kind) if isinstance(kind, str) else None
    if known is None or api_version not in known.api_versions:
        return None
    return known
