"""callboard inside a FastAPI application: the intake and the catalog are mounted.

    .venv/bin/pip install fastapi uvicorn
    .venv/bin/uvicorn examples.mounted_in_fastapi:app

The application's own event loop answers; runs have a loop and a thread of their own, so
neither disturbs the other. Starlette works in the same way.

``callboard serve`` ends when the runs' loop has broken, and is started anew. Here the
process goes on, takes deliveries and runs none of them until its next start: whoever
starts it asks ``/callboard/readyz``, which then answers 503.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from callboard import Callboard, Database, Settings
from callboard.registry import assemble


def make_app(board: Callboard) -> FastAPI:
    """An application with webhooks at ``/hooks/github`` and the catalog beside them."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with board.opened():
            yield
        board.database.close()

    app = FastAPI(title="Portal", lifespan=lifespan)

    @app.get("/")
    async def home() -> dict[str, str]:
        return {"webhooks": "/hooks/github", "catalog": "/callboard/api/catalog"}

    app.mount("/hooks", board.webhooks)
    app.mount("/callboard", board.front)
    return app


def open_board() -> Callboard:
    """Everything that is installed, with the settings and the database of this folder."""
    return assemble(Settings.read(None), Database.open("sqlite:///callboard.db"))


def __getattr__(name: str) -> FastAPI:
    """``app``, made when a server asks for it and not when this is imported."""
    if name != "app":
        raise AttributeError(name)
    return make_app(open_board())
