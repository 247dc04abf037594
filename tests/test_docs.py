"""What the documents point to is there."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PAGES = sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/**/*.md")])
_ROOMS = ("runtime/", "providers/", "inspector/", "examples/", "scripts/", "docs/")


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    local = [link for link in links if not link.startswith(("http:", "https:"))]
    missing = [link for link in local if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_path_is_one(page: Path) -> None:
    named = re.findall(r"`([\w./*-]+)`", page.read_text("utf-8"))
    paths = [name for name in named if name.startswith(_ROOMS)]
    missing = [name for name in paths if not list(_ROOT.glob(name.rstrip("/")))]
    assert missing == []


def test_architecture_names_every_module_of_the_runtime() -> None:
    page = (_ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = page[: page.index("## Words")]
    found = set(re.findall(r"[\w/]*?(\w+\*?)\.py", rooms))
    modules = {
        file.stem for file in (_ROOT / "runtime" / "callboard").glob("[a-z]*.py")
    }
    small = {"checks", "clock", "delivery", "effects", "event", "ids", "wake"}
    unnamed = {
        module
        for module in modules - small
        if module not in found and not module.startswith("tracing")
    }
    assert unnamed == set()
