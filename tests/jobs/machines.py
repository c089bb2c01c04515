"""Worker machines of a test: a network namespace each, with an address of its own, against one database over TCP."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
#: As `job_run_task` sets them for its session.
KEEPALIVE = {
    socket.TCP_KEEPIDLE: 15,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 3,
    socket.TCP_USER_TIMEOUT: 30_000,
}


def unavailable() -> str:
    """Why no namespace can be made here; "" where one can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2 (ip)"
    name = f"ncct{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()}"
    run("netns", "del", name)
    return ""


def run(*words: str) -> None:
    """One `ip` command."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Relay:
    """Carries TCP connections of one machine to the database's socket; the database itself listens nowhere."""

    def __init__(self, address: str, target: Path) -> None:
        self.target = target
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.carried = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self.target))
            except OSError:
                near.close()
                continue
            self.carried += 1
            # The database sees a local socket: what a worker asks of its TCP is done here.
            near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE.items():
                near.setsockopt(socket.IPPROTO_TCP, option, value)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more connections."""
        self.listener.close()


class Machine:
    """One machine: a namespace, a veth pair, and `manage.py worker` in it, held to one core."""

    def __init__(self, number: int, folder: Path, *, core: int | None = None) -> None:
        self.name = f"machine-{number}"
        self.space = f"ncc{os.getpid()}-{number}"
        self.address = f"10.213.{number}.2"
        self.core = core
        here, there = f"nv{os.getpid() % 100000}-{number}", f"nw{os.getpid() % 100000}-{number}"
        self.link = here
        self.relay: Relay | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{self.name}.log"
        run("netns", "add", self.space)
        try:
            run("link", "add", here, "type", "veth", "peer", "name", there)
            run("link", "set", there, "netns", self.space)
            run("addr", "add", f"10.213.{number}.1/30", "dev", here)
            run("link", "set", here, "up")
            for words in (
                ["addr", "add", f"{self.address}/30", "dev", there],
                ["link", "set", there, "up"],
                ["link", "set", "lo", "up"],
            ):
                run("netns", "exec", self.space, "ip", *words)
            self.relay = Relay(f"10.213.{number}.1", database_socket())
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start the worker; it finds its work within a second or two."""
        assert self.relay is not None
        environment = {
            **os.environ,
            "DATABASE_URL": tcp_url(f"10.213.{self.address.split('.')[2]}.1", self.relay.port),
            "NCC_DATABASE_APP_URL": "",
            "NCC_PROCESS": "worker",
            "NCC_JOB_WORKERS": "1",
            "NCC_WORKER_INSTANCE": self.name,
            "DJANGO_SETTINGS_MODULE": "ncc_geo.settings",
        }
        script = (
            "import django, sys; django.setup();"
            " from layers.jobs.cluster.worker import WorkerProcess; sys.exit(WorkerProcess().run())"
        )
        pinned = ["taskset", "-c", str(self.core)] if self.core is not None else []
        command = ["ip", "netns", "exec", self.space, *pinned, sys.executable, "-c", script]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """Power off: every process of the machine is killed at once, and its cable pulled."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        subprocess.run(["ip", "link", "set", self.link, "down"], check=False, capture_output=True)

    def close(self) -> None:
        """Stop and leave no trace."""
        self.kill()
        if self.relay is not None:
            self.relay.close()
        for words in (["link", "del", self.link], ["netns", "del", self.space]):
            subprocess.run(["ip", *words], check=False, capture_output=True)


def database_socket() -> Path:
    """The socket of the database these tests use."""
    settings: dict[str, Any] = connection.settings_dict
    return Path(settings["HOST"]) / f".s.PGSQL.{settings['PORT'] or 5432}"


def tcp_url(host: str, port: int) -> str:
    """Address of the tests' database through a relay."""
    settings: dict[str, Any] = connection.settings_dict
    user, password = quote(settings["USER"], safe=""), quote(settings["PASSWORD"], safe="")
    return f"postgresql://{user}:{password}@{host}:{port}/{settings['NAME']}"
