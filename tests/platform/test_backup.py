"""Backup and restore: row for row the same city, in another database and in the same one."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connections

from layers.assets.models import Camera
from layers.errors import InvalidInput
from layers.management.archive import database_backup, database_restore
from layers.places.models import Place
from tests.factories import make_area, make_building, make_camera, make_incident, make_user

ROOT = Path(__file__).resolve().parents[2]


def url_of(name: str) -> str:
    """Address of another database on the same server."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def session(name: str) -> psycopg.Connection[Any]:
    """A connection of its own, every statement committed."""
    return psycopg.connect(url_of(name), autocommit=True)


def manage(name: str, *arguments: str) -> Any:
    """The answer of a management command that works on another database."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, "--json"],
        env={**os.environ, "DATABASE_URL": url_of(name)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def hashes(name: str) -> dict[str, tuple[int, str]]:
    """Number of rows and a digest of their text, sorted, for each of our tables."""
    found = {}
    with session(name) as connection:
        connection.execute("SET extra_float_digits = 3")
        tables = connection.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
            # The rows of a partitioned table are those of its partitions.
            " AND tablename NOT IN (SELECT relname FROM pg_class WHERE relkind = 'p')"
        ).fetchall()
        for (table,) in tables:
            row = connection.execute(
                "SELECT count(*), coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '')"
                f' FROM "{table}" t'
            ).fetchone()
            assert row is not None
            found[table] = (row[0], row[1])
    return found


def triggers(name: str) -> set[tuple[Any, ...]]:
    """Tables and their triggers."""
    with session(name) as connection:
        return set(
            connection.execute(
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
            ).fetchall()
        )


@pytest.fixture
def here(transactional_db: None) -> str:
    """Name of the tests' own database."""
    return str(connections["default"].settings_dict["NAME"])


@pytest.fixture
def elsewhere(here: str) -> Iterator[str]:
    """An empty database beside the tests' own."""
    name = f"{here}_elsewhere"
    with session(here) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        with session(name) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        yield name
    finally:
        with session(here) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def city(transactional_db: None) -> None:
    """A handful of records of every sort, one of them edited since."""
    make_area()
    make_building((112.62, -7.99, 112.621, -7.989), height_m=7.0)
    camera = make_camera("C")
    make_incident("I")
    make_user("rina")
    Camera.objects.filter(pk=camera.pk).update(name="</script>; DROP TABLE x; \\.\n'\"")


def test_backup_restores_elsewhere_and_over_changes(
    city: None, here: str, elsewhere: str, tmp_path: Path
) -> None:
    path = tmp_path / "city.dump"
    made = database_backup(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made["bytes"] == path.stat().st_size
    assert made["tables"]["layers_camera"] == 1
    assert list(tmp_path.iterdir()) == [path]
    before = hashes(here)
    assert {name: rows for name, (rows, _) in before.items()} == made["tables"]

    restored = manage(elsewhere, "restore", str(path))
    assert restored["tables"] == made["tables"]
    assert hashes(elsewhere) == before
    assert triggers(elsewhere) == triggers(here)

    version = "SELECT version FROM layers_layerversion WHERE layer = 'cctv'"
    with session(elsewhere) as connection:
        connection.execute("DELETE FROM layers_camera")
        connection.execute("UPDATE layers_area SET name = 'changed'")
        connection.execute("CREATE TABLE layers_newer (area bigint REFERENCES layers_area (id))")
        seen = connection.execute(version).fetchone()
    again = manage(elsewhere, "restore", str(path))
    assert again["tables"] == made["tables"]
    moving = "layers_layerbase"
    assert {**hashes(elsewhere), moving: None} == {**before, moving: None}
    with session(elsewhere) as connection:
        now = connection.execute(version).fetchone()
    assert seen is not None
    assert now is not None
    assert now[0] > seen[0]


def test_what_is_no_backup_of_ours_changes_nothing(
    city: None, here: str, elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "city.dump"
    database_backup(path)
    before = hashes(here)
    text = tmp_path / "note.dump"
    text.write_text("hello")
    with pytest.raises(InvalidInput, match="no backup"):
        database_restore(text)
    damaged = tmp_path / "damaged.dump"
    damaged.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(InvalidInput):
        database_restore(damaged)
    with pytest.raises(InvalidInput, match="folder"):
        database_backup(tmp_path / "none" / "city.dump")
    with session(elsewhere) as connection:
        connection.execute("CREATE TABLE strange (id int)")
    foreign = tmp_path / "foreign.dump"
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", elsewhere)
    database_backup(foreign)
    monkeypatch.undo()
    with pytest.raises(InvalidInput, match="something else"):
        database_restore(foreign)
    assert hashes(here) == before
    assert not Place.objects.exists()


def test_a_newer_backup_is_refused(city: None, tmp_path: Path) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('layers', '9999_later', now())"
        )
    try:
        database_backup(tmp_path / "newer.dump")
        with pytest.raises(InvalidInput, match="9999_later"):
            database_restore(tmp_path / "newer.dump")
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_later'")


def test_password_never_stands_on_the_command_line(
    city: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    original = subprocess.run

    def run(command: list[str], **options: object) -> object:
        ran.append(command)
        return original(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run)
    database_backup(tmp_path / "city.dump")
    password = connections["default"].settings_dict["PASSWORD"]
    assert ran
    assert not any(password and password in word for command in ran for word in command)
