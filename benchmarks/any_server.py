"""The same intake under the server of your choice: a callboard mounted in an application.

    python benchmarks/any_server.py NAME PORT

NAME is one of the keys of ``SERVERS``. The journal is ``callboard.db`` here. Servers are
imported by name, for nobody needs to have all of them.
"""

import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.routing import Mount

from callboard import Callboard, Database, Settings
from callboard_github.source import GitHubSource

HOST = "127.0.0.1"
PORT_VARIABLE = "CALLBOARD_BENCHMARK_PORT"
"""granian imports the application in a process of its own."""


def make_app() -> Starlette:
    """An application whose life is a callboard's."""
    settings = Settings()
    database = Database.open(f"sqlite:///{Path('callboard.db').resolve()}")
    board = Callboard(settings, database)
    board.add(sources=[GitHubSource(settings.secrets("GITHUB_WEBHOOK_SECRET"))])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with board.opened():
            url = f"http://{HOST}:{os.environ[PORT_VARIABLE]}"
            print(f"{url}/webhooks/github", flush=True)
            yield
        database.close()

    return Starlette(routes=[Mount("/webhooks", board.webhooks)], lifespan=lifespan)


def _hypercorn(port: int, backend: str) -> None:
    from hypercorn.config import Config

    # hypercorn has no types that pyright knows wholly, and one function per backend.
    serve: Any = import_module(f"hypercorn.{backend}").serve
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_max_requests = 1_000_000

    async def main() -> None:
        await serve(make_app(), config, mode="asgi")

    anyio.run(main, backend=backend)


def _uvicorn(port: int, http: str, loop: str) -> None:
    uvicorn: Any = import_module("uvicorn")
    uvicorn.run(
        make_app(),
        host=HOST,
        port=port,
        http=http,
        loop=loop,
        access_log=False,
        log_level="warning",
    )


def _granian(port: int) -> None:
    server: Any = import_module("granian.server")
    sys.path.insert(0, str(Path(__file__).parent))
    server.Server(
        "any_server:make_app",
        address=HOST,
        port=port,
        interface=import_module("granian.constants").Interfaces.ASGI,
        factory=True,
        log_enabled=False,
    ).serve()


SERVERS: dict[str, Callable[[int], None]] = {
    "hypercorn-trio": lambda port: _hypercorn(port, "trio"),
    "hypercorn-asyncio": lambda port: _hypercorn(port, "asyncio"),
    "uvicorn-h11": lambda port: _uvicorn(port, "h11", "asyncio"),
    "uvicorn-httptools-uvloop": lambda port: _uvicorn(port, "httptools", "uvloop"),
    "granian": _granian,
}


def main() -> None:
    """Serve until a signal."""
    name, port = sys.argv[1:]
    os.environ[PORT_VARIABLE] = port
    SERVERS[name](int(port))


if __name__ == "__main__":
    main()
