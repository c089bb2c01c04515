"""`/events/`: what a stream gets, in order, once, across breaks, and only what its visitor may see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections, transaction
from django.utils import timezone

from layers.access.models import Grant, Role, User
from layers.events.models import Event, Visibility
from layers.events.services import NewEvent, event_publish, events_publish
from layers.live import hub as hub_module
from layers.live import streams
from layers.places.models import Agency
from tests.live.client import StreamClient

pytestmark = pytest.mark.django_db(transaction=True)


def in_loop(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario, then end what it left open."""

    async def run() -> None:
        try:
            await scenario()
        finally:
            if hub_module._hub is not None:
                hub_module._hub.close()
                hub_module._hub = None
            await sync_to_async(connections.close_all)()

    # A thread of its own: a browser test in the same process may have left a loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()


def log_in(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def account(name: str, role: Role, agency: Agency) -> tuple[User, Grant]:
    user = User.objects.create(username=name, password="!")
    grant = Grant.objects.create(user=user, role=role, agency=agency, reason="test")
    return user, grant


@pytest.fixture
def malang() -> Agency:
    return Agency.objects.create(code="damkar", name="Damkar", government="35.73")


@pytest.fixture
def dispatcher(malang: Agency) -> str:
    return log_in(account("dispatcher", Role.DISPATCHER, malang)[0])


@sync_to_async
def publish(*numbers: int, **fields: Any) -> list[int]:
    events = [NewEvent("unit.moved", "units", number, **fields) for number in numbers]
    ids = [event.pk for event in events_publish(events)]
    connections.close_all()
    return ids


def test_a_stream_greets_and_gets_what_is_committed_after_it(dispatcher: str) -> None:
    async def scenario() -> None:
        await publish(0)
        client = await StreamClient(cookie=dispatcher).open()
        assert client.status == 200
        assert client.headers["content-type"].startswith("text/event-stream")
        assert client.headers["cache-control"] == "no-cache, no-transform"
        await client.until(lambda: client.controls == ["hello"])
        ids = await publish(1, 2)
        await client.until(lambda: len(client.events) == 2)
        assert client.ids == ids
        assert client.events[0]["object"] == "1"
        assert set(client.events[0]) == {"id", "at", "kind", "layer", "object", "agency", "payload"}
        await client.close()

    in_loop(scenario)


def test_a_client_that_was_cut_off_catches_up_without_loss_or_repeat(dispatcher: str) -> None:
    async def scenario() -> None:
        client = await StreamClient(cookie=dispatcher).open()
        await publish(*range(5))
        await client.until(lambda: len(client.events) == 5)
        await client.close()
        await publish(*range(5, 12))
        await client.open()
        await publish(*range(12, 15))
        await client.until(lambda: len(client.events) == 15)
        assert [event["object"] for event in client.events] == [str(i) for i in range(15)]
        # A process that has just started knows nothing yet: the table answers.
        hub_module._hub.close()  # type: ignore[union-attr]
        await client.ended.wait()
        hub_module._hub = None
        await publish(15, 16)
        await client.open()
        await publish(17)
        await client.until(lambda: len(client.events) == 18)
        assert [event["object"] for event in client.events] == [str(i) for i in range(18)]
        by_query = await StreamClient(cookie=dispatcher, query=f"last_id={client.ids[14]}").open()
        await by_query.until(lambda: len(by_query.events) == 3)
        assert by_query.ids == client.ids[15:]
        await by_query.close()
        await client.close()

    in_loop(scenario)


def test_fifty_streams_lose_nothing_across_a_forced_reconnect(dispatcher: str) -> None:
    async def scenario() -> None:
        clients = [StreamClient(cookie=dispatcher) for _ in range(50)]
        await asyncio.gather(*(client.open() for client in clients))
        sending = asyncio.create_task(send_slowly(40))
        await asyncio.sleep(0.15)
        for listener in list(hub_module._hub.listeners):  # type: ignore[union-attr]
            listener.close()
        await asyncio.gather(*(client.ended.wait() for client in clients))
        await asyncio.gather(*(client.open() for client in clients))
        ids = await sending
        for client in clients:
            await client.until(lambda client=client: len(client.events) >= 40)
            assert client.ids == ids
        await asyncio.gather(*(client.close() for client in clients))
        assert not hub_module._hub.listeners  # type: ignore[union-attr]

    async def send_slowly(count: int) -> list[int]:
        ids: list[int] = []
        for number in range(count):
            ids += await publish(number)
            await asyncio.sleep(0.01)
        return ids

    in_loop(scenario)


def test_a_lost_database_connection_costs_no_event_and_no_stream(dispatcher: str) -> None:
    @sync_to_async
    def end_listener() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'ncc events' AND datname = current_database()"
            )
            assert cursor.fetchone() == (1,)
        connections.close_all()

    async def scenario() -> None:
        client = await StreamClient(cookie=dispatcher).open()
        await end_listener()
        ids = await publish(1, 2, 3)
        await client.until(lambda: len(client.events) == 3)
        assert client.ids == ids
        assert client.controls == ["hello"]
        await client.close()

    in_loop(scenario)


