"""The compose file: variables the product knows, health checks everywhere, no secret written down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ncc_geo.environment import SETTINGS

#: Read by the compose file or the database container itself.
OF_COMPOSE = {"NCC_SUPERUSER_PASSWORD", "NCC_OWNER_PASSWORD", "NCC_APP_PASSWORD", "NCC_PORT"}


@pytest.fixture
def compose(project_root: Path) -> dict[str, Any]:
    return yaml.safe_load((project_root / "docker/compose.yaml").read_text())


def test_every_variable_is_a_setting_or_read_by_the_code(
    project_root: Path, compose: dict[str, Any]
) -> None:
    sources = [*project_root.glob("layers/**/*.py"), *project_root.glob("ncc_geo/*.py")]
    code = "\n".join(source.read_text() for source in sources)
    known = {setting.name for setting in SETTINGS} | OF_COMPOSE
    words = (project_root / "docker/env.example").read_text()
    used = set(re.findall(r"^([A-Z_]+)=", words, re.M))
    for name, service in compose["services"].items():
        if name != "database":
            used |= set(service.get("environment", {}))
    unknown = {name for name in used - known if f'"{name}"' not in code}
    assert unknown == set()


def test_example_and_compose_hold_no_secret(project_root: Path, compose: dict[str, Any]) -> None:
    words = (project_root / "docker/env.example").read_text()
    assert re.findall(r"^NCC_\w*(?:KEY|PASSWORD)=(.+)$", words, re.M) == []
    text = (project_root / "docker/compose.yaml").read_text()
    for line in re.findall(r"^.*(?:PASSWORD|SECRET_KEY).*$", text, re.M):
        assert re.search(r"\$\{NCC_\w+:\?\}", line), line


def test_long_lived_services_have_health_checks(compose: dict[str, Any]) -> None:
    for name in ("database", "web", "worker"):
        assert compose["services"][name]["healthcheck"]["test"], name


def test_pages_connect_as_the_serving_role_only(compose: dict[str, Any]) -> None:
    web = compose["services"]["web"]["environment"]
    assert web["NCC_PROCESS"] == "web"
    assert not any("ncc_owner" in str(value) for value in web.values())


def test_image_has_what_it_copies(project_root: Path) -> None:
    text = (project_root / "docker/Dockerfile").read_text()
    for words in re.findall(r"^COPY (?!--from)(.+)$", text, re.M):
        for source in words.split()[:-1]:
            assert (project_root / source).exists(), source
    assert "--require-hashes" in text
