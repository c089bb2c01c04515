"""The outbox: in the transaction, in order, without secrets, never skipping a late commit."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from layers.errors import InvalidInput
from layers.events.models import Event, Visibility
from layers.events.selectors import event_horizon, events_after, events_oldest
from layers.events.services import NewEvent, event_publish, events_prune, events_publish

INSERT = (
    "INSERT INTO layers_event (kind, layer, object_id, visibility, payload)"
    " VALUES (%s, '', '', 'ops', '{}') RETURNING id"
)


@contextmanager
def another_connection() -> Iterator[psycopg.Connection[Any]]:
    parameters = dict(connection.get_connection_params())
    parameters = {
        name: parameters[name]
        for name in ("host", "port", "dbname", "user", "password")
        if parameters.get(name)
    }
    with psycopg.connect(**parameters) as other:
        yield other


def insert(other: psycopg.Connection[Any], kind: str) -> int:
    row = other.execute(INSERT, [kind]).fetchone()
    assert row is not None
    return int(row[0])


def read(last_id: int = 0) -> tuple[list[str], int]:
    rows, reached = events_after(last_id, allowed=lambda event: True)
    return [row.kind for row in rows], reached


@pytest.mark.django_db(transaction=True)
def test_an_id_that_commits_late_is_not_skipped() -> None:
    with another_connection() as first, another_connection() as second:
        low, high = insert(first, "first"), insert(second, "second")
        assert low < high
        second.commit()
        kinds, reached = read()
        assert kinds == []
        assert reached < low
        first.commit()
        assert read(reached)[0] == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_a_publisher_that_rolls_back_holds_nobody_up_afterwards() -> None:
    with another_connection() as first, another_connection() as second:
        insert(first, "first")
        high = insert(second, "second")
        second.commit()
        assert read()[0] == []
        first.rollback()
        kinds, reached = read()
        assert kinds == ["second"]
        assert reached >= high


@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_that_publishes_nothing_holds_nobody_up() -> None:
    with another_connection() as importing, another_connection() as second:
        # It has a transaction id, and holds back pg_snapshot_xmin.
        importing.execute("SELECT pg_current_xact_id()")
        insert(second, "second")
        second.commit()
        assert read()[0] == ["second"]


@pytest.mark.django_db(transaction=True)
def test_a_publisher_rolled_back_to_a_savepoint_is_announced_again() -> None:
    with another_connection() as first, another_connection() as second:
        insert(first, "first")
        first.rollback()
        first.execute("SAVEPOINT here")
        insert(first, "dropped")
        first.execute("ROLLBACK TO here")
        insert(first, "kept")
        insert(second, "second")
        second.commit()
        assert read()[0] == []
        first.commit()
        assert read()[0] == ["kept", "second"]


@pytest.mark.django_db(transaction=True)
def test_a_reader_misses_and_repeats_nothing_of_eight_writers() -> None:
    writers, each = 8, 25
    wanted = {f"{w}-{i}" for w in range(writers) for i in range(each)}
    rolled_back = set()

    def write(number: int) -> None:
        chance = random.Random(number)
        with another_connection() as own:
            for i in range(each):
                insert(own, f"{number}-{i}")
                if chance.random() < 0.5:
                    own.execute("SELECT pg_sleep(%s)", [chance.random() * 0.01])
                if chance.random() < 0.1:
                    own.rollback()
                    rolled_back.add(f"{number}-{i}")
                else:
                    own.commit()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[str] = []
    position = 0
    while any(thread.is_alive() for thread in threads):
        kinds, position = read(position)
        seen += kinds
    kinds, position = read(position)
    seen += kinds
    assert len(seen) == len(set(seen))
    assert set(seen) == wanted - rolled_back
    assert rolled_back


@pytest.mark.django_db(transaction=True)
def test_an_event_belongs_to_its_transaction_and_wakes_by_id_only() -> None:
    with another_connection() as listener:
        listener.autocommit = True
        listener.execute("LISTEN ncc_events")
        with transaction.atomic():
            event_publish("unit.changed", layer="units", object_id=7, payload={"a": 1})
            transaction.set_rollback(True)
        with transaction.atomic():
            rows = events_publish([NewEvent("a.b"), NewEvent("a.c")])
        notes = list(listener.notifies(timeout=5, stop_after=1))
        assert [note.payload for note in notes] == [str(rows[-1].pk)]
        assert read()[0] == ["a.b", "a.c"]


@pytest.mark.django_db
def test_a_reader_with_few_rights_moves_on() -> None:
    event_publish("incident.changed", layer="incidents", object_id=1)
    event_publish("layer.changed", layer="wifi", visibility=Visibility.PUBLIC)
    event_publish("incident.changed", layer="incidents", object_id=2)
    rows, reached = events_after(0, allowed=lambda event: event.visibility == "public")
    assert [row.layer for row in rows] == ["wifi"]
    assert reached == event_horizon() == Event.objects.latest("id").pk
    assert events_after(reached, allowed=lambda event: True)[0] == []
    first, reached = events_after(0, allowed=lambda event: True, limit=2)
    assert [row.object_id for row in first] == ["1", ""]
    assert [row.object_id for row in events_after(reached, allowed=lambda e: True)[0]] == ["2"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "payload",
    [
        {"stream_url": "x"},
        {"unit": {"Password": "x"}},
        {"list": [{"caller_number": "0812"}]},
        {"note": "see rtsp://user:pass@10.0.0.1/live"},
        {"text": "x" * 5000},
    ],
)
def test_secrets_and_long_payloads_are_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        event_publish("camera.changed", payload=payload)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_pruning_drops_the_old_and_keeps_the_newest() -> None:
    ids = [event_publish("a.b").pk for _ in range(4)]
    old = timezone.now() - timedelta(days=8)
    Event.objects.filter(pk__in=ids).update(at=old)
    Event.objects.filter(pk=ids[1]).update(at=timezone.now())
    assert events_prune() == 2
    assert list(Event.objects.values_list("pk", flat=True)) == [ids[1], ids[3]]
    assert events_oldest() == ids[1]
