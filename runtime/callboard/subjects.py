"""Finding what effects were about.

Owns the queries behind a list of subjects. None of them reads all effects: one reads the
newest, the others take a step of an index for each subject.
"""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import Connection, func, select
from sqlalchemy.sql import Select

from callboard.tables import effects

_NEWEST = 2000
"""Effects among which those are looked for that were changed last."""


class SubjectSummary(Struct, frozen=True):
    """A subject, and the newest effect on it."""

    subject: str
    operation: str
    provider: str
    at: float
    """Unix seconds."""


_t = effects.c
_SUMMARY = select(_t.subject, _t.operation, _t.provider, _t.at)


def recent_subjects(connection: Connection, limit: int) -> list[SubjectSummary]:
    """Those that the newest effects are about, newest first."""
    newest = _SUMMARY.order_by(_t.id.desc()).limit(_NEWEST)
    found: dict[str, SubjectSummary] = {}
    for row in connection.execute(newest):
        if len(found) == limit:
            break
        found.setdefault(row.subject, SubjectSummary(*row))
    return list(found.values())


def subjects_with(
    connection: Connection, words: Iterable[str], limit: int
) -> list[SubjectSummary]:
    """Those whose name has each of ``words`` in it, in any case, by their name."""
    names = _names().subquery()
    # In no order of SQL's, which would look at every name: the walk is in theirs.
    wanted = select(names.c.subject).limit(limit)
    for word in words:
        wanted = wanted.where(names.c.subject.icontains(word, autoescape=True))
    found = list(connection.execute(wanted).scalars())
    newest = select(func.max(_t.id)).where(_t.subject.in_(found)).group_by(_t.subject)
    rows = connection.execute(_SUMMARY.where(_t.id.in_(newest)))
    return sorted((SubjectSummary(*row) for row in rows), key=lambda s: s.subject)


def subject_in_any_case(connection: Connection, subject: str) -> str | None:
    """The one that differs by case at most, the newest of several."""
    alike = select(_t.subject).where(func.lower(_t.subject) == func.lower(subject))
    return connection.execute(alike.order_by(_t.at.desc()).limit(1)).scalar()


def _names() -> Select[tuple[str]]:
    """Every subject once, and NULL at the end: each is found from the one before it."""
    names = select(func.min(_t.subject).label("subject")).cte("names", recursive=True)
    after = effects.alias()
    following = select(func.min(after.c.subject))
    following = following.where(after.c.subject > names.c.subject).scalar_subquery()
    names = names.union_all(select(following).where(names.c.subject.is_not(None)))
    return select(names.c.subject)
