"""Why an entity is so, or why it is not there.

Owns the account of one ref: what was done to it and by which run, who says what of it
now, what stands against it, and who looked and did not find it.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Raw, Struct
from sqlalchemy import Connection, select

from callboard import clock
from callboard.plural import counted
from callboard_catalog.bulk import chunks
from callboard_catalog.documents import decode, items, members
from callboard_catalog.knowledge import UNREAD
from callboard_catalog.refs import EntityRef
from callboard_catalog.supplements import supplements_on
from callboard_catalog.tables import (
    claims,
    entities,
    history,
    problems,
    providers,
    reads,
)

_MOST_UNREAD = 3


class Happening(Struct, frozen=True, rename="camel", kw_only=True):
    """One change in the history of an entity."""

    number: int
    operation: str
    """``added``, ``changed``, ``handed-over``, ``removed``, ``conflicted``,
    ``rejected``, ``settled``, ``orphaned`` or ``adopted``."""
    at: float
    """Unix seconds."""
    provider: str
    location_key: str
    run: str
    task: str
    delivery: str
    uid: str | None = None
    message: str | None = None
    patch: Raw | None = None
    """JSON Patch from ``before`` to what came after."""
    before: Raw | None = None


class Word(Struct, frozen=True, rename="camel"):
    """What a provider says of the entity now."""

    provider: str
    location_key: str
    shown: bool
    """Whether it is what the catalog shows."""
    withdrawn: bool
    as_of: float
    configured: bool
    """Whether the provider is still configured; if not, what it holds is an orphan."""


class Addition(Struct, frozen=True, rename="camel"):
    """What a provider adds to the entity, which another one holds."""

    provider: str
    location_key: str
    about: str
    """What the location key of the entity begins with."""
    names: tuple[str, ...]
    """Keys of annotations and labels, and refs, that the entity shows because of it."""


class Standing(Struct, frozen=True, rename="camel"):
    """A problem that stands."""

    provider: str
    location_key: str
    kind: str
    message: str
    at: float
    run: str


class Look(Struct, frozen=True, rename="camel"):
    """The last full read of a provider, or of one of its locations since."""

    provider: str
    location_key: str
    """Empty: of everything."""
    at: float
    run: str
    delivery: str
    given: int
    """How many entities it gave."""
    named: bool
    """Whether this one is among what the provider says."""
    present: bool
    """Whether the provider is still configured."""
    found: bool = False
    """Whether this one is so since then or longer, and was not rejected."""


class Why(Struct, frozen=True, rename="camel"):
    """The account of one ref."""

    ref: str
    there: bool
    told: tuple[str, ...]
    """The account in sentences."""
    last: Happening | None
    words: tuple[Word, ...]
    problems: tuple[Standing, ...]
    looks: tuple[Look, ...]
    additions: tuple[Addition, ...]


def history_of(
    connection: Connection,
    ref: str,
    *,
    limit: int,
    before: int | None = None,
    operations: Iterable[str] = (),
) -> list[Happening]:
    """Changes of an entity, newest first.

    Args:
        connection: To read with.
        ref: A canonical ref.
        limit: How many at most.
        before: Only those with a smaller number.
        operations: Only these; all when empty.
    """
    query = select(history).where(history.c.ref == ref)
    if wanted := sorted(operations):
        query = query.where(history.c.operation.in_(wanted))
    if before is not None:
        query = query.where(history.c.id < before)
    rows = connection.execute(query.order_by(history.c.id.desc()).limit(limit))
    return [
        Happening(
            number=row.id,
            operation=row.operation,
            at=row.at,
            provider=row.provider,
            location_key=row.location_key,
            run=row.run,
            task=row.task,
            delivery=row.delivery,
            uid=row.uid,
            message=row.message,
            patch=None if row.patch is None else Raw(row.patch),
            before=None if row.before is None else Raw(row.before),
        )
        for row in rows
    ]


def why(connection: Connection, ref: str) -> Why:
    """The account of one canonical ref."""
    happenings = history_of(connection, ref, limit=50)
    shown = connection.scalar(select(entities.c.claim).where(entities.c.ref == ref))
    words = _words(connection, ref, shown)
    standing, unread = _standing(connection, ref, words)
    looks = _looks(connection, ref, words, happenings, standing)
    additions = tuple(
        Addition(
            counts.said.provider,
            counts.said.location_key,
            counts.said.about,
            tuple(counts.names),
        )
        for counts in supplements_on(connection, ref)
    )
    told = [
        _last_change(connection, ref, shown is not None, happenings),
        *_claimed(words),
        *_supplemented(additions),
        *_against(standing),
        *_looked(looks if shown is None else _concerned(looks, words, happenings)),
        *(_unread(unread) if shown is None else ()),
    ]
    last = happenings[0] if happenings else None
    sentences = tuple(dict.fromkeys(told))
    return Why(
        ref, shown is not None, sentences, last, words, standing, looks, additions
    )


def similar(connection: Connection, ref: str, limit: int = 5) -> list[str]:
    """Refs that are there and have the same name, for whoever mistyped the rest."""
    name = EntityRef.parse(ref).name
    query = select(entities.c.ref).where(
        entities.c.ref.endswith(f"/{name}", autoescape=True)
    )
    return list(connection.scalars(query.order_by(entities.c.ref).limit(limit)))


def _words(connection: Connection, ref: str, shown: int | None) -> tuple[Word, ...]:
    columns = (claims.c.id, claims.c.provider, claims.c.location_key)
    query = select(
        *columns, claims.c.withdrawn, claims.c.as_of, providers.c.present
    ).join(providers, providers.c.name == claims.c.provider, isouter=True)
    return tuple(
        Word(
            row.provider,
            row.location_key,
            shown=row.id == shown,
            withdrawn=row.withdrawn,
            as_of=row.as_of,
            configured=row.present is not False,
        )
        for row in connection.execute(
            query.where(claims.c.ref == ref).order_by(claims.c.id)
        )
    )


def _standing(
    connection: Connection, ref: str, words: tuple[Word, ...]
) -> tuple[tuple[Standing, ...], list[Standing]]:
    """Problems that stand against the ref, and those of documents without a ref."""
    places = {(word.provider, word.location_key) for word in words}
    query = select(problems).where(
        problems.c.ref.in_((ref, "")), problems.c.kind != UNREAD
    )
    against: list[Standing] = []
    unread: list[Standing] = []
    for row in connection.execute(query.order_by(problems.c.at)):
        concerns = row.ref or (row.provider, row.location_key) in places
        (against if concerns else unread).append(
            Standing(
                row.provider,
                row.location_key,
                row.kind,
                row.message,
                row.at,
                row.run,
            )
        )
    return tuple(against), unread


def _looks(
    connection: Connection,
    ref: str,
    words: tuple[Word, ...],
    happenings: list[Happening],
    standing: tuple[Standing, ...],
) -> tuple[Look, ...]:
    query = select(claims.c.provider, claims.c.location_key, claims.c.changed_as_of)
    query = query.where(claims.c.ref == ref, claims.c.withdrawn.is_(False))
    since = {(row[0], row[1]): row[2] for row in connection.execute(query)}
    rejected = {(s.provider, s.location_key) for s in standing if s.kind == "rejected"}
    # A location is of interest here if this entity has ever been said to be in it.
    places = {(w.provider, w.location_key) for w in words}
    places |= {(h.provider, h.location_key) for h in happenings}
    keys = ["", *sorted({key for _, key in places if key})]
    found: list[Look] = []
    for some in chunks(keys):
        for row in connection.execute(
            select(reads, providers.c.present)
            .join(providers, providers.c.name == reads.c.provider, isouter=True)
            .where(reads.c.location_key.in_(some))
            .order_by(reads.c.provider, reads.c.location_key)
        ):
            place = (row.provider, row.location_key)
            if row.location_key and place not in places:
                continue
            named = {
                name: as_of
                for name, as_of in since.items()
                if name[0] == row.provider and row.location_key in {"", name[1]}
            }
            found.append(
                Look(
                    *place,
                    row.at,
                    row.run,
                    row.delivery,
                    row.given,
                    named=bool(named),
                    present=row.present is not False,
                    found=any(
                        as_of <= row.as_of and name not in rejected
                        for name, as_of in named.items()
                    ),
                )
            )
    return tuple(found)


def _claimed(words: tuple[Word, ...]) -> Iterator[str]:
    for word in words:
        if word.shown and not word.configured:
            yield (
                f"{word.provider} holds it under {word.location_key}, and is no longer "
                "configured: it is an orphan."
            )
        elif word.shown:
            yield f"{word.provider} holds it under {word.location_key}."
        elif not word.withdrawn:
            yield (
                f"{word.provider} claims it too, under {word.location_key}, "
                "and would hold it if the holder let go."
            )


def _supplemented(additions: tuple[Addition, ...]) -> Iterator[str]:
    for addition in additions:
        if addition.names:
            yield f"{addition.provider} supplements it with {_few(addition.names)}."
        else:
            yield f"{addition.provider} supplements it with nothing that it has not itself."


def _against(standing: tuple[Standing, ...]) -> Iterator[str]:
    for problem in standing:
        run = f", run {problem.run}" if problem.run else ""
        yield f"Standing since {_time(problem.at)}{run}: {problem.message}."


def _concerned(
    looks: tuple[Look, ...], words: tuple[Word, ...], happenings: list[Happening]
) -> tuple[Look, ...]:
    """Those of providers that ever had to do with it: the others miss nothing."""
    providers = {word.provider for word in words} | {h.provider for h in happenings}
    return tuple(look for look in looks if look.named or look.provider in providers)


def _looked(looks: tuple[Look, ...]) -> Iterator[str]:
    for look in looks:
        what = look.location_key or "everything"
        read = f"{look.provider} last read {what} at {_time(look.at)}, run {look.run}"
        if not look.present:
            yield f"The provider {look.provider} is no longer configured."
        elif not look.named:
            gave = counted(look.given, "entity", "entities")
            yield f"{read}, and gave {gave}; this is not among them."
        elif look.found:
            yield f"{read}, and found it."


def _unread(unread: list[Standing]) -> Iterator[str]:
    """Where an entity that is not there may be all the same."""
    for problem in unread[:_MOST_UNREAD]:
        yield (
            f"{problem.provider} could not read a document under "
            f"{problem.location_key} that may declare it: {problem.message}."
        )
    if len(unread) > _MOST_UNREAD:
        yield f"{len(unread) - _MOST_UNREAD} more documents could not be read."


def _last_change(
    connection: Connection, ref: str, there: bool, happenings: list[Happening]
) -> str:
    content = {"added", "changed", "handed-over", "removed"}
    last = next((h for h in happenings if h.operation in content), None)
    if last is None and happenings:
        # Problems that came and went may have pushed it out of the newest few.
        older = history_of(connection, ref, limit=1, operations=content)
        last = older[0] if older else None
    if last is None and there:
        return f"{ref} is there; its last change is older than the history kept."
    if last is None and happenings:
        return f"{ref} is not there: no provider ever gave it as a valid entity."
    if last is None:
        return f"{ref} is not there: no provider mentions it, nor did within the history kept."
    what = {
        "added": "was added",
        "changed": f"was changed ({_places(last)})",
        "handed-over": "was handed over with its content unchanged",
        "removed": "was removed",
    }[last.operation]
    who = f"by {last.provider} at {_time(last.at)}"
    if last.run:
        who += f", run {last.run}, task {last.task}, delivery {last.delivery}"
    message = f" ({last.message})" if last.message else ""
    state = "is there" if there else "is not there"
    return f"{ref} {state}: it {what} {who}{message}."


def _places(happening: Happening) -> str:
    """Which places of the document a patch names, a few of them."""
    paths: list[str] = []
    for step in items(decode(bytes(happening.patch or b"[]"))):
        path = str(members(step).get("path", "")).lstrip("/").replace("/", ".")
        paths.append(path.replace("~1", "/").replace("~0", "~"))
    return _few(paths)


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _time(at: float) -> str:
    return clock.isoformat(at)[:19] + "Z"
