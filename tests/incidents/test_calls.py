"""Kinds counted apart, likely duplicates offered, both calls kept, and who called is seen by few and written down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from layers.access.models import Role
from layers.audit.models import Look
from layers.geo.crs import geodesic_m
from layers.incidents.desk.calls import incidents_similar
from layers.incidents.models import Call, Incident
from tests.api.desk_room import (
    LAT,
    LON,
    Desk,
    account,
    call_taker,
    dispatcher,
    make_city,
    new_incident,
)
from tests.factories import make_agency, make_incident

pytestmark = pytest.mark.django_db


def new_call(desk: Desk, **fields: object) -> dict:  # type: ignore[type-arg]
    answer: dict = desk.post("/calls", {"channel": "112", **fields}, expect=201)  # type: ignore[type-arg]
    return answer


@pytest.mark.parametrize("kind", ["ghost", "prank", "information", "dropped"])
def test_a_call_that_is_not_real_is_counted_and_never_an_incident(kind: str) -> None:
    make_city()
    desk = call_taker()
    call = new_call(desk, lon=LON, lat=LAT)["call"]
    ended = desk.patch(f"/calls/{call['id']}", {"version": call["version"], "kind": kind})
    assert (ended["kind"], ended["ended_at"] is not None) == (kind, True)
    refused = desk.post(f"/calls/{call['id']}/incident", {"type": "medical"}, expect=409)
    assert str(Call.Kind(kind).label) in refused["message"]
    number = new_incident(desk)["number"]
    desk.post(f"/calls/{call['id']}/link", {"number": number}, expect=409)
    straight = new_call(desk, kind=kind)["call"]
    assert straight["ended_at"] is not None
    assert Call.objects.filter(kind=kind).count() == 2
    assert not Call.objects.filter(incident__isnull=False).exists()
    assert dispatcher().get("/board")["calls"] == []


def test_a_call_with_an_incident_does_not_become_a_prank() -> None:
    make_city()
    desk = call_taker()
    call = new_call(desk, lon=LON, lat=LAT)["call"]
    desk.post(f"/calls/{call['id']}/incident", {"type": "medical"}, expect=201)
    fresh = desk.get(f"/calls/{call['id']}")["call"]
    refused = desk.patch(
        f"/calls/{call['id']}", {"version": fresh["version"], "kind": "prank"}, expect=409
    )
    assert refused["current"]["kind"] == "normal"


def test_a_stale_form_gets_the_current_call_and_loses_nothing() -> None:
    make_city()
    one, two = call_taker("one"), call_taker("two")
    call = new_call(one)["call"]
    one.patch(f"/calls/{call['id']}", {"version": call["version"], "note": "pertama"})
    refused = two.patch(
        f"/calls/{call['id']}", {"version": call["version"], "note": "kedua"}, expect=409
    )
    assert refused["current"]["note"] == "pertama"
    assert refused["stale"] is True
    two.patch(f"/calls/{call['id']}", {"version": refused["current"]["version"], "note": "kedua"})


def test_two_calls_near_in_place_and_time_offer_a_merge_and_both_stay() -> None:
    make_city()
    desk = dispatcher()
    first = new_call(desk, lon=LON, lat=LAT)["call"]
    row = desk.post(f"/calls/{first['id']}/incident", {"type": "building_fire"}, expect=201)
    answer = new_call(desk, lon=LON + 0.0015, lat=LAT)
    assert [one["number"] for one in answer["similar"]] == [row["number"]]
    distance = geodesic_m(LON, LAT, LON + 0.0015, LAT)
    assert answer["similar"][0]["distance_m"] == pytest.approx(distance, abs=0.1)
    second = answer["call"]
    joined = desk.post(f"/calls/{second['id']}/link", {"number": row["number"]})
    assert (joined["incident"], joined["kind"]) == (row["number"], "duplicate")
    detail = desk.get(f"/incidents/{row['id']}")
    assert [one["code"] for one in detail["calls"]] == [first["code"], second["code"]]
    assert Call.objects.count() == 2
    assert Incident.objects.count() == 1
    assert new_call(desk, lon=LON + 0.004, lat=LAT)["similar"] == []


@pytest.mark.parametrize(
    ("east_m", "seconds", "offered"),
    [(199.0, 0, True), (201.0, 0, False), (0.0, 600, True), (0.0, 601, False), (0.0, -600, True), (150.0, 599, True)],
)  # fmt: skip
def test_the_limits_are_200_metres_and_10_minutes_both_inclusive(
    east_m: float, seconds: int, offered: bool
) -> None:
    user = account("d", (Role.DISPATCHER, make_agency("ncc")))
    at = timezone.now()
    per_degree = geodesic_m(LON, LAT, LON + 1e-3, LAT) / 1e-3
    row = make_incident("A-1", agency=make_agency("ncc"), reported_at=at, lon=LON, lat=LAT)
    point = row.geom.clone()
    point.x = LON + east_m / per_degree
    found = incidents_similar(point=point, at=at + timedelta(seconds=seconds), user=user)
    assert [one["number"] for one in found] == (["A-1"] if offered else [])


def test_a_later_call_about_an_old_incident_keeps_it_likely() -> None:
    user = account("d", (Role.DISPATCHER, make_agency("ncc")))
    now = timezone.now()
    row = make_incident("A-1", agency=make_agency("ncc"), reported_at=now - timedelta(hours=1))
    Call.objects.create(code="C-1", arrived_at=now - timedelta(minutes=5), incident=row)
    found = incidents_similar(point=row.geom, at=now, user=user)
    assert [one["number"] for one in found] == ["A-1"]
    assert incidents_similar(point=row.geom, at=now + timedelta(minutes=6), user=user) == []


def test_who_called_is_in_no_row_and_opening_it_is_written_down() -> None:
    make_city()
    desk = dispatcher()
    answer = new_call(desk, caller_name="Budi Santoso", caller_number="081234", lon=LON, lat=LAT)
    row = desk.post(f"/calls/{answer['call']['id']}/incident", {"type": "medical"}, expect=201)
    seen = [answer, row, desk.get("/board"), desk.get(f"/incidents/{row['id']}")]
    assert answer["call"]["has_caller"] is True
    for body in seen:
        assert "Budi" not in str(body)
        assert "081234" not in str(body)
    assert not Look.objects.exists()
    opened = desk.get(f"/calls/{answer['call']['id']}/caller")
    assert opened["caller_name"] == "Budi Santoso"
    look = Look.objects.get()
    assert (look.actor, look.table_name, look.row_id) == ("disp", "layers_call", str(answer["call"]["id"]))  # fmt: skip


def test_a_place_is_found_from_words_only_where_they_name_one() -> None:
    from tests.city import place

    make_city()
    place("RSUD Saiful Anwar", dx=1, dy=1)
    desk = call_taker()
    call = new_call(desk, place_text="RSUD Saiful Anwar")["call"]
    assert call["location_source"] == "landmark"
    assert call["accuracy_m"] == 75.0
    assert new_call(desk, place_text="-7.98, 112.63")["call"]["location_source"] == "coordinates"
    vague = new_call(desk, place_text="dekat warung")["call"]
    assert vague["lon"] is None
    desk.post(f"/calls/{vague['id']}/incident", {"type": "medical"}, expect=422)
    desk.post("/calls", {"channel": "112", "lon": -7.98, "lat": 112.63}, expect=422)


def test_a_taken_call_says_who_has_it_and_taking_again_is_harmless() -> None:
    make_city()
    one, two = call_taker("one"), call_taker("two")
    call = new_call(one, take=False)["call"]
    assert call["taken_by"] is None
    assert one.post(f"/calls/{call['id']}/take", {})["taken_by"] == "one"
    assert one.post(f"/calls/{call['id']}/take", {})["taken_by"] == "one"
    refused = two.post(f"/calls/{call['id']}/take", {}, expect=409)
    assert refused["holder"] == "one"
    assert refused["current"]["taken_by"] == "one"
