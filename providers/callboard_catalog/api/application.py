"""The catalog's ASGI application.

Owns its composition: routes, the form of errors, and the guard before them.
"""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from callboard_catalog.api.answering import Reader, json_answer
from callboard_catalog.api.beyond import Beyond
from callboard_catalog.api.entities import Entities
from callboard_catalog.api.errors import ApiError, answer
from callboard_catalog.api.guard import Guard
from callboard_catalog.api.locations import Locations, Refresh
from callboard_catalog.api.openapi import document
from callboard_catalog.api.queries import Queries
from callboard_catalog.catalog import Catalog
from callboard_catalog.query.predicates import InvalidQuery
from callboard_catalog.refs import InvalidRef


def make_application(
    catalog: Catalog, *, tokens: Sequence[str] = (), refresh: Refresh | None = None
) -> ASGIApp:
    """The application, to be mounted at ``/api/catalog``.

    Args:
        catalog: What it shows.
        tokens: Any of them opens it; without one it answers this machine alone.
        refresh: Called with a canonical ref that is to be read again.
    """
    reader = Reader(catalog.database)
    app = Starlette(
        routes=[
            *Queries(reader).routes(),
            *Entities(reader).routes(),
            *Locations(reader, catalog.schemas, refresh or _no_refresh).routes(),
            *Beyond(catalog, reader).routes(),
            Route("/openapi.json", _openapi),
        ],
        exception_handlers={
            ApiError: _answer,
            InvalidQuery: _answer,
            InvalidRef: _answer,
            HTTPException: _answer,
            Exception: _answer,
        },
    )
    return Guard(
        app,
        tokens,
        public=catalog.settings.public,
        public_paths=("/export.yaml",) if catalog.settings.public_export else (),
    )


async def _openapi(_request: Request) -> Response:
    return json_answer(document())


async def _no_refresh(_ref: str) -> None:
    """Nothing to do: no provider reads on request."""


async def _answer(request: Request, error: Exception) -> Response:
    return answer(request, error)
