"""The supervisor: whole groups are restarted on any exit, nothing is orphaned, a stop takes no 5 s."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ncc_geo.supervisor import group_members

ROOT = Path(__file__).resolve().parents[2]

#: A program that notes its start, leaves a child behind and does what its argument says.
PROGRAM = """
import os, subprocess, sys, time
folder, behaviour = sys.argv[1:3]
name = os.path.join(folder, f"start-{time.monotonic_ns()}")
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
before = os.path.join(folder, "child")
if os.path.exists(before):
    old = int(open(before).read())
    if os.path.exists(f"/proc/{old}"):
        open(os.path.join(folder, "old-group-alive"), "w").close()
open(before, "w").write(str(child.pid))
open(name, "w").write(str(os.getpid()))
print("password is in postgresql://me:secret@host/db", flush=True)
if behaviour == "exit0" and len([n for n in os.listdir(folder) if n.startswith("start-")]) < 3:
    sys.exit(0)
if behaviour == "dies":
    sys.exit("it hurts")
if behaviour == "stubborn":
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""

MAIN = """
import os, sys
from pathlib import Path
from ncc_geo import supervisor
from ncc_geo.supervisor import Group, Supervisor
supervisor._PAUSE_S = 0.1
folder, behaviour, silent_s = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
heartbeat = folder / "heartbeat" if silent_s else None
group = Group("web", [sys.executable, str(folder / "program.py"), str(folder), behaviour], os.environ,
              logs=folder, heartbeat=heartbeat, silent_s=silent_s)
wanted = 3 if behaviour == "exit0" else 1
ready = lambda: behaviour != "dies" and len(list(folder.glob("start-*"))) >= wanted
sys.exit(Supervisor([group], ready=ready, announce="ready http://h:1").run())
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    started: list[subprocess.Popen[str]] = []

    def run(behaviour: str, silent_s: float = 0) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, str(tmp_path), behaviour, str(silent_s)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def leaders(folder: Path) -> list[int]:
    return [int(path.read_text() or 0) for path in sorted(folder.glob("start-*"))]


def gone(group: int) -> bool:
    return not group_members(group)


def test_exit_code_0_restarts_the_whole_group_and_kills_leftovers_first(
    start: Start, tmp_path: Path
) -> None:
    process = start("exit0")
    until(lambda: len(leaders(tmp_path)) == 3)
    first, second, third = leaders(tmp_path)
    assert gone(first)
    assert gone(second)
    assert len(group_members(third)) == 2
    assert not (tmp_path / "old-group-alive").exists()
    process.terminate()
    out, err = process.communicate(timeout=6)
    assert process.returncode == 0
    assert out == "ready http://h:1\n"
    assert "ended with exit code 0" in err
    assert gone(third)
    assert "secret" not in (tmp_path / "web.log").read_text()
    assert "…@host/db" in (tmp_path / "web.log").read_text()


def test_a_killed_leader_takes_its_group_along(start: Start, tmp_path: Path) -> None:
    process = start("stays")
    until(lambda: len(leaders(tmp_path)) == 1 and leaders(tmp_path)[0])
    first = leaders(tmp_path)[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(leaders(tmp_path)) == 2)
    assert gone(first)
    assert not (tmp_path / "old-group-alive").exists()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=6) == 0


def test_a_silent_group_is_restarted(start: Start, tmp_path: Path) -> None:
    process = start("stays", silent_s=1.5)
    heartbeat = tmp_path / "heartbeat"
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        heartbeat.touch()
        time.sleep(0.1)
    assert len(leaders(tmp_path)) == 1
    until(lambda: len(leaders(tmp_path)) == 2)
    process.terminate()
    _out, err = process.communicate(timeout=6)
    assert "no sign of life" in err


def test_a_stubborn_group_is_killed_within_5_s(start: Start, tmp_path: Path) -> None:
    process = start("stubborn")
    until(lambda: len(leaders(tmp_path)) == 1 and leaders(tmp_path)[0])
    assert process.stdout is not None
    assert process.stdout.readline() == "ready http://h:1\n"
    began = time.monotonic()
    process.terminate()
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - began < 5
    assert gone(leaders(tmp_path)[0])


def test_kill_9_of_the_supervisor_leaves_the_leader_dead(start: Start, tmp_path: Path) -> None:
    process = start("stays")
    until(lambda: len(leaders(tmp_path)) == 1 and leaders(tmp_path)[0])
    leader = leaders(tmp_path)[0]
    process.kill()
    until(lambda: leader not in group_members(leader), 2)
    for orphan in group_members(leader):  # this program's own child asked for no such end
        os.kill(orphan, signal.SIGKILL)


def test_a_web_server_that_never_starts_ends_it_with_the_reason(
    start: Start, tmp_path: Path
) -> None:
    process = start("dies")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == ""
    assert err.count("starting it again") == 5
    assert "it hurts" in err.splitlines()[-1]
