"""What a change of teams means for the groups around them.

Owns the law that both ends of a relation change together: parent and children, group
and member. Pure functions of what the catalog knows and what GitHub says now, so that
events may come late, twice or in another order and lead to the same groups.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from callboard_catalog import Entity, JsonValue
from callboard_github.organizations.answers import Team
from callboard_github.organizations.entities import TEAM_ID, texts, with_spec


class Settled(Struct, frozen=True):
    """What has to be written."""

    groups: dict[str, Entity]
    """Groups that were read, and those around them that change, by slug."""
    gone: list[str]
    """Slugs of groups that are no more."""
    joined: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Members of a group who were not before: text in ``members`` to slugs."""
    left: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Members until now."""


def slugs_of(known: Mapping[str, Entity], team: int) -> list[str]:
    """Under which slugs the catalog knows a team, by GitHub's id of it."""
    return [
        slug
        for slug, group in known.items()
        if group.metadata.annotations.get(TEAM_ID) == str(team)
    ]


def settle(
    known: Mapping[str, Entity],
    fresh: Mapping[str, Team | None],
    render: Callable[[Team], Entity | None],
) -> Settled:
    """Bring some teams of an organization, and the groups around them, up to date.

    Args:
        known: The organization's groups as the catalog has them, by slug.
        fresh: Some teams as GitHub has them now, by slug; None for none of that slug.
        render: Makes a team's group, or None for one that is left out.
    """
    after = dict(known)
    for slug, team in fresh.items():
        group = None if team is None else render(team)
        if group is None:
            after.pop(slug, None)
        else:
            after[slug] = group
    for slug, team in fresh.items():
        if slug in after and team is not None:
            _adopt(after, fresh, team)
            _place(after, fresh, slug, team.parent)
        else:
            _place(after, fresh, slug, None)
    joined: dict[str, set[str]] = {}
    left: dict[str, set[str]] = {}
    for slug in fresh:
        before = texts(known[slug], "members") if slug in known else set[str]()
        now = texts(after[slug], "members") if slug in after else set[str]()
        for member in now - before:
            joined.setdefault(member, set()).add(slug)
        for member in before - now:
            left.setdefault(member, set()).add(slug)
    return Settled(
        groups={
            slug: group
            for slug, group in after.items()
            if slug in fresh or known.get(slug) is not group
        },
        gone=[slug for slug in known if slug not in after],
        joined=joined,
        left=left,
    )


def _place(
    after: dict[str, Entity],
    fresh: Mapping[str, Team | None],
    slug: str,
    parent: str | None,
) -> None:
    """Make a team a child of its parent, and of no other group."""
    for other, group in after.items():
        if other in fresh:
            continue  # GitHub said what its children are
        children = texts(group, "children")
        wanted = children | {slug} if other == parent else children - {slug}
        if wanted != children:
            after[other] = with_spec(group, children=_listed(wanted))


def _adopt(
    after: dict[str, Entity], fresh: Mapping[str, Team | None], team: Team
) -> None:
    """Make the team the parent of its children."""
    for child in team.children:
        group = after.get(child)
        if group is None or child in fresh:
            continue
        if (group.spec or {}).get("parent") != team.slug:
            after[child] = with_spec(group, parent=team.slug)


def _listed(some: set[str]) -> list[JsonValue]:
    return [*sorted(some)]
