"""How many of something is said."""

import pytest

from callboard.plural import counted


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 deliveries"), (1, "1 delivery"), (2000, "2,000 deliveries")],
)
def test_only_one_is_said_as_one(count: int, said: str) -> None:
    assert counted(count, "delivery", "deliveries") == said
    assert counted(count, "run").endswith("run" if count == 1 else "runs")
