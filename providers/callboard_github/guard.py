"""A full read that would remove too much.

Owns the refusal: what a provider owned is not thrown away because an answer was short.
"""

from callboard_catalog import Catalog, Full, Located

_FEW = 10
"""Entities below which every share is small."""


class TooManyRemovedError(Exception):
    """A full read would remove more than the settings allow; nothing was changed."""


async def check_removals(
    catalog: Catalog, provider: str, full: Full, most: float
) -> None:
    """Compare a full mutation with what the provider owns now.

    Raises:
        TooManyRemovedError: It removes more than the share ``most``.
    """
    owned = await catalog.refs_owned_by(provider)
    before = {ref for refs in owned.values() for ref in refs}
    given = {
        (item.entity if isinstance(item, Located) else item).ref
        for item in full.entities
    }
    kept = {rejected.location_key for rejected in full.rejected if not rejected.ref}
    still = {ref for key, refs in owned.items() if key in kept for ref in refs}
    still |= {r.ref for r in full.rejected if r.ref}  # pyright: ignore[reportUnhashable] - texts
    names = {str(ref) for ref in still}
    gone = [ref for ref in before if ref not in given and str(ref) not in names]
    if len(before) > _FEW and len(gone) > most * len(before):
        message = (
            f"this read would remove {len(gone)} of {len(before)} entities, more than"
            f" the share of {most:g} that [github] most_removed allows"
        )
        raise TooManyRemovedError(f"{message}; nothing was changed")
