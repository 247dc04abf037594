"""What a catalog file's entities are told of where they come from.

Owns the annotations, which are those that Backstage's processors give, and the location
keys, which stay the same when a repository is renamed or given away.
"""

from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from callboard_catalog import Entity
from callboard_catalog.entity import (
    EDIT_URL,
    MANAGED_BY_LOCATION,
    MANAGED_BY_ORIGIN_LOCATION,
    SOURCE_LOCATION,
    VIEW_URL,
)
from callboard_github.repositories.answers import Repository

PROJECT_SLUG = "github.com/project-slug"


def key_of(provider: str, repository: int, path: str = "") -> str:
    """The location key of a file; without a path, what those of a repository begin with."""
    return f"{provider}/{repository}/{path}"


def repository_in(key: str) -> str:
    """The number of the repository in a location key, in digits."""
    return key.split("/", 2)[1]


def path_in(key: str) -> str:
    """The path in a location key."""
    return key.split("/", 2)[2]


def prefix_in(key: str) -> str:
    """What the location keys of the same repository begin with."""
    return key[: len(key) - len(path_in(key))]


def located(entity: Entity, repository: Repository, branch: str, path: str) -> Entity:
    """The entity with annotations; what the file says itself of its source stays."""
    folder, _, _ = path.rpartition("/")
    end = f"{quote(branch)}/{quote(path)}"
    view = f"{repository.url}/tree/{end}"
    source = f"{repository.url}/tree/{quote(branch)}/"
    if folder:
        source += f"{quote(folder)}/"
    annotations = {
        VIEW_URL: view,
        EDIT_URL: f"{repository.url}/edit/{end}",
        SOURCE_LOCATION: f"url:{source}",
        PROJECT_SLUG: repository.full_name,
        **entity.metadata.annotations,
        MANAGED_BY_LOCATION: f"url:{view}",
        MANAGED_BY_ORIGIN_LOCATION: f"url:{repository.url}/blob/{end}",
    }
    return replace(entity, metadata=replace(entity.metadata, annotations=annotations))


def owner_of(entity: Entity) -> str:
    """Whose repository an entity was read in: a login in lower case."""
    url = entity.metadata.annotations.get(MANAGED_BY_LOCATION, "").removeprefix("url:")
    return urlsplit(url).path.strip("/").partition("/")[0].lower()
