"""Numbers of things in words.

Owns how many of something is said, wherever people read it.
"""


def counted(count: int, one: str, many: str | None = None) -> str:
    """``1 run``, ``2,000 runs``; ``many`` where it is not ``one`` and an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
