"""``Cargo.toml``.

Source: https://doc.rust-lang.org/cargo/reference/manifest.html
"""

from collections.abc import Mapping
from typing import Any

from callboard_github.repositories.manifests.manifest import Manifest, table, text
from callboard_github.repositories.manifests.toml import read_toml


def read_crate(content: str) -> Manifest:
    """The crate, with its dependencies on every platform.

    Raises:
        BadManifest: It is none.
    """
    document = read_toml(content)
    needs = {*_crates(document)}
    targets = table(document, "target")
    for target in targets:
        needs |= {*_crates(table(targets, target))}
    package = table(document, "package")
    return Manifest("cargo", text(package, "name", "package.name"), frozenset(needs))


def _crates(holder: Mapping[str, Any]) -> list[str]:
    crates = table(holder, "dependencies")
    found: list[str] = []
    for name, wanted in crates.items():
        renamed = text(wanted, "package", name) if isinstance(wanted, dict) else None  # pyright: ignore[reportUnknownArgumentType] - any TOML
        found.append(renamed or name)
    return found
