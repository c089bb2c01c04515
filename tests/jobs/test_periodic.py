"""Periodic tasks: when due, once over all machines, late rather than never."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from layers.jobs import periodic as periodic_module
from layers.jobs.models import PeriodicTask
from layers.jobs.periodic import periodic, periodic_tick


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    registry: dict[str, Any] = {}
    monkeypatch.setattr(periodic_module, "_TASKS", registry)
    return registry


@pytest.mark.django_db
def test_a_task_runs_when_due_and_tells_how_late(tasks: dict[str, Any]) -> None:
    ran: list[str] = []
    periodic(60, name="often")(lambda: ran.append("often"))
    now = timezone.now()
    assert periodic_tick(now=now) == ["often"]
    assert periodic_tick(now=now + timedelta(seconds=59)) == []
    assert periodic_tick(now=now + timedelta(seconds=60)) == ["often"]
    # Ten minutes without a worker: once, not ten times.
    late = now + timedelta(seconds=720)
    assert periodic_tick(now=late) == ["often"]
    assert periodic_tick(now=late) == []
    row = PeriodicTask.objects.get(name="often")
    assert row.lag_s == pytest.approx(600)
    assert row.next_at == late + timedelta(seconds=60)
    assert len(ran) == 3


@pytest.mark.django_db
def test_an_error_is_kept_and_the_others_run(tasks: dict[str, Any], caplog: Any) -> None:
    def fails() -> None:
        raise RuntimeError("no luck")

    periodic(1, name="a.fails")(fails)
    periodic(1, name="b.works")(lambda: None)
    now = timezone.now()
    assert periodic_tick(now=now) == ["a.fails", "b.works"]
    assert PeriodicTask.objects.get(name="a.fails").error == "RuntimeError: no luck"
    assert PeriodicTask.objects.get(name="b.works").error == ""


@pytest.mark.django_db(transaction=True)
def test_two_machines_run_it_once(tasks: dict[str, Any]) -> None:
    ran: list[str] = []
    periodic(60, name="once")(lambda: ran.append("once"))
    start = threading.Barrier(4)
    now = timezone.now()

    def machine() -> None:
        start.wait()
        periodic_tick(now=now)
        connection.close()

    threads = [threading.Thread(target=machine) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == ["once"]


@pytest.mark.django_db
def test_nothing_due_costs_one_query(tasks: dict[str, Any], django_assert_num_queries: Any) -> None:
    periodic(60, name="one")(lambda: None)
    periodic(60, name="two")(lambda: None)
    now = timezone.now()
    periodic_tick(now=now)
    with django_assert_num_queries(1):
        periodic_tick(now=now)
