"""The catalog: what entities are, who owns them, and what became of them.

Providers give it entities by mutations; it keeps what each of them says, shows one word
on every entity by one rule, and remembers every change with the run that made it.
"""

from callboard_catalog.catalog import Catalog, CatalogSettings, catalog_of
from callboard_catalog.catalog_file import BadDocument, CatalogFile, read_catalog_file
from callboard_catalog.documents import JsonValue
from callboard_catalog.entity import Entity, Link, Metadata
from callboard_catalog.mutations import (
    Applied,
    Conflict,
    Delta,
    Full,
    InvalidSupplement,
    Located,
    LocatedRef,
    Rejected,
    Supplement,
)
from callboard_catalog.provider import CatalogRun, EntityProvider
from callboard_catalog.refs import EntityRef, InvalidRef
from callboard_catalog.rules import InvalidEntity, Problem, parse_entity

__all__ = [
    "Applied",
    "BadDocument",
    "Catalog",
    "CatalogFile",
    "CatalogRun",
    "CatalogSettings",
    "Conflict",
    "Delta",
    "Entity",
    "EntityProvider",
    "EntityRef",
    "Full",
    "InvalidEntity",
    "InvalidRef",
    "InvalidSupplement",
    "JsonValue",
    "Link",
    "Located",
    "LocatedRef",
    "Metadata",
    "Problem",
    "Rejected",
    "Supplement",
    "catalog_of",
    "parse_entity",
    "read_catalog_file",
]