def test_an_uncommitted_earlier_event_comes_first_or_not_at_all(dispatcher: str) -> None:
    gate: dict[str, asyncio.Event] = {}

    async def slow_publisher(rollback: bool) -> None:
        def work() -> None:
            with transaction.atomic():
                event_publish("unit.moved", layer="units", object_id="early")
                asyncio.run_coroutine_threadsafe(signal("drawn"), loop).result()
                asyncio.run_coroutine_threadsafe(gate["commit"].wait(), loop).result()
                transaction.set_rollback(rollback)
            connections.close_all()

        loop = asyncio.get_running_loop()
        await asyncio.to_thread(work)

    async def signal(name: str) -> None:
        gate[name].set()

    async def scenario() -> None:
        client = await StreamClient(cookie=dispatcher).open()
        for rollback in (False, True):
            gate.update(drawn=asyncio.Event(), commit=asyncio.Event())
            before = len(client.events)
            slow = asyncio.create_task(slow_publisher(rollback))
            await gate["drawn"].wait()
            await publish("late")  # type: ignore[arg-type]
            await asyncio.sleep(0.1)
            assert len(client.events) == before
            gate["commit"].set()
            await slow
            wanted = ["late"] if rollback else ["early", "late"]
            total = before + len(wanted)
            await client.until(lambda total=total: len(client.events) >= total, 0.9)
            assert [event["object"] for event in client.events[before:]] == wanted
        await client.close()

    in_loop(scenario)


def test_each_visitor_hears_only_what_they_may(malang: Agency) -> None:
    kabupaten = Agency.objects.create(code="kab", name="Kabupaten", government="35.07")
    police = Agency.objects.create(code="polresta", name="Polresta", government="35.73")
    cookies = {
        "public": "",
        "no agency": log_in(User.objects.create(username="nobody", password="!")),
        "dispatcher": log_in(account("d", Role.DISPATCHER, malang)[0]),
        "neighbour": log_in(account("k", Role.DISPATCHER, kabupaten)[0]),
        "operator": log_in(account("o", Role.AGENCY_OPERATOR, malang)[0]),
        "admin": log_in(User.objects.create(username="root", password="!", is_superuser=True)),
    }
    events = [
        NewEvent("layer.changed", "wifi", "public", visibility=Visibility.PUBLIC),
        NewEvent("unit.moved", "units", "unit", agency_id=malang.pk),
        NewEvent("unit.moved", "units", "police unit", agency_id=police.pk),
        NewEvent("unit.moved", "units", "their unit", agency_id=kabupaten.pk),
        NewEvent("incident.new", "incidents", "incident"),
        NewEvent("camera.failed", "cctv", "camera", malang.pk, visibility=Visibility.AGENCY),
        NewEvent("call.new", "calls", "call"),
        NewEvent("grant.changed", "access", "grant"),
    ]
    heard = {
        "public": ["public"],
        "no agency": ["public"],
        "dispatcher": ["public", "unit", "police unit", "incident", "camera", "call"],
        "neighbour": ["public", "their unit", "incident", "call"],
        "operator": ["public", "camera"],
        "admin": [event.object_id for event in events],
    }

    async def scenario() -> None:
        clients = {
            name: await StreamClient(cookie=cookie).open() for name, cookie in cookies.items()
        }
        await sync_to_async(events_publish)(events)
        end = NewEvent("layer.changed", "areas", "end", visibility=Visibility.PUBLIC)
        await sync_to_async(events_publish)([end])
        for name, client in clients.items():
            await client.until(lambda c=client: "end" in [e["object"] for e in c.events])
            assert [e["object"] for e in client.events] == [*heard[name], "end"], name
            # The same by catching up from the table as live.
            again = StreamClient(cookie=cookies[name], last_id=0)
            hub_module._hub._ring_after = 10**9  # type: ignore[union-attr]
            await again.open()
            total = len(heard[name]) + 1
            await again.until(lambda c=again, total=total: len(c.events) >= total)
            assert [e["object"] for e in again.events] == [*heard[name], "end"], name
            await again.close()
            await client.close()

    in_loop(scenario)


