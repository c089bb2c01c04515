"""The board: order, desks, limits, stale places, and a number of queries that does not grow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from layers.access.models import Role
from layers.dispatch.assigning.services import units_dispatch
from layers.dispatch.board.selectors import board
from layers.dispatch.models import RunCard
from layers.events.selectors import event_horizon
from layers.incidents.models import Call, Incident, IncidentType
from tests.api.desk_room import (
    LAT,
    LON,
    account,
    dispatcher,
    make_city,
    make_fleet,
    make_types,
    new_incident,
)
from tests.factories import make_agency, make_incident, make_station, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> Any:
    return account("disp", (Role.DISPATCHER, make_agency("ncc")))


def put(number: str, code: str = "medical", **fields: Any) -> Incident:
    row = make_incident(number, agency=make_agency("ncc"), **fields)
    Incident.objects.filter(pk=row.pk).update(type=IncidentType.objects.get(code=code))
    return row


def numbers(user: Any, desk: str = "all") -> list[str]:
    return [row["number"] for row in board(user, desk=desk)["incidents"]]


def test_by_priority_then_oldest_first_and_only_what_is_open(user: Any) -> None:
    make_types()
    now = timezone.now()
    for number, priority, minutes in (("A", 3, 9), ("B", 1, 2), ("C", 1, 5), ("D", 3, 30)):
        put(number, priority=priority, reported_at=now - timedelta(minutes=minutes))
    put("E", state="closed", closed_at=now, disposition="handled")
    put("F", state="cancelled")
    assert numbers(user) == ["C", "B", "D", "A"]


def test_each_desk_sees_its_own_and_what_calls_for_or_holds_its_units(user: Any) -> None:
    types = make_types()
    put("FIRE", "building_fire")
    put("ROAD", "traffic_accident")
    put("MED", "medical")
    RunCard.objects.create(incident_type=types["traffic_accident"], kind="ambulance", alarm_level=1)
    RunCard.objects.create(incident_type=types["traffic_accident"], kind="fire", alarm_level=2)
    assert sorted(numbers(user, "fire")) == ["FIRE"]
    assert sorted(numbers(user, "police")) == ["ROAD"]
    assert sorted(numbers(user, "medical")) == ["MED", "ROAD"]
    assert sorted(numbers(user)) == ["FIRE", "MED", "ROAD"]
    Incident.objects.filter(number="ROAD").update(alarm_level=2)
    assert sorted(numbers(user, "fire")) == ["FIRE", "ROAD"]
    make_unit("POL-1", kind="police")
    make_unit("DAMKAR-1", kind="fire")
    units_dispatch(Incident.objects.get(number="MED").pk, user=user, callsigns=["POL-1"])
    assert sorted(numbers(user, "police")) == ["MED", "ROAD"]
    assert [row["callsign"] for row in board(user, desk="fire")["units"]] == ["DAMKAR-1"]


def test_the_number_of_queries_does_not_grow_with_the_city(user: Any) -> None:
    make_types()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            board(user)
        return len(caught)

    def grow(start: int, count: int) -> None:
        for n in range(start, start + count):
            row = put(f"N-{n}")
            make_unit(f"U-{n}")
            units_dispatch(row.pk, user=user, callsigns=[f"U-{n}"])
            Call.objects.create(code=f"C-{n}", arrived_at=timezone.now(), agency=make_agency("ncc"))

    grow(0, 2)
    board(user)
    few = queries()
    grow(2, 10)
    assert queries() == few <= 9
    assert len(board(user)["units"]) == 12


def test_a_place_is_stale_by_its_own_limit_and_a_station_stands_in(user: Any) -> None:
    now = timezone.now()
    make_unit("FRESH", fix_at=now - timedelta(seconds=200))
    make_unit("OLD", fix_at=now - timedelta(seconds=400))
    make_unit("AHEAD", fix_at=now + timedelta(hours=5))
    make_unit("FIXED")
    unit = make_unit("HOME", station=make_station("POS-9", lon=112.7))
    unit.position.delete()
    nowhere = make_unit("NOWHERE")
    nowhere.position.delete()
    rows = {row["callsign"]: row for row in board(user)["units"]}
    assert {sign: row["stale"] for sign, row in rows.items()} == {
        "FRESH": False, "OLD": True, "AHEAD": True, "FIXED": False, "HOME": False, "NOWHERE": True,
    }  # fmt: skip
    assert (rows["HOME"]["lon"], rows["HOME"]["from_station"]) == (112.7, True)
    assert rows["NOWHERE"]["lon"] is None


def test_the_snapshot_holds_every_event_up_to_its_last(user: Any) -> None:
    make_city()
    row = new_incident(dispatcher("other"))
    snapshot = board(user)
    assert snapshot["last_event"] == event_horizon() > 0
    assert [one["number"] for one in snapshot["incidents"]] == [row["number"]]
    assert snapshot["targets"] == {
        "pending_s": 60.0,
        "dispatched_s": 600.0,
        "waktu_tanggap_s": 900.0,
        "acknowledge_s": 90.0,
    }


def test_one_time_however_it_is_written_across_midnight() -> None:
    make_city()
    make_fleet("DAMKAR-1", "DAMKAR-2", "DAMKAR-3")
    desk = dispatcher()
    zone = timezone.get_default_timezone()
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = today - timedelta(days=1)
    start, end = midnight - timedelta(minutes=2), midnight + timedelta(minutes=3)
    row = new_incident(desk, reported_at=(start - timedelta(minutes=1)).isoformat())
    sent = desk.post(
        f"/incidents/{row['id']}/dispatch", {"units": ["DAMKAR-1", "DAMKAR-2", "DAMKAR-3"]}
    )
    spellings = [
        lambda at: at.astimezone(zone).replace(tzinfo=None).isoformat(),
        lambda at: at.astimezone(zone).isoformat(),
        lambda at: at.astimezone(timezone.get_fixed_timezone(0)).isoformat().replace("+00:00", "Z"),
    ]
    seen = set()
    for part, spell in zip(sent["assigned"], spellings, strict=True):
        address = f"/assignments/{part['assignment']}"
        desk.post(
            f"{address}/correct", {"field": "dispatched", "at": spell(start), "reason": "jam"}
        )
        desk.post(
            f"{address}/step", {"step": "en_route", "at": spell(start + timedelta(minutes=1))}
        )
        got = desk.post(f"{address}/step", {"step": "on_scene", "at": spell(end)})
        times = [
            datetime.fromisoformat(got[name])
            for name in ("dispatched_at", "en_route_at", "on_scene_at")
        ]
        assert all(time.utcoffset() == timedelta(0) for time in times)
        assert got["disordered"] is False
        seen.add(tuple((later - times[0]).total_seconds() for later in times[1:]))
    assert seen == {(60.0, 300.0)}


def test_calls_are_of_the_agency_that_took_them_or_of_their_incident() -> None:
    city = account("kota", (Role.DISPATCHER, make_agency("ncc")))
    other = account("kab", (Role.DISPATCHER, make_agency("kab", government="35.07")))
    now = timezone.now()
    Call.objects.create(code="NOBODY", arrived_at=now)
    Call.objects.create(code="TAKEN", arrived_at=now, agency=make_agency("ncc"))
    Call.objects.create(code="JOINED", arrived_at=now, incident=put_plain("N-1"))
    from layers.access.policies import restrict

    def codes(user: Any) -> list[str]:
        return sorted(restrict(user, Call.objects.all()).values_list("code", flat=True))

    assert codes(city) == ["JOINED", "TAKEN"]
    assert codes(other) == []
    assert codes(account("admin", (Role.PLATFORM_ADMIN, None))) == ["JOINED", "NOBODY", "TAKEN"]


def put_plain(number: str) -> Incident:
    return make_incident(number, agency=make_agency("ncc"), lon=LON, lat=LAT)
