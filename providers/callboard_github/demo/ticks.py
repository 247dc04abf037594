"""A full read at once, though none is due.

Owns the case of a demo that continues on a kept database: its GitHub began anew, which
no webhook tells.
"""

from callboard import Callboard, Delivery, clock
from callboard.ids import new_id
from callboard.journal import Arrival
from callboard.routes import SCHEDULE, Order

_METHOD = "everything"


async def read_everything(board: Callboard) -> None:
    """Have every provider with a full read make it now."""
    for provider in board.providers:
        if hasattr(provider, _METHOD):
            id_ = new_id()
            delivery = Delivery(
                id=id_,
                source=SCHEDULE,
                hook="",
                guid=id_,
                event=provider.name,
                action=_METHOD,
                organization=None,
                repository=None,
                received_at=clock.now(),
                headers={},
                body=b"{}",
            )
            key = f"{SCHEDULE}={provider.name}.{_METHOD}"
            await board.accept(Arrival(delivery=delivery, order=Order((key,))))
