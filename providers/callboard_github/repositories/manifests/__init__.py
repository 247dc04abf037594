"""Manifests: files in which a package says its name and what it needs.

Owns which files are read, and by what. What only tests, builds or development need is
left out.
"""

from collections.abc import Callable, Mapping

from callboard_catalog.documents import shown
from callboard_github.repositories.manifests import go, java, javascript, python, rust
from callboard_github.repositories.manifests.manifest import BadManifest, Manifest

__all__ = ["LARGEST_FILE", "READERS", "BadManifest", "Manifest", "read_manifest"]

LARGEST_FILE = 1024 * 1024
"""Bytes; nobody writes a larger one by hand."""
_LONGEST = 255

READERS: Mapping[str, Callable[[str], Manifest]] = {
    "package.json": javascript.read_package,
    "pyproject.toml": python.read_project,
    "requirements.txt": python.read_requirements,
    "go.mod": go.read_module,
    "Cargo.toml": rust.read_crate,
    "pom.xml": java.read_pom,
}
"""By the name of the file."""


def read_manifest(name: str, content: str | bytes) -> Manifest:
    """What a manifest says, by the name of its file.

    Raises:
        BadManifest: It is none.
    """
    if len(content) > LARGEST_FILE:
        expected = f"a file of at most {LARGEST_FILE} bytes"
        raise BadManifest(expected, str(len(content)))
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        manifest = READERS[name](text.removeprefix("\ufeff"))
    except BadManifest:
        raise
    except UnicodeDecodeError as error:
        line = bytes(content).count(b"\n", 0, error.start) + 1  # pyright: ignore[reportArgumentType] - only bytes are decoded
        raise BadManifest("UTF-8", error.reason, line) from None
    except RecursionError:
        raise BadManifest("a document", "one nested too deep") from None
    except ValueError as error:  # such as a number of thousands of digits
        raise BadManifest("a document", str(error)) from None
    for package in (manifest.name or "", *sorted(manifest.needs)):
        if len(package) > _LONGEST or not package.isprintable():
            expected = f"names of at most {_LONGEST} printable characters"
            raise BadManifest(expected, shown(ascii(package)))
    return manifest