def test_a_revoked_grant_and_a_logout_reach_open_streams(malang: Agency) -> None:
    user, grant = account("d", Role.DISPATCHER, malang)
    cookie = log_in(user)

    @sync_to_async
    def revoke() -> None:
        Grant.objects.filter(pk=grant.pk).update(revoked_at=timezone.now())
        event_publish("grant.changed", layer="access", object_id=grant.pk)
        connections.close_all()

    @sync_to_async
    def log_out() -> None:
        SessionStore(cookie).delete()
        event_publish("grant.changed", layer="access", object_id=0)
        connections.close_all()

    async def scenario() -> None:
        client = await StreamClient(cookie=cookie).open()
        await publish(1)
        await client.until(lambda: len(client.events) == 1)
        await revoke()
        await asyncio.sleep(0.3)
        await publish(2)
        await publish(3, visibility=Visibility.PUBLIC)
        await client.until(lambda: len(client.events) == 2)
        assert [event["object"] for event in client.events] == ["1", "3"]
        await log_out()
        async with asyncio.timeout(5):
            await client.ended.wait()

    in_loop(scenario)


def test_a_client_too_far_behind_is_told_to_load_a_snapshot(
    dispatcher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BACKLOG_MAX", 5)
    ids = [event.pk for event in events_publish([NewEvent("a.b", "units")] * 10)]

    async def scenario() -> None:
        far = await StreamClient(cookie=dispatcher, last_id=ids[0]).open()
        await far.until(lambda: "reset" in far.controls)
        assert far.last_id == ids[-1]
        near = await StreamClient(cookie=dispatcher, last_id=ids[6]).open()
        await near.until(lambda: len(near.events) == 3)
        await sync_to_async(Event.objects.filter(pk__lt=ids[8]).delete)()
        pruned = await StreamClient(cookie=dispatcher, last_id=ids[6]).open()
        await pruned.until(lambda: "reset" in pruned.controls)
        for client in (far, near, pruned):
            await client.close()

    in_loop(scenario)


def test_a_quiet_stream_gets_heartbeats_that_move_its_place_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.2)

    async def scenario() -> None:
        visitor = await StreamClient().open()
        ids = await publish(1, 2)
        await visitor.until(lambda: "comment" in visitor.controls and visitor.last_id == ids[-1])
        assert visitor.events == []
        await visitor.close()

    in_loop(scenario)


def test_an_open_stream_holds_no_database_connection(dispatcher: str) -> None:
    @sync_to_async
    def others() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND application_name <> 'ncc events'"
            )
            count = int(cursor.fetchone()[0])
        connections.close_all()
        return count

    connections.close_all()

    async def scenario() -> None:
        before = await others()
        clients = [await StreamClient(cookie=dispatcher).open() for _ in range(8)]
        await asyncio.sleep(0.2)
        assert await others() <= before
        for client in clients:
            await client.close()

    in_loop(scenario)


@pytest.mark.parametrize("text", ["abc", "-1", "1e3", "9" * 30])
def test_a_last_id_that_is_no_number_is_refused(text: str) -> None:
    async def scenario() -> None:
        client = await StreamClient(query=f"last_id={text}").open()
        assert client.status == 422

    in_loop(scenario)
