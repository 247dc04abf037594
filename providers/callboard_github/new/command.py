"""The command ``callboard new provider NAME``.

Owns the names that what is written gets. What is written is the code beside this file,
which is checked as all other code is.
"""

import keyword
import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from callboard import SettingsError
from callboard.cli.console import PlainConsole, own_command

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_TAKEN = {"missed-deliveries", "organizations", "repositories"}


def new(kind: Literal["provider"], name: str, *, into: Path = Path()) -> None:
    """Write a typed provider and its test on the simulated GitHub.

    Args:
        kind: What to write.
        name: Of the provider, such as on-call: lower case, digits, hyphens.
        into: The folder.
    """
    module = _module(kind, name)
    provider, test = into / f"{module}.py", into / f"test_{module}.py"
    for file in (provider, test):
        if file.exists():
            message = f"{file} exists: remove it, or write elsewhere with --into"
            raise SettingsError(message)
    try:
        into.mkdir(parents=True, exist_ok=True)
        _write("template.py", provider, name, module)
        _write("template_test.py", test, name, module)
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from error
    lines = (
        f"{provider}  the provider: what it does on which event",
        f"{test}  its test",
        "",
        f"  pytest {test}  (comes with `scripts/install dev`, or pip install pytest)",
        f"  {own_command()} serve --with {provider}:make_providers",
        f"  {own_command()} send repository.created",
    )
    console = PlainConsole(highlight=False, soft_wrap=True, markup=False)
    for line in lines:
        console.print(line)


def _module(kind: str, name: str) -> str:
    """The module's name.

    Raises:
        SettingsError: The name will not do; says why.
    """
    module = name.replace("-", "_")
    wrong = None
    if not _NAME.fullmatch(name) or keyword.iskeyword(module):
        wrong = (
            "lower case letters and digits with hyphens between them, and no keyword"
        )
    elif name in _TAKEN or name in entry_points(group="callboard.providers").names:
        wrong = "a name that no provider has"
    elif find_spec(module) is not None:
        wrong = "a name that no installed module has"
    if wrong is not None:
        raise SettingsError(f"new {kind}: expected {wrong}, got {name!r}")
    return module


def _write(template: str, file: Path, name: str, module: str) -> None:
    text = (_HERE / template).read_text("utf-8")
    text = text.replace("callboard_github.new.template", module)
    text = text.replace("template.py", f"{module}.py")
    text = text.replace("Template", "".join(map(str.capitalize, module.split("_"))))
    file.write_text(text.replace("template", name), "utf-8")
