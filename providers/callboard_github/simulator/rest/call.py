"""One REST call, and the answer to it, apart from HTTP.

Handlers are plain functions from a `Call` to a `Reply`; whoever serves them takes
care of tokens, limits, faults, entity tags and encoding.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from callboard_github.simulator.errors import (
    Forbidden,
    NotFound,
    Unauthorized,
    Unprocessable,
)

if TYPE_CHECKING:
    from callboard_github.simulator.app import App, Installation
    from callboard_github.simulator.documents import Document
    from callboard_github.simulator.organization import Organization
    from callboard_github.simulator.repository import Repository
    from callboard_github.simulator.service import Service
    from callboard_github.simulator.state import State
    from callboard_github.simulator.tokens import Identity
    from callboard_github.simulator.user import User

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """An answer."""

    document: object = None
    """Encoded as JSON, unless it is bytes; None is an empty body."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


NOTHING = Reply(status=204)


class RedirectTo(Exception):  # noqa: N818 - an answer, not an error
    """The repository moved: ask there.

    Attributes:
        path: The REST path to ask.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Call:
    """What is asked, by whom."""

    service: "Service"
    identity: "Identity"
    url: str
    """As it was called, without the query."""
    path: Mapping[str, str]
    """What the route's placeholders stand for."""
    query: Mapping[str, str]
    body: "Document"
    accept: str = ""

    @property
    def state(self) -> "State":
        """The state."""
        return self.service.state

    def number(self, name: str) -> int:
        """Return a placeholder that is an id.

        Raises:
            NotFound: It is no number.
        """
        try:
            return int(self.path[name])
        except ValueError:
            raise NotFound from None

    def organization(self, *, inside: bool = False) -> "Organization":
        """Return the organization of the path.

        Args:
            inside: Only for those who belong to it.

        Raises:
            NotFound: There is none, or not for this caller.
        """
        organization = self.state.organization(self.path["org"])
        if inside and not self.identity.belongs_to(organization.login):
            raise NotFound
        return organization

    def repository(self) -> "Repository":
        """Return the repository of the path.

        Raises:
            NotFound: There is none, or not for this caller.
            RedirectTo: It has another name now.
        """
        owner, name = self.path["owner"], self.path["repo"]
        moved = self.state.moved(owner, name)
        if moved is not None and self.identity.sees(moved):
            before, _, after = self.url.partition(f"/repos/{owner}/{name}")
            raise RedirectTo(f"{before}/repositories/{moved.id}{after}")
        repository = self.state.repository(owner, name)
        if not self.identity.sees(repository):
            raise NotFound
        return repository

    def user(self) -> "User":
        """Return the person who asks.

        Raises:
            Unauthorized: Nobody in particular asks.
            Forbidden: An app asks.
        """
        if self.identity.user is not None:
            return self.identity.user
        if self.identity.kind == "anonymous":
            message = "Requires authentication"
            raise Unauthorized(message)
        message = "Resource not accessible by integration"
        raise Forbidden(message)

    def app(self) -> "App":
        """Return the app that asks with its JWT.

        Raises:
            Unauthorized: Something else asks.
        """
        if self.identity.app is None:
            message = "A JSON web token could not be decoded"
            raise Unauthorized(message)
        return self.identity.app

    def installation(self) -> "Installation":
        """Return the installation whose token this is.

        Raises:
            Forbidden: Something else asks.
        """
        if self.identity.installation is None:
            message = (
                "You must authenticate with an installation access token in order to "
                "list repositories for an installation."
            )
            raise Forbidden(message)
        return self.identity.installation

    def per_page(self) -> int:
        """Return how many items a page has: 30, or what is asked, at most 100."""
        return max(1, min(100, self._integer("per_page", 30)))

    def page(
        self,
        items: Sequence[T],
        document: "Callable[[T], object]",
        wrap: "Callable[[list[object]], Document] | None" = None,
    ) -> Reply:
        """Return one page of a list, with its ``Link`` header.

        Args:
            items: All of them.
            document: Makes the document of one.
            wrap: Puts the page into an object, for lists that GitHub wraps.
        """
        size, page = self.per_page(), max(1, self._integer("page", 1))
        last = max(1, -(-len(items) // size))
        shown = [document(item) for item in items[(page - 1) * size : page * size]]
        links: list[tuple[str, int]] = []
        if page > 1:
            links += [("prev", min(page - 1, last)), ("first", 1)]
        if page < last:
            links = [*links[:1], ("next", page + 1), ("last", last), *links[1:]]
        return Reply(
            wrap(shown) if wrap else shown,
            headers=self.link(
                (relation, {"page": str(number)}) for relation, number in links
            ),
        )

    def link(self, links: Iterable[tuple[str, dict[str, str]]]) -> dict[str, str]:
        """Return the ``Link`` header of relations and what they change in the query."""
        parts = [
            f'<{self.url}?{urlencode({**self.query, **changed})}>; rel="{relation}"'
            for relation, changed in links
        ]
        return {"link": ", ".join(parts)} if parts else {}

    def _integer(self, name: str, default: int) -> int:
        try:
            return int(self.query.get(name, default))
        except ValueError:
            return default

    def text(self, name: str) -> str | None:
        """Return a string of the body.

        Raises:
            Unprocessable: It is something else.
        """
        value = self.body.get(name)
        if value is not None and not isinstance(value, str):
            message = f"Invalid request. For '{name}', {value!r} is not a string."
            raise Unprocessable(message)
        return value


Handler = Callable[[Call], Reply]
Routes = Sequence[tuple[str, str, Handler]]
"""Method, path with placeholders, handler."""
