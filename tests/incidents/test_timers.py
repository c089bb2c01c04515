"""Limits of open incidents: hand-computed deadlines, told once, late after an outage with the lag shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from layers.events.models import Event
from layers.incidents.lifecycle.limits import TARGETS, Limits, ResponseLimit
from layers.incidents.lifecycle.timers import deadlines, due_at, overdue, timers_fire
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
        "waktu_tanggap": 900.0, "dispatched": 600.0, "pending": 60.0, "acknowledge": 90.0,
    }  # fmt: skip
    row = incident(burning=True)
    assert deadlines(row, Limits()) == {"pending": T0 + timedelta(seconds=60), "waktu_tanggap": T0 + timedelta(minutes=15)}  # fmt: skip
    assert due_at(row, Limits()) == T0 + timedelta(seconds=60)
    for seconds, expected in (
        (59, None),
        (60, "pending"),
        (899, "pending"),
        (900, "waktu_tanggap"),
    ):
        assert overdue(row, Limits(), now=T0 + timedelta(seconds=seconds)) == expected
    row.state, row.first_dispatch_at, row.state_since = "dispatched", T0 + timedelta(seconds=50), T0
    assert deadlines(row, Limits())["dispatched"] == T0 + timedelta(seconds=650)
    row.state, row.first_on_scene_at = "on_scene", T0 + timedelta(minutes=6)
    assert deadlines(row, Limits()) == {}
    row.state, row.first_on_scene_at = "on_hold", None
    assert deadlines(row, Limits()) == {}
    row.state = "closed"
    assert deadlines(row, Limits()) == {}


@pytest.mark.django_db
def test_a_scheduled_incident_is_not_late_before_its_time() -> None:
    row = incident(burning=True, scheduled_for=T0 + timedelta(hours=5))
    assert due_at(row, Limits()) == T0 + timedelta(hours=5, seconds=60)
    assert overdue(row, Limits(), now=T0 + timedelta(hours=4)) is None


@pytest.mark.django_db
def test_back_to_pending_runs_from_when_the_last_unit_left() -> None:
    row = incident(first_dispatch_at=T0 + timedelta(seconds=30))
    row.state, row.state_since = "pending", T0 + timedelta(minutes=20)
    assert deadlines(row, Limits())["pending"] == T0 + timedelta(minutes=21)


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
def test_the_most_particular_limit_holds_from_the_next_look_on() -> None:
    row = incident(priority=1)
    other_type = incident("N-2", burning=True, priority=1)
    least = incident("N-3", priority=4)

    def pending_s() -> tuple[float, ...]:
        limits = Limits()
        return tuple(
            (deadlines(one, limits)["pending"] - T0).total_seconds() for one in (row, other_type, least)
        )  # fmt: skip

    assert pending_s() == (60, 60, 60)
    for expected, fields in (
        ((120, 120, 120), {"seconds": 120}),
        ((30, 30, 120), {"priority": 1, "seconds": 30}),
        ((45, 30, 45), {"type": row.type, "seconds": 45}),
        ((20, 30, 45), {"type": row.type, "priority": 1, "seconds": 20}),
    ):
        ResponseLimit.objects.create(kind="pending", **fields)
        assert pending_s() == expected, fields
    assert overdue(row, Limits(), now=T0 + timedelta(seconds=20)) == "pending"
    assert deadlines(other_type, Limits())["waktu_tanggap"] == T0 + timedelta(minutes=15)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "pending", "seconds": 61},  # a second one for all
        {"kind": "sometime", "seconds": 60},
        {"kind": "dispatched", "seconds": 0},
        {"kind": "dispatched", "seconds": 60, "priority": 6},
        {"kind": "acknowledge", "seconds": 60, "priority": 1},
    ],
)
def test_the_database_refuses_a_limit_that_means_nothing(fields: dict[str, Any]) -> None:
    ResponseLimit.objects.create(kind="pending", seconds=60)
    with pytest.raises(IntegrityError):
        ResponseLimit.objects.create(**fields)


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
