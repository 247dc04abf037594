"""What a person configures: ``callboard.toml``, the environment, secret files.

Owns reading and checking them. Each room describes its own section as a Struct; secrets
come from the environment or from files alone, and are known to the redactor from then on.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import msgspec

from callboard.expectation import unmet
from callboard.redaction import Redactor

T = TypeVar("T")
PREFIX = "CALLBOARD_"


class SettingsError(Exception):
    """A setting is wrong: names the place, what was expected and what came."""


class Settings:
    """All settings of one process."""

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        path: Path | None = None,
    ) -> None:
        self.path = path
        self.insecure = False
        """Whether unsigned webhooks are taken; only a person on loopback says so."""
        self.redactor = Redactor()
        self._values = dict(values or {})
        self._environment = os.environ if environment is None else environment
        self.sections: dict[str, type[Any]] = {}
        """What the rooms have asked for, by the section's name."""

    @classmethod
    def read(
        cls, path: Path | None, environment: Mapping[str, str] | None = None
    ) -> "Settings":
        """Read ``path``; None means ``callboard.toml`` here, if there is one.

        Raises:
            SettingsError: The file is missing although it was named, or is no TOML.
        """
        named = path is not None
        path = path or Path("callboard.toml")
        # A link that leads nowhere is there: it cannot be read.
        if not named and not path.exists() and not path.is_symlink():
            return cls(environment=environment)
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            message = f"{path}: cannot be read: {error.strerror}"
            raise SettingsError(message) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: expected TOML, got: {error}") from error
        return cls(values, environment=environment, path=path)

    @property
    def place(self) -> str:
        """The file's name for messages."""
        return str(self.path) if self.path else "callboard.toml"

    @property
    def origin(self) -> str:
        """Where they come from, for people; a file that is not there is not named."""
        return str(self.path) if self.path else "(no callboard.toml: defaults)"

    def section(self, name: str, kind: type[T]) -> T:
        """The section ``[name]`` as a ``kind``; its defaults where there is none.

        Raises:
            SettingsError: A key is unknown, missing or of the wrong type.
        """
        self.sections[name] = kind
        value = self._values.get(name, {})
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            problem = unmet(error, name, kind, value)
            raise SettingsError(f"{self.place}: {problem}") from error

    def check_sections(self) -> None:
        """Raise SettingsError if the file has a section that nobody asked for."""
        unknown = sorted(set(self._values) - set(self.sections))
        if unknown:
            known = ", ".join(sorted(self.sections))
            message = f"{self.place}: {unknown[0]}: expected one of {known}"
            raise SettingsError(f"{message}; got an unknown section")

    def secrets(self, name: str) -> tuple[str, ...]:
        """The comma-separated secrets in ``CALLBOARD_<name>``, or in a file.

        ``CALLBOARD_<name>_FILE`` names the file; there, newlines separate too.

        Raises:
            SettingsError: Both are set, or the file cannot be read.
        """
        variable = PREFIX + name
        value, file = self.variable(name), self.variable(f"{name}_FILE")
        if value is not None and file is not None:
            message = f"{variable} and {variable}_FILE are both set: expected one"
            raise SettingsError(message)
        if file is not None:
            try:
                # Some editors begin a file with a mark that is no part of the secret.
                value = Path(file).read_text("utf-8-sig").replace("\n", ",")
            except (OSError, UnicodeDecodeError) as error:
                message = f"{variable}_FILE: expected a readable text file, got {file}"
                raise SettingsError(f"{message}: {error}") from error
        found = tuple(s.strip() for s in (value or "").split(",") if s.strip())
        self.redactor.add(*found)
        return found

    def header_secrets(self, name: str) -> tuple[str, ...]:
        """As ``secrets``, for those that are sent in a header.

        Raises:
            SettingsError: As of ``secrets``, or one has a character that no header has.
        """
        found = self.secrets(name)
        for secret in found:
            wrong = [i for i, c in enumerate(secret, 1) if not " " <= c <= "~"]
            if wrong:
                message = f"{PREFIX}{name}: expected printable ASCII characters alone"
                came = f"another one as character {wrong[0]} of {len(secret)}"
                raise SettingsError(f"{message}, got {came}")
        return found

    def variable(self, name: str) -> str | None:
        """The value of ``CALLBOARD_<name>``; None when unset or empty."""
        return self._environment.get(PREFIX + name) or None


def address_parts(text: str) -> SplitResult | None:
    """The parts of an address with http or https; None when it is none."""
    try:
        parts = urlsplit(text)
    except ValueError:  # half an IPv6 address
        return None
    there = parts.scheme in {"http", "https"} and parts.hostname
    return parts if there else None
