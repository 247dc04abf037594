"""Who may read the catalog."""

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from callboard import Database
from callboard_catalog import Catalog, CatalogSettings
from callboard_catalog.api.application import make_application

pytestmark = pytest.mark.anyio
NEAR = {"Host": "localhost"}


async def status(
    database: Database,
    *,
    tokens: tuple[str, ...] = (),
    settings: CatalogSettings | None = None,
    path: str = "/entities",
    client: str | None = "127.0.0.1",
    host: str = "localhost",
    headers: dict[str, str] | None = None,
) -> int:
    app = make_application(Catalog(database, settings), tokens=tokens)

    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["client"] if client is not None else None
        await app({**scope, "client": known}, receive, send)

    transport = httpx.ASGITransport(reached, client=(client or "", 1))
    async with httpx.AsyncClient(
        transport=transport, base_url=f"http://{host}:8000", headers=headers
    ) as asked:
        answer = await asked.get(path)
    if answer.status_code == 401:
        assert answer.json()["error"]["name"] == "AuthenticationError"
        assert answer.headers["www-authenticate"] == "Bearer"
    return answer.status_code


async def test_without_token_only_this_machine_is_answered(database: Database) -> None:
    assert await status(database) == 200
    assert await status(database, client="::1", host="[::1]") == 200
    assert await status(database, client="10.0.0.7") == 401
    assert await status(database, headers={"X-Forwarded-For": "10.0.0.7"}) == 401
    assert await status(database, headers={"Via": "1.1 proxy"}) == 401
    assert await status(database, host="rebound.example.com") == 401
    assert await status(database, headers={"Host": "LocalHost:8000"}) == 200
    assert await status(database, host="192.0.2.7", headers=NEAR) == 401
    assert await status(database, client=None) == 401


async def test_any_configured_token_opens_it_from_anywhere(database: Database) -> None:
    async def with_token(token: str | None) -> int:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return await status(
            database, tokens=("one", "two"), client="10.0.0.7", headers=headers
        )

    assert await with_token("one") == 200
    assert await with_token("two") == 200
    assert await with_token("three") == 401
    assert await with_token("") == 401
    assert await with_token(None) == 401
    basic = {"authorization": "Basic one"}
    assert await status(database, tokens=("one",), headers=basic) == 401


async def test_settings_open_the_catalog_or_the_export_alone(
    database: Database,
) -> None:
    away = "10.0.0.7"
    public = CatalogSettings(public=True)
    assert await status(database, settings=public, client=away) == 200
    export = CatalogSettings(public_export=True)
    assert await status(database, settings=export, client=away) == 401
    path = "/export.yaml"
    assert await status(database, settings=export, client=away, path=path) == 200
    entity = "/entities/by-name/component/default/export.yaml"
    assert await status(database, settings=export, client=away, path=entity) == 401
