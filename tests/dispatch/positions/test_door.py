"""The trackers' short way in answers as the API does, and hands everything unusual on to it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import Client
from django.utils import timezone

from layers.api.position_door import ADDRESS, PositionDoor
from layers.dispatch.models import UnitPosition
from layers.dispatch.positions.keys import device_create, device_revoke
from tests.factories import MALANG, make_unit

pytestmark = pytest.mark.django_db(transaction=True)


async def pages(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"null"})


async def ask(door: PositionDoor, query: str, *, method: str = "GET", path: str = ADDRESS, headers: Any = ()) -> tuple[int, Any]:  # fmt: skip
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": list(headers)}  # fmt: skip
    await door(scope, None, send)
    return told[0]["status"], json.loads(told[1]["body"])


def run(work: Any) -> Any:
    async def whole() -> Any:
        try:
            return await work()
        finally:
            await sync_to_async(connections.close_all)()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, whole()).result()


def told(status: int, body: Any) -> Any:
    """An answer without its details, which speak of seconds."""
    reasons = [fault["reason"] for fault in body["quarantined"]]
    return status, body["moved"], body["late"], reasons


def query(key: str, **values: Any) -> str:
    return urlencode({"id": key, "lon": MALANG[0], "lat": MALANG[1], **values})


def test_the_door_answers_as_the_api_does(client: Client) -> None:
    keys = [device_create(name=n, unit=make_unit(n))[1] for n in ("A-1", "B-1")]
    stamp = timezone.now().timestamp()
    cases: list[dict[str, Any]] = [
        {"timestamp": stamp - 60}, {"timestamp": stamp - 120}, {"timestamp": stamp + 9000}, {"lat": 0, "lon": 0},
        {"lat": "x"}, {"lat": MALANG[0], "lon": MALANG[1]}, {"timestamp": stamp, "lat": MALANG[1] + 0.5},
    ]  # fmt: skip
    by_api = [client.get(f"{ADDRESS}?{query(keys[0], **case)}") for case in cases]

    async def work() -> list[tuple[int, Any]]:
        door = PositionDoor(pages)
        return [await ask(door, query(keys[1], **case)) for case in cases]

    assert [told(*answer) for answer in run(work)] == [
        told(answer.status_code, answer.json()) for answer in by_api
    ]
    places = UnitPosition.objects.order_by("pk").values_list("geom", "fix_at")
    assert places[0] == places[1]


def test_many_at_once_share_a_writing_and_each_gets_its_own_answer() -> None:
    keys = [device_create(name=f"U{n}", unit=make_unit(f"U{n}"))[1] for n in range(40)]
    stamp = timezone.now().timestamp()

    async def work() -> list[tuple[int, Any]]:
        door = PositionDoor(pages)
        asked = [ask(door, query(key, timestamp=stamp + 9000 * (n % 4 == 0))) for n, key in enumerate(keys)]  # fmt: skip
        return await asyncio.gather(*asked)

    answers = run(work)
    assert [answer["moved"] for _status, answer in answers] == [int(n % 4 != 0) for n in range(40)]
    assert UnitPosition.objects.filter(online=True).count() == 30


def test_keys_are_asked_for_here_as_there() -> None:
    device, key = device_create(name="A", unit=make_unit("A-1"))

    async def work() -> list[int]:
        door = PositionDoor(pages)
        plain = query("").replace("id=", "x=")
        bearer, own = [(b"authorization", f"Bearer {key}".encode())], [(b"x-device-key", key.encode())]  # fmt: skip
        found = [
            (await ask(door, plain))[0], (await ask(door, plain, headers=bearer))[0], (await ask(door, plain, headers=own))[0],
            (await ask(door, query("ncc" + "0" * 48)))[0], (await ask(door, query("é" * 30)))[0],
        ]  # fmt: skip
        await sync_to_async(device_revoke)(device)
        return [*found, (await ask(door, query(key)))[0]]

    assert run(work) == [401, 200, 200, 401, 401, 401]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", ()), ("GET", ADDRESS + "/", ()), ("PUT", ADDRESS, ()), ("POST", ADDRESS, [(b"content-length", b"9")]),
        ("POST", ADDRESS, [(b"transfer-encoding", b"chunked")]),
    ],
)  # fmt: skip
def test_everything_else_is_handed_on(method: str, path: str, headers: Any) -> None:
    assert run(lambda: ask(PositionDoor(pages), "id=x", method=method, path=path, headers=headers))[0] == 299  # fmt: skip
