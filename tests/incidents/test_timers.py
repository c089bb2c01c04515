"""Limits of open incidents: hand-computed deadlines, told once, late after an outage with the lag shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.utils import timezone

from layers.events.models import Event
from layers.incidents.lifecycle.timers import TARGETS, deadlines, due_at, overdue, timers_fire
from layers.incidents.models import Incident, IncidentType
from layers.incidents.records import IncidentTimer
from layers.jobs.models import PeriodicTask
from layers.jobs.periodic import periodic_tick
from tests.factories import make_incident
from tests.threads import at_once

T0 = datetime(2026, 11, 25, 16, 58, tzinfo=UTC)  # 23:58 in the control room


def fire() -> IncidentType:
    return IncidentType.objects.get_or_create(code="building_fire", defaults={"name": "x", "group": "fire"})[0]  # fmt: skip


def incident(number: str = "N-1", *, burning: bool = False, **fields: object) -> Incident:
    row = make_incident(number, reported_at=T0, **fields)
    if burning:
        Incident.objects.filter(pk=row.pk).update(type=fire())
    return Incident.objects.select_related("type").get(pk=row.pk)


@pytest.mark.django_db
def test_limits_run_from_what_they_say_across_midnight() -> None:
    assert {kind: target.seconds for kind, target in TARGETS.items()} == {
        "waktu_tanggap": 900.0, "dispatched": 600.0, "pending": 60.0,
    }  # fmt: skip
    row = incident(burning=True)
    assert deadlines(row) == {"pending": T0 + timedelta(seconds=60), "waktu_tanggap": T0 + timedelta(minutes=15)}  # fmt: skip
    assert due_at(row) == T0 + timedelta(seconds=60)
    for seconds, expected in (
        (59, None),
        (60, "pending"),
        (899, "pending"),
        (900, "waktu_tanggap"),
    ):
        assert overdue(row, now=T0 + timedelta(seconds=seconds)) == expected
    row.state, row.first_dispatch_at, row.state_since = "dispatched", T0 + timedelta(seconds=50), T0
    assert deadlines(row)["dispatched"] == T0 + timedelta(seconds=650)
    row.state, row.first_on_scene_at = "on_scene", T0 + timedelta(minutes=6)
    assert deadlines(row) == {}
    row.state, row.first_on_scene_at = "on_hold", None
    assert deadlines(row) == {}
    row.state = "closed"
    assert deadlines(row) == {}


@pytest.mark.django_db
def test_a_scheduled_incident_is_not_late_before_its_time() -> None:
    row = incident(burning=True, scheduled_for=T0 + timedelta(hours=5))
    assert due_at(row) == T0 + timedelta(hours=5, seconds=60)
    assert overdue(row, now=T0 + timedelta(hours=4)) is None


@pytest.mark.django_db
def test_back_to_pending_runs_from_when_the_last_unit_left() -> None:
    row = incident(first_dispatch_at=T0 + timedelta(seconds=30))
    row.state, row.state_since = "pending", T0 + timedelta(minutes=20)
    assert deadlines(row)["pending"] == T0 + timedelta(minutes=21)


@pytest.mark.django_db
def test_a_limit_is_told_once_late_after_an_outage_with_its_lag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    incident(burning=True, state="pending")
    monkeypatch.setattr(timezone, "now", lambda: T0 + timedelta(seconds=59))
    assert timers_fire() == 0
    # The worker is down for ten minutes.
    monkeypatch.setattr(timezone, "now", lambda: T0 + timedelta(minutes=11))
    assert timers_fire() == 1
    assert timers_fire() == 0
    timer = IncidentTimer.objects.get()
    assert (timer.kind, timer.due_at, timer.lag_s) == ("pending", T0 + timedelta(seconds=60), 600.0)
    payload = Event.objects.get(kind="incident.overdue").payload
    assert (payload["limit"], payload["lag_s"]) == ("pending", 600.0)
    monkeypatch.setattr(timezone, "now", lambda: T0 + timedelta(minutes=15))
    assert timers_fire() == 1
    assert Event.objects.filter(kind="incident.overdue").count() == 2


@pytest.mark.django_db
def test_the_worker_runs_them_once_late_and_keeps_the_lag() -> None:
    now = timezone.now()
    periodic_tick(now=now)
    assert {"incidents.timers", "dispatch.scheduled"} <= set(PeriodicTask.objects.values_list("name", flat=True))  # fmt: skip
    later = now + timedelta(minutes=10)
    assert {"incidents.timers", "dispatch.scheduled"} <= set(periodic_tick(now=later))
    row = PeriodicTask.objects.get(name="incidents.timers")
    assert row.lag_s == pytest.approx(595, abs=1)
    assert "incidents.timers" not in periodic_tick(now=later)


@pytest.mark.django_db(transaction=True)
def test_many_workers_tell_a_limit_once() -> None:
    incident(state="pending")
    assert sorted(at_once([partial(timers_fire)] * 6)) == [0, 0, 0, 0, 0, 1]
    assert IncidentTimer.objects.count() == 1
    assert Event.objects.filter(kind="incident.overdue").count() == 1
