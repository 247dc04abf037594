"""How a field of the schema is found on a record."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias
from urllib.parse import urlsplit

from callboard_github.simulator.identity import timestamp

if TYPE_CHECKING:
    from callboard_github.simulator.graphql.scope import Scope

Resolve: TypeAlias = Callable[..., object]
Fields: TypeAlias = Mapping[str, "str | Resolve"]
"""Field to the record's attribute, or to a function of record, info, arguments."""


class Info(Protocol):
    """The part of the executing library's account of a field that is used here."""

    @property
    def context(self) -> "Scope":
        """What was handed to the query."""
        ...


class _Paged(Protocol):
    html_url: str


def moment(attribute: str) -> Resolve:
    """Return a resolver for an attribute in Unix seconds."""

    def resolve(record: object, _info: Info) -> str | None:
        value = getattr(record, attribute)
        return None if value is None else timestamp(value)

    return resolve


def page(suffix: str = "") -> Resolve:
    """Return a resolver for a page below the record's own."""

    def resolve(record: _Paged, _info: Info) -> str:
        return record.html_url + suffix

    return resolve


def path(suffix: str = "") -> Resolve:
    """Return a resolver for a page's address without scheme and host."""

    def resolve(record: _Paged, _info: Info) -> str:
        return urlsplit(record.html_url).path + suffix

    return resolve


def constant(value: object) -> Resolve:
    """Return a resolver for what is the same everywhere in a simulated GitHub."""

    def resolve(_record: object, _info: Info) -> object:
        return value

    return resolve


def picture(record: object, _info: Info, size: int | None = None) -> object:
    """Resolve ``avatarUrl``, in whatever size: the simulated picture has only one."""
    del size
    return getattr(record, "avatar_url", None)
