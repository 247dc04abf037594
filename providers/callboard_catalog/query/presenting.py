"""Entities as the API shows them.

Owns what the catalog adds to the shown document: uid, etag, relations, status and the
mark of an orphan; and the picking of fields. Documents are not decoded unless they must
be: what is added is put between their bytes.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import BindParameter, Connection, bindparam, func, select, true

from callboard_catalog.bulk import rows_in
from callboard_catalog.documents import (
    Document,
    JsonValue,
    decode_object,
    encode,
    members,
)
from callboard_catalog.entity import ORPHAN
from callboard_catalog.knowledge import UNREAD
from callboard_catalog.tables import (
    claims,
    entities,
    problems,
    providers,
    relations,
    shown_document,
)

_METADATA = b'"metadata":{'

_REFS: BindParameter[str] = bindparam("refs", expanding=True)
_ENTITIES = (
    select(
        entities.c.id,
        entities.c.ref,
        entities.c.uid,
        entities.c.digest,
        shown_document,
        claims.c.provider,
        claims.c.location_key,
        func.coalesce(providers.c.present, true()),
    )
    .join(claims, claims.c.id == entities.c.claim)
    .outerjoin(providers, providers.c.name == claims.c.provider)
)
_BY_ID = _ENTITIES.where(entities.c.id.in_(bindparam("ids", expanding=True)))
_BY_REF = _ENTITIES.where(entities.c.ref.in_(_REFS))
_RELATION = (relations.c.source, relations.c.type, relations.c.target)
_RELATIONS = (
    select(*_RELATION)
    .distinct()
    .where(relations.c.source.in_(_REFS))
    .order_by(*_RELATION)
)
_AGAINST = (problems.c.ref, problems.c.provider, problems.c.location_key)
_PROBLEMS = (
    select(*_AGAINST, problems.c.kind, problems.c.message)
    .where(problems.c.kind != UNREAD, problems.c.ref.in_(_REFS))
    .order_by(*_AGAINST)
)


class Answer(Struct, frozen=True):
    """One entity, ready to be sent."""

    id: int
    ref: str
    body: bytes


class _Row(Struct, frozen=True):
    id: int
    ref: str
    uid: str
    digest: str
    document: bytes
    provider: str
    location_key: str
    provided: bool
    """Whether its provider is configured."""


def present(
    connection: Connection, ids: Sequence[int], fields: Sequence[str] = ()
) -> list[Answer]:
    """The entities with these ids that are there, in this order.

    Args:
        connection: To read with.
        ids: Ids of the table of entities.
        fields: Dotted paths to keep; all when empty.
    """
    rows = {row[0]: _Row(*row) for row in rows_in(connection, _BY_ID, "ids", ids)}
    return _answers(connection, [rows[id_] for id_ in ids if id_ in rows], fields)


def present_refs(connection: Connection, refs: Sequence[str]) -> list[Answer]:
    """The entities with these refs that are there, in any order."""
    rows = [_Row(*row) for row in rows_in(connection, _BY_REF, "refs", refs)]
    return _answers(connection, rows)


def _answers(
    connection: Connection, rows: Sequence[_Row], fields: Sequence[str] = ()
) -> list[Answer]:
    if not rows:
        return []
    related = _relations(connection, [row.ref for row in rows])
    statuses = _Statuses(connection, [row.ref for row in rows])
    answers: list[Answer] = []
    for row in rows:
        body = _body(row, related.get(row.ref, b""), statuses.of(row))
        if not row.provided:
            body = encode(_orphaned(decode_object(body)))
        if fields:
            body = encode(pick(decode_object(body), fields))
        answers.append(Answer(row.id, row.ref, body))
    return answers


def pick(document: Document, fields: Sequence[str]) -> dict[str, JsonValue]:
    """What of the document lies at the dotted paths; keys may hold dots themselves."""
    picked: dict[str, JsonValue] = {}
    for field in fields:
        path: list[str] = []
        value: JsonValue = document
        pending = ""
        for part in field.split("."):
            name = f"{pending}.{part}" if pending else part
            if isinstance(value, Mapping) and name in value:
                path.append(name)
                value = value[name]
                pending = ""
            else:
                pending = name
        if not pending:
            _put(picked, path, value)
    return picked


def _put(picked: dict[str, JsonValue], path: Sequence[str], value: JsonValue) -> None:
    target = picked
    for name in path[:-1]:
        inner = target.get(name)
        # Never the document's own object: a copy, since it is filled further.
        copied = dict(inner) if isinstance(inner, Mapping) else {}
        target[name] = copied
        target = copied
    target[path[-1]] = value


def _relations(connection: Connection, refs: Sequence[str]) -> dict[str, bytes]:
    """The JSON arrays of relations, sorted by type and target, by ref."""
    found: dict[str, list[JsonValue]] = {}
    for source, type_, target in rows_in(connection, _RELATIONS, "refs", refs):
        found.setdefault(source, []).append({"type": type_, "targetRef": target})
    return {ref: encode(listed) for ref, listed in found.items()}


class _Statuses:
    """The errors that stand on entities."""

    def __init__(self, connection: Connection, refs: Sequence[str]) -> None:
        self._by_ref: dict[str, list[JsonValue]] = {}
        self._by_location: dict[tuple[str, str], list[JsonValue]] = {}
        # Without a ref, it is a problem of all under its location key.
        for row in rows_in(connection, _PROBLEMS, "refs", ["", *refs]):
            error = _error(row.kind, row.message)
            if row.ref:
                self._by_ref.setdefault(row.ref, []).append(error)
            else:
                name = (row.provider, row.location_key)
                self._by_location.setdefault(name, []).append(error)

    def of(self, row: _Row) -> list[JsonValue]:
        """The status items of an entity."""
        name = (row.provider, row.location_key)
        return self._by_ref.get(row.ref, []) + self._by_location.get(name, [])


def _error(kind: str, message: str) -> JsonValue:
    name = "ConflictError" if kind == "conflict" else "InputError"
    return {
        "type": "backstage.io/catalog-processing",
        "level": "error",
        "message": f"{name}: {message}",
        "error": {"name": name, "message": message},
    }


def _body(row: _Row, related: bytes, status: list[JsonValue]) -> bytes:
    # The envelope is checked and its keys are sorted, so that the first `"metadata":{`
    # is the entity's own.
    at = row.document.index(_METADATA) + len(_METADATA)
    named = f'"uid":"{row.uid}","etag":"{row.digest}",'.encode()
    parts = [row.document[:at], named, row.document[at:-1]]
    parts += [b',"relations":', related or b"[]"]
    if status:
        parts += [b',"status":', encode({"items": status})]
    return b"".join([*parts, b"}"])


def _orphaned(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    metadata = document["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - for the type checker: an entity has it
    annotations = members(metadata.get("annotations"))
    metadata["annotations"] = {**annotations, ORPHAN: "true"}
    return document
