"""Keeps the web server and the workers of this machine running; `python -m ncc_geo.supervisor`."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import http.client
import logging
import logging.handlers
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any

from layers.jobs.cluster.lifeline import end_with_parent
from layers.jobs.config import BEAT_SILENT_S
from ncc_geo.environment import ROOT, read_settings
from ncc_geo.logs import without_credentials

#: Pause before a group is started again: doubled after every quick death (seconds).
_PAUSE_S, _PAUSE_MAX_S = 0.5, 30.0
#: A group that lived this long died of something new (seconds).
_STEADY_S = 60.0
#: Stopping: asked politely for so long, then killed (seconds). With the rest under 5 s.
_POLITE_S = 3.8
#: A web server that dies this often before it ever answered will not answer (deaths).
_HOPELESS = 5
_PR_SET_CHILD_SUBREAPER = 36
_LOG_BYTES, _LOG_FILES = 10 * 1024 * 1024, 5


def _say(text: str) -> None:
    print(without_credentials(text), file=sys.stderr, flush=True)


def group_members(group: int) -> list[int]:
    """Living processes of a process group, zombies apart."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path("/proc", entry, "stat").read_text()
        except OSError:
            continue
        state, _parent, pgrp = stat.rpartition(")")[2].split()[:3]
        if int(pgrp) == group and state not in "ZX":
            found.append(int(entry))
    return found


class Group:
    """One program in a process group of its own: started, watched, killed and started as a whole."""

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        *,
        logs: Path,
        heartbeat: Path | None = None,
        silent_s: float = BEAT_SILENT_S,
    ) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self.last_lines: deque[str] = deque(maxlen=5)
        self._command = command
        self._environment = dict(environment)
        self._heartbeat = heartbeat
        self._silent_s = silent_s
        self._started = 0.0
        self._not_before = 0.0
        self._rest = b""
        self._log = logging.handlers.RotatingFileHandler(
            logs / f"{name}.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
        )
        self._log.setFormatter(logging.Formatter("%(message)s"))

    @property
    def due(self) -> bool:
        """Whether it is to be started now."""
        return self.process is None and time.monotonic() >= self._not_before

    def start(self, selector: selectors.BaseSelector) -> None:
        """Start the program; its output goes to the log, its life hangs on ours."""
        supervisor = os.getpid()

        def in_child() -> None:
            end_with_parent(parent_pid=supervisor)

        self.process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=in_child,
        )
        self._started = time.monotonic()
        output = self._output()
        os.set_blocking(output.fileno(), False)
        selector.register(output, selectors.EVENT_READ, self)

    def _output(self) -> IO[bytes]:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout

    def read_output(self, selector: selectors.BaseSelector) -> None:
        """Move what the program wrote into its log, credentials cut out."""
        output = self._output()
        try:
            data = output.read(65536)
        except OSError:
            data = b""
        if data is None:
            return
        if not data:
            with contextlib.suppress(KeyError):
                selector.unregister(output)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > 65536:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._write(line)

    def _write(self, line: bytes) -> None:
        text = without_credentials(line.decode("utf-8", "replace"))
        if text.strip():
            self.last_lines.append(text)
        # A full disk must not stop the map.
        with contextlib.suppress(OSError):
            self._log.emit(logging.LogRecord(self.name, logging.INFO, "", 0, text, None, None))

    def trouble(self) -> str:
        """Why the group must be started anew; empty while all is well."""
        if self.process is None:
            return ""
        code = self.process.poll()
        if code is not None:
            return f"ended with exit code {code}"
        silent_s = self._silent_for_s()
        if silent_s > self._silent_s:
            return f"gave no sign of life for {silent_s:.0f} s"
        return ""

    def _silent_for_s(self) -> float:
        if self._heartbeat is None:
            return 0.0
        up_s = time.monotonic() - self._started
        try:
            return min(up_s, time.time() - self._heartbeat.stat().st_mtime)
        except OSError:
            return up_s

    def clear(self, selector: selectors.BaseSelector) -> None:
        """Kill whatever is left of the group, and return when none of it is alive."""
        process = self.process
        if process is None:
            return
        deadline = time.monotonic() + 10
        while group_members(process.pid) and time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            self._reap(process)
            time.sleep(0.02)
        self._reap(process)
        self.read_output(selector)
        if self._rest:
            self._write(self._rest)
            self._rest = b""
        with contextlib.suppress(KeyError, ValueError):
            selector.unregister(self._output())
        self._output().close()
        self.process = None

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        """Collect the leader and its orphans, who are ours by now."""
        process.poll()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-process.pid, os.WNOHANG)[0]:
                pass

    def postpone(self) -> float:
        """Note a death and when to start again; returns the pause (seconds)."""
        lived_s = time.monotonic() - self._started
        self.deaths = 1 if lived_s >= _STEADY_S else self.deaths + 1
        pause_s = min(_PAUSE_S * 2 ** (self.deaths - 1), _PAUSE_MAX_S)
        self._not_before = time.monotonic() + pause_s
        return pause_s

    def ask_to_stop(self) -> None:
        """SIGTERM to the program itself, which stops its own processes in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()


class Supervisor:
    """Runs the groups until SIGTERM or SIGINT; prints `ready …` once the site answers."""

    def __init__(self, groups: list[Group], *, ready: Callable[[], bool], announce: str) -> None:
        self._groups = groups
        self._ready = ready
        self._announce = announce
        self._announced = False
        self._stopping = False
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Exit code: 0 when it was asked to stop, 1 when the web server cannot start."""
        # Orphans of a group come to us, so that none of them escapes or stays a zombie.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        code = 0
        try:
            while not self._stopping and code == 0:
                code = self._turn()
        finally:
            self._close()
        return code

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _turn(self) -> int:
        for group in self._groups:
            trouble = group.trouble()
            if trouble:
                group.clear(self._selector)
                pause_s = group.postpone()
                _say(f"{group.name} {trouble}; starting it again in {pause_s:g} s")
                if not self._announced and group.name == "web" and group.deaths >= _HOPELESS:
                    _say("error: the web server does not start; its last words were:")
                    _say("\n".join(group.last_lines))
                    return 1
            if group.due and not self._stopping:
                group.start(self._selector)
        self._drain(0.2)
        if not self._announced and self._ready():
            self._announced = True
            print(self._announce, flush=True)
        return 0

    def _drain(self, timeout_s: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout_s)
            return
        for key, _events in self._selector.select(timeout_s):
            key.data.read_output(self._selector)

    def _close(self) -> None:
        for group in self._groups:
            group.ask_to_stop()
        deadline = time.monotonic() + _POLITE_S
        while time.monotonic() < deadline and any(
            group.process is not None and group.process.poll() is None for group in self._groups
        ):
            self._drain(0.05)
        for group in self._groups:
            group.clear(self._selector)


