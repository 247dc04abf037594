"""``callboard show``: one run, from the journal or from a file.

Owns the command, what its target may be, and the order in which people read a run: what
it was, its tree, why it failed, what it changed.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import anyio
from rich.console import Group, RenderableType
from rich.text import Text

from callboard import Trace, clock, history
from callboard.cli.console import (
    PlainConsole,
    complain,
    open_database,
    read_settings,
    say,
    say_json,
    standard_output,
)
from callboard.cli.runs import MARKS
from callboard.clock import duration
from callboard.database import Database
from callboard.delivery import DeliveryState
from callboard.effects import CHANGES
from callboard.plural import counted
from callboard.redaction import shorten
from callboard.settings import SettingsError
from callboard.task import TaskRecord
from callboard_inspector import bundle as files
from callboard_inspector import detail
from callboard_inspector.bundle import Bundle, BundleError
from callboard_inspector.detail import Details
from callboard_inspector.enclosed import enclose
from callboard_inspector.picture import DeliverySeen, read_delivery
from callboard_inspector.settings import InspectorSettings
from callboard_inspector.terminal.changes import change_lines, tally
from callboard_inspector.terminal.failures import failure_lines
from callboard_inspector.terminal.hanging import Hanging
from callboard_inspector.terminal.trees import WrappedTree, node_of_record
from callboard_inspector.watched import Watched

_NOT_THERE = 1
_TREE_ROWS = 200
_TARGET = 200
"""Characters of a target that a message repeats."""
_PATIENCE = 1.0
"""Seconds that a task may take to unwind, before it is said to ignore it."""


def show(
    target: str,
    *,
    run: int | None = None,
    json_: bool = False,
    export: Path | None = None,
    html: Path | None = None,
    config: Path | None = None,
) -> None:
    """Show a run: its tree, why it failed, what it changed.

    Works while the server runs and while it does not; a file needs neither. The exit
    code is 1 when there is nothing to show.

    Args:
        target: A run, a delivery (its newest ended run is shown), or a file that
            --export or the page has written.
        run: Of a delivery, its first, second, … run instead of the newest.
        json_: Everything as one JSON document, the same that --export writes.
        export: Write the run to this file, to be opened here or in the page.
        html: Write the run to this file with the page that shows it: any browser opens
            it, without a server.
        config: The settings; callboard.toml in this folder when not given.
    """
    try:
        found = _find(target, run, config)
    except BundleError as error:
        complain(error)
        raise SystemExit(_NOT_THERE) from None
    if export is not None:
        _write(export, files.write(found))
        PlainConsole(stderr=True, highlight=False).print(f"{export}: run {found.run}")
    if html is not None:
        _write(html, enclose(found))
        PlainConsole(stderr=True, highlight=False).print(f"{html}: run {found.run}")
    if export is not None or html is not None:
        return
    if json_:
        say_json(files.write(found))
        return
    say(standard_output(), account(found))


def _find(target: str, number: int | None, config: Path | None) -> Bundle:
    try:
        return files.read(Path(target).read_bytes())
    except OSError as error:
        absent = isinstance(error, FileNotFoundError)
        if os.sep in target or target.endswith((".", ".json")) or not absent:
            why = f"cannot be read: {error.strerror}"
            why = "there is no such file" if absent else why
            raise BundleError(f"{shorten(target, _TARGET)}: {why}") from error
    settings = read_settings(config)
    words = settings.section("inspector", InspectorSettings).words
    database = open_database(settings, read_only=True)
    try:
        database.expect_migrated()
        delivery, run = _resolve(database, target, number)
        # What it would log is said as what is missing.
        logging.getLogger(detail.__name__).setLevel(logging.CRITICAL)
        watched = Watched(trace=Trace(redactor=settings.redactor), database=database)
        details = Details(watched)
        return anyio.run(files.collect, details, delivery, run, words, backend="trio")
    finally:
        database.close()


def _resolve(database: Database, target: str, number: int | None) -> tuple[str, str]:
    """The delivery and the run that ``target`` names."""
    target = target.partition(".")[0]  # a task's id shows its run
    delivery = database.query(lambda c: history.delivery_of_run(c, target))
    if delivery is not None:
        return delivery, target
    runs = database.query(lambda c: history.list_runs(c, target))
    if number is not None:
        if not 1 <= number <= len(runs):
            had = counted(len(runs), "run")
            raise BundleError(f"{target} has {had}, and no run {number}")
        return target, runs[number - 1].id
    ended = [run for run in runs if run.ended_at is not None]
    if ended:
        return target, ended[-1].id
    if runs:
        message = f"{target} runs at this moment: `callboard watch {target}` shows it"
        raise BundleError(message)
    if database.query(lambda c: history.find_delivery(c, target)) is not None:
        raise BundleError(f"{target} has not run yet")
    message = f"expected a run, a delivery or a file; nothing is known of {target!r}"
    raise BundleError(f"{message} (`callboard runs` lists deliveries)")


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise SettingsError(message) from error


def account(bundle: Bundle) -> RenderableType:
    """A run as people read it."""
    nodes = [node_of_record(record) for record in bundle.tasks]
    parts: list[Text] = [*_slow(bundle.tasks), *_failures(bundle.tasks)]
    for changed, name in ((False, "Left as it was"), (True, "Changed")):
        some = [e for e in bundle.effects if (e.operation in CHANGES) is changed]
        if some:
            parts += [Text(), _title(f"{name} ({tally(some)})"), *change_lines(some)]
    parts += _log(bundle.tasks)
    parts += [Text(f"Missing: {reason}", "yellow") for reason in bundle.missing]
    return Group(
        *_head(bundle),
        Text(),
        WrappedTree(nodes, bundle.exported, _TREE_ROWS),
        *(Hanging(line) for line in parts),
    )


def _head(bundle: Bundle) -> Iterator[RenderableType]:
    answer = bundle.delivery
    view = read_delivery(answer.row, answer.strings, answer.base)
    mark, style = MARKS.get(_state(view), ("?", ""))
    event = view.event if view.action is None else f"{view.event}.{view.action}"
    about = view.repository or view.organization or ""
    yield Text.assemble((f"{mark} ", style), (event, "bold"), f"  {about}".rstrip())
    root = bundle.tasks[0]
    took = duration((root.ended or bundle.exported) - root.created)
    number = next((r.attempt for r in answer.runs if r.id == bundle.run), None)
    which = bundle.run + (f", attempt {number}" if number else "")
    facts = [
        ("delivery", f"{view.id}  {view.state}, {counted(view.attempts, 'attempt')}"),
        ("guid", f"{answer.guid}  {counted(answer.size, 'byte')}"),
        ("received", clock.isoformat(view.received)),
        ("run", f"{which}, {root.state} after {took}"),
    ]
    if root.cause:
        facts.append(("because", root.cause))
    if view.rest.reason and view.rest.reason != root.cause:
        facts.append(("reason", view.rest.reason))
    for done in answer.actions:
        what = f"{done.kind} {done.target}"
        facts.append(("action", f"{clock.isoformat(done.at)}  {done.who}: {what}"))
    for name, value in facts:
        yield Hanging(Text(f"  {name:<9}", "dim").append(value, "not dim"), 11)


def _state(view: DeliverySeen) -> DeliveryState:
    return DeliveryState(view.state)


def _failures(tasks: list[TaskRecord]) -> Iterator[Text]:
    """Of each failing branch the topmost task's: it holds those below as a group."""
    failed = {record.n: record for record in tasks if record.failure is not None}
    root = tasks[0].n
    if any(record.parent == root for record in failed.values()):
        failed.pop(root, None)  # it failed because they did
    told: dict[str, list[TaskRecord]] = {}
    for record in failed.values():
        if record.parent not in failed and record.failure is not None:
            text = "\n".join(line.plain for line in failure_lines(record.failure))
            told.setdefault(text, []).append(record)
    for alike in told.values():
        yield Text()
        title = _title("Error in ").append(alike[0].name)
        if len(alike) > 1:
            title.append(f", and the same in {counted(len(alike) - 1, 'other task')}")
        yield title
        if alike[0].failure is not None:
            yield from failure_lines(alike[0].failure, "  ")


