"""Generates ``callboard_github.events``: a class for every event and action of GitHub.

    python scripts/generate_events.py                     # npm fetches the schemas
    python scripts/generate_events.py --schemas FOLDER    # they are there already
    python scripts/generate_events.py --check             # write nothing, tell drift

The schemas are those of the npm package `@octokit/openapi-webhooks`, at the version
below: github.com's first, then the other editions', so that an older GHES fits too.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from events_render import Library, lines_of
from events_schema import Reader

npm_package = "@octokit/openapi-webhooks"
version = "12.1.0"
archive_digest = "112b87c7dcda464640248dcf5965bcd69027c65bb45c26ae78fbf3f0d1eaa740"
editions = ("api.github.com", "ghec", *(f"ghes-3.{n}" for n in range(19, 13, -1)))

scripts = Path(__file__).resolve().parent
target = scripts.parent / "providers" / "callboard_github" / "events"
manifest_name = "manifest.json"
licence_name = "LICENSE.octokit-openapi-webhooks"
line_limit = 15_000


def fetch(folder: Path) -> Path:
    """Have npm fetch the pinned package into ``folder``; returns the unpacked root."""
    command = ["npm", "pack", f"{npm_package}@{version}", "--silent"]
    run(command, folder)
    archive = next(folder.glob("*.tgz"))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != archive_digest:
        raise SystemExit(
            f"{archive.name}: expected sha256 {archive_digest}, got {digest}"
        )
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def run(command: list[str], folder: Path) -> None:
    """Run a tool that this script names itself; an error ends the script."""
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - no input from outside


def generate(root: Path) -> dict[str, str]:
    """Every generated file but the manifest, by its path below the package."""
    reader = Reader()
    for edition in editions:
        text = (root / "generated" / f"{edition}.json").read_text(encoding="utf-8")
        reader.read(json.loads(text))
    files = formatted(Library(reader).files())
    files[licence_name] = (root / "LICENSE").read_text(encoding="utf-8")
    return files


def formatted(files: Mapping[str, str]) -> dict[str, str]:
    """The same files as ruff formats and sorts them."""
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(scripts.parent / "pyproject.toml"), "--quiet"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        sort = ["check", "--select", "I", "--fix", "--no-cache"]
        first_party = 'lint.isort.known-first-party=["callboard","callboard_github"]'
        run([*ruff, *sort, *config, "--config", first_party, name], folder)
        run([*ruff, "format", "--no-cache", *config, name], folder)
        return {path: (folder / path).read_text(encoding="utf-8") for path in files}


def digest(text: str) -> str:
    """The digest that the manifest records."""
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(files: Mapping[str, str]) -> str:
    """What was made from what, so that drift shows without the schemas, too."""
    sources = sorted([*scripts.glob("events_*.py"), scripts / "generate_events.py"])
    content = {
        "package": f"{npm_package}@{version}",
        "archive": archive_digest,
        "scripts": {p.name: digest(p.read_text(encoding="utf-8")) for p in sources},
        "files": {path: digest(text) for path, text in sorted(files.items())},
    }
    return json.dumps(content, indent=1) + "\n"


def drift(files: Mapping[str, str]) -> list[str]:
    """What differs between ``files`` and the folder."""
    owned: set[str] = set()
    recorded = target / manifest_name
    if recorded.exists():
        owned = set(json.loads(recorded.read_text(encoding="utf-8"))["files"])
    told = [f"{path}: no longer generated" for path in sorted(owned - files.keys())]
    for path, text in sorted(files.items()):
        present = target / path
        if not present.exists():
            told.append(f"{path}: missing")
        elif present.read_text(encoding="utf-8") != text:
            told.append(f"{path}: differs")
    return told


def write(files: Mapping[str, str]) -> None:
    """Replace what an earlier run wrote."""
    recorded = target / manifest_name
    if recorded.exists():
        for path in json.loads(recorded.read_text(encoding="utf-8"))["files"]:
            (target / path).unlink(missing_ok=True)
    for path, text in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")


def main() -> None:
    """Generate, or tell how the checked-in files differ from what would be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--schemas", type=Path, help="the unpacked npm package")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = generate(options.schemas or fetch(Path(folder)))
    count = lines_of(files)
    if count > line_limit:
        raise SystemExit(f"{count} lines are more than {line_limit}")
    files[manifest_name] = manifest(files)
    if options.check:
        told = drift(files)
        print("\n".join(told) or f"{len(files)} files are as generated")
        raise SystemExit(1 if told else 0)
    write(files)
    print(f"wrote {len(files)} files, {count} lines")


if __name__ == "__main__":
    main()
