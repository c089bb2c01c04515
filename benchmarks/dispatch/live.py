"""From the commit to the console: 500 streams of logged-in dispatchers, 20 changes a second.

    bin/run --port 8107 &
    bin/manage shell -c "from benchmarks.dispatch.live import main; main(port=8107)"

Prints the delay between a commit and its arrival at every console (median and p99, milliseconds),
what was lost or repeated, and the processor seconds of the web processes. The clients share the
machine with the server, so a loaded machine shows in the delay and not in the processor seconds.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from benchmarks.dispatch.positions import processor_s
from layers.access.models import Role, User
from layers.events.services import event_publish


def cookie() -> str:
    """A session of a dispatcher of the demo city."""
    user = User.objects.filter(grants__role=Role.DISPATCHER).first() or User.objects.first()
    assert user is not None
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


class Console(asyncio.Protocol):
    """One stream; notes when each event's bytes came in and reads them afterwards."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.parts: list[tuple[float, bytes]] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(
            f"GET /events/ HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={self.key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self.parts.append((time.time(), data))

    def arrivals(self) -> dict[int, float]:
        """When each numbered event was here in full."""
        found: dict[int, float] = {}
        rest = b""
        for at, data in self.parts:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"data: ") and b'"bench"' in line:
                    number = json.loads(line[6:])["payload"]["bench"]
                    found[number] = -1.0 if number in found else at
        return found


def main(*, port: int = 8107, consoles: int = 500, rate: int = 20, seconds: float = 10.0) -> None:
    """Run and print; the site must be up on the port, on the same database."""
    key = cookie()
    count = int(rate * seconds)
    committed: list[float] = []

    def publish() -> None:
        for number in range(count):
            began = time.monotonic()
            event_publish("bench.changed", layer="incidents", object_id=number, payload={"bench": number})  # fmt: skip
            committed.append(time.time())
            time.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))
        connection.close()

    async def run() -> tuple[list[Console], float]:
        loop = asyncio.get_running_loop()
        made = []
        for _ in range(consoles):
            made.append((await loop.create_connection(lambda: Console(key), "127.0.0.1", port))[1])
        while not all(any(b"hello" in data for _at, data in one.parts) for one in made):
            await asyncio.sleep(0.1)
        before = processor_s(port)
        thread = threading.Thread(target=publish)
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        used = processor_s(port) - before
        for one in made:
            one.transport.close()
        return made, used

    made, used = asyncio.run(run())
    arrivals = [one.arrivals() for one in made]
    delays = sorted(
        (at - committed[number]) * 1000 for one in arrivals for number, at in one.items() if at > 0
    )
    print(json.dumps({
        "consoles": consoles, "updates": count, "updates_per_s": rate,
        "median_ms": round(statistics.median(delays), 1), "p99_ms": round(delays[int(len(delays) * 0.99)], 1),
        "lost": sum(count - len(one) for one in arrivals), "repeated": sum(at < 0 for one in arrivals for at in one.values()),
        "web_processor_s": round(used, 2), "microseconds_per_delivery": round(used / (count * consoles) * 1e6, 1),
    }, indent=1))  # fmt: skip
