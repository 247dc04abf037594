"""The frames as TypeScript: ``python -m callboard_inspector.typescript``.

Owns ``static/wire.d.ts``. The types of ``wire`` are read by reflection, so the page's
type checker sees a renamed field the moment the file is written anew; a test fails when
it was not.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec.inspect as mi
from msgspec import Raw

from callboard_inspector import wire

TARGET = Path(__file__).parent / "static" / "wire.d.ts"
_HEAD = """\
/**
 * The frames of callboard.v1, generated from callboard_inspector/wire.py by
 * `python -m callboard_inspector.typescript`. Do not edit.
 */
"""
_PLAIN: dict[type, str] = {
    mi.IntType: "number",
    mi.FloatType: "number",
    mi.StrType: "string",
    mi.BoolType: "boolean",
    mi.NoneType: "null",
    mi.AnyType: "unknown",
}


class Declarations:
    """The named types that some types need, each once, in the order they are met."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def name_of(self, kind: mi.Type) -> str:  # noqa: PLR0911 - one return a case
        """How ``kind`` is written where it is used."""
        match kind:
            case mi.Metadata(type=inner):
                return self.name_of(inner)
            case mi.StructType(cls=struct):
                self._declare(kind)
                return struct.__name__
            case mi.UnionType(types=types):
                return " | ".join(self.name_of(member) for member in types)
            case mi.LiteralType(values=values):
                return " | ".join(f'"{value}"' for value in values)
            case mi.EnumType(cls=enum):
                return " | ".join(f'"{member.value}"' for member in enum)
            case mi.ListType(item_type=item) | mi.VarTupleType(item_type=item):
                return f"Array<{self.name_of(item)}>"
            case mi.DictType(key_type=key, value_type=value):
                return f"Record<{self.name_of(key)}, {self.name_of(value)}>"
            case mi.RawType():
                return "unknown"
            case _:
                return _plain(kind)

    def _declare(self, kind: mi.StructType) -> None:
        name = kind.cls.__name__
        if name in self.texts:
            return
        self.texts[name] = ""  # its place, should it contain itself
        if kind.array_like:
            members = [
                f"  {f.encode_name}: {self.name_of(f.type)}," for f in kind.fields
            ]
            body = "\n".join([f"export type {name} = [", *members, "];"])
        else:
            body = "\n".join([f"export interface {name} {{", *self._members(kind), "}"])
        self.texts[name] = f"{_comment(kind.cls)}{body}\n"

    def _members(self, kind: mi.StructType) -> Iterator[str]:
        if kind.tag is not None:
            yield f'  {kind.tag_field}: "{kind.tag}";'
        from_client = kind.cls.__name__ in _FROM_CLIENT
        omitted = kind.cls.__struct_config__.omit_defaults
        for field in kind.fields:
            optional = not field.required and (omitted or from_client)
            mark = "?" if optional else ""
            yield f"  {field.encode_name}{mark}: {self.name_of(field.type)};"


_FROM_CLIENT = {
    struct.__name__
    for struct in (
        wire.Subscribe,
        wire.Scope,
        wire.Resume,
        wire.Inspect,
        wire.Command,
        *wire.Question.__args__,
    )
}


def _plain(kind: mi.Type) -> str:
    for known, text in _PLAIN.items():
        if type(kind) is known:
            return text
    if isinstance(kind, mi.CustomType) and kind.cls is Raw:
        return "unknown"
    message = f"no TypeScript for {kind!r}: teach callboard_inspector.typescript"
    raise TypeError(message)


def _comment(struct: type[Any]) -> str:
    first = (struct.__doc__ or "").strip().partition("\n\n")[0]
    return f"/** {' '.join(first.split())} */\n" if first else ""


def render() -> str:
    """The whole of ``wire.d.ts``."""
    declarations = Declarations()
    frames = {
        "ServerFrame": wire.ServerFrame,
        "ClientFrame": wire.ClientFrame,
        "Question": wire.Question,
        "Answer": wire.Answer,
        "CommandKind": wire.CommandKind,
    }
    unions = [
        f"export type {name} = {declarations.name_of(mi.type_info(union))};\n"
        for name, union in frames.items()
    ]
    return "\n".join([_HEAD, *unions, *declarations.texts.values()])


if __name__ == "__main__":
    TARGET.write_text(render(), "utf-8")
