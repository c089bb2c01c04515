"""The committed locks: pinned, hashed, complete, and free of addresses."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

LOCKS = ["base", "dev"]


def pins(path: Path) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by normalised package name."""
    found: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=\S)", path.read_text().strip()):
        name, version = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block).groups()  # type: ignore[union-attr]
        found[re.sub(r"[-_.]+", "-", name).lower()] = (version, block.count("--hash=sha256:"))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_hashed_and_no_address_is_written(project_root: Path, lock: str) -> None:
    path = project_root / "requirements" / f"{lock}.txt"
    assert all(hashes for _, hashes in pins(path).values())
    assert not re.search(r"://|--index|--find-links|--trusted-host|^-e|@ ", path.read_text(), re.M)


def test_dev_lock_holds_the_base_lock(project_root: Path) -> None:
    base = pins(project_root / "requirements/base.txt")
    dev = pins(project_root / "requirements/dev.txt")
    assert base.items() <= dev.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_asked_for_is_locked(project_root: Path, lock: str) -> None:
    asked = [
        re.match(r"[A-Za-z0-9._-]+", line).group()  # type: ignore[union-attr]
        for line in (project_root / "requirements" / f"{lock}.in").read_text().splitlines()
        if line and line[0] not in "#-"
    ]
    locked = pins(project_root / "requirements" / f"{lock}.txt")
    assert [name for name in asked if re.sub(r"[-_.]+", "-", name).lower() not in locked] == []


def test_known_holes_are_closed(project_root: Path) -> None:
    base = pins(project_root / "requirements/base.txt")

    def version(name: str) -> tuple[int, ...]:
        return tuple(int(part) for part in base[name][0].split("."))

    assert version("django") >= (5, 2, 19)
    assert version("geopandas") >= (1, 1, 2)


def test_front_end_lock_has_hashes_and_no_addresses(project_root: Path) -> None:
    lock = json.loads((project_root / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())
    wanted = json.loads((project_root / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert packages[f"node_modules/{name}"]["version"] == version


def test_versions_of_python_agree(project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11"
    assert "(3, 11)" in (project_root / "bin/lib/system.sh").read_text()
