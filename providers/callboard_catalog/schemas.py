"""JSON Schemas for custom kinds.

Owns the way from a schema file to a check that speaks the rules' language.
"""

from collections.abc import Mapping
from pathlib import Path

import jsonschema_rs
import msgspec

from callboard import SettingsError
from callboard_catalog.documents import Document, shown
from callboard_catalog.rules import Problem, Schema


def schema_of(definition: Mapping[str, object]) -> Schema:
    """A check of whole entities against one JSON Schema.

    Raises:
        ValueError: The definition is no JSON Schema.
    """
    validator = jsonschema_rs.validator_for(dict(definition))

    def check(document: Document) -> list[Problem]:
        return [
            Problem(
                _path(list(error.instance_path)),
                f"what the kind's schema asks ({error.message})",
                shown(error.instance),
            )
            for error in validator.iter_errors(document)
        ]

    return check


def read_schemas(files: Mapping[str, str]) -> dict[str, Schema]:
    """Schemas by kind, read from JSON files.

    Raises:
        SettingsError: A file is missing or holds no JSON Schema.
    """
    made: dict[str, Schema] = {}
    for kind, path in files.items():
        try:
            definition = msgspec.json.decode(
                Path(path).read_bytes(), type=dict[str, object]
            )
            made[kind] = schema_of(definition)
        except (OSError, ValueError) as error:
            message = f"catalog.schemas.{kind}: expected the path of a JSON Schema, got {path}: {error}"
            raise SettingsError(message) from error
    return made


def _path(parts: list[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")
