"""Links and pictures of the documentation lead somewhere, and the commands it prints exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from docs import screenshots

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_COMMAND = re.compile(r"bin/manage ([a-z_]+)")
_TABLE_COMMAND = re.compile(r"^\| `([a-z_]+)[ `]", re.MULTILINE)


def links(text: str) -> list[str]:
    """Targets of links and pictures inside the project."""
    found = [match[1] or match[2] for match in _LINK.finditer(text)]
    return [target.partition("#")[0] for target in found if not re.match(r"https?:|#", target)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    missing = [
        target
        for target in links(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    named = set(_COMMAND.findall(page.read_text(encoding="utf-8")))
    assert named - set(get_commands()) - {"stop"} == set()


def test_the_table_of_the_readme_lists_the_commands_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Commands\n")[2].partition("\n## ")[0]
    ours = {name for name, app in get_commands().items() if app == "layers"}
    # Of set-up and of the supervisor; nobody types them.
    inner = {"compile_kernels", "worker"}
    assert set(_TABLE_COMMAND.findall(section)) == ours - inner | {"stop"}


def test_the_index_lists_every_page() -> None:
    listed = set(links((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= listed


def test_pictures_are_those_of_the_script_and_small() -> None:
    files = {path.stem: path.stat().st_size for path in screenshots.IMAGES.glob("*")}
    assert set(files) == {picture.name for picture in screenshots.PICTURES}
    assert max(files.values()) <= screenshots.MOST_BYTES
    assert sum(files.values()) <= screenshots.MOST_BYTES_IN_ALL
    shown = links((ROOT / "docs" / "screenshots.md").read_text(encoding="utf-8"))
    assert {Path(target).stem for target in shown if target.startswith("images/")} == set(files)