def _environment(settings: Mapping[str, Any], process: str, **more: str) -> dict[str, str]:
    """Environment of a child; the web server never learns the role that owns the tables."""
    environment = {
        **os.environ,
        "NCC_PROCESS": process,
        "NCC_SUPERVISED": "1",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "ncc_geo.settings",
        **more,
    }
    if process == "web":
        for name in ("NCC_OWNER_PASSWORD", "PGPASSWORD"):
            environment.pop(name, None)
        if settings["NCC_DATABASE_APP_URL"]:
            environment["DATABASE_URL"] = settings["NCC_DATABASE_APP_URL"]
    return environment


def groups_of(
    settings: Mapping[str, Any], *, host: str, port: int, silent_s: float = BEAT_SILENT_S
) -> list[Group]:
    """The groups of one machine: the web server and the workers, and the simulator where asked for."""
    var = Path(settings["NCC_VAR"]).resolve()
    logs, run = var / "logs", var / "run"
    for folder in (logs, run):
        folder.mkdir(parents=True, exist_ok=True)
    heartbeat = run / "worker-heartbeat"
    web = [sys.executable, "-m", "uvicorn", "ncc_geo.asgi:application"]
    web += ["--host", host, "--port", str(port), "--workers", str(settings["NCC_WEB_WORKERS"])]
    web += ["--timeout-graceful-shutdown", "2", "--timeout-keep-alive", "20"]
    web += ["--no-access-log", "--no-server-header", "--log-level", "warning", "--lifespan", "off"]
    groups = [
        Group("web", web, _environment(settings, "web"), logs=logs),
        Group(
            "worker",
            [sys.executable, str(ROOT / "manage.py"), "worker"],
            _environment(
                settings,
                "worker",
                NCC_HEARTBEAT_FILE=str(heartbeat),
                NCC_WORKER_INSTANCE=settings["NCC_WORKER_INSTANCE"] or _instance(var),
            ),
            logs=logs,
            heartbeat=heartbeat,
            silent_s=silent_s,
        ),
    ]
    if settings["NCC_SIMULATE"]:
        command = [sys.executable, str(ROOT / "manage.py"), "simulate_units", "--auto-status"]
        groups.append(Group("simulator", command, _environment(settings, "command"), logs=logs))
    return groups


def _instance(var: Path) -> str:
    """A name that two instances on one machine do not share, and that a restart keeps."""
    return f"{socket.gethostname()}-{zlib.crc32(str(var).encode()):08x}"


def _answers(host: str, port: int, name: str) -> bool:
    """Whether /healthz answers 200."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(local, port, timeout=0.5)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _refuse_taken(host: str, port: int) -> None:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise SystemExit(
            f"error: {host}:{port} cannot be used ({error.strerror or error}); "
            "choose another with --host or --port"
        ) from error


def main(arguments: list[str] | None = None) -> int:
    """Command line: `--host H --port P`; standard output gets the one line `ready http://H:P`."""
    parser = argparse.ArgumentParser(prog="python -m ncc_geo.supervisor", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--silent-after", type=float, default=BEAT_SILENT_S, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    settings = read_settings()
    host, port = options.host, options.port
    _refuse_taken(host, port)
    hosts = [name for name in settings["NCC_ALLOWED_HOSTS"] if not name.startswith(("*", "."))]
    name = hosts[0] if hosts else "localhost"
    supervisor = Supervisor(
        groups_of(settings, host=host, port=port, silent_s=options.silent_after),
        ready=lambda: _answers(host, port, name),
        announce=f"ready http://{host}:{port}",
    )
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
