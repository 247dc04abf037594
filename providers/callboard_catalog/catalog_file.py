"""Catalog files: several entities as YAML documents in one text.

Owns the way from a file to entities. Each document stands alone: a bad one is reported
with its lines and leaves the others good.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from callboard_catalog import formats
from callboard_catalog.documents import Document
from callboard_catalog.entity import Entity
from callboard_catalog.mutations import Full, Rejected
from callboard_catalog.rules import Problem, Schema, problems_in
from callboard_catalog.yaml_values import Lines, UnreadableYaml, read_document

LARGEST_FILE = 5 * 1024 * 1024

# At the start of a line these three end a document wherever they stand: YAML forbids
# them inside any text.
_SEPARATOR = re.compile(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)
_NOTHING_BUT_COMMENTS = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*(?:#.*)?")


class BadDocument(Struct, frozen=True):
    """A document that is no entity."""

    index: int
    """Which document of the file, from 0."""
    line: int
    """Where it starts."""
    problems: tuple[Problem, ...]
    ref: str | None = None
    """Which entity it wants to be, as far as that can be read."""

    def __str__(self) -> str:
        """One line for people."""
        name = self.ref or f"document {self.index + 1}"
        return f"{name}: " + "; ".join(map(str, self.problems))


class CatalogFile(Struct, frozen=True):
    """What a catalog file holds."""

    entities: tuple[Entity, ...]
    bad: tuple[BadDocument, ...]

    def full(self, location_key: str, as_of: float | None = None) -> Full:
        """The mutation that makes this all there is under the file's location key.

        What a bad document was before stays, with the error on it.
        """
        rejected = [Rejected(b.problems, b.ref, location_key) for b in self.bad]
        return Full(self.entities, location_key, rejected, as_of)


def read_catalog_file(
    content: str | bytes,
    schemas: Mapping[str, Schema] | None = None,
    amend: Callable[[Document], Document] | None = None,
) -> CatalogFile:
    """Read every document of a catalog file.

    Never raises for what the file holds: all of it is in ``bad``.

    Args:
        content: Of the file.
        schemas: Checks for custom kinds, by kind.
        amend: Changes a document before it is checked.
    """
    entities: list[Entity] = []
    bad: list[BadDocument] = []
    if len(content) > LARGEST_FILE:
        came = f"{len(content)}"
        problem = Problem("", f"a file of at most {LARGEST_FILE} bytes", came, 1)
        return CatalogFile((), (BadDocument(0, 1, (problem,)),))
    if isinstance(content, bytes):
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problem = Problem("", "UTF-8", error.reason, line)
            return CatalogFile((), (BadDocument(0, line, (problem,)),))
    else:
        text = content.removeprefix("\ufeff")
    for index, (line, part) in enumerate(_documents(text)):
        try:
            value, lines = read_document(part, line)
        except UnreadableYaml as error:
            problem = Problem(
                "", "YAML", f"text that is not valid: {error}", error.line
            )
            bad.append(BadDocument(index, line, (problem,)))
            continue
        if value is None:
            continue
        if amend is not None and isinstance(value, Mapping):
            value = amend(value)  # pyright: ignore[reportUnknownArgumentType] - JSON
        problems = problems_in(value, schemas)
        if problems or not isinstance(value, Mapping):
            told = tuple(_with_line(problem, lines) for problem in problems)
            bad.append(BadDocument(index, line, told, _ref(value)))
        else:
            entities.append(Entity.of(value))
    return CatalogFile(tuple(entities), tuple(bad))


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Each document's text with the number of its first line."""
    start, line = 0, 1
    for match in _SEPARATOR.finditer(text):
        part = text[start : match.start()]
        if not _NOTHING_BUT_COMMENTS.fullmatch(part) and not part.startswith("%"):
            yield line, part
        line += part.count("\n")
        # The markers themselves stay out; what follows on their line stays in.
        start = match.end()
    part = text[start:]
    if not _NOTHING_BUT_COMMENTS.fullmatch(part):
        yield line, part


def _with_line(problem: Problem, lines: Lines) -> Problem:
    path = problem.path
    while path and path not in lines:
        # The value is missing: point at what should hold it.
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return replace(problem, line=lines.get(path))


def _ref(value: object) -> str | None:
    """None also where a part of the ref is what is wrong: it may be any entity's."""
    if not isinstance(value, Mapping):
        return None
    try:
        entity = Entity.of(value)  # pyright: ignore[reportUnknownArgumentType] - any JSON
        parts = entity.metadata
        readable = (
            formats.KIND.check(entity.kind)
            and formats.NAME.check(parts.name)
            and formats.NAMESPACE.check(parts.namespace)
        )
        return str(entity.ref) if readable else None
    except (KeyError, TypeError, AttributeError):
        return None
