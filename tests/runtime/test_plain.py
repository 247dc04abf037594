"""Recorded text on its way to a terminal: what it cannot say to it."""

import io
import json
import logging

from rich.table import Table
from rich.text import Text

from callboard.cli.console import PlainConsole, PlainFormatter
from callboard.plain import one_line, plain, plain_json
from callboard.redaction import Redactor

COPY = "\x1b]52;c;Y3VybCBldmls\x07"
"""Puts text into the clipboard of whoever looks at it, in many terminals."""


def test_what_a_terminal_would_obey_or_hide_is_shown_by_its_number() -> None:
    assert plain(COPY) == "\\u001b]52;c;Y3VybCBldmls\\u0007"
    assert plain("user\u202egnp.exe") == "user\\u202egnp.exe"
    assert plain("\x9b2J\u200b\ufeff") == "\\u009b2J\\u200b\\ufeff"
    assert plain("tag\U000e0041 half \ud83d") == "tag\\u{e0041} half \\ud83d"


def test_what_people_write_stays() -> None:
    text = "línea\n\t你好 🎭 👩\U0001f3fd [bold]<script>"
    assert plain(text) == text
    assert one_line("a\nb\tc") == "a\\nb\\tc"


def test_plain_json_says_the_same() -> None:
    text = f"{COPY}\x7f\x9b\u202e\U000e0041 🎭"
    written = plain_json(json.dumps({"a": text}, ensure_ascii=False))
    assert plain(written) == written
    assert json.loads(written) == {"a": text}


def test_console_sends_no_control_of_a_text_and_keeps_its_own_colours() -> None:
    file = io.StringIO()
    console = PlainConsole(file=file, force_terminal=True, color_system="standard")
    table = Table(title=COPY)
    table.add_row(Text(f"{COPY}\u202e", "red"), COPY)
    console.print(table, Text(COPY), COPY, f"[red]{COPY}[/]")
    written = file.getvalue()
    assert "\x1b[31m" in written
    assert "\x1b]" not in written
    assert "\x07" not in written
    assert "\u202e" not in written


def test_a_log_is_plain_also_in_its_traceback_and_holds_no_secret() -> None:
    formatter = PlainFormatter(Redactor(["swordfish"]), "%(levelname)s %(message)s")
    try:
        raise LookupError(f"{COPY} swordfish")
    except LookupError as error:
        failed = (LookupError, error, error.__traceback__)
    record = logging.LogRecord(
        "stranger", logging.ERROR, "", 1, "%s said", (COPY,), failed
    )
    written = formatter.format(record)
    assert "Traceback" in written
    assert "\x1b" not in written
    assert "swordfish" not in written
