"""What cannot work is refused with one `error:` line that says what to do."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.platform.conftest import ROOT, Instance


def refusal(answer: subprocess.CompletedProcess[str]) -> str:
    """The one error line; stdout stays empty and the exit code is 1."""
    assert answer.returncode == 1
    assert answer.stdout == ""
    lines = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, answer.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "0"], "port 0"),
        (["--port", "65536"], "65536"),
        (["--port", "eighty"], "eighty"),
        (["--port"], "--port needs a value"),
        (["--speed", "9"], "--speed"),
    ],
)
def test_arguments_of_run(fresh: Instance, arguments: list[str], words: str) -> None:
    assert words in refusal(fresh.call("run", *arguments))
    assert not (fresh.var / "postgres").exists()


def test_taken_port_is_named_before_anything_is_made(fresh: Instance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(fresh.call("run", "--port", str(port)))
    assert f"port {port}" in line
    assert "--port" in line
    assert not (fresh.var / "postgres").exists()


def test_cluster_of_another_version(fresh: Instance) -> None:
    (fresh.var / "postgres").mkdir(parents=True)
    (fresh.var / "postgres" / "PG_VERSION").write_text("9\n")
    line = refusal(fresh.call("manage", "check"))
    assert "PostgreSQL 9" in line
    assert "postgresql-9-postgis-3" in line
    assert (fresh.var / "postgres" / "PG_VERSION").read_text() == "9\n"


def test_database_that_does_not_answer_keeps_its_password_to_itself(tmp_path: Path) -> None:
    away = Instance(tmp_path / "var", {"DATABASE_URL": "postgresql://ncc:hunter2@127.0.0.1:1/ncc"})
    answer = away.call("manage", "check")
    line = refusal(answer)
    assert "DATABASE_URL" in line
    assert "hunter2" not in answer.stderr


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = refusal(Instance(tmp_path / "file" / "var").call("manage", "check"))
    assert "NCC_VAR" in line


def call_with_tools(
    tmp_path: Path, script: str, tools: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs a function of bin/lib.sh with some system commands replaced by one-line scripts."""
    shadow = tmp_path / "tools"
    shadow.mkdir()
    for name, body in tools.items():
        (shadow / name).write_text(f"#!/bin/bash\n{body}\n")
        (shadow / name).chmod(0o755)
    environment = Instance(tmp_path / "var").environment()
    environment["PATH"] = f"{shadow}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", f'source "{ROOT}/bin/lib.sh"; locate_instance; {script}'],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_full_disk_is_noticed_before_it_is_written(tmp_path: Path) -> None:
    table = "echo 'Filesystem 1024-blocks Used Available'; echo 'disk 1000000 900000 102400'"
    line = refusal(call_with_tools(tmp_path, "check_space", {"df": table}))
    assert "100 MB are free" in line


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("E: Failed to fetch http://deb/x Temporary failure resolving 'deb'", "check the network"),
        ("E: You don't have enough free space in /var/cache/apt", "disk is full"),
        ("E: Unable to locate package postgresql-99-postgis-3", "package sources do not have it"),
        ("certificate verify failed: self-signed certificate", "certificate"),
    ],
)
def test_failed_installation_says_why(tmp_path: Path, told: str, words: str) -> None:
    tools = {
        "apt-get": f'[[ "$*" == *update* ]] && exit 0; echo "{told}"; exit 100',
        "sudo": '[[ "$1" == -n ]] && shift; exec "$@"',
    }
    line = refusal(call_with_tools(tmp_path, "apt_install something", tools))
    assert words in line


def test_no_sudo_tells_what_to_ask_for(tmp_path: Path) -> None:
    script = "can_be_root() { return 1; }; apt_install gettext"
    line = refusal(call_with_tools(tmp_path, script, {"apt-get": "exit 0"}))
    assert "apt-get install gettext" in line
