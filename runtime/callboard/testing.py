"""What a test of a provider needs.

Owns a source that takes plain JSON, a callboard opened on a temporary SQLite file, and
the ways to send it something, to wait until nothing is left to do, and to read what
became of it. callboard's own tests stand on the same ground.

    async with open_board(Things()) as board:
        delivery = await deliver(board, "thing", {"action": "added", "name": "a"})
        await settled(board)
        assert outline(await newest_tree(board, delivery))["state"] == "completed"

``perform`` runs a provider once without a database or a second thread, so that a mock
clock (``trio.testing.MockClock``) rules its timeouts and retries.
"""

import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import anyio.lowlevel
import msgspec
import sniffio
from msgspec import Struct
from sqlalchemy import func, select
from starlette.types import Message, Receive, Scope, Send

from callboard import clock, history
from callboard.board import Callboard, Mount
from callboard.database import Database
from callboard.delivery import Delivery, DeliveryState, DeliveryView
from callboard.event import EventName, TypedEvent, Untyped
from callboard.ids import new_id
from callboard.provider import Provider
from callboard.routes import Routes
from callboard.settings import Settings
from callboard.source import Received, Refused, Request
from callboard.standing import Standing
from callboard.supervisor import supervise
from callboard.tables import deliveries
from callboard.trace import Trace
from callboard.tracing import installed, watch
from callboard.tree import Tree, TreeRecord
from callboard.wake import Wake

TOKEN = "a token for tests"  # noqa: S105 - guards nothing
_UNSETTLED = (DeliveryState.QUEUED, DeliveryState.RUNNING)
_LOOK_AGAIN = 0.05


class PlainSource:
    """JSON documents as they come: headers name event and delivery, a token signs.

    The document's ``action``, ``organization`` and ``repository`` are plain strings.
    """

    def __init__(
        self, name: str = "plain", *, types: Iterable[type[TypedEvent]] = ()
    ) -> None:
        """``types`` are the event classes that ``decode`` returns; others are Untyped."""
        self._name = name
        self._types = {kind.__event__: kind for kind in types}

    @property
    def name(self) -> str:
        """See ``Source.name``."""
        return self._name

    def receive(self, request: Request) -> Received:
        """See ``Source.receive``. ``x-plain-event: ping`` is recorded and not run."""
        headers = request.headers
        if headers.get("x-plain-token") != TOKEN:
            raise Refused(401, "x-plain-token: expected the token for tests")
        event, guid = headers.get("x-plain-event"), headers.get("x-plain-delivery")
        if not event or not guid:
            raise Refused(400, "expected the headers x-plain-event, x-plain-delivery")
        try:
            about = msgspec.json.decode(request.body, type=_About)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(400, f"expected a JSON object: {error}") from error
        return Received(
            hook=headers.get("x-plain-hook", ""),
            guid=guid,
            event=event,
            action=about.action,
            organization=about.organization,
            repository=about.repository,
            body=request.body,
            ignored="ping" if event == "ping" else None,
        )

    def decode(self, delivery: Delivery) -> object:
        """See ``Source.decode``."""
        name = delivery.name
        payload = msgspec.json.decode(delivery.body)
        kind = self._types.get(name) or self._types.get(name._replace(action=None))
        if kind is None:
            return Untyped(name, payload, "no type has this name")
        try:
            return msgspec.convert(payload, kind)
        except msgspec.ValidationError as error:
            return Untyped(name, payload, str(error))


class _About(Struct):
    action: str | None = None
    organization: str | None = None
    repository: str | None = None


def signed(
    event: str, guid: str | None = None, *, hook: str = "", token: str = TOKEN
) -> dict[str, str]:
    """The headers with which ``PlainSource`` takes a document; a new GUID for None."""
    return {
        "content-type": "application/json",
        "x-plain-event": event,
        "x-plain-delivery": guid or str(uuid4()),
        "x-plain-hook": hook,
        "x-plain-token": token,
    }


@asynccontextmanager
async def open_board(
    *providers: Provider,
    sources: Iterable[Any] = (),
    mounts: Iterable[Mount] = (),
    types: Iterable[type[TypedEvent]] = (),
    path: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    backend: str | None = None,
) -> AsyncGenerator[Callboard]:
    """An open callboard with these providers, a ``PlainSource`` and other ``sources``.

    Its database is the SQLite file ``path``, or a temporary one; ``settings`` are the
    content of ``callboard.toml``. Backstage runs on ``backend``, or else on the kind of
    event loop that calls.
    """
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        file = path or Path(folder, "callboard.db")
        database = Database.open(f"sqlite:///{file}")
        try:
            board = Callboard(Settings(settings, environment={}), database)
            board.backend = backend or sniffio.current_async_library()
            board.add(sources=[PlainSource(types=types), *sources])
            board.add(providers=providers, mounts=mounts)
            async with board.opened():
                yield board
        finally:
            database.close()


class Answer(Struct, frozen=True):
    """How the intake answered."""

    status: int
    headers: dict[str, str]
    content: dict[str, Any]
    """The JSON document of its body."""


