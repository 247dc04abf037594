"""Resources that repositories have beside their code.

Owns what such providers share: each repository is asked for alone, and its Components
depend on its Resources and tell of them. Nothing here asks the catalog, so what is said
does not depend on what other providers have said by then.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct

from callboard_catalog import (
    Entity,
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
from callboard_github.repositories.entities import PROJECT_SLUG, key_of, repository_in
from callboard_github.repositories.filters import Filter
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
        github: Where repositories are.
        kind: What the parts are: ``workflow``, ``environment``.
        owner: Whose the Resources are.
    """

    def __init__(self, provider: str, github: GitHub, kind: str, owner: str) -> None:
        self.github = github
        self._provider = provider
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
        found: list[Findings] = []

        async def read(repository: Repository) -> None:
            parts = await self.parts(run, repository)
            found.append(self._made(repository, parts))

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
        return self._made(repository, parts)

    def supplements(self, given: Sequence[Located]) -> Sequence[Supplement]:
        """See ``Source``: Components tell of the parts of their repositories."""
        by_key: dict[str, list[Entity]] = {}
        for item in given:
            by_key.setdefault(item.location_key, []).append(item.entity)
        return [
            Supplement(
                about=f"{Repositories.name}/{repository_in(key)}/",
                annotations={f"callboard/{self._kind}s": _listed(entities)},
                depends_on=[entity.ref for entity in entities],
                location_key=key,
            )
            for key, entities in by_key.items()
        ]

    def _made(self, repository: Repository, parts: Sequence[Part]) -> Findings:
        key = key_of(self._provider, repository.id)
        given = [Located(self._entity(repository, part), key) for part in parts]
        return Findings(repository, given)

    def _entity(self, repository: Repository, part: Part) -> Entity:
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
            spec={"type": f"github-{self._kind}", "owner": self._owner},
        )


def _listed(entities: Sequence[Entity]) -> str:
    told = [
        f"{entity.metadata.title}: {entity.metadata.annotations[STATE]}"
        for entity in entities
    ]
    return ", ".join(sorted(told))
