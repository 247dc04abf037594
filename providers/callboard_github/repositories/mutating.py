"""From what was read to mutations.

Owns the comparison of what is known under each location key, such as a file's, with
what was read now.
"""

from collections.abc import Callable, Mapping, Sequence

from callboard_catalog import (
    Delta,
    Full,
    Located,
    LocatedRef,
    Rejected,
    Supplement,
)
from callboard_github.repositories.known import Known, KnownFile


def mutations_of(
    known: Known,
    given: Sequence[Located],
    rejected: Sequence[Rejected],
    as_of: float,
    supplementing: Callable[[Sequence[Located]], Sequence[Supplement]],
) -> list[Full | Delta]:
    """What turns what is known under location keys into what was read.

    Each key under which something changed is replaced whole. Entities that moved from
    one to another go first, in one delta, so that they stay the same entities.
    ``supplementing`` says what entities add to those of other providers.
    """
    files: dict[str, list[Located]] = {}
    bad: dict[str, list[Rejected]] = {}
    for item in given:
        files.setdefault(item.location_key, []).append(item)
    for problem in rejected:
        bad.setdefault(problem.location_key or "", []).append(problem)
    made: list[Full | Delta] = []
    moved = _moved(known, files)
    if moved:
        removed = [LocatedRef(ref, key) for ref, (key, _) in moved.items()]
        added = [item for _, item in moved.values()]
        made.append(Delta(added=added, removed=removed, as_of=as_of))
    keys = sorted(known.keys() | files.keys() | bad.keys())
    for key in keys:
        entities, problems = files.get(key, []), bad.get(key, [])
        if len(keys) == 1 or _changed(known.get(key), entities, problems):
            made.append(
                Full(
                    entities,
                    location_key=key,
                    rejected=problems,
                    as_of=as_of,
                    supplements=supplementing(entities),
                )
            )
    return made


def _moved(
    known: Known, files: Mapping[str, Sequence[Located]]
) -> dict[str, tuple[str, Located]]:
    """Refs that left a file and are in another one now: the old key, the new word."""
    now = {str(i.entity.ref): i for items in files.values() for i in items}
    here = {(key, str(i.entity.ref)) for key, items in files.items() for i in items}
    return {
        ref: (key, now[ref])
        for key, file in known.items()
        for ref in file.entities
        if ref in now and (key, ref) not in here
    }


def _changed(
    known: KnownFile | None, entities: Sequence[Located], problems: Sequence[Rejected]
) -> bool:
    if known is None or known.troubled or problems:
        return True
    now = {str(item.entity.ref): item.entity.document() for item in entities}
    before = {ref: entity.document() for ref, entity in known.entities.items()}
    return now != before
