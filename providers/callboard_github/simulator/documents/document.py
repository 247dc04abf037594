"""What every document is."""

from typing import TypeAlias

Document: TypeAlias = dict[str, object]
"""A JSON object, ready to be encoded."""
