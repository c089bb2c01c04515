"""docs/settings.md names every setting there is, with its default, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ncc_geo.environment import SETTINGS, Setting

_ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>[^|]*) \| [^|]+ \| (?P<secret>[^|]*)\|$")
#: A variable of the environment that a script reads where it may be unset: `${NAME:-…}`.
_READ_BY_SCRIPTS = re.compile(r"\$\{([A-Z][A-Z_]+):[-+]")
#: Variables of the system, not ours to describe.
_FOREIGN = {"HOME", "ID"}


def rows(text: str) -> dict[str, re.Match[str]]:
    """Rows of the tables of settings by name."""
    found = [match for line in text.splitlines() if (match := _ROW.match(line.strip()))]
    return {match["name"]: match for match in found}


@pytest.fixture(scope="module")
def page(project_root: Path) -> str:
    """The page as it is committed."""
    return (project_root / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_page_lists_every_setting_and_no_other(page: str, project_root: Path) -> None:
    scripts = [path for path in (project_root / "bin").rglob("*") if path.is_file()]
    read = {
        name
        for path in scripts
        for name in _READ_BY_SCRIPTS.findall(path.read_text(encoding="utf-8", errors="ignore"))
    }
    assert len(read) >= 8, "the pattern no longer finds what the scripts read"
    assert set(rows(page)) == {setting.name for setting in SETTINGS} | read - _FOREIGN


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_defaults_and_secrets_are_as_declared(page: str, setting: Setting) -> None:
    row = rows(page)[setting.name]
    assert bool(row["secret"].strip()) == setting.secret
    assert written(setting.default) in row["default"]


def written(default: Any) -> str:
    """A default as the page writes it; empty where words explain it."""
    match default:
        case bool():
            return "yes" if default else "no"
        case list():
            return f"`{','.join(default)}`" if default else "none"
        case Path():
            return f"`{default.name}`"
        case "":
            return ""
        case _:
            return f"`{default}`"
