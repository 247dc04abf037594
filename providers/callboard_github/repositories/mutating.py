"""From files that were read to mutations.

Owns what becomes of good and bad documents: good ones are entities with annotations,
bad ones are rejected under their file's location key, which keeps the last good version.
"""

import logging
from collections.abc import Mapping, Sequence

from callboard_catalog import (
    Delta,
    Full,
    Located,
    LocatedRef,
    Rejected,
)
from callboard_github.repositories.answers import Contents
from callboard_github.repositories.entities import key_of, located
from callboard_github.repositories.known import Known, KnownFile

logger = logging.getLogger(__name__)

_MOST_LINES = 50


def given_by(provider: str, contents: Contents) -> tuple[list[Located], list[Rejected]]:
    """What a repository's files give, each under its file's key."""
    given: list[Located] = []
    rejected: list[Rejected] = []
    repository, branch = contents.repository, contents.branch or ""
    for path, file in contents.files.items():
        key = key_of(provider, repository.id, path)
        given += [
            Located(located(entity, repository, branch, path), key)
            for entity in file.entities
        ]
        rejected += [Rejected(bad.problems, bad.ref, key) for bad in file.bad]
    return given, rejected


def given_by_all(
    provider: str, read: Sequence[Contents]
) -> tuple[list[Located], list[Rejected]]:
    """The same of several repositories."""
    given: list[Located] = []
    rejected: list[Rejected] = []
    for contents in read:
        more = given_by(provider, contents)
        given += more[0]
        rejected += more[1]
    return given, rejected


def report(found: Sequence[Contents]) -> None:
    """Say what is wrong in which file, on the task that read it."""
    lines = [
        f"{contents.repository.full_name}: {path}: {bad}"
        for contents in found
        for path, file in contents.files.items()
        for bad in file.bad
    ]
    for line in lines[:_MOST_LINES]:
        logger.warning("%s", line)
    if len(lines) > _MOST_LINES:
        logger.warning("and %d more documents", len(lines) - _MOST_LINES)


def mutations_of(
    known: Known,
    given: Sequence[Located],
    rejected: Sequence[Rejected],
    as_of: float,
) -> list[Full | Delta]:
    """What turns the files that are known into those that were read.

    Each file that changed is replaced whole. Entities that moved from one file to
    another go first, in one delta, so that they stay the same entities.
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
                Full(entities, location_key=key, rejected=problems, as_of=as_of)
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
