"""Steps in order and against it, corrections, several incidents for one unit, closing, merging, schedules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from layers.access.models import Role
from layers.dispatch.assigning.closing import incident_merge, incident_state_set
from layers.dispatch.assigning.scheduled import scheduled_due
from layers.dispatch.assigning.services import units_dispatch
from layers.dispatch.assigning.statuses import unit_status_set
from layers.dispatch.assigning.stepping import assignment_correct, assignment_step
from layers.dispatch.assigning.table import NEXT_STEPS
from layers.dispatch.models import (  # fmt: skip
    STEP_FIELD,
    Assignment,
    AssignmentStep,
    Step,
    Unit,
    UnitStatus,
    UnitStatusChange,
)
from layers.errors import Conflict, InvalidInput
from layers.events.models import Event
from layers.incidents.models import Call, Incident
from layers.incidents.records import IncidentLog, IncidentTimer
from tests.api.desk_room import account
from tests.factories import make_agency, make_incident, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> Any:
    return account("disp", (Role.DISPATCHER, make_agency("ncc")))


def send(incident: Incident, *units: Unit, user: Any, **more: Any) -> list[Assignment]:
    signs = [unit.callsign for unit in units]
    return units_dispatch(incident.pk, user=user, callsigns=signs, **more).assigned


def take(part: Assignment, *steps: str, user: Any, **more: Any) -> Assignment:
    for step in steps:
        part = assignment_step(part.pk, user=user, step=step, **more)
    return part


def state(incident: Incident) -> str:
    return Incident.objects.get(pk=incident.pk).state


def status(unit: Unit) -> str:
    return Unit.objects.get(pk=unit.pk).status.code


def test_the_usual_way_stamps_every_time_and_moves_unit_and_incident(user: Any) -> None:
    incident, unit = make_incident(), make_unit(kind="ambulance")
    (part,) = send(incident, unit, user=user)
    seen = []
    for step in (
        "acknowledged",
        "en_route",
        "staged",
        "on_scene",
        "transport",
        "at_facility",
        "clear",
    ):
        part = take(part, step, user=user)
        seen.append((step, status(unit), state(incident)))
    assert seen == [
        ("acknowledged", "acknowledged", "dispatched"), ("en_route", "en_route", "dispatched"),
        ("staged", "staged", "dispatched"), ("on_scene", "on_scene", "on_scene"),
        ("transport", "transporting", "on_scene"), ("at_facility", "at_facility", "on_scene"),
        ("clear", "returning", "pending"),
    ]  # fmt: skip
    part.refresh_from_db()
    stamps = [getattr(part, name) for name in STEP_FIELD.values() if name != "cancelled_at"]
    assert stamps == sorted(stamps)
    assert part.disordered is False
    incident.refresh_from_db()
    assert incident.first_dispatch_at == part.dispatched_at
    assert incident.first_en_route_at == part.en_route_at
    assert incident.first_on_scene_at == part.on_scene_at
    codes = UnitStatusChange.objects.order_by("pk").values_list("status__code", flat=True)
    assert list(codes) == ["dispatched", *(one[1] for one in seen)]


@pytest.mark.parametrize(
    "before", [step for step in Step if step not in {"reserved", "clear", "cancel"}]
)
def test_every_step_that_is_not_usual_is_refused_and_overridden_only_with_a_reason(
    before: Step, user: Any
) -> None:
    incident = make_incident()
    for number, step in enumerate(one for one in Step if one not in {"reserved", before}):
        unit = make_unit(f"U-{number}")
        (part,) = send(incident, unit, user=user)
        way: list[str] = {
            "dispatched": [], "acknowledged": ["acknowledged"], "en_route": ["en_route"], "staged": ["staged"],
            "on_scene": ["on_scene"], "transport": ["on_scene", "transport"],
            "at_facility": ["on_scene", "transport", "at_facility"],
        }[before]  # fmt: skip
        part = take(part, *way, user=user)
        if step in NEXT_STEPS[before]:
            assert take(part, step, user=user).step == step
            continue
        for more in ({}, {"override": True}, {"reason": "x"}, {"override": True, "reason": "  "}):
            with pytest.raises(Conflict, match="does not follow"):
                take(part, step, user=user, **more)
        part = take(part, step, user=user, override=True, reason="radio rusak")
        row = AssignmentStep.objects.filter(assignment=part).latest("pk")
        assert (row.step, row.override, row.reason) == (step, True, "radio rusak")


def test_clearing_without_having_been_on_scene(user: Any) -> None:
    incident, unit = make_incident(), make_unit()
    (part,) = send(incident, unit, user=user)
    with pytest.raises(Conflict, match="override with a reason") as refusal:
        take(part, "clear", user=user)
    assert refusal.value.details["possible"] == [
        "acknowledged",
        "en_route",
        "staged",
        "on_scene",
        "cancel",
    ]
    assert status(unit) == "dispatched"
    cleared = take(part, "clear", user=user, override=True, reason="sudah di lokasi, tombol macet")
    assert cleared.cleared_at is not None
    assert cleared.on_scene_at is None


def test_a_repeated_step_changes_nothing(user: Any) -> None:
    incident, unit = make_incident(), make_unit()
    (part,) = send(incident, unit, user=user)
    first = take(part, "en_route", user=user)
    count = AssignmentStep.objects.count(), Event.objects.count()
    again = take(part, "en_route", user=user)
    assert again.en_route_at == first.en_route_at
    assert count == (AssignmentStep.objects.count(), Event.objects.count())
    take(part, "cancel", user=user)
    with pytest.raises(Conflict, match="no longer on"):
        take(part, "on_scene", user=user, override=True, reason="x")


def test_a_unit_on_two_incidents_clears_one_and_the_other_is_untouched(user: Any) -> None:
    first, second = make_incident("A-1"), make_incident("B-2")
    unit = make_unit()
    (one,) = send(first, unit, user=user)
    with pytest.raises(Conflict, match="is on A-1, sent by disp"):
        send(second, unit, user=user)
    with pytest.raises(InvalidInput, match="reason"):
        send(second, unit, user=user, multi=True)
    (two,) = send(second, unit, user=user, multi=True, reason="searah")
    assert two.multi is True
    take(one, "on_scene", user=user)
    before = Assignment.objects.filter(pk=two.pk).values().get(), Incident.objects.filter(pk=second.pk).values().get()  # fmt: skip
    assert status(unit) == "on_scene"
    take(one, "clear", user=user)
    after = Assignment.objects.filter(pk=two.pk).values().get(), Incident.objects.filter(pk=second.pk).values().get()  # fmt: skip
    assert before == after
    assert status(unit) == "dispatched"
    assert state(first) == "pending"
    third = make_incident("C-3")
    with pytest.raises(Conflict):
        send(third, unit, user=user)
    Unit.objects.filter(pk=unit.pk).update(multi_assignment=True)
    assert send(third, unit, user=user)[0].multi is True


def test_backdated_and_corrected_times_keep_the_original_and_the_author(user: Any) -> None:
    incident, unit = make_incident(), make_unit()
    (part,) = send(incident, unit, user=user)
    said = timezone.now() - timedelta(minutes=7)
    part = take(part, "en_route", user=user, at=said)
    stamp = AssignmentStep.objects.get(step="en_route")
    assert stamp.at == said == part.en_route_at
    assert stamp.recorded_at - said > timedelta(minutes=6)
    assert stamp.author == user
    part.refresh_from_db()
    assert part.disordered is True, "en route before it was dispatched"
    other = account("pengawas", (Role.SUPERVISOR, make_agency("ncc")))
    right = timezone.now()
    row = assignment_correct(part.pk, user=other, step="en_route", at=right, reason="salah tekan")
    part.refresh_from_db()
    assert (part.en_route_at, part.disordered) == (right, False)
    assert (row.corrects, row.author, row.reason) == (stamp, other, "salah tekan")
    stamp.refresh_from_db()
    assert stamp.at == said
    incident.refresh_from_db()
    assert incident.first_en_route_at == right
    with pytest.raises(InvalidInput, match="reason"):
        assignment_correct(part.pk, user=other, step="en_route", at=right, reason=" ")
    with pytest.raises(Conflict, match="never on scene"):
        assignment_correct(part.pk, user=other, step="on_scene", at=right, reason="x")
    with pytest.raises(InvalidInput, match="ahead"):
        take(part, "on_scene", user=user, at=timezone.now() + timedelta(hours=1))


def test_an_imported_assignment_is_corrected_with_what_stood_there_as_the_first_stamp(
    user: Any,
) -> None:
    at = timezone.now() - timedelta(hours=2)
    part = Assignment.objects.create(unit=make_unit(), incident=make_incident(), dispatched_at=at)
    assignment_correct(
        part.pk, user=user, step="dispatched", at=at + timedelta(minutes=1), reason="jam pos"
    )
    first, second = AssignmentStep.objects.order_by("pk")
    assert (first.at, second.corrects) == (at, first)


def test_stamps_and_statuses_refuse_rewriting(user: Any) -> None:
    send(make_incident(), make_unit(), user=user)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("layers_assignmentstep", "layers_unitstatuschange", "layers_incidentlog"):
        for sql in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"), transaction.atomic():  # fmt: skip
                cursor.execute(sql.format(table))


@pytest.mark.parametrize("name", list(STEP_FIELD.values())[1:])
def test_disorder_is_told_by_the_database_for_every_stamp(name: str) -> None:
    at = timezone.now()
    incident, unit = make_incident(), make_unit()
    order = list(STEP_FIELD.values())
    for earlier in order[: order.index(name)]:
        times = {"dispatched_at": at, earlier: at + timedelta(seconds=9)}
        part = Assignment.objects.create(unit=unit, incident=incident, **{**times, name: at + timedelta(seconds=8)})  # fmt: skip
        part.refresh_from_db()
        assert part.disordered is True
        Assignment.objects.filter(pk=part.pk).update(**{name: at + timedelta(seconds=9)})
        part.refresh_from_db()
        assert part.disordered is False
        part.delete()


def test_closing_with_active_units_is_blocked_or_clears_and_stamps_them_all(user: Any) -> None:
    incident = make_incident()
    units = [make_unit(f"U-{n}") for n in range(3)]
    there, going, sent = send(incident, *units, user=user)
    take(there, "on_scene", user=user)
    take(going, "en_route", user=user)
    with pytest.raises(Conflict, match="U-0, U-1, U-2"):
        incident_state_set(incident.pk, user=user, action="close", disposition="handled")
    assert state(incident) == "on_scene"
    incident_state_set(
        incident.pk, user=user, action="close", disposition="handled", clear_units=True
    )
    for part in (there, going, sent):
        part.refresh_from_db()
    assert there.cleared_at is not None
    assert going.cancelled_at is not None
    assert sent.cancelled_at is not None
    assert [status(unit) for unit in units] == ["returning", "returning", "available"]
    assert AssignmentStep.objects.filter(step__in=["clear", "cancel"]).count() == 3
    with pytest.raises(Conflict, match="is closed"):
        send(incident, units[0], user=user)


def test_out_of_service_only_when_free_by_service_and_by_raw_sql(user: Any) -> None:
    incident, unit = make_incident(), make_unit()
    with pytest.raises(InvalidInput, match="reason"):
        unit_status_set(unit.pk, user=user, code="out_of_service")
    (part,) = send(incident, unit, user=user)
    with pytest.raises(Conflict, match="is on N-1"):
        unit_status_set(unit.pk, user=user, code="out_of_service", reason="ban", override=True)
    off = UnitStatus.objects.get(code="out_of_service")
    with pytest.raises(IntegrityError, match="it is on an incident"), transaction.atomic():
        Unit.objects.filter(pk=unit.pk).update(status=off)
    take(part, "cancel", user=user)
    unit_status_set(unit.pk, user=user, code="out_of_service", reason="ban")
    with pytest.raises(Conflict, match="out of service"):
        send(incident, unit, user=user, reason="darurat")
    with pytest.raises(IntegrityError, match="out of service"), transaction.atomic():
        Assignment.objects.create(unit=unit, incident=incident, dispatched_at=timezone.now())


def test_steps_are_not_statuses_to_set_by_hand(user: Any) -> None:
    unit = make_unit()
    with pytest.raises(Conflict, match="follows from an assignment"):
        unit_status_set(unit.pk, user=user, code="on_scene")
    unit_status_set(unit.pk, user=user, code="on_scene", override=True, reason="patroli menemukan")
    with pytest.raises(Conflict, match="not available"):
        send(make_incident(), unit, user=user)
    assert send(make_incident("N-2"), unit, user=user, reason="paling dekat")


def test_renamed_statuses_change_nothing(user: Any) -> None:
    for row in UnitStatus.objects.all():
        UnitStatus.objects.filter(pk=row.pk).update(name=f"Sandi {row.order}", name_en=f"Code {row.order}")  # fmt: skip
    incident, unit = make_incident(), make_unit()
    (part,) = send(incident, unit, user=user)
    take(part, "en_route", "on_scene", "clear", user=user)
    codes = UnitStatusChange.objects.order_by("pk").values_list("status__code", flat=True)
    assert list(codes) == ["dispatched", "en_route", "on_scene", "returning"]


def test_all_or_nothing_unless_partial(user: Any) -> None:
    first, second = make_incident("A-1"), make_incident("B-2")
    busy, free = make_unit("U-1"), make_unit("U-2")
    send(first, busy, user=user)
    with pytest.raises(Conflict) as refusal:
        send(second, busy, free, user=user)
    assert [one["callsign"] for one in refusal.value.details["conflicts"]] == ["U-1"]
    assert status(free) == "available"
    outcome = units_dispatch(second.pk, user=user, callsigns=["U-1", "U-2", "U-9"], partial=True)
    assert [part.unit.callsign for part in outcome.assigned] == ["U-2"]
    assert {one["callsign"]: one["reason"] for one in outcome.conflicts} == {"U-1": "assigned", "U-9": "unknown_unit"}  # fmt: skip


def test_a_scheduled_incident_reserves_and_dispatches_when_due_once_with_its_lag(
    user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = timezone.now()
    due = start + timedelta(hours=3)
    incident = make_incident(scheduled_for=due)
    unit, spare = make_unit("U-1", kind="ambulance"), make_unit("U-2")
    (part,) = send(incident, unit, user=user)
    assert (part.dispatched_at, status(unit), state(incident)) == (None, "reserved", "new")
    assert scheduled_due() == 0
    with pytest.raises(Conflict, match="is on N-1, sent"):
        send(make_incident("N-2"), unit, user=user)
    with pytest.raises(Conflict, match="is reserved"):
        take(part, "on_scene", user=user, override=True, reason="x")
    incident.refresh_from_db()
    assert incident.first_dispatch_at is None
    late = due + timedelta(minutes=10)
    monkeypatch.setattr(timezone, "now", lambda: late)
    assert scheduled_due() == 1
    assert scheduled_due() == 0
    part.refresh_from_db()
    incident.refresh_from_db()
    assert part.dispatched_at == late == incident.first_dispatch_at
    assert (status(unit), state(incident), status(spare)) == (
        "dispatched",
        "dispatched",
        "available",
    )
    timer = IncidentTimer.objects.get(kind="scheduled")
    assert (timer.due_at, timer.lag_s) == (due, 600.0)
    told = Event.objects.filter(kind="incident.due")
    assert [event.payload["lag_s"] for event in told] == [600.0]


def test_a_merge_takes_calls_and_units_along(user: Any) -> None:
    now = timezone.now()
    first, second = make_incident("A-1", reported_at=now), make_incident("B-2", reported_at=now - timedelta(minutes=3))  # fmt: skip
    one = Call.objects.create(code="C-1", arrived_at=now, incident=first)
    two = Call.objects.create(code="C-2", arrived_at=now - timedelta(minutes=3), incident=second)
    shared, mine = make_unit("U-1"), make_unit("U-2")
    send(first, shared, user=user)
    parts = send(second, mine, user=user)
    take(parts[0], "en_route", user=user)
    send(second, shared, user=user, multi=True, reason="dekat")
    incident_merge(second.pk, user=user, into="A-1", reason="kebakaran yang sama")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (second.state, second.merged_into_id, second.disposition) == (
        "merged",
        first.pk,
        "duplicate",
    )
    assert first.reported_at == now - timedelta(minutes=3)
    one.refresh_from_db()
    two.refresh_from_db()
    assert [(call.incident_id, call.kind) for call in (one, two)] == [(first.pk, "normal"), (first.pk, "duplicate")]  # fmt: skip
    moved = Assignment.objects.get(pk=parts[0].pk)
    assert (moved.incident_id, moved.step) == (first.pk, "en_route")
    active = Assignment.objects.filter(cleared_at=None, cancelled_at=None).values_list("unit__callsign", "incident__number")  # fmt: skip
    assert sorted(active) == [("U-1", "A-1"), ("U-2", "A-1")]
    assert first.first_en_route_at == moved.en_route_at
    with pytest.raises(Conflict, match="is merged"):
        incident_state_set(second.pk, user=user, action="reopen", reason="x")
    with pytest.raises(InvalidInput, match="into itself"):
        incident_merge(first.pk, user=user, into="A-1")


def test_the_timeline_tells_when_it_happened_and_when_it_was_written(user: Any) -> None:
    incident, unit = make_incident(), make_unit()
    (part,) = send(incident, unit, user=user)
    said = timezone.now() - timedelta(minutes=4)
    take(part, "acknowledged", user=user, at=said)
    line = IncidentLog.objects.get(what="acknowledged")
    assert line.at == said
    assert line.recorded_at > said
    assert line.author == user
    assert line.detail == {"unit": "DAMKAR-1"}
