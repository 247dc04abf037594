"""What a test of a GitHub provider needs.

Owns the short way between a simulated GitHub and a provider: no network, no server, one
run at a time on the loop that calls. ``callboard.testing`` has the long way.

    github = Simulator(seed=1)
    acme = github.create_organization("acme", members=["ada"])
    acme.create_hook("http://callboard/webhooks/github", secret="s")
    async with open_catalog() as catalog:
        provider = Organizations(catalog, *reach(github, "acme"))
        await read(provider)
        acme.create_team("Platform", members=["ada"])
        await hear(provider, *github.outbox.take())
        assert "group:default/platform" in await said_by(provider)
"""

import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from callboard import Database, Delivery, State, clock
from callboard.ids import new_id
from callboard.testing import perform, perform_all
from callboard.tree import Tree
from callboard_catalog import Catalog, EntityProvider
from callboard_catalog.testing import new_catalog
from callboard_github.client import GitHub
from callboard_github.events import decode
from callboard_github.scope import Scope
from callboard_github.settings import App, Credentials, Token
from callboard_github.simulator import App as SimulatedApp
from callboard_github.simulator import HookDelivery, Simulator


class ProviderFailed(AssertionError):  # noqa: N818 - what a test expected did not hold
    """A provider did not complete, and the test had not said that it would not."""


@asynccontextmanager
async def open_catalog() -> AsyncGenerator[Catalog]:
    """An empty catalog in a temporary SQLite file."""
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        database = Database.open(new_catalog(Path(folder)))
        event.listen(database.engine, "checkout", _hasten)
        try:
            yield Catalog(database)
        finally:
            database.close()


def _hasten(connection: Any, *_: object) -> None:
    # Nobody asks for this file after the test, whatever happens to the machine.
    connection.execute("PRAGMA synchronous=OFF")


def reach(
    github: Simulator,
    *names: str,
    app: SimulatedApp | None = None,
    patience: float = 300.0,
) -> tuple[GitHub, Scope]:
    """A client of a simulated GitHub, and a scope, for a provider's constructor.

    Args:
        github: Asked without a network.
        *names: Organizations; none for all that can be found.
        app: Call as this app; None as the simulator's operator, with a token.
        patience: See ``GitHub``.
    """
    credentials: Credentials = Token(github.token)
    if app is not None:
        credentials = App(app.id, github.private_key(app))
    client = GitHub(
        "https://api.github.com",
        credentials,
        patience=patience,
        transport=github.transport(),
    )
    return client, Scope(client, names)


async def read(provider: EntityProvider, *, fails: bool = False) -> Tree:
    """Have a provider make its full read; returns the run's tree.

    Raises:
        ProviderFailed: It did not complete, unless it ``fails``.
    """
    delivery = _delivery("schedule", provider.name, "everything", b"{}")
    return _checked(await perform(provider, delivery=delivery), fails=fails)


async def hear(
    provider: EntityProvider, *deliveries: HookDelivery, fails: bool = False
) -> list[Tree]:
    """Have a provider handle webhooks, one after the other; returns the runs' trees.

    Raises:
        ProviderFailed: It did not complete one, unless it ``fails``.
    """
    trees: list[Tree] = []
    for sent in deliveries:
        trees += await hear_at_once(provider, sent, fails=fails)
    return trees


async def hear_at_once(
    provider: EntityProvider,
    *deliveries: HookDelivery,
    reads: bool = False,
    fails: bool = False,
) -> list[Tree]:
    """The same at once, as deliveries are handled that share no ordering key.

    With ``reads`` the full read goes on meanwhile; its tree is the last one.
    """
    some: list[tuple[Delivery, object]] = [
        (
            _delivery("github", sent.event, sent.action, sent.body),
            decode(sent.event, sent.body),
        )
        for sent in deliveries
    ]
    if reads:
        tick = _delivery("schedule", provider.name, "everything", b"{}")
        some.append((tick, None))
    trees = await perform_all(provider, some=some)
    return [_checked(tree, fails=fails) for tree in trees]


async def said_by(provider: EntityProvider) -> dict[str, dict[str, Any]]:
    """All that a provider says now: documents by entity ref."""
    owned = await provider.catalog.owned_by(provider.name)
    return {str(entity.ref): dict(entity.document()) for entity in owned}


def spans(trees: Tree | Sequence[Tree]) -> list[str]:
    """The names of all nodes of one or more trees, in the order of their beginning."""
    some = [trees] if isinstance(trees, Tree) else trees
    return [task.name for tree in some for task in tree.record().tasks]


def _delivery(source: str, event: str, action: str | None, body: bytes) -> Delivery:
    return Delivery(
        id=new_id(),
        source=source,
        hook="1",
        guid=new_id(),
        event=event,
        action=action,
        organization=None,
        repository=None,
        received_at=clock.now(),
        headers={},
        body=body,
    )


def _checked(tree: Tree, *, fails: bool) -> Tree:
    if not fails and tree.root.state is not State.COMPLETED:
        told = [
            f"{task.name}: {task.failure.type}: {task.failure.message}"
            for task in tree.record().tasks
            if task.failure is not None
        ]
        raise ProviderFailed("; ".join(told))
    return tree
