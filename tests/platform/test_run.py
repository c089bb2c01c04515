"""`bin/run`: one line on stdout, quick when everything is there, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.platform.conftest import ROOT, Instance
from tests.platform.test_manage import urls

pytestmark = pytest.mark.skipif(
    not any(os.access(f"/usr/lib/postgresql/{v}/bin/initdb", os.X_OK) for v in range(13, 20)),
    reason="no PostgreSQL server on this machine",
)


def _listen_to_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A `bin/run` and what it has printed so far."""

    def __init__(self, instance: Instance, port: int, options: tuple[str, ...]) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.began = time.monotonic()
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self.process = subprocess.Popen(
            [str(ROOT / "bin/run"), "--port", str(port), *options],
            env=instance.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A test run in the background ignores Ctrl-C, and a shell cannot listen to what was
            # ignored when it began.
            preexec_fn=_listen_to_ctrl_c,
        )
        self.ready = threading.Event()
        self.readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.stdout)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.stderr)),
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines: list[str]) -> None:  # type: ignore[no-untyped-def]
        for line in stream:
            lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                self.ready.set()

    def wait_ready(self, timeout_s: float) -> float:
        """Seconds from the call to the ready line."""
        assert self.ready.wait(timeout_s), self.stderr
        return time.monotonic() - self.began

    def status(self) -> int:
        return int(urllib.request.urlopen(f"{self.address}/healthz", timeout=5).status)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(60)
        for reader in self.readers:
            reader.join(10)
        return code


@contextmanager
def running(instance: Instance, *options: str) -> Iterator[Running]:
    """A run on a free port, without the demo unless told otherwise; ended whatever the test does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run = Running(instance, port, options or ("--no-demo",))
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end()


def living(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def answers(address: str) -> bool:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_ready_line_second_start_and_clean_end(instance: Instance) -> None:
    urls(instance)
    instance.call("manage", "stop")
    for number in (signal.SIGTERM, signal.SIGINT):
        with running(instance) as run:
            # 15 s on a machine that has its processors to itself.
            crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
            assert run.wait_ready(120) < 15 * crowd
            assert run.status() == 200
            database = instance.postmaster_pid()
            again = instance.call("run", "--no-demo", "--port", "1024")
            assert again.returncode == 1
            assert "already running" in again.stderr
            assert instance.call("manage", "check").returncode == 0
            assert run.end(number) == 0
        assert run.stdout == [f"ready {run.address}"]
        assert not living(database)
        assert not answers(run.address)


@pytest.mark.slow
def test_database_of_manage_outlives_run_and_stop_ends_both(instance: Instance) -> None:
    urls(instance)
    database = instance.postmaster_pid()
    with running(instance) as run:
        run.wait_ready(60)
        assert run.end() == 0
    assert living(database)
    with running(instance) as run:
        run.wait_ready(60)
        assert instance.call("manage", "stop").returncode == 0
        assert run.process.wait(10) == 0
    assert not living(database)


def test_crashed_database_is_back_in_ten_seconds(instance: Instance) -> None:
    owner, _ = urls(instance)
    with running(instance) as run:
        run.wait_ready(60)
        killed = instance.postmaster_pid()
        os.kill(killed, signal.SIGKILL)
        began = time.monotonic()
        while True:
            try:
                psycopg.connect(owner, connect_timeout=1).close()
                break
            except psycopg.OperationalError:
                assert time.monotonic() - began < 10, run.stderr
                time.sleep(0.1)
        assert instance.postmaster_pid() != killed
        assert run.status() == 200


@pytest.mark.slow
def test_killed_run_takes_the_site_along_and_the_next_one_cleans_up(instance: Instance) -> None:
    urls(instance)
    instance.call("manage", "stop")
    with running(instance) as run:
        run.wait_ready(60)
        run.end(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while answers(run.address):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    database = instance.postmaster_pid()
    assert living(database)
    time.sleep(1)
    with running(instance) as run:
        run.wait_ready(60)
        assert run.end() == 0
    assert not living(database)


@pytest.mark.slow
def test_city_of_ones_own_is_no_reason_not_to_start(fresh: Instance, tmp_path: Path) -> None:
    ring = [[112.6, -8.0], [112.7, -8.0], [112.7, -7.9], [112.6, -7.9], [112.6, -8.0]]
    feature = {
        "type": "Feature",
        "properties": {"code": "99.99", "name": "Own", "level": "kota"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    areas = tmp_path / "areas.geojson"
    areas.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert fresh.call("manage", "import_layer", "areas", str(areas)).returncode == 0
    with running(fresh, "--host", "127.0.0.1") as run:
        run.wait_ready(60)
        assert run.end() == 0
    assert "starting with the city that is there" in run.stderr
    assert run.stdout == [f"ready {run.address}"]
