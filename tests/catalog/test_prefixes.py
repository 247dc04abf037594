"""The range of texts that begin with another one."""

from itertools import product

import pytest

from callboard_catalog.prefixes import so

LETTERS = ("%", "/", "0", "_", "~", "é", "\ud7ff", "\ue000", "\U0010ffff")
TEXTS = ["".join(text) for size in range(4) for text in product(LETTERS, repeat=size)]


PREFIXES = [t for t in TEXTS if len(t) < 3 and t.strip(LETTERS[-1])]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_begins_so_and_nothing_else_is_in_the_range(prefix: str) -> None:
    first, after = (so(prefix)[name].encode() for name in ("first", "after"))
    for text in TEXTS:
        assert (first <= text.encode() < after) == text.startswith(prefix), text
