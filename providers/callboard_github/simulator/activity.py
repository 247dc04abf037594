"""What goes on in a repository beside its code."""

from dataclasses import dataclass, field


@dataclass
class Activity:
    """Stars, issues and automation of one repository."""

    stars: set[int] = field(default_factory=set[int])
    """Ids of the people who starred it."""
    open_issues: int = 0
