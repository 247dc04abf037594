"""One YAML document as JSON, with the line of every value.

Owns the construction from parser events, without recursion and within limits, so that
no file, however it nests or repeats aliases, costs more than its size. Scalars mean what
YAML 1.2's core schema says (``no`` is a text), as in Backstage's parser.
"""

import math
import re
from collections.abc import Iterator
from typing import TypeAlias

import yaml

from callboard_catalog.documents import JsonValue

Lines: TypeAlias = dict[str, int]
"""Line, from 1, by path in the form of ``rules.Problem.path``."""

_DEEPEST = 100
_MOST_VALUES = 100_000

_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, JsonValue] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_TAG = "tag:yaml.org,2002:"


class UnreadableYaml(ValueError):  # noqa: N818 - a ValueError that callers tell apart
    """A text that is no YAML, or more than is taken; ``line`` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Open:
    """A list or an object that is being filled."""

    __slots__ = ("anchor", "key", "line", "path", "size", "value")

    def __init__(self, value: JsonValue, path: str, anchor: str | None) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.key: str | None = None
        self.size = 1


def read_document(text: str, first_line: int = 1) -> tuple[JsonValue, Lines]:
    """Read a text that holds at most one document.

    Raises:
        UnreadableYaml: It is no YAML, or deeper or larger than is taken.
    """
    builder = _Builder(first_line)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise UnreadableYaml(error.problem or "no YAML", line) from None
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, UnreadableYaml):
            raise
        reason = getattr(error, "reason", None) or str(error)
        raise UnreadableYaml(str(reason), first_line) from None
    return builder.root, builder.lines


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=yaml.CSafeLoader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - stubs without a type


class _Builder:
    """The document so far."""

    def __init__(self, first_line: int) -> None:
        self.root: JsonValue = None
        self.lines: Lines = {}
        self._first = first_line
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[JsonValue, int]] = {}
        self._values = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Add what one event tells."""
        line = self._first + (event.start_mark.line if event.start_mark else 0)
        match event:
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.MappingStartEvent():
                self._open({}, event.anchor, line)
            case yaml.SequenceStartEvent():
                self._open([], event.anchor, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(str(event.anchor), line)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise UnreadableYaml("expected '---' before a new document", line)
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        value = _value(event, line)
        if self._stack and self._expects_key():
            # Keys are texts in JSON, whatever they look like here.
            top = self._stack[-1]
            key = event.value
            if isinstance(top.value, dict) and key in top.value:
                raise UnreadableYaml(f"the key {key!r} is there twice", line)
            top.key = key
            self.lines.setdefault(f"{top.path}.{key}".lstrip("."), line)
            return
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, 1, line)

    def _expects_key(self) -> bool:
        top = self._stack[-1]
        return isinstance(top.value, dict) and top.key is None

    def _open(self, value: JsonValue, anchor: str | None, line: int) -> None:
        if len(self._stack) >= _DEEPEST:
            raise UnreadableYaml(f"deeper than {_DEEPEST} levels", line)
        if self._stack and self._expects_key():
            raise UnreadableYaml("a key must be a text", line)
        path = self._path()
        self.lines.setdefault(path, line)
        self._stack.append(_Open(value, path, anchor))

    def _close(self) -> None:
        done = self._stack.pop()
        if done.anchor:
            self._anchors[done.anchor] = (done.value, done.size)
        self._add(done.value, done.size, None)

    def _alias(self, anchor: str, line: int) -> None:
        if self._stack and self._expects_key():
            raise UnreadableYaml("a key must be a text, not an alias", line)
        # An anchor is known only once its value is whole, so no value holds itself.
        if anchor not in self._anchors:
            raise UnreadableYaml(f"the alias *{anchor} names nothing before it", line)
        value, size = self._anchors[anchor]
        self._add(value, size, line)

    def _add(self, value: JsonValue, size: int, line: int | None) -> None:
        self._values += 1
        path = self._path() if line is not None else ""
        if line is not None:
            self.lines.setdefault(path, line)
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        top.size += size
        if top.size > _MOST_VALUES:
            message = f"more than {_MOST_VALUES} values, aliases counted"
            raise UnreadableYaml(message, line or self._first)
        if isinstance(top.value, dict):
            top.value[top.key or ""] = value
            top.key = None
        elif isinstance(top.value, list):
            top.value.append(value)

    def _path(self) -> str:
        if not self._stack:
            return ""
        top = self._stack[-1]
        if isinstance(top.value, list):
            return f"{top.path}[{len(top.value)}]"
        return f"{top.path}.{top.key}".lstrip(".")


def _value(event: yaml.ScalarEvent, line: int) -> JsonValue:
    text, tag = event.value, event.tag
    if tag == f"{_TAG}str" or (event.style and not tag):
        return text
    if tag and tag != "!" and not tag.startswith(_TAG):
        raise UnreadableYaml(f"the tag {tag} is not taken", line)
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 400 and text[0] in "0123456789+-.":
        number = _number(text)
        if number is not None:
            return number
    return text


def _number(text: str) -> int | float | None:
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text, 0)
    if _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None
