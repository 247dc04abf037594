"""Rows of the journal's tables, as what they stand for."""

import zlib
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from callboard.delivery import Delivery, DeliveryState, DeliveryView
from callboard.tables import deliveries
from callboard.tree import TreeRecord

_COMPRESSION = 1


def view_of(row: Any) -> DeliveryView:
    """The summary of a row of ``deliveries``."""
    return DeliveryView(
        id=row.id,
        source=row.source,
        guid=row.guid,
        event=row.event,
        action=row.action,
        organization=row.organization,
        repository=row.repository,
        received_at=row.received_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        redeliveries=row.redeliveries,
        run=row.run,
        started_at=row.started_at,
        ended_at=row.ended_at,
        reason=row.reason,
        replay_of=row.replay_of,
        folded_into=row.folded_into,
    )


SUMMARY = [c for c in deliveries.c if c.name not in {"headers", "body", "keys", "done"}]
"""The columns that ``view_of`` reads, and the small ones beside them."""


def load(connection: Connection, id_: str) -> Delivery | None:
    """See ``Journal.load``."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == id_)).first()
    return None if row is None else delivery_of(row)


def delivery_of(row: Any) -> Delivery:
    """The whole row, its payload unpacked."""
    return Delivery(
        id=row.id,
        source=row.source,
        hook=row.hook,
        guid=row.guid,
        event=row.event,
        action=row.action,
        organization=row.organization,
        repository=row.repository,
        received_at=row.received_at,
        headers=msgspec.json.decode(row.headers, type=dict[str, str]),
        body=zlib.decompress(row.body),
    )


def pack(body: bytes) -> bytes:
    """A payload as it is stored."""
    return zlib.compress(body, _COMPRESSION)


def pack_tree(tree: TreeRecord) -> bytes:
    """A tree as it is stored."""
    return pack(msgspec.json.encode(tree))


def unpack_tree(packed: bytes) -> TreeRecord:
    """A tree as it was stored."""
    return msgspec.json.decode(zlib.decompress(packed), type=TreeRecord)
