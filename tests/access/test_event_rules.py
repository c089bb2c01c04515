"""What the account of a crew hears: its own unit and its own incidents, and nothing of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from layers.access.event_rules import EventScope, Verdict, event_scope
from layers.access.models import Role
from layers.events.models import Visibility
from layers.events.selectors import EventRow
from tests.factories import make_agency, make_incident, make_unit, make_user

pytestmark = pytest.mark.django_db


def event(layer: str, **payload: Any) -> EventRow:
    return EventRow(1, timezone.now(), f"{layer}.changed", layer, "1", None, None, "ops", payload)


@pytest.fixture
def scope() -> EventScope:
    agency = make_agency("damkar")
    unit = make_unit("DAMKAR-1", agency=agency)
    user = make_user("crew", (Role.FIELD_UNIT, agency))
    apps.get_model("layers.UnitAccount").objects.create(unit=unit, user=user)
    apps.get_model("layers.Assignment").objects.create(
        unit=unit, incident=make_incident("N-1", agency=agency), dispatched_at=timezone.now()
    )
    return event_scope(user)


def test_a_crew_hears_of_its_own_unit_and_incident_alone(scope: EventScope) -> None:
    assert scope.allows(event("units", callsign="DAMKAR-1", status="en_route"))
    assert scope.allows(event("incidents", number="N-1", state="dispatched"))
    for other in (
        event("units", callsign="DAMKAR-2"), event("incidents", number="N-2"), event("units", lon=1, lat=2),
        event("units", unit="DAMKAR-2", incident="N-1"), event("calls", id=1), event("closures", id=1),
    ):  # fmt: skip
        assert not scope.allows(other), other


def test_a_job_begins_and_ends_with_its_assignment(scope: EventScope) -> None:
    assert not scope.allows(event("incidents", number="N-7"))
    assert scope.allows(event("units", unit="DAMKAR-1", incident="N-7", step="dispatched"))
    assert scope.allows(event("incidents", number="N-7"))
    assert scope.allows(event("units", unit="DAMKAR-1", incident="N-7", step="clear"))
    assert not scope.allows(event("incidents", number="N-7"))


def test_an_account_without_a_unit_hears_nothing() -> None:
    lone = event_scope(make_user("lone", (Role.FIELD_UNIT, make_agency("damkar"))))
    assert not lone.allows(event("units", callsign=""))
    assert not lone.allows(event("incidents", number="N-1"))


@pytest.mark.django_db
def test_equal_rights_are_judged_once_and_each_visitor_as_alone() -> None:
    ncc, batu = make_agency("ncc"), make_agency("batu", government="35.79")
    users = [
        make_user(f"{role}-{place}", (role, agency))
        for role in Role.values
        for place, agency in enumerate((ncc, ncc, batu))
    ]
    scopes = [event_scope(user) for user in [*users, AnonymousUser()]]
    asked: list[int] = []

    class Counted(EventScope):
        def allows(self, event: EventRow) -> bool:
            asked.append(event.id)
            return super().allows(event)

    counted = [Counted(s.rights, s.governments, s.callsign, s.jobs) for s in scopes]
    told = 0
    for layer in ("units", "incidents", "calls", "cctv", "jobs", "access", "plans"):
        for agency_id in (None, ncc.pk, batu.pk):
            for visibility in Visibility.values:
                one = event(layer, requested_by=users[0].pk)
                one = replace(one, agency_id=agency_id, visibility=visibility)
                verdict = Verdict(one)
                asked.clear()
                mine = [verdict.for_scope(scope) for scope in counted]
                assert mine == [scope.allows(one) for scope in scopes]
                assert len(asked) == (len(scopes) if layer == "jobs" else len({id(s.alike) for s in scopes}))  # fmt: skip
                told += sum(mine)
    # Fourteen roles twice over, and the public; platform admins of any agency are alike.
    assert len({id(s.alike) for s in scopes}) < len(scopes)
    assert told > 0
