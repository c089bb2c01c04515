"""The transition table against the field's own words, for every pair, through services and by raw SQL."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from layers.dispatch.assigning.closing import incident_state_set
from layers.dispatch.models import Assignment
from layers.errors import Conflict, InvalidInput
from layers.incidents.lifecycle.table import OPEN_STATES, TRANSITIONS, Action, followed_state
from layers.incidents.models import Incident, IncidentState
from tests.factories import make_incident, make_unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
STATES = ["new", "pending", "dispatched", "on_scene", "under_control", "closed", "on_hold", "cancelled", "merged"]  # fmt: skip
#: The field's life cycle, written down once more by hand: from → where it may go.
FIELD = {
    "new": {"pending", "on_hold", "dispatched", "on_scene", "closed", "cancelled", "merged"},
    "pending": {"on_hold", "dispatched", "on_scene", "closed", "cancelled", "merged"},
    "on_hold": {"pending", "dispatched", "on_scene", "closed", "cancelled", "merged"},
    "dispatched": {"on_scene", "pending", "closed", "cancelled", "merged"},
    "on_scene": {"under_control", "dispatched", "pending", "closed", "merged"},
    "under_control": {"closed", "merged"},
    "closed": {"pending"},
    "cancelled": {"pending"},
    "merged": set(),
}


def in_state(state: str, number: str) -> Incident:
    """An incident put into a state as a file would bring it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ncc.import', 'on', true)")
    target = make_incident(f"{number}-T") if state == "merged" else None
    row = make_incident(
        number, state=state, closed_at=timezone.now(), disposition="handled", merged_into=target
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ncc.import', '', true)")
    return row


def test_every_state_is_known_to_the_table_and_nothing_else() -> None:
    assert sorted(STATES) == sorted(IncidentState.values)
    assert set(OPEN_STATES) == {s for s in STATES if s not in {"closed", "cancelled", "merged"}}


@pytest.mark.parametrize("before", STATES)
def test_raw_sql_moves_an_incident_only_as_the_field_says(before: str) -> None:
    for after in STATES:
        if before == after:
            continue
        row = in_state(before, f"N-{before}-{after}")
        if after in {"dispatched", "on_scene"} and after in FIELD[before]:
            Assignment.objects.create(unit=make_unit(f"U-{after}"), incident=row, dispatched_at=timezone.now())  # fmt: skip
        other = make_incident(f"O-{after}")
        refused = ""
        try:
            with transaction.atomic():
                Incident.objects.filter(pk=row.pk).update(state=after, merged_into=other)
        except IntegrityError as error:
            refused = str(error)
        moved = not refused
        assert moved or f"{before} does not lead to {after}" in refused
        assert moved == (after in FIELD[before]), (before, after)


def test_dispatched_and_on_scene_cannot_be_set_without_an_assignment() -> None:
    row = make_incident("N-1", state="pending")
    for state in ("dispatched", "on_scene"):
        with pytest.raises(IntegrityError, match="follows from assignments"), transaction.atomic():
            Incident.objects.filter(pk=row.pk).update(state=state)
    Assignment.objects.create(unit=make_unit("U-1"), incident=row)
    with pytest.raises(IntegrityError, match="follows from assignments"), transaction.atomic():
        Incident.objects.filter(pk=row.pk).update(state="dispatched")


def test_an_incident_with_active_units_cannot_be_closed_nor_a_closed_one_get_units_by_raw_sql() -> None:  # fmt: skip
    row, unit = make_incident("N-1"), make_unit("U-1")
    part = Assignment.objects.create(unit=unit, incident=row, dispatched_at=timezone.now())
    closing = {"state": "closed", "closed_at": timezone.now(), "disposition": "handled"}
    with pytest.raises(IntegrityError, match="units are still active"), transaction.atomic():
        Incident.objects.filter(pk=row.pk).update(**closing)
    Assignment.objects.filter(pk=part.pk).update(cleared_at=timezone.now())
    Incident.objects.filter(pk=row.pk).update(**closing)
    with pytest.raises(IntegrityError, match="the incident is closed"), transaction.atomic():
        Assignment.objects.create(unit=unit, incident=row, dispatched_at=timezone.now())
    with pytest.raises(IntegrityError, match="the incident is closed"), transaction.atomic():
        Assignment.objects.filter(pk=part.pk).update(cleared_at=None)


def test_first_closing_and_first_type_stay_by_raw_sql_too() -> None:
    row = make_incident("N-1")
    incident_state_set(row.pk, user=None, action="close", disposition="handled")
    first = Incident.objects.get().first_closed_at
    for change in ({"first_closed_at": timezone.now()}, {"first_closed_at": None}):
        with pytest.raises(IntegrityError, match="first closing time stays"), transaction.atomic():
            Incident.objects.update(**change)
    incident_state_set(row.pk, user=None, action="reopen", reason="api menyala lagi")
    reopened = Incident.objects.get()
    assert (reopened.state, reopened.closed_at, reopened.disposition) == ("pending", None, "")
    incident_state_set(row.pk, user=None, action="close", disposition="false_alarm")
    closed = Incident.objects.get()
    assert closed.first_closed_at == first
    assert closed.closed_at is not None
    assert first is not None
    assert closed.closed_at > first


@pytest.mark.parametrize(("state", "action"), list(product(STATES, [a for a in Action if a not in {"follow", "merge"}])))  # fmt: skip
def test_services_take_an_action_exactly_where_the_table_has_it(state: str, action: Action) -> None:
    row = in_state(state, "N-1")
    allowed = IncidentState(state) in TRANSITIONS[action]
    if not allowed:
        with pytest.raises(Conflict, match="not possible"):
            incident_state_set(row.pk, user=None, action=action, disposition="handled", reason="x")
        assert Incident.objects.get(pk=row.pk).state == state
        return
    moved = incident_state_set(row.pk, user=None, action=action, disposition="handled", reason="x")
    assert moved.state in FIELD[state]
    assert moved.version == row.version + 1


def test_closing_needs_a_disposition_and_some_actions_a_reason() -> None:
    row = make_incident("N-1")
    with pytest.raises(InvalidInput, match="disposition"):
        incident_state_set(row.pk, user=None, action="close")
    for action in ("hold", "cancel"):
        with pytest.raises(InvalidInput, match="reason"):
            incident_state_set(row.pk, user=None, action=action)
    with pytest.raises(InvalidInput, match="not set by hand"):
        incident_state_set(row.pk, user=None, action="follow")


@pytest.mark.parametrize(
    ("state", "committed", "at_scene", "expected"),
    [
        ("new", False, False, "new"), ("new", True, False, "dispatched"), ("new", True, True, "on_scene"),
        ("on_hold", False, False, "on_hold"), ("on_hold", True, False, "dispatched"),
        ("dispatched", False, False, "pending"), ("on_scene", False, False, "pending"),
        ("on_scene", True, False, "dispatched"), ("under_control", False, False, "under_control"),
        ("under_control", True, True, "under_control"), ("closed", True, True, "closed"),
    ],
)  # fmt: skip
def test_the_state_that_follows(state: str, committed: bool, at_scene: bool, expected: str) -> None:
    assert followed_state(state, committed=committed, at_scene=at_scene) == expected