def _slow(tasks: list[TaskRecord]) -> Iterator[Text]:
    """Those that were told to stop and took their time: the lowest of each branch."""
    slow = [
        (record, record.ended - record.told)
        for record in tasks
        if record.told is not None
        and record.ended is not None
        and record.ended - record.told >= _PATIENCE
    ]
    parents = {record.parent for record, _ in slow}
    for record, seconds in slow:
        if record.n not in parents:
            yield Text(
                f"{record.name} ignored cancellation: it ended {duration(seconds)}"
                " after it was told to stop",
                "yellow",
            )


def _log(tasks: list[TaskRecord]) -> Iterator[Text]:
    lines = sorted(
        ((line, record) for record in tasks for line in record.logs),
        key=lambda entry: entry[0].at,
    )
    if lines:
        yield Text()
        yield _title(f"Log ({len(lines):,})")
    for line, record in lines[-50:]:
        text = Text("  ").append(clock.isoformat(line.at)[11:23], "dim")
        loud = "red" if line.level in {"ERROR", "CRITICAL"} else "yellow"
        text.append(
            f" {line.level.lower():<8}", "dim" if line.level == "INFO" else loud
        )
        yield text.append(f"{record.name}: ", "dim").append(line.message)


def _title(text: str) -> Text:
    return Text(text, "bold")
