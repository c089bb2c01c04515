"""`bin/manage`: a database made once, left running, and nothing on stdout but the command's own words."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.platform.conftest import ROOT, Instance, temporary_instance

pytestmark = pytest.mark.skipif(
    not any(os.access(f"/usr/lib/postgresql/{v}/bin/initdb", os.X_OK) for v in range(13, 20)),
    reason="no PostgreSQL server on this machine",
)
ASK = "import os; print(os.environ['DATABASE_URL'] + ' ' + os.environ['NCC_DATABASE_APP_URL'])"


def urls(instance: Instance) -> tuple[str, str]:
    answer = instance.call("manage", "shell", "-v", "0", "-c", ASK)
    assert answer.returncode == 0, answer.stderr
    owner, app = answer.stdout.split()
    return owner, app


def test_first_call_makes_a_migrated_database_and_prints_only_its_answer(
    instance: Instance,
) -> None:
    owner, app = urls(instance)
    with psycopg.connect(owner) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (
            True,
        )
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SELECT count(*) FROM layers_camera").fetchone() == (0,)
    assert owner != app


def test_second_call_starts_nothing_and_is_quick(instance: Instance) -> None:
    urls(instance)
    before = instance.postmaster_pid()
    began = time.monotonic()
    answer = instance.call("manage", "--version")
    assert time.monotonic() - began < 15
    assert answer.stderr == ""
    assert instance.postmaster_pid() == before


def test_secrets_are_for_the_owner_alone(instance: Instance) -> None:
    urls(instance)
    mode = stat.S_IMODE((instance.var / "secrets.env").stat().st_mode)
    assert mode == 0o600
    words = (instance.var / "secrets.env").read_text()
    assert len({line.split("=")[1] for line in words.splitlines()}) == 3
    for log in [*(instance.var / "logs").iterdir(), *(instance.var / "stamps").iterdir()]:
        text = log.read_text(errors="replace")
        assert not [line for line in words.splitlines() if line.split("=")[1] in text]


def test_serving_role_owns_nothing_and_cannot_change_the_schema(instance: Instance) -> None:
    owner, app = urls(instance)
    with psycopg.connect(app) as connection:
        user = connection.info.user
        owned = connection.execute(
            "SELECT count(*) FROM pg_class JOIN pg_roles ON relowner = pg_roles.oid WHERE rolname = %s",
            [user],
        ).fetchone()
        assert owned == (0,)
    for statement in (
        "CREATE TABLE intruder (id int)",
        "DROP TABLE layers_camera",
        "CREATE DATABASE x",
    ):
        with psycopg.connect(app, autocommit=True) as connection, pytest.raises(psycopg.Error):
            connection.execute(statement)
    with psycopg.connect(owner) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False)


def test_exit_code_and_stdin_pass_through(instance: Instance) -> None:
    urls(instance)
    assert instance.call("manage", "shell", "-c", "raise SystemExit(7)").returncode == 7
    told = subprocess.run(
        [str(ROOT / "bin/manage"), "shell", "-v", "0"],
        env=instance.environment(),
        input="print('told' + 'by stdin')",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "toldby stdin" in told.stdout


def test_relative_paths_are_the_callers(instance: Instance, tmp_path: Path) -> None:
    urls(instance)
    answer = subprocess.run(
        [str(ROOT / "bin/manage"), "shell", "-v", "0", "-c", "import os; print(os.getcwd())"],
        env=instance.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout.strip() == str(tmp_path)


def test_database_is_back_after_the_postmaster_was_killed(instance: Instance) -> None:
    owner, _ = urls(instance)
    with psycopg.connect(owner) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    os.kill(instance.postmaster_pid(), signal.SIGKILL)
    answer = instance.call("manage", "check")
    assert answer.returncode == 0, answer.stderr
    with psycopg.connect(owner) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
        connection.execute("DROP TABLE kept")


def test_stop_ends_the_database_and_the_next_call_starts_it(instance: Instance) -> None:
    urls(instance)
    pid = instance.postmaster_pid()
    assert instance.call("manage", "stop").returncode == 0
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    assert instance.call("manage", "check").returncode == 0
    assert instance.postmaster_pid() != pid


def test_two_first_callers_share_one_cluster(fresh: Instance) -> None:
    command = [str(ROOT / "bin/manage"), "--version"]
    callers = [
        subprocess.Popen(
            command,
            env=fresh.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [caller.communicate(timeout=120) for caller in callers]
    assert [caller.returncode for caller in callers] == [0, 0], told
    assert sum("making a private PostGIS cluster" in stderr for _, stderr in told) == 1


@pytest.mark.slow
def test_folder_with_a_long_and_odd_name_works() -> None:
    with temporary_instance("folder with blanks & é " + "x" * 90) as odd:
        answer = odd.call("manage", "--version")
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.strip().startswith("5.2")
