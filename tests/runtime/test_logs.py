"""Log lines are attached to the task whose code wrote them."""

import logging
from typing import Any

import anyio
import anyio.to_thread
import pytest
import structlog

from callboard import Provider, Retry, Run, Untyped, on
from callboard.task import LogLine
from callboard.testing import THING, deliver, newest_tree, open_board, settled

pytestmark = pytest.mark.anyio
logger = logging.getLogger("toy")
TOO_FEW = ("two %s %s", "one")


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Talking(Provider):
    name = "talking"
    retry = Retry(attempts=1)

    @on(THING)
    async def handle(self, _event: Untyped, run: Run) -> None:
        logger.warning("from the %s", "provider")
        async with run.span("span"):
            logger.warning("from the span")
        async with anyio.create_task_group() as group:
            group.start_soon(self.child, name="child")
        await anyio.to_thread.run_sync(self.sync)
        try:
            raise ValueError("bad")
        except ValueError:
            logger.exception("it failed")
        logger.warning("%s", Unprintable())
        logger.warning(*TOO_FEW)
        structlog.stdlib.get_logger("toy").warning("structured", team="red")

    async def child(self) -> None:
        await anyio.lowlevel.checkpoint()
        logger.warning("from the child")

    def sync(self) -> None:
        logger.warning("from the thread")


@pytest.fixture
def structured() -> Any:
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.render_to_log_kwargs,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("structured")
async def test_each_line_is_on_the_task_that_wrote_it() -> None:
    previous = logging.raiseExceptions
    logging.raiseExceptions = False  # for other handlers, which cannot format these
    try:
        async with open_board(Talking()) as board:
            with anyio.fail_after(10):
                id_ = await deliver(board, "thing")
                await settled(board)
            tree = await newest_tree(board, id_)
    finally:
        logging.raiseExceptions = previous
    lines: dict[str, tuple[LogLine, ...]] = {
        task.kind: task.logs for task in tree.tasks
    }
    said = {kind: [line.message for line in logs] for kind, logs in lines.items()}
    assert said["run"] == []
    assert said["span"] == ["from the span"]
    assert said["task"] == ["from the child"]
    assert said["thread"] == ["from the thread"]
    assert said["provider"][:2] == ["from the provider", "it failed"]
    assert "not formatted: RuntimeError('no words')" in said["provider"][2]
    assert "not formatted: TypeError" in said["provider"][3]
    assert said["provider"][4] == "structured"
    failure = lines["provider"][1].failure
    assert failure is not None
    assert (failure.type, failure.message) == ("ValueError", "bad")
    assert {line.level for logs in lines.values() for line in logs} == {
        "WARNING",
        "ERROR",
    }


async def test_lines_of_other_code_are_on_no_task() -> None:
    async with open_board(Talking()) as board:
        logger.warning("from outside")
        with anyio.fail_after(10):
            id_ = await deliver(board, "thing")
            await settled(board)
        tree = await newest_tree(board, id_)
    told = [line.message for task in tree.tasks for line in task.logs]
    assert "from outside" not in told


async def test_handler_leaves_with_its_callboard() -> None:
    before = list(logging.getLogger().handlers)
    async with open_board():
        assert len(logging.getLogger().handlers) == len(before) + 1
    assert logging.getLogger().handlers == before
