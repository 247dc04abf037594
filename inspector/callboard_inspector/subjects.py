"""What runs changed: the effects of a run, and all that is known of one subject.

Owns the answers to "why is it so?" and "why is it not there?", and keeping them
below the size of a frame.
"""

from collections.abc import Iterable, Sequence

from msgspec import Raw, structs
from sqlalchemy import Connection, select

from callboard import history
from callboard.effects import CHANGES
from callboard.history import EffectRecord
from callboard.subjects import (
    recent_subjects,
    subject_in_any_case,
    subjects_with,
)
from callboard.tables import effects, runs
from callboard_inspector.questions import (
    EffectAnswer,
    EffectsAnswer,
    Look,
    OfEffects,
    SubjectAnswer,
    SubjectsAnswer,
)

_EFFECTS = 100
_FOUND = 50
_WORDS = 8
_ROOM = 256 * 1024
_NOTHING = Raw(b"null")
_ROW = 400
"""About how many bytes an effect takes besides its documents."""


def effects_of(connection: Connection, question: OfEffects) -> EffectsAnswer:
    """See ``OfEffects``."""
    found = history.effects_of_run(
        connection,
        question.run,
        _EFFECTS + 1,
        task=question.task,
        offset=max(question.offset, 0),
    )
    kept = _fitting(found[:_EFFECTS])
    return EffectsAnswer(kept, question.offset, len(found) > len(kept))


def subject_of(
    connection: Connection, subject: str, providers: Sequence[str]
) -> SubjectAnswer:
    """See ``OfSubject``; ``providers`` are all that there are now."""
    found = history.effects_on(connection, subject, _EFFECTS + 1)
    if not found and (written := subject_in_any_case(connection, subject)) is not None:
        subject = written
        found = history.effects_on(connection, subject, _EFFECTS + 1)
    kept = _fitting(found[:_EFFECTS])
    makers = dict.fromkeys(record.provider for record in found)
    return SubjectAnswer(
        subject=subject,
        effects=kept,
        more=len(found) > len(kept),
        standing=_standing(connection, subject),
        looks=_looks(connection, subject, makers or providers),
    )


def subjects_like(connection: Connection, like: str) -> SubjectsAnswer:
    """See ``OfSubjects``; words beyond the eighth are not looked at."""
    words = like.split()[:_WORDS]
    if words:
        found = subjects_with(connection, words, _FOUND + 1)
    else:
        found = recent_subjects(connection, _FOUND + 1)
    return SubjectsAnswer(found[:_FOUND], len(found) > _FOUND)


def _standing(connection: Connection, subject: str) -> EffectAnswer | None:
    """What the newest effect that gives or takes it says."""
    found = history.effects_on(connection, subject, 1, operations=CHANGES)
    bare = [structs.replace(record, before=None, after=None) for record in found]
    return _answer(bare[0], None) if bare else None


def _looks(
    connection: Connection, subject: str, providers: Iterable[str]
) -> list[Look]:
    """The newest run of each provider, newest first."""
    t, e = runs.c, effects.c
    did = (
        select(e.operation)
        .where(e.run == t.id, e.subject == subject)
        .order_by(e.operation.in_(CHANGES).desc(), e.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    looks: list[Look] = []
    for provider in providers:
        took_part = t.providers.contains(f",{provider},", autoescape=True)
        row = connection.execute(
            select(
                t.id,
                t.delivery,
                t.started_at,
                t.state,
                did.label("operation"),
            )
            .where(took_part)
            .order_by(t.id.desc())
            .limit(1)
        ).first()
        if row is not None:
            looks.append(
                Look(
                    provider=provider,
                    run=row.id,
                    delivery=row.delivery,
                    at=row.started_at,
                    state=row.state,
                    operation=row.operation,
                )
            )
    looks.sort(key=lambda look: look.at, reverse=True)
    return looks


def _fitting(records: list[EffectRecord]) -> list[EffectAnswer]:
    """As many as fit a frame; the documents of a huge one are left out, with a word."""
    answers: list[EffectAnswer] = []
    total = 0
    for record in records:
        size = len(bytes(record.before or b"")) + len(bytes(record.after or b""))
        cut = None
        kept = record
        if size > _ROOM:
            cut = f"{size:,} bytes of JSON: too large to show"
            kept = structs.replace(record, before=None, after=None)
            size = 0
        total += size + _ROW
        if answers and total > _ROOM * 2:
            break
        answers.append(_answer(kept, cut))
    return answers


def _answer(record: EffectRecord, cut: str | None) -> EffectAnswer:
    fields = structs.asdict(record)
    for name in ("before", "after"):
        fields[name] = fields[name] or _NOTHING
    return EffectAnswer(**fields, cut=cut)
