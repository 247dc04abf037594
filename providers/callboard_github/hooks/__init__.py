"""Webhooks on GitHub's side: are they as they must be, and did what they sent arrive?"""

from callboard_github.hooks.provider import MissedDeliveries

__all__ = ["MissedDeliveries"]
