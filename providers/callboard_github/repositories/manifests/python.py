"""``pyproject.toml`` and ``requirements.txt``.

Source: https://packaging.python.org/specifications/pyproject-toml/ and
https://pip.pypa.io/reference/requirements-file-format/
"""

import re
from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from callboard_github.repositories.manifests.manifest import (
    BadManifest,
    Manifest,
    table,
    text,
    texts,
)
from callboard_github.repositories.manifests.toml import read_toml

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTIONS = re.compile(r"\s--?[A-Za-z].*$")
_PLACE = re.compile(r"[./]|[A-Za-z][A-Za-z0-9+.-]*://")


def read_project(content: str) -> Manifest:
    """The project, with its dependencies and those of its extras.

    Raises:
        BadManifest: It is none.
    """
    document = read_toml(content)
    project = table(document, "project")
    lines = texts(project, "dependencies", "project.dependencies")
    extras = table(document, "project", "optional-dependencies")
    for extra in extras:
        lines += texts(extras, extra, f"project.optional-dependencies.{extra}")
    needs = {_package(line, None) for line in lines}
    # Poetry's own table, from before there was the other one.
    poetry = table(document, "tool", "poetry")
    needs |= {canonicalize_name(n) for n in table(poetry, "dependencies")} - {"python"}
    name = text(project, "name", "project.name")
    name = name or text(poetry, "name", "tool.poetry.name")
    return Manifest("pypi", name and canonicalize_name(name), frozenset(needs))


def read_requirements(content: str) -> Manifest:
    """What a list of requirements names; options, paths and addresses name nothing.

    Raises:
        BadManifest: Some line is no requirement.
    """
    needs: set[str] = set()
    for number, line in _logical(content.splitlines()):
        words = _OPTIONS.sub("", _COMMENT.sub("", line)).strip()
        if words and not words.startswith("-") and not _PLACE.match(words):
            needs.add(_package(words, number))
    return Manifest("pypi", None, frozenset(needs))


def _logical(lines: Iterable[str]) -> Iterable[tuple[int, str]]:
    """Lines with the number of their first one; a backslash at the end joins two."""
    start, whole = 0, ""
    for number, line in enumerate(lines, 1):
        start = start or number
        if line.endswith("\\"):
            whole += line[:-1]
            continue
        yield start, whole + line
        start, whole = 0, ""
    if whole:
        yield start, whole


def _package(line: str, number: int | None) -> str:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement as error:
        came = f"{line!r}: {str(error).splitlines()[0]}"
        raise BadManifest("a requirement", came, number) from None
