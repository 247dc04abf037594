"""Resources that repositories have beside their code.

Owns what such providers share: each repository is asked for alone, its Resources belong
to whom its Components belong, and its Components tell of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct

from callboard_catalog import (
    Catalog,
    Entity,
    EntityRef,
    Located,
    Metadata,
    Supplement,
)
from callboard_catalog.entity import (
    MANAGED_BY_LOCATION,
    MANAGED_BY_ORIGIN_LOCATION,
    VIEW_URL,
    Link,
)
from callboard_github.calls import Caller
from callboard_github.client import GitHub
from callboard_github.repositories import Repositories
from callboard_github.repositories.answers import Files, Repository
from callboard_github.repositories.asking import Question
from callboard_github.repositories.entities import PROJECT_SLUG, key_of, path_in
from callboard_github.repositories.filters import Filter
from callboard_github.repositories.known import known_files
from callboard_github.repositories.listing import list_repositories
from callboard_github.repositories.source import Findings
from callboard_github.resource_names import resource_name
from callboard_github.together import together

STATE = "callboard/state"
"""Of a Resource here: how the newest run or deployment is, in GitHub's words."""
_ABSENT = "none"


class Part(Struct, frozen=True):
    """A workflow, or an environment, as it is now."""

    name: str
    """Unique in its repository."""
    title: str
    url: str
    """Its page."""
    state: str | None = None
    """How its newest run or deployment is; None where there was none."""
    annotations: Mapping[str, str] = {}
    links: tuple[Link, ...] = ()


class PartSource(ABC):
    """A source of Resources, one for each part.

    Args:
        provider: Whose they are.
        catalog: Knows whose the Components are.
        github: Where repositories are.
        kind: What the parts are: ``workflow``, ``environment``.
        owner: Of parts of repositories whose Components have none.
    """

    def __init__(
        self, provider: str, catalog: Catalog, github: GitHub, kind: str, owner: str
    ) -> None:
        self.github = github
        self._provider = provider
        self._catalog = catalog
        self._kind = kind
        self._owner = owner
        self._question = Question(())

    @abstractmethod
    async def parts(self, run: Caller, repository: Repository) -> Sequence[Part]:
        """What a repository has.

        Raises:
            GitHubError: It could not be read.
        """

    async def organization(
        self, run: Caller, login: str, wanted: Filter
    ) -> list[Findings]:
        """See ``Source``."""
        owners = await self._owners("")
        found: list[Findings] = []

        async def read(repository: Repository) -> None:
            parts = await self.parts(run, repository)
            found.append(self._made(repository, parts, owners))

        async with together() as start:

            def page(some: Sequence[Repository]) -> None:
                for repository in some:
                    start(
                        f"{self._kind}s of {repository.name}", partial(read, repository)
                    )

            await list_repositories(run, self.github, login, wanted, page)
        return found

    async def repository(
        self, run: Caller, account: str, node_id: str
    ) -> Files | Repository | None:
        """See ``Source``."""
        query, variables = self._question.of_one(node_id)
        answer = await self.github.query(run, query, variables, account=account)
        return self._question.answered(answer.get("node"))

    async def findings(self, run: Caller, found: Files | Repository) -> Findings:
        """See ``Source``."""
        repository = found.repository if isinstance(found, Files) else found
        parts = await self.parts(run, repository)
        return self._made(repository, parts, await self._owners(str(repository.id)))

    def supplements(self, given: Sequence[Located]) -> Sequence[Supplement]:
        """See ``Source``: Components tell of the parts of their repositories."""
        by_key: dict[str, list[Entity]] = {}
        for item in given:
            by_key.setdefault(item.location_key, []).append(item.entity)
        return [
            Supplement(
                about=f"{Repositories.name}/{_number(key)}/",
                annotations={f"callboard/{self._kind}s": _listed(entities)},
                depends_on=[entity.ref for entity in entities],
                location_key=key,
            )
            for key, entities in by_key.items()
        ]

    def _made(
        self, repository: Repository, parts: Sequence[Part], owners: Mapping[str, str]
    ) -> Findings:
        key = key_of(self._provider, repository.id)
        owner = owners.get(str(repository.id), self._owner)
        given = [Located(self._entity(repository, p, owner), key) for p in parts]
        return Findings(repository, given)

    def _entity(self, repository: Repository, part: Part, owner: str) -> Entity:
        url = f"url:{part.url}"
        return Entity(
            kind="Resource",
            metadata=Metadata(
                name=resource_name(
                    repository.owner, repository.name, self._kind, part.name
                ),
                title=part.title,
                annotations={
                    PROJECT_SLUG: repository.full_name,
                    VIEW_URL: part.url,
                    MANAGED_BY_LOCATION: url,
                    MANAGED_BY_ORIGIN_LOCATION: url,
                    STATE: part.state or _ABSENT,
                    **part.annotations,
                },
                links=part.links,
            ),
            spec={"type": f"github-{self._kind}", "owner": owner},
        )

    async def _owners(self, id_: str) -> dict[str, str]:
        """Owners of repositories' first Components, by the repository's id."""
        prefix = f"{Repositories.name}/{id_}/" if id_ else f"{Repositories.name}/"
        known = await known_files(self._catalog, Repositories.name, prefix)
        found: dict[str, str] = {}
        for key in sorted(known):
            for _, entity in sorted(known[key].entities.items()):
                if entity.kind == "Component" and (entity.spec or {}).get("owner"):
                    text = str((entity.spec or {})["owner"])
                    ref = EntityRef.parse(
                        text, kind="group", namespace=entity.metadata.namespace
                    )
                    found.setdefault(_number(key), str(ref))
        return found


def _number(key: str) -> str:
    return key[: len(key) - len(path_in(key)) - 1].rpartition("/")[2]


def _listed(entities: Sequence[Entity]) -> str:
    told = [
        f"{entity.metadata.title}: {entity.metadata.annotations[STATE]}"
        for entity in entities
    ]
    return ", ".join(sorted(told))