async def post(
    board: Callboard, source: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """``POST /webhooks/<source>``, without a server."""
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": f"/webhooks/{source}",
        "headers": [
            (k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()
        ],
    }
    return await exchange(board.webhooks, scope, [body])


async def exchange(app: Any, scope: Scope, body: Iterable[bytes]) -> Answer:
    """One request to an ASGI application that answers in JSON; the chunks of ``body``.

    When they are used up before the request ended, the client is gone.
    """
    chunks = list(body)
    requests: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": i + 1 < len(chunks)}
        for i, chunk in enumerate(chunks)
    ]
    answers: list[Message] = []

    async def receive() -> Message:
        await anyio.lowlevel.checkpoint()
        return requests.pop(0) if requests else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        answers.append(message)

    receiving: Receive = receive
    sending: Send = send
    await app(scope, receiving, sending)
    start = answers[0]
    return Answer(
        status=start["status"],
        headers={k.decode("latin-1"): v.decode("latin-1") for k, v in start["headers"]},
        content=msgspec.json.decode(b"".join(a.get("body", b"") for a in answers[1:])),
    )


async def deliver(
    board: Callboard,
    event: str,
    payload: Mapping[str, Any] | None = None,
    *,
    guid: str | None = None,
    source: str = "plain",
) -> str:
    """Send ``payload`` to the ``PlainSource``; returns the delivery's id.

    Raises:
        AssertionError: The intake did not take it.
    """
    body = msgspec.json.encode(payload or {})
    answer = await post(board, source, body, signed(event, guid))
    if answer.status not in {200, 202}:
        raise AssertionError(f"expected 202, got {answer.status}: {answer.content}")
    return str(answer.content["id"])


async def settled(board: Callboard) -> None:
    """Wait until no delivery is queued or running. Failed ones wait for their time."""
    count = select(func.count()).where(deliveries.c.state.in_(_UNSETTLED))
    while True:
        wake = Wake()
        board.trace.arm(wake)
        try:
            if not await board.database.read(lambda c: c.execute(count).scalar()):
                return
            # A delivery that memory has let go of ends without a word: look again.
            with anyio.move_on_after(_LOOK_AGAIN):
                await wake.wait()
        finally:
            board.trace.disarm(wake)


async def view(board: Callboard, delivery: str) -> DeliveryView:
    """How a delivery stands in the journal."""
    wanted = history.DeliveryFilter()
    found = await board.database.read(
        lambda c: history.list_deliveries(c, wanted, None)
    )
    return next(view for view in found if view.id == delivery)


async def newest_tree(board: Callboard, delivery: str) -> TreeRecord:
    """The tree of the newest ended run of ``delivery``.

    Raises:
        LookupError: No run of it has ended.
    """
    runs = await board.database.read(lambda c: history.list_runs(c, delivery))
    for run in reversed(runs):
        tree = await board.database.read(
            lambda c, run=run: history.find_tree(c, run.id)
        )
        if tree is not None:
            return tree
    raise LookupError(f"delivery {delivery}: expected an ended run, got {runs}")


async def perform(
    *providers: Provider,
    event: object = None,
    delivery: Delivery | None = None,
    opened: Callable[[Tree], object] = lambda _: None,
) -> Tree:
    """One run of every handler that wants ``delivery``, on the loop that calls.

    Nothing is recorded but the tree that is returned, and handed to ``opened`` before
    the run begins. No thread takes part.
    """
    delivery = delivery or sample()
    name = delivery.name
    if event is None:
        event = Untyped(name, msgspec.json.decode(delivery.body), "a sample")
    tree = Trace().open_tree(new_id(), delivery.id, str(name))
    opened(tree)
    handlers = Routes(providers).wanting(name)
    standings = {provider.name: Standing(provider) for provider in providers}
    with installed():
        async with anyio.create_task_group() as group:
            run = supervise(tree, delivery, event, handlers, standings)
            group.start_soon(watch, run, tree.root)
    return tree


def sample(event: str = "thing", payload: Mapping[str, Any] | None = None) -> Delivery:
    """A delivery from ``plain`` that no source received."""
    document = dict(payload or {})
    return Delivery(
        id=new_id(),
        source="plain",
        hook="",
        guid=str(uuid4()),
        event=event,
        action=document.get("action"),
        organization=document.get("organization"),
        repository=document.get("repository"),
        received_at=clock.now(),
        headers={},
        body=msgspec.json.encode(document),
    )


THING = EventName("plain", "thing", None)
"""What ``sample`` and ``deliver(board, "thing")`` send."""


def outline(tree: TreeRecord | Tree) -> dict[str, Any]:
    """A tree as nested plain data: ``name``, ``state`` and ``children``.

    Also the ``cause`` and the ``failure`` (its type and message) where there is one.
    """
    record = tree.record() if isinstance(tree, Tree) else tree
    nodes: dict[int | None, dict[str, Any]] = {}
    for task in record.tasks:
        node: dict[str, Any] = {"name": task.name, "state": task.state.value}
        if task.cause is not None:
            node["cause"] = task.cause
        if task.failure is not None:
            node["failure"] = f"{task.failure.type}: {task.failure.message}"
        node["children"] = []
        nodes[task.n] = node
        if task.parent is not None:
            nodes[task.parent]["children"].append(node)
    return nodes[0]


def find(tree: TreeRecord | Tree, name: str) -> dict[str, Any]:
    """The first task with this name, as in ``outline``.

    Raises:
        LookupError: There is none; names those that there are.
    """
    waiting = [outline(tree)]
    seen: list[str] = []
    while waiting:
        node = waiting.pop(0)
        if node["name"] == name:
            return node
        seen.append(node["name"])
        waiting += node["children"]
    raise LookupError(f"expected a task {name!r}, got {seen}")
