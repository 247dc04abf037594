"""The inspector beside a program that knows nothing of callboard."""

import logging
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from anyio.streams.text import TextReceiveStream

from callboard import SettingsError, Trace
from callboard_inspector import standalone, watching
from callboard_inspector.client import Client, NoServerError, connect
from callboard_inspector.picture import Picture, TaskSeen
from callboard_inspector.questions import DeliveryAnswer, OfDelivery
from callboard_inspector.wire import Detail, Inspect, Scope

pytestmark = pytest.mark.anyio
EXAMPLE = Path(__file__).parents[2] / "examples" / "any_trio_program.py"


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """It must work in programs on both."""
    return str(request.param)


class Eye:
    """A watcher of the one run that there is."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.picture = Picture()

    async def open(self) -> None:
        self.picture.apply(await self.client.next())
        await self.client.say(self.picture.subscribe())
        await self.until(lambda: bool(self.picture.deliveries))
        scopes = [Scope(id_) for id_ in self.picture.deliveries]
        await self.client.say(self.picture.subscribe(scopes))

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(20):
            while not condition():
                self.picture.apply(await self.client.next())

    def task(self, name: str) -> TaskSeen | None:
        trees = self.picture.trees.values()
        return next(
            (t for tree in trees for t in tree.tasks.values() if t.name == name), None
        )

    async def sees(self, name: str, state: str) -> TaskSeen:
        def there() -> bool:
            task = self.task(name)
            return task is not None and task.state == state

        await self.until(there)
        found = self.task(name)
        assert found is not None
        return found


async def test_tasks_threads_and_logs_of_a_program_are_seen() -> None:
    release = anyio.Event()

    async def work() -> None:
        logging.getLogger("program").warning("half way")
        await anyio.to_thread.run_sync(len, "abc")
        await release.wait()

    async with (
        watching("crawler", port=0, quiet=True) as inspector,
        connect(inspector.address) as client,
    ):
        eye = Eye(client)
        async with anyio.create_task_group() as group:
            group.start_soon(work, name="page 1")
            await eye.open()
            page = await eye.sees("page 1", "running")
            thread = await eye.sees("len", "completed")
            assert (page.parent, thread.parent) == (0, page.n)
            await eye.until(lambda: bool((eye.task("page 1") or page).rest.logs))
            release.set()
        await eye.sees("page 1", "completed")
        [id_] = eye.picture.deliveries
        await client.say(Inspect(1, OfDelivery(id_)))
        while not isinstance(frame := await client.next(), Detail):
            pass
        assert isinstance(frame.answer, DeliveryAnswer)


async def test_what_the_program_raises_comes_out_as_it_was() -> None:
    seen: list[Trace] = []

    async def program() -> None:
        async with watching("fails", port=0, quiet=True) as inspector:
            seen.append(inspector.trace)
            raise LookupError("as it was")

    with pytest.raises(LookupError, match="as it was"):
        await program()
    [tree] = seen[0].trees.values()
    [view] = seen[0].deliveries.values()
    assert (tree.root.state, view.state) == ("errored", "parked")
    assert view.reason == "LookupError: as it was"


async def test_a_program_that_is_cancelled_ends_as_cancelled() -> None:
    seen: list[Trace] = []
    with anyio.CancelScope() as scope:
        async with watching("stops", port=0, quiet=True) as inspector:
            seen.append(inspector.trace)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    [tree] = seen[0].trees.values()
    assert tree.root.state == "halted"


async def test_when_the_program_has_ended_nobody_answers() -> None:
    async with watching("short", port=0, quiet=True) as inspector:
        pass
    with pytest.raises(NoServerError):
        async with connect(inspector.address):
            pass


async def test_a_port_that_is_taken_is_not_fatal() -> None:
    async with (
        watching("one", quiet=True) as one,
        watching("other", quiet=True) as other,
    ):
        assert one.address != other.address


@pytest.mark.parametrize("key", [None, "short"])
async def test_another_address_needs_a_key(key: str | None) -> None:
    with pytest.raises(SettingsError, match="expected"):
        async with watching(host="0.0.0.0", port=0, key=key, quiet=True):
            pass


async def test_a_key_lets_in_who_knows_it() -> None:
    key = "a key of at least sixteen characters"
    async with watching("secret", port=0, key=key, quiet=True) as inspector:
        assert "?token=" in inspector.link()
        with pytest.raises(NoServerError, match="CALLBOARD_INSPECTOR_TOKEN"):
            async with connect(inspector.address):
                pass
        async with connect(inspector.address, key) as client:
            await client.next()


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_the_example_can_be_watched() -> None:
    with anyio.fail_after(30):
        command = [sys.executable, str(EXAMPLE)]
        async with await anyio.open_process(command) as process:
            try:
                assert process.stderr is not None
                text = ""
                async for part in TextReceiveStream(process.stderr):
                    text += part
                    if "\n" in text:
                        break
                found = re.search(r"http://[\w.:]+", text)
                assert found is not None
                async with connect(found[0]) as client:
                    eye = Eye(client)
                    await eye.open()
                    await eye.sees("page 0", "completed")
                    assert [v.event for v in eye.picture.deliveries.values()] == [
                        "crawler"
                    ]
            finally:
                process.kill()


def test_it_takes_three_lines() -> None:
    marked = re.findall(r"# \d", EXAMPLE.read_text("utf-8"))
    assert marked == ["# 1", "# 2", "# 3"]


async def test_a_task_that_holds_the_loop_is_named() -> None:
    seen: list[str] = []

    def look(address: str) -> None:
        async def main() -> None:
            async with connect(address) as client:
                eye = Eye(client)
                await eye.open()
                await eye.until(lambda: name_of_blocker(eye) is not None)
                seen.append(name_of_blocker(eye) or "")

        anyio.run(main, backend="trio")

    async def hold() -> None:
        while thread.is_alive():
            thread.join(0.05)

    async with (
        watching("holds", port=0, quiet=True) as inspector,
        anyio.create_task_group() as group,
    ):
        thread = threading.Thread(target=look, args=[inspector.address])
        thread.start()
        group.start_soon(hold, name="the one that holds it")
    assert seen == ["the one that holds it"]


def name_of_blocker(eye: Eye) -> str | None:
    beat = eye.picture.beat
    return beat.blocked.name if beat is not None and beat.blocked is not None else None


async def test_what_keeps_the_server_from_starting_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("the page's files are gone")

    monkeypatch.setattr(standalone, "make_app", broken)
    with pytest.raises(LookupError, match="files are gone"):
        async with watching("hapless", port=0, quiet=True):
            pass
