"""Many at once: one wins, everybody else is told by whom and where, and the database holds what was promised."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Q

from layers.access.models import Grant, Role, User
from layers.dispatch.assigning.closing import incident_state_set
from layers.dispatch.assigning.services import Outcome, units_dispatch
from layers.dispatch.assigning.statuses import unit_status_set
from layers.dispatch.assigning.stepping import assignment_step
from layers.dispatch.models import Assignment, AssignmentStep, Unit, UnitStatusChange
from layers.errors import Conflict, NccError
from layers.events.models import Event
from layers.incidents.models import Incident
from tests.factories import make_agency, make_incident, make_unit
from tests.threads import at_once, load_reference

pytestmark = pytest.mark.django_db(transaction=True)
ACTIVE = Q(cleared_at__isnull=True, cancelled_at__isnull=True)


@pytest.fixture(autouse=True)
def _reference(transactional_db: None) -> None:
    load_reference()


def people(count: int) -> list[Any]:
    agency = make_agency("ncc")
    users = User.objects.bulk_create(User(username=f"disp-{n}", password="!") for n in range(count))
    Grant.objects.bulk_create(
        Grant(user=user, role=Role.DISPATCHER, agency=agency, reason="test") for user in users
    )
    return list(users)


def incidents(*numbers: str) -> list[Incident]:
    agency = make_agency("ncc")
    return [make_incident(number, agency=agency) for number in numbers]


def no_unit_is_twice_active() -> None:
    rows = Assignment.objects.filter(ACTIVE).values("unit").annotate(n=Count("id"))
    assert [row for row in rows if row["n"] > 1] == []


def test_fifty_assign_one_unit_to_two_incidents() -> None:
    users, (first, second) = people(50), incidents("A-1", "B-2")
    unit = make_unit("DAMKAR-1", agency=make_agency("damkar"))
    targets = [(user, (first, second)[n % 2]) for n, user in enumerate(users)]
    results = at_once(
        [
            partial(units_dispatch, one.pk, user=user, callsigns=["DAMKAR-1"])
            for user, one in targets
        ]
    )
    won = [n for n, result in enumerate(results) if isinstance(result, Outcome)]
    assert len(won) == 1
    holder, place = targets[won[0]]
    for n, result in enumerate(results):
        if n == won[0]:
            continue
        assert isinstance(result, Conflict), result
        told = result.details["conflicts"]
        assert [(one["callsign"], one["holder"], one["incident"]) for one in told] == [
            ("DAMKAR-1", holder.username, place.number)
        ]
        assert told[0]["reason"] == ("already_here" if targets[n][1] == place else "assigned")
        assert holder.username in str(result)
        assert place.number in str(result)
    row = Assignment.objects.get()
    assert (row.unit_id, row.incident_id, row.author_id) == (unit.pk, place.pk, holder.pk)
    assert AssignmentStep.objects.count() == 1
    assert UnitStatusChange.objects.count() == 1
    fresh = Unit.objects.get(pk=unit.pk)
    assert (fresh.version, fresh.status.code) == (unit.version + 1, "dispatched")
    states = dict(Incident.objects.values_list("number", "state"))
    assert states == {place.number: "dispatched", ({"A-1", "B-2"} - {place.number}).pop(): "new"}
    assert Event.objects.filter(kind="assignment.changed").count() == 1


def test_same_unit_and_incident_twice_is_one_row() -> None:
    (one, two), (incident,) = people(2), incidents("A-1")
    make_unit("DAMKAR-1")
    results = at_once(
        [
            partial(units_dispatch, incident.pk, user=user, callsigns=["DAMKAR-1"])
            for user in (one, two)
        ]
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Outcome"]
    refusal = next(result for result in results if isinstance(result, Conflict))
    assert refusal.details["conflicts"][0]["reason"] == "already_here"
    assert Assignment.objects.count() == 1


@pytest.mark.parametrize("round_", range(6))
def test_against_out_of_service_never_both(round_: int) -> None:
    users, (incident,) = people(6), incidents("A-1")
    unit = make_unit("DAMKAR-1")
    works = [
        partial(units_dispatch, incident.pk, user=user, callsigns=["DAMKAR-1"])
        if n % 2
        else partial(unit_status_set, unit.pk, user=user, code="out_of_service", reason="ban")
        for n, user in enumerate(users)
    ]
    random.Random(round_).shuffle(works)
    results = at_once(works)
    for result in results:
        assert isinstance(result, Outcome | Unit | Conflict), result
    status = Unit.objects.get(pk=unit.pk).status.code
    active = Assignment.objects.filter(ACTIVE).count()
    assert (status, active) in {("dispatched", 1), ("out_of_service", 0)}


def test_opposite_orders_never_deadlock_out_to_anyone() -> None:
    signs = [f"DAMKAR-{n}" for n in range(1, 7)]
    for sign in signs:
        make_unit(sign)
    users = people(16)
    places = incidents(*(f"I-{n}" for n in range(16)))
    works = []
    for n, user in enumerate(users):
        order = signs if n % 2 else signs[::-1]
        wanted = [order[(n + k) % 6] for k in range(4)]
        works.append(partial(units_dispatch, places[n].pk, user=user, callsigns=wanted, partial=n % 3 == 0))  # fmt: skip
    results = at_once(works)
    for result in results:
        assert isinstance(result, Outcome | Conflict), result
    assert any(isinstance(result, Outcome) for result in results)
    no_unit_is_twice_active()
    for result in results:
        if isinstance(result, Outcome):
            held = Assignment.objects.filter(ACTIVE, incident=result.incident).values_list("unit__callsign", flat=True)  # fmt: skip
            assert sorted(held) == sorted(part.unit.callsign for part in result.assigned)


@pytest.mark.parametrize("round_", range(4))
def test_closing_against_dispatching_leaves_no_unit_on_a_closed_incident(round_: int) -> None:
    users, (incident,) = people(6), incidents("A-1")
    signs = [f"U-{n}" for n in range(4)]
    for sign in signs:
        make_unit(sign)
    works = [partial(units_dispatch, incident.pk, user=user, callsigns=[sign]) for user, sign in zip(users, signs, strict=False)]  # fmt: skip
    works += [
        partial(incident_state_set, incident.pk, user=user, action="close", disposition="handled", clear_units=True)
        for user in users[4:]
    ]  # fmt: skip
    random.Random(round_).shuffle(works)
    for result in at_once(works):
        assert isinstance(result, Outcome | Incident | Conflict), result
    incident.refresh_from_db()
    assert incident.state == "closed"
    assert not Assignment.objects.filter(ACTIVE).exists()
    assert set(Unit.objects.values_list("status__status_class", flat=True)) == {"available"}


def test_steps_dispatches_and_statuses_in_a_storm_keep_every_promise() -> None:
    users = people(12)
    places = incidents("A-1", "B-2", "C-3")
    signs = [f"U-{n}" for n in range(5)]
    units = [make_unit(sign) for sign in signs]

    def storm(seed: int) -> list[str]:
        chance, user, odd = random.Random(seed), users[seed], []
        for _ in range(8):
            unit, place = chance.choice(units), chance.choice(places)
            try:
                deed = chance.randrange(4)
                if deed == 0:
                    units_dispatch(
                        place.pk, user=user, callsigns=chance.sample(signs, 2), partial=True
                    )
                elif deed == 1:
                    part = Assignment.objects.filter(ACTIVE, unit=unit).first()
                    step = chance.choice(["en_route", "on_scene", "clear", "cancel"])
                    if part:
                        assignment_step(part.pk, user=user, step=step, override=True, reason="x")
                elif deed == 2:
                    unit_status_set(unit.pk, user=user, code="out_of_service", reason="x")
                else:
                    unit_status_set(unit.pk, user=user, code="available")
            except NccError:
                continue
            except Exception as error:
                odd.append(repr(error))
        return odd

    assert at_once([partial(storm, n) for n in range(12)]) == [[]] * 12
    no_unit_is_twice_active()
    for unit in Unit.objects.select_related("status"):
        active = Assignment.objects.filter(ACTIVE, unit=unit).count()
        assert (unit.status.status_class == "committed") == (active == 1), unit.callsign
        newest = UnitStatusChange.objects.filter(unit=unit).order_by("-pk").first()
        assert newest is None or newest.status_id == unit.status_id
    for place in Incident.objects.all():
        active = Assignment.objects.filter(ACTIVE, incident=place)
        there = active.filter(on_scene_at__isnull=False).exists()
        assert (place.state == "on_scene") == there
        assert (place.state == "dispatched") == (active.exists() and not there)


def test_the_constraint_alone_refuses_a_second_active_row() -> None:
    first, second = incidents("A-1", "B-2")
    unit = make_unit("DAMKAR-1")
    Assignment.objects.create(unit=unit, incident=first)
    with connection.cursor() as cursor, pytest.raises(Exception, match="assignment_one_active_for_a_unit"):  # fmt: skip
        cursor.execute(
            "INSERT INTO layers_assignment (unit_id, incident_id, multi, created_at, reason, version)"
            " VALUES (%s, %s, false, now(), '', 1)",
            [unit.pk, second.pk],
        )
