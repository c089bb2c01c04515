"""Killed between the commit and the notification: the change reaches the console once, after the restart."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from layers.events.models import Event
from tests.jobs.conftest import test_database_url as database_url
from tests.live.test_fanout import Console, publish

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    return {
        **os.environ, "DATABASE_URL": database_url(), "NCC_DATABASE_APP_URL": "", "NCC_PROCESS": "web",
        "NCC_SUPERVISED": "1", "DJANGO_SETTINGS_MODULE": "ncc_geo.settings",
    }  # fmt: skip


def start_server(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "uvicorn", "ncc_geo.asgi:application", "--port", str(port)]
    command += ["--lifespan", "off", "--log-level", "warning", "--no-access-log"]
    return subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL)


#: Writes an event; dies by kill -9 inside the transaction or the moment after its commit.
PUBLISHER = textwrap.dedent("""
    import os, signal, sys, time
    import django
    django.setup()
    from django.db import transaction
    from layers.events.models import Visibility
    from layers.events.services import event_publish

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    with transaction.atomic():
        event_publish("unit.moved", layer="units", object_id=sys.argv[2], visibility=Visibility.PUBLIC,
                      payload={"sent": time.time()})
        if sys.argv[1] == "before":
            die()
    die()
""")


def publish_and_die(when: str, number: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PUBLISHER, when, str(number)],
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def locks_of_the_dead() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint >> 16 = 20037"
        )
        return int(cursor.fetchone()[0])


def test_kill_9_around_the_commit_delivers_once_or_not_at_all() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start_server(port)

    async def scenario() -> None:
        nonlocal server
        consoles = [Console(port) for _ in range(20)]
        tasks = [asyncio.create_task(console.run()) for console in consoles]
        async with asyncio.timeout(60):
            await asyncio.gather(*(console.open.wait() for console in consoles))
        sent = [await publish(0)]
        async with asyncio.timeout(20):
            while any(console.ids != sent for console in consoles):
                await asyncio.sleep(0.05)
        # The server is dead when the publisher commits and dies: nobody was there to be notified.
        server.kill()
        await asyncio.to_thread(server.wait)
        await asyncio.to_thread(publish_and_die, "after", 1)
        await asyncio.to_thread(publish_and_die, "before", 2)
        server = start_server(port)
        sent.append(await publish(3))
        async with asyncio.timeout(60):
            while any(len(console.ids) < 3 for console in consoles):
                await asyncio.sleep(0.05)
        # And once more with everybody up: the publisher alone dies.
        await asyncio.to_thread(publish_and_die, "before", 4)
        await asyncio.to_thread(publish_and_die, "after", 5)
        async with asyncio.timeout(20):
            while any(len(console.ids) < 4 for console in consoles):
                await asyncio.sleep(0.05)
        await asyncio.sleep(1.2)  # longer than the hub's own look at the table: nothing comes twice
        kept = await sync_to_async(lambda: list(Event.objects.order_by("pk").values_list("pk", "object_id")))()  # fmt: skip
        assert [name for _pk, name in kept] == ["0", "1", "3", "5"]
        assert all(console.ids == [pk for pk, _name in kept] for console in consoles)
        for console in consoles:
            console.done.set()
        for task in tasks:
            task.cancel()
        deadline = time.monotonic() + 5
        while await sync_to_async(locks_of_the_dead)() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        assert await sync_to_async(locks_of_the_dead)() == 0
        await sync_to_async(connections.close_all)()

    try:
        asyncio.run(scenario())
    finally:
        server.kill()
        server.wait()
