"""Five hundred consoles on a real server: a server process killed, nothing lost, a stop within 5 s."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from layers.events.models import Visibility
from layers.events.services import event_publish
from tests.jobs.conftest import test_database_url as database_url

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
CONSOLES, UPDATES, EVERY_S = 500, 200, 0.05


class Console:
    """A raw HTTP client that reconnects with its last id, as EventSource does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.last_id = ""
        self.ids: list[int] = []
        self.delays_ms: list[float] = []
        self.breaks = 0
        self.done = asyncio.Event()
        self.open = asyncio.Event()

    async def run(self) -> None:
        while not self.done.is_set():
            try:
                await self._listen()
            except (OSError, asyncio.IncompleteReadError):
                self.breaks += 1
                await asyncio.sleep(0.2)

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        resume = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        writer.write(f"GET /events/ HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n".encode())
        try:
            while True:
                line = (await reader.readuntil(b"\n")).decode().strip()
                if line.startswith("id: "):
                    self.last_id = line[4:]
                    self.open.set()
                elif line.startswith('data: {"id":') and '"kind"' in line:
                    event = json.loads(line[6:])
                    self.ids.append(event["id"])
                    self.delays_ms.append((time.time() - event["payload"]["sent"]) * 1000)
        finally:
            writer.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "ncc_geo.asgi:application", "--port", str(port)]
    command += ["--workers", "2", "--timeout-graceful-shutdown", "2", "--log-level", "warning"]
    command += ["--lifespan", "off", "--no-access-log"]
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "NCC_DATABASE_APP_URL": "",
        "NCC_PROCESS": "web",
        "NCC_SUPERVISED": "1",
        "DJANGO_SETTINGS_MODULE": "ncc_geo.settings",
    }
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    yield process, port
    if process.poll() is None:
        process.kill()
        process.wait()


def server_workers(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [
        int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


@sync_to_async
def publish(number: int) -> int:
    event = event_publish(
        "unit.moved",
        layer="units",
        object_id=number,
        visibility=Visibility.PUBLIC,
        payload={"sent": time.time()},
    )
    return int(event.pk)


def test_500_consoles_lose_nothing_and_the_server_stops_in_5_s(
    server: tuple[subprocess.Popen[bytes], int], capsys: pytest.CaptureFixture[str]
) -> None:
    process, port = server

    async def scenario() -> None:
        consoles = [Console(port) for _ in range(CONSOLES)]
        tasks = [asyncio.create_task(console.run()) for console in consoles]
        async with asyncio.timeout(60):
            await asyncio.gather(*(console.open.wait() for console in consoles))
        sent = []
        for number in range(UPDATES):
            if number == UPDATES // 2:
                cpu_s = [
                    sum(map(int, Path(f"/proc/{pid}/stat").read_text().split()[13:15])) / 100
                    for pid in server_workers(process.pid)
                ]
                steady = sorted(delay for console in consoles for delay in console.delays_ms)
                for console in consoles:
                    console.breaks = 0
                os.kill(server_workers(process.pid)[0], signal.SIGKILL)
            sent.append(await publish(number))
            await asyncio.sleep(EVERY_S)
        async with asyncio.timeout(30):
            while any(len(console.ids) < UPDATES for console in consoles):
                await asyncio.sleep(0.1)
        assert all(console.ids == sent for console in consoles)
        broken = sum(console.breaks > 0 for console in consoles)
        assert broken > CONSOLES / 5
        with capsys.disabled():
            print(
                f"\n{CONSOLES} consoles, {1 / EVERY_S:.0f} updates/s: median"
                f" {statistics.median(steady):.0f} ms, p99 {steady[int(len(steady) * 0.99)]:.0f} ms;"
                f" {broken} cut off by the kill; server {sum(cpu_s):.1f} s of processor time"
            )
        for console in consoles:
            console.done.set()
        began = time.monotonic()
        process.terminate()
        await asyncio.to_thread(process.wait, 10)
        assert time.monotonic() - began < 5
        for task in tasks:
            task.cancel()
        await sync_to_async(connections.close_all)()

    asyncio.run(scenario())
