"""Positions by HTTP: keys, forms of the protocol, what moves a unit and what is quarantined."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from layers.audit.models import Look
from layers.dispatch.models import UnitPosition
from layers.dispatch.positions.intake import Intake, Source, Ticket
from layers.dispatch.positions.keys import device_create, device_revoke
from layers.dispatch.positions.models import PositionDevice, PositionFault, UnitTrack
from layers.dispatch.positions.reading import Reading
from layers.dispatch.positions.service import positions_take
from layers.dispatch.positions.upkeep import (
    moved_prune,
    positions_silence,
    track_days,
    tracks_tend,
)
from layers.dispatch.recommendation import units_nearest
from layers.events.models import Event
from tests.factories import MALANG, make_agency, make_area, make_unit, make_user

pytestmark = pytest.mark.django_db
LON, LAT = MALANG
#: One degree of latitude at Malang by the meridian arc of WGS 84: 110,597 m.
M_OF_LAT = 110_597.0


@pytest.fixture
def device() -> tuple[PositionDevice, str]:
    unit = make_unit("DAMKAR-1", agency=make_agency("damkar"))
    UnitPosition.objects.all().delete()
    return device_create(name="AVL 1", unit=unit)


def osmand(client: Client, key: str, **values: Any) -> Any:
    values.setdefault("lat", LAT)
    values.setdefault("lon", LON)
    return client.get("/api/v1/positions/osmand", {"id": key, **values})


def place() -> UnitPosition:
    return UnitPosition.objects.get(unit__callsign="DAMKAR-1")


def stamp(seconds: float) -> int:
    return int((timezone.now() + timedelta(seconds=seconds)).timestamp())


def test_a_fix_moves_the_unit_and_its_three_times_stay_apart(client: Client, device: Any) -> None:
    before = timezone.now()
    answer = osmand(
        client, device[1], timestamp=stamp(-30), device_timestamp=stamp(-20), speed=10, bearing=370 - 10, accuracy=7
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.json() == {"moved": 1, "late": 0, "quarantined": []}
    row = place()
    assert (row.geom.x, row.geom.y) == (LON, LAT)
    assert row.fix_at is not None
    assert row.device_at is not None
    assert 29 <= (before - row.fix_at).total_seconds() <= 31
    assert 9 <= (row.device_at - row.fix_at).total_seconds() <= 11
    assert row.server_at >= before
    assert row.speed_kph == pytest.approx(18.52)
    assert (row.heading_deg, row.accuracy_m, row.online, row.source) == (0.0, 7.0, True, "tracker")


@pytest.mark.parametrize("form", ["query", "form", "json", "json list", "location"])
def test_every_form_of_the_protocol_gives_the_same_place(
    client: Client, device: Any, form: str
) -> None:
    key, at = device[1], datetime(2026, 1, 1, tzinfo=UTC)
    at = timezone.now().replace(microsecond=0)
    url = "/api/v1/positions/osmand"
    coords = {"latitude": LAT, "longitude": LON, "speed": 5.0, "heading": 90, "accuracy": 4}
    place_of_json: Any = {"timestamp": at.isoformat().replace("+00:00", "Z"), "coords": coords}
    if form == "query":
        answer = client.post(f"{url}?id={key}&lat={LAT}&lon={LON}&timestamp={at.timestamp():.0f}&speed=9.719222&heading=90&accuracy=4&batt=80")  # fmt: skip
    elif form == "form":
        answer = client.post(url, {"deviceid": key, "lat": LAT, "lon": LON, "timestamp": int(at.timestamp() * 1000), "speed": 9.719222, "bearing": 90, "accuracy": 4})  # fmt: skip
    elif form == "location":
        answer = client.get(url, {"id": key, "location": f"{LAT},{LON}", "timestamp": f"{at:%Y-%m-%d %H:%M:%S}", "speed": 9.719222, "bearing": 90, "accuracy": 4})  # fmt: skip
    else:
        body = {"device_id": key, "location": [place_of_json] if "list" in form else place_of_json}
        answer = client.post(url, json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content
    row = place()
    assert (row.geom.x, row.geom.y, row.fix_at) == (LON, LAT, at)
    assert row.speed_kph == pytest.approx(18.0, abs=1e-4)
    assert (row.heading_deg, row.accuracy_m) == (90.0, 4.0)


def test_a_late_old_fix_never_moves_the_unit_back(client: Client, device: Any) -> None:
    osmand(client, device[1], timestamp=stamp(-10))
    answer = osmand(client, device[1], timestamp=stamp(-400), lat=LAT + 0.01)
    assert answer.json() == {"moved": 0, "late": 1, "quarantined": []}
    assert place().geom.y == LAT
    assert UnitTrack.objects.count() == 2  # it is history all the same


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"timestamp": 5 * 3600}, "future"),
        ({"timestamp": 61}, "future"),
        ({"lat": 0, "lon": 0}, "null_island"),
        ({"lat": LON, "lon": LAT}, "swapped_axes"),
        ({"lat": 95, "lon": 195}, "out_of_range"),
        ({"lat": "abc"}, "unreadable"),
        ({"lat": "nan"}, "unreadable"),
        ({"lon": ""}, "unreadable"),
        ({"timestamp": "yesterday"}, "unreadable"),
        ({"timestamp": "9" * 40}, "unreadable"),
        ({"valid": "false"}, "unreadable"),
        ({"timestamp": -91 * 86400}, "too_old"),
        ({"speed": 400 / 1.852}, "impossible_speed"),
        # 400 km/h for ten seconds is 1,111 m.
        ({"lat": LAT + 1111.1 / M_OF_LAT, "timestamp": 0}, "impossible_jump"),
    ],
)
def test_what_cannot_be_is_quarantined_with_its_reason(
    client: Client, device: Any, values: dict[str, Any], reason: str
) -> None:
    make_area()
    osmand(client, device[1], timestamp=stamp(-10))
    if isinstance(values.get("timestamp"), int):
        values = {**values, "timestamp": stamp(values["timestamp"])}
    answer = osmand(client, device[1], **values)
    assert answer.status_code == 200
    assert [fault["reason"] for fault in answer.json()["quarantined"]] == [reason]
    row = place()
    assert (row.geom.x, row.geom.y) == (LON, LAT)
    assert row.fix_at is not None
    assert row.fix_at < timezone.now()
    fault = PositionFault.objects.get()
    assert (fault.reason, fault.count, fault.unit, fault.device) == (reason, 1, device[0].unit, device[0])  # fmt: skip
    client.force_login(make_user("boss", is_superuser=True))
    seen = client.get("/api/v1/positions/faults").json()["faults"]
    assert [(row["callsign"], row["reason"]) for row in seen] == [("DAMKAR-1", reason)]


def test_swapped_axes_in_range_are_known_by_where_the_unit_belongs(client: Client) -> None:
    unit = make_unit("PORTO-1", lon=-8.61, lat=41.15)  # both orders are places on Earth
    _device, key = device_create(name="porto", unit=unit)
    answer = osmand(client, key, lat=-8.61, lon=41.15)
    assert [fault["reason"] for fault in answer.json()["quarantined"]] == ["swapped_axes"]


def test_a_fix_five_hours_ahead_is_never_fresh(client: Client, device: Any) -> None:
    osmand(client, device[1], timestamp=stamp(-3600))
    osmand(client, device[1], timestamp=stamp(5 * 3600))
    row = place()
    assert not row.online  # an hour old, and nothing newer is believed
    out = units_nearest(LON, LAT)["excluded"]
    assert {"callsign": "DAMKAR-1", "reason": "stale_position"} in out


def test_under_the_limit_of_speed_a_fix_is_believed(client: Client, device: Any) -> None:
    osmand(client, device[1], timestamp=stamp(-10))
    # 120 km/h for ten seconds is 333 m.
    answer = osmand(client, device[1], timestamp=stamp(0), lat=LAT + 333.3 / M_OF_LAT)
    assert answer.json()["moved"] == 1


def test_a_first_fix_gone_wrong_does_not_hold_the_unit_for_ever(
    client: Client, device: Any
) -> None:
    osmand(client, device[1], timestamp=stamp(-60), lat=LAT + 3)  # 330 km off
    answers = [
        osmand(client, device[1], timestamp=stamp(-50 + 10 * step), lat=LAT + 0.0002 * step).json()
        for step in range(4)
    ]
    assert [answer["moved"] for answer in answers] == [0, 0, 1, 1]
    assert place().geom.y == pytest.approx(LAT + 0.0006)


def test_a_key_is_hashed_at_rest_and_refused_once_revoked(client: Client, device: Any) -> None:
    made, key = device
    assert key not in str(PositionDevice.objects.values())
    assert osmand(client, key).status_code == 200
    device_revoke(made)
    assert osmand(client, key).status_code == 401  # also while the process remembers the key
    for wrong in ("", "x", "ncc" + "0" * 48, "é" * 30, "\x00" * 30):
        assert osmand(client, wrong).status_code == 401
    assert UnitTrack.objects.count() == 1


def test_a_gateway_moves_its_agencys_units_and_no_other(client: Client) -> None:
    ours, theirs = make_agency("damkar"), make_agency("polresta")
    for callsign, agency in (("A-1", ours), ("B-1", theirs)):
        make_unit(callsign, agency=agency)
    _device, key = device_create(name="CAD", kind="gateway", agency=ours)
    rows = [
        {"callsign": callsign, "lon": LON + 0.001, "lat": LAT, "fix_at": timezone.now().isoformat()}
        for callsign in ("A-1", "B-1", "C-1")
    ]
    answer = client.post(
        "/api/v1/positions", json.dumps({"positions": rows}), content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert answer.json()["moved"] == 1
    assert [fault["index"] for fault in answer.json()["quarantined"]] == [1, 2]
    assert UnitPosition.objects.get(unit__callsign="B-1").geom.x == LON


def test_one_batch_out_of_order_ends_at_the_newest_fix(client: Client, device: Any) -> None:
    rows = [
        {"lon": LON + 0.0001 * step, "lat": LAT, "fix_at": stamp(-60 + 12 * step)}
        for step in (3, 0, 4, 1, 2)
    ]
    answer = client.post(
        "/api/v1/positions", json.dumps({"positions": rows}), content_type="application/json",
        headers={"X-Device-Key": device[1]},
    )  # fmt: skip
    assert answer.json() == {"moved": 5, "late": 0, "quarantined": []}
    assert place().geom.x == pytest.approx(LON + 0.0004)


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"positions": 3}', '{"positions": [3, null]}', "[" * 20_000]
)
def test_a_body_of_the_wrong_shape_is_an_answer_and_no_crash(client: Client, device: Any, body: str) -> None:  # fmt: skip
    headers = {"X-Device-Key": device[1]}
    for address in ("/api/v1/positions", "/api/v1/positions/osmand", "/api/v1/positions/gpx"):
        answer = client.post(address, body, content_type="application/json", headers=headers)
        assert answer.status_code in {200, 422}, (address, answer.content)


def test_a_silent_tracker_leaves_online_and_the_consoles_are_told(client: Client) -> None:
    unit = make_unit("P-1", agency=make_agency("damkar"))
    _device, key = device_create(name="quick", unit=unit, max_age_s=200)
    osmand(client, key, timestamp=stamp(-5))
    assert Event.objects.filter(kind="unit.online", object_id=str(unit.pk)).count() == 1
    assert positions_silence() == 0
    UnitPosition.objects.filter(unit=unit).update(fix_at=timezone.now() - timedelta(seconds=201))
    assert positions_silence() == 1
    assert not UnitPosition.objects.get(unit=unit).online
    event = Event.objects.get(kind="unit.silent")
    assert event.payload["callsign"] == "P-1"
    assert event.agency_id == unit.agency_id
    assert positions_silence() == 0  # said once
    osmand(client, key, timestamp=stamp(0))
    assert Event.objects.filter(kind="unit.online").count() == 2
    out = {row["callsign"]: row["reason"] for row in units_nearest(LON, LAT)["excluded"]}
    assert out.get("P-1") != "stale_position"


def test_a_devices_own_limit_makes_its_unit_stale(client: Client) -> None:
    for callsign, limit in (("SLOW", 900), ("QUICK", 20), ("USUAL", None)):
        _device, key = device_create(name=callsign, unit=make_unit(callsign), max_age_s=limit)
        osmand(client, key, timestamp=stamp(-400))
    out = {row["callsign"]: row["reason"] for row in units_nearest(LON, LAT)["excluded"]}
    assert out.get("QUICK") == out.get("USUAL") == "stale_position"
    assert out.get("SLOW") != "stale_position"


def test_consoles_are_told_of_moves_and_not_of_every_fix(device: Any) -> None:
    made = device[0]
    source = Source(made.pk, made.unit_id)
    start = timezone.now() - timedelta(seconds=120)
    for second in range(0, 120, 2):  # 10 m/s eastward, a fix every 2 s
        positions_take(
            source, [Reading(LON + second * 10 / 109_800, LAT, start + timedelta(seconds=second))]
        )
    moves = Event.objects.filter(kind="unit.moved")
    assert 18 <= moves.count() <= 24  # every 5 s at most
    assert moves[0].payload.keys() >= {"id", "lon", "lat", "fix_at"}
    assert 10 <= UnitTrack.objects.count() <= 12
    moves.update(at=timezone.now() - timedelta(hours=2))
    Event.objects.create(kind="incident.changed", at=timezone.now() - timedelta(hours=2))
    assert moved_prune() >= 18
    assert Event.objects.filter(kind="incident.changed").count() == 1


def test_a_track_is_replayed_with_its_times_by_who_may(client: Client, device: Any) -> None:
    made, key = device
    for minute in (55, 54, 53, 20, 19):
        osmand(client, key, timestamp=stamp(-60 * minute), lon=LON + minute / 1000)
    url = f"/api/v1/units/{made.unit_id}/track"
    assert client.get(url).status_code == 401
    client.force_login(make_user("d", ("dispatcher", make_agency("damkar"))))
    lines = client.get(url).json()
    assert [len(line["geometry"]["coordinates"]) for line in lines["features"]] == [3, 2]
    assert all(
        len(line["properties"]["times"]) == len(line["geometry"]["coordinates"])
        for line in lines["features"]
    )
    look = Look.objects.get()
    assert (look.actor, look.table_name, look.row_id) == ("d", "layers_unittrack", str(made.unit_id))  # fmt: skip
    since = (timezone.now() - timedelta(minutes=30)).isoformat()
    part = client.get(url, {"from": since}).json()
    assert [len(line["geometry"]["coordinates"]) for line in part["features"]] == [2]
    assert client.get(url, {"from": since, "to": since}).status_code == 422
    client.force_login(make_user("k", ("dispatcher", make_agency("kab", government="35.07"))))
    assert client.get(url).status_code == 404


def test_days_are_partitions_made_ahead_and_dropped_after_ninety(device: Any) -> None:
    made = device[0]
    today = timezone.now().astimezone(UTC).date()
    first = today - timedelta(days=100)
    tracks_tend(today=first)
    assert track_days()[0] == first
    now = timezone.now()
    positions_take(Source(made.pk, made.unit_id), [Reading(LON, LAT, now)])  # its day is not made
    UnitTrack.objects.create(
        unit=made.unit, fix_at=now - timedelta(days=99, hours=12), lon=LON, lat=LAT
    )
    UnitTrack.objects.create(unit=made.unit, fix_at=now - timedelta(days=30), lon=LON, lat=LAT)
    tracks_tend(today=today)
    assert track_days() == [today + timedelta(days=ahead) for ahead in range(5)]
    assert sorted(UnitTrack.objects.values_list("fix_at", flat=True)) == [now - timedelta(days=30), now]  # fmt: skip
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM layers_unittrack_day{today:%Y%m%d}")
        assert cursor.fetchone() == (1,)


def test_requests_that_come_together_share_a_transaction() -> None:
    gate, sizes = threading.Event(), []

    def write(tickets: list[Ticket]) -> None:
        sizes.append(len(tickets))
        gate.wait(5)
        for ticket in tickets:
            ticket.taken.moved = len(ticket.readings)

    intake = Intake(write)
    answers: list[int] = []

    def send() -> None:
        answers.append(intake.take(Source(1, 1), [Reading(LON, LAT)]).moved)

    threads = [threading.Thread(target=send) for _ in range(30)]
    threads[0].start()
    while not sizes:
        pass
    for thread in threads[1:]:
        thread.start()
    while len(intake._waiting) < 29:
        pass
    gate.set()
    for thread in threads:
        thread.join()
    assert answers == [1] * 30
    assert sizes == [1, 29]


def test_a_failed_write_is_told_to_all_who_waited() -> None:
    def write(_tickets: list[Ticket]) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Intake(write).take(Source(1, 1), [Reading(LON, LAT)])


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_move_a_unit_back(device: Any) -> None:
    made = device[0]
    source, start = Source(made.pk, made.unit_id), timezone.now() - timedelta(seconds=100)

    def send(number: int) -> None:
        for second in range(number, 100, 10):
            positions_take(
                source, [Reading(LON + second / 1e5, LAT, start + timedelta(seconds=second))]
            )
        connections.close_all()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert place().fix_at == start + timedelta(seconds=99)
    assert place().geom.x == pytest.approx(LON + 99 / 1e5)


@pytest.mark.parametrize(
    "values",
    [
        {"timestamp": "inf"}, {"timestamp": "nan"}, {"timestamp": "-1e300"}, {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"lat": "1e400"}, {"lat": "\x00"}, {"lon": "\ud800"}, {"location": ",,,"}, {"speed": "-1", "bearing": "999"},
        {"accuracy": "x" * 5000}, {"callsign": "\x00a"},
    ],
)  # fmt: skip
def test_nonsense_is_an_answer_and_no_crash(client: Client, device: Any, values: dict[str, str]) -> None:  # fmt: skip
    values = {key: text.encode("utf-8", "ignore").decode() for key, text in values.items()}
    assert osmand(client, device[1], **values).status_code == 200
    rows = {
        "positions": [
            {"lon": "\ud800", "lat": [], "callsign": "\ud800\x00"},
            {"lon": {}, "fix_at": True},
        ]
    }
    answer = client.post(
        "/api/v1/positions", json.dumps(rows), content_type="application/json", headers={"X-Device-Key": device[1]}
    )  # fmt: skip
    assert len(answer.json()["quarantined"]) == 2
    client.force_login(make_user("boss", is_superuser=True))
    track = f"/api/v1/units/{device[0].unit_id}/track"
    for address in (
        f"{track}?to=0001-01-01T00:00:00", f"{track}?from=9999-12-31T23:59:59-14:00", f"{track}?from=x", "/api/v1/units/99999999999999999999/track",
        "/api/v1/positions/faults?limit=-1",
    ):  # fmt: skip
        assert client.get(address).status_code in {200, 404, 422}, address
