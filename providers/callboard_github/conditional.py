"""Answers worth keeping, because asking whether they changed costs nothing.

Owns a bounded memory of REST answers with their entity tags: GitHub does not count a
request that it answers with 304.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callboard_github.wire import Answer

_LARGEST = 32 * 1024 * 1024


class Conditional:
    """The newest answers, up to ``largest`` bytes of bodies."""

    def __init__(self, largest: int = _LARGEST) -> None:
        self._largest = largest
        self._size = 0
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()

    def headers(self, key: Hashable) -> dict[str, str]:
        """What to send along, so that an unchanged answer comes back empty."""
        known = self._answers.get(key)
        return {} if known is None else {"if-none-match": known.headers["etag"]}

    def resolved(self, key: Hashable, answer: "Answer") -> "Answer":
        """The whole answer: this one, or the known one if nothing changed."""
        known = self._answers.pop(key, None)
        if known is not None:
            self._size -= len(known.body)
        kept = known if answer.status == 304 and known is not None else answer
        if kept.status == 200 and "etag" in kept.headers:
            self._answers[key] = kept
            self._size += len(kept.body)
        while self._size > self._largest:
            _, dropped = self._answers.popitem(last=False)
            self._size -= len(dropped.body)
        return kept
