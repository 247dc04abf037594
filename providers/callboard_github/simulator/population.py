"""An organization to look at: people, teams in a hierarchy, repositories with entities.

The names are made up here; what is drawn comes from the seed. A few catalog files are
broken on purpose, because in every real organization a few are.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from callboard_github.simulator.entities import Service, files_of

if TYPE_CHECKING:
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Visibility
    from callboard_github.simulator.state import State

_FIRST: Final = (
    "Ada", "Bela", "Chidi", "Dana", "Emre", "Fatou", "Gus", "Hana", "Ines", "Jonas",
    "Kofi", "Lena", "Mina", "Nils", "Olu", "Priya", "Quinn", "Rosa", "Sami", "Tove",
)  # fmt: skip
_LAST: Final = (
    "Abe", "Berg", "Costa", "Diaz", "Eker", "Falk", "Gupta", "Holm", "Ito", "Jansen",
    "Kaya", "Lind", "Mori", "Novak", "Okoye", "Park", "Rossi", "Silva", "Tran", "Weiss",
)  # fmt: skip
_TRADES: Final = (
    "Writes the parts nobody sees.",
    "On call, usually asleep.",
    "Measures twice.",
    "Reads the manual first.",
    "Deletes more than adds.",
)

TEAMS: Final[Mapping[str, tuple[str | None, str]]] = {
    "Engineering": (None, "Everybody who builds"),
    "Platform": ("engineering", "What the others stand on"),
    "Runtime": ("platform", "Clusters, queues and schedulers"),
    "Developer Experience": ("platform", "Tools for those who build"),
    "Product": ("engineering", "What customers see"),
    "Storefront": ("product", "The shop's pages"),
    "Checkout & Payments": ("product", "From the basket to the receipt"),
    "Search": ("product", "Finding things"),
    "Data": ("engineering", "Pipelines and reports"),
    "Analytics": ("data", "Questions and answers"),
    "Security": (None, "Keys, audits and bad news"),
    "Reliability": ("platform", "Keeps the lights on"),
}
"""Name to the parent's slug and the description, parents first."""

SERVICES: Final[Sequence[tuple[str, str, str, str]]] = (
    ("storefront-web", "storefront", "storefront", "website"),
    ("storefront-api", "storefront", "storefront", "service"),
    ("product-pages", "storefront", "storefront", "website"),
    ("image-resizer", "storefront", "storefront", "service"),
    ("basket", "checkout", "checkout-payments", "service"),
    ("checkout-api", "checkout", "checkout-payments", "service"),
    ("payments-gateway", "checkout", "checkout-payments", "service"),
    ("receipts", "checkout", "checkout-payments", "service"),
    ("fraud-rules", "checkout", "security", "library"),
    ("search-api", "search", "search", "service"),
    ("search-indexer", "search", "search", "service"),
    ("query-parser", "search", "search", "library"),
    ("synonyms", "search", "search", "library"),
    ("events-pipeline", "insight", "data", "service"),
    ("warehouse-models", "insight", "data", "library"),
    ("reports", "insight", "analytics", "website"),
    ("metrics-api", "insight", "analytics", "service"),
    ("experiments", "insight", "analytics", "service"),
    ("job-runner", "foundation", "runtime", "service"),
    ("message-bus", "foundation", "runtime", "service"),
    ("cluster-config", "foundation", "reliability", "library"),
    ("alert-router", "foundation", "reliability", "service"),
    ("status-page", "foundation", "reliability", "website"),
    ("build-cache", "workbench", "developer-experience", "service"),
    ("command-line", "workbench", "developer-experience", "library"),
    ("design-system", "workbench", "developer-experience", "library"),
    ("templates", "workbench", "developer-experience", "library"),
    ("identity", "trust", "security", "service"),
    ("audit-trail", "trust", "security", "service"),
    ("secrets-broker", "trust", "security", "service"),
)
"""Repository, system, owning team, component type."""


@dataclass(frozen=True)
class Size:
    """How big the organization is."""

    people: int = 40
    teams: int = 12
    repositories: int = 30


def populate(
    state: "State", login: str = "acme", *, size: Size | None = None, seed: int = 0
) -> "Organization":
    """Open an organization and fill it.

    Args:
        state: The simulated GitHub.
        login: The organization's.
        size: How big; thousands of repositories are fine.
        seed: What is drawn follows from it and from the state's own seed.

    Raises:
        Unprocessable: The login is taken.
    """
    size = size or Size()
    # Not for secrets: the same seed builds the same organization.
    chance = random.Random(f"{state.seed}:{seed}:population")  # noqa: S311
    organization = state.create_organization(
        login, name=login.capitalize(), description="Everything, eventually"
    )
    people = [_person(state, number, chance) for number in range(size.people)]
    for number, person in enumerate(people):
        organization.add_member(person, "admin" if number == 0 else "member")
    _teams(organization, people, size.teams, chance)
    _repositories(organization, size.repositories, chance)
    return organization


def _person(state: "State", number: int, chance: random.Random) -> str:
    first = _FIRST[number % len(_FIRST)]
    # A different pairing in each round, so that names repeat late.
    last = _LAST[(number * 7 + number // len(_FIRST)) % len(_LAST)]
    rounds = number // (len(_FIRST) * len(_LAST))
    login = f"{first}-{last}{rounds or ''}".lower()
    if login in state.users:
        login = f"{login}-{number}"
    state.create_user(
        login,
        name=f"{first} {last}",
        email=f"{login}@example.com",
        bio=chance.choice((*_TRADES, None)),
    )
    return login


def _teams(
    organization: "Organization",
    people: Sequence[str],
    count: int,
    chance: random.Random,
) -> None:
    wanted = [(name, *about) for name, about in TEAMS.items()][:count]
    wanted += [
        (f"Squad {number}", "engineering", "One of many")
        for number in range(1, count - len(TEAMS) + 1)
    ]
    for name, parent, description in wanted:
        members = chance.sample(people, min(len(people), chance.randrange(2, 8)))
        organization.create_team(
            name,
            description=description,
            parent=parent if parent in organization.teams else None,
            privacy="secret" if name == "Security" else "closed",
            members=members,
        )


def _repositories(
    organization: "Organization", count: int, chance: random.Random
) -> None:
    teams = list(organization.teams) or ["nobody"]
    visibilities: Sequence[Visibility] = ("private", "private", "internal", "public")
    for number in range(count):
        if number < len(SERVICES):
            name, system, owner, kind = SERVICES[number]
        else:
            name, system = f"service-{number:04}", f"system-{number % 50:02}"
            owner, kind = chance.choice(teams), "service"
        earlier = [one[0] for one in SERVICES[: min(number, len(SERVICES))]]
        service = Service(
            name=name,
            system=system,
            owner=owner if owner in organization.teams else teams[0],
            kind=kind,
            needs=tuple(chance.sample(earlier, min(len(earlier), number % 3))),
            first_of_system=number < len(SERVICES)
            and all(one[1] != system for one in SERVICES[:number]),
            broken=_BROKEN.get(name),
        )
        repository = organization.create_repository(
            name,
            description=f"The {name.replace('-', ' ')}",
            visibility=chance.choice(visibilities),
            topics=(kind, system),
            files=files_of(service),
            fork=name == "query-parser",
        )
        if service.owner in organization.teams:
            organization.team(service.owner).add_repository(repository)
        if name == "templates":
            repository.archive()


_BROKEN: Final = {
    "synonyms": "syntax",
    "receipts": "owner",
    "experiments": "name",
}
"""Repository to what is wrong with its catalog file."""
