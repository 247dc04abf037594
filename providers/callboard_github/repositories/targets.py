"""Locations in catalog files, which name further files.

Owns where a target points: relative ones and those into the same repository and branch
are followed; a Location that points elsewhere stays an entity and no more.
"""

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from callboard_catalog import CatalogFile
from callboard_github.repositories.answers import Repository


def of(
    file: CatalogFile, path: str, repository: Repository, branch: str
) -> Iterator[str]:
    """Paths and globs that the Locations of a file name, from the root."""
    for entity in file.entities:
        if entity.kind != "Location":
            continue
        spec: dict[str, Any] = dict(entity.spec or {})
        named: list[Any] = [spec.get("target"), *(spec.get("targets") or ())]
        for target in named:
            if isinstance(target, str):
                found = _path(target, path, repository, branch)
                if found is not None and found != path:
                    yield found


def _path(target: str, path: str, repository: Repository, branch: str) -> str | None:
    if "://" not in target:
        folder = posixpath.dirname(path)
        joined = posixpath.normpath(posixpath.join("/", folder, target))
        return joined.lstrip("/") or None
    whole, here = urlsplit(target), urlsplit(repository.url)
    if whole.netloc.lower() != here.netloc.lower():
        return None
    for form in ("blob", "tree"):
        before = f"{here.path}/{form}/{branch}/"
        if unquote(whole.path).lower().startswith(before.lower()):
            return unquote(whole.path)[len(before) :] or None
    return None
