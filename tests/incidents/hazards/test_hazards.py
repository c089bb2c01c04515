"""Warnings: BMKG's JSON and CAP in every odd shape, ended by what replaces them, raised where they touch."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from layers.errors import HostileInput, InvalidInput
from layers.events.models import Event
from layers.geo.crs import geodesic_m
from layers.incidents.hazards.bmkg import felt_radius_m, quake_notices
from layers.incidents.hazards.models import Hazard
from layers.incidents.hazards.selectors import hazards_open, hazards_shown
from layers.incidents.hazards.service import document_read, hazards_expire, notices_take
from tests.factories import make_area

pytestmark = pytest.mark.django_db
#: Around the middle of the test city, latitude first as CAP writes it.
OVER_CITY = "-7.95,112.60 -7.95,112.65 -8.00,112.65 -8.00,112.60 -7.95,112.60"
ELSEWHERE = "-6.20,106.80 -6.20,106.90 -6.30,106.90 -6.20,106.80"


def cap(identifier: str = "A1", *, kind: str = "Alert", polygon: str = OVER_CITY, hours: float = 3, references: str = "", status: str = "Actual", sent: datetime | None = None, infos: str = "") -> bytes:  # fmt: skip
    """A CAP message of now."""
    now = sent or timezone.now()
    shape = f"<polygon>{polygon}</polygon>" if polygon else ""
    info = infos or (
        "<info><language>id-ID</language><category>Met</category><event>Hujan Lebat</event>"
        "<urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>"
        f"<expires>{(now + timedelta(hours=hours)).isoformat()}</expires><headline>Hujan di Malang</headline>"
        f"<area><areaDesc>Malang</areaDesc>{shape}</area></info>"
    )
    return (
        f'<?xml version="1.0"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}'
        f"</identifier><sender>bmkg</sender><sent>{now.isoformat()}</sent><status>{status}</status>"
        f"<msgType>{kind}</msgType><scope>Public</scope><references>{references}</references>{info}</alert>"
    ).encode()


def take(content: bytes) -> Any:
    return notices_take(document_read(content).notices)


@pytest.fixture(autouse=True)
def _city() -> None:
    make_area(name="Kota Malang")


def test_a_warning_over_the_city_is_kept_once_and_raised_once() -> None:
    first, again = take(cap()), take(cap())
    assert (first.new, len(first.raised)) == (1, 1)
    assert (again.new, again.known, again.raised) == (0, 1, [])
    hazard = Hazard.objects.get()
    assert hazard.geom is not None
    assert hazard.geom.extent == (112.60, -8.00, 112.65, -7.95)  # latitude came first
    assert (hazard.severity, hazard.kind, hazard.touches_city) == ("severe", "weather", True)
    event = Event.objects.get(kind="hazard.raised")
    assert (event.visibility, event.payload["id"]) == ("public", hazard.pk)


def test_one_elsewhere_is_shown_and_not_raised() -> None:
    taken = take(cap(polygon=ELSEWHERE))
    assert (taken.new, taken.raised) == (1, [])
    assert hazards_open().count() == 1


@pytest.mark.parametrize("kind", ["Update", "Cancel"])
@pytest.mark.parametrize("late", [False, True])
def test_what_replaces_a_warning_ends_it_in_whichever_order_they_come(
    kind: str, late: bool
) -> None:
    sent = timezone.now() - timedelta(minutes=5)
    alert = cap("A1", sent=sent)
    after = cap("A2", kind=kind, references=f"bmkg,A1,{sent.isoformat()}")
    for content in (after, alert) if late else (alert, after):
        take(content)
    old = Hazard.objects.get(identifier="A1")
    assert (old.ended_at is not None, old.ended_by) == (True, "A2")
    open_now = list(hazards_open().values_list("identifier", flat=True))
    assert open_now == (["A2"] if kind == "Update" else [])


def test_another_senders_cancellation_ends_nothing() -> None:
    take(cap("A1"))
    take(cap("A2", kind="Cancel", references="bmkg,A1,x").replace(b"<sender>bmkg", b"<sender>somebody"))  # fmt: skip
    assert hazards_open().filter(identifier="A1").exists()


def test_tests_and_exercises_are_kept_and_never_shown_or_raised() -> None:
    taken = take(cap(status="Exercise"))
    assert (taken.new, taken.raised, hazards_open().count()) == (1, [], 0)
    assert not Event.objects.filter(kind__startswith="hazard.").exists()


def test_a_warning_that_ran_out_ends_and_the_map_is_told() -> None:
    take(cap())
    Hazard.objects.update(expires_at=timezone.now() + timedelta(seconds=-1), sent_at=timezone.now() - timedelta(hours=1))  # fmt: skip
    assert hazards_open().count() == 0
    assert hazards_expire() == 1
    assert hazards_expire() == 0
    assert Event.objects.filter(kind="hazard.ended").count() == 1
    assert take(cap("OLD", sent=timezone.now() - timedelta(days=3))).raised == []
    assert Hazard.objects.get(identifier="OLD").ended_by == "expiry"


def test_two_languages_are_one_warning_with_its_area_once(client: Client) -> None:
    area = f"<area><areaDesc>Malang</areaDesc><polygon>{OVER_CITY}</polygon></area>"
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    infos = "".join(
        f"<info><language>{code}</language><category>Met</category><event>{event}</event><severity>Severe"
        f"</severity><expires>{until}</expires><headline>{headline}</headline>{area}</info>"
        for code, event, headline in (("en-US", "Heavy rain", "Rain"), ("id-ID", "Hujan", "Hujan deras"))
    )  # fmt: skip
    take(cap(infos=infos))
    hazard = Hazard.objects.get()
    assert (hazard.headline, hazard.headline_en, hazard.event, hazard.event_en) == ("Hujan deras", "Rain", "Hujan", "Heavy rain")  # fmt: skip
    assert hazard.geom is not None
    assert len(hazard.geom) == 1
    assert client.get("/api/v1/hazards").json()["hazards"][0]["headline"] == "Hujan deras"
    client.cookies["django_language"] = "en"
    assert client.get("/api/v1/hazards").json()["hazards"][0]["headline"] == "Rain"


def test_missing_and_broken_shapes_are_told_and_stop_nothing() -> None:
    taken = take(cap("NONE", polygon=""))
    assert len(taken.raised) == 1  # its words name the city
    assert Hazard.objects.get(identifier="NONE").geom is None
    # A bow-tie, a line, letters, a ring without its last corner, longitude first.
    for number, polygon in enumerate(
        ("-7.9,112.6 -8.0,112.7 -7.9,112.7 -8.0,112.6 -7.9,112.6", "-7.9,112.6 -7.9,112.7", "a,b c,d",
         "-7.9,112.6 -7.9,112.7 -8.0,112.7", "112.6,-7.9 112.7,-7.9 112.7,-8.0 112.6,-7.9", "95,200 96,200 97,1")
    ):  # fmt: skip
        take(cap(f"B{number}", polygon=polygon))
    shapes = dict(Hazard.objects.exclude(identifier="NONE").values_list("identifier", "geom"))
    assert [shapes[f"B{number}"] is not None for number in range(6)] == [True, False, False, True, True, False]  # fmt: skip
    assert all(shape.valid for shape in shapes.values() if shape is not None)
    assert shapes["B4"].extent == (112.6, -8.0, 112.7, -7.9)
    assert all(Hazard.objects.get(identifier=f"B{n}").notes for n in (0, 1, 2, 4, 5))


def test_a_circle_is_a_circle_of_its_radius() -> None:
    take(cap(polygon="").replace(b"</areaDesc>", b"</areaDesc><circle>-7.98,112.63 10</circle>"))
    shape = Hazard.objects.get().geom
    assert shape is not None
    radii = [geodesic_m(112.63, -7.98, lon, lat) for lon, lat in shape[0][0]]
    assert max(radii) == pytest.approx(10_000, abs=1)
    assert min(radii) == pytest.approx(10_000, abs=1)


def test_an_area_named_by_its_code_is_drawn_as_ours() -> None:
    make_area("35.73.02", level="kecamatan", name="Klojen", box=(112.61, -7.99, 112.64, -7.96))
    geocode = b"</areaDesc><geocode><valueName>kode</valueName><value>35.73.02</value></geocode>"
    take(cap(polygon="").replace(b"Malang</areaDesc>", b"x" + geocode))
    shape = Hazard.objects.get().geom
    assert shape is not None
    assert shape.extent == (112.61, -7.99, 112.64, -7.96)


QUAKE = {
    "Tanggal": "05 Okt 2021", "Jam": "18:00:27 WIB", "DateTime": "2021-10-05T11:00:27+00:00",
    "Coordinates": "-8.15,112.60", "Lintang": "8.15 LS", "Bujur": "112.60 BT", "Magnitude": "4.5",
    "Kedalaman": "20 km", "Wilayah": "20 km Selatan Malang", "Dirasakan": "III Malang",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrap",
    [
        lambda quake: {"Infogempa": {"gempa": quake}},
        lambda quake: {"Infogempa": {"gempa": [quake, quake]}},
        lambda quake: [quake],
        lambda quake: quake,
        lambda quake: {"data": {"items": [{"gempa": quake}, None, 3]}},
    ],
)  # fmt: skip
def test_an_earthquake_is_found_however_it_is_wrapped(wrap: Callable[[Any], Any]) -> None:
    for missing in ((), ("DateTime",), ("Coordinates",), ("Wilayah", "Dirasakan", "Kedalaman")):
        quake = {name: value for name, value in QUAKE.items() if name not in missing}
        notice = quake_notices(json.loads(json.dumps(wrap(quake))))[0]
        assert notice.sent_at == datetime(2021, 10, 5, 11, 0, 27, tzinfo=UTC)
        assert notice.identifier == "gempa-20211005110027"
        assert notice.magnitude == 4.5
        centre = notice.polygons[0].centroid
        assert (round(centre.x, 2), round(centre.y, 2)) == (112.60, -8.15)


def test_a_quake_of_now_near_the_city_is_raised_and_corrected_later() -> None:
    now = timezone.now().replace(microsecond=0)
    quake = {**QUAKE, "DateTime": now.isoformat()}
    first = notices_take(quake_notices(quake))
    assert len(first.raised) == 1
    again = notices_take(quake_notices({**quake, "Magnitude": "4,9"}))
    assert (again.new, again.known) == (0, 1)
    assert Hazard.objects.get().magnitude == 4.9
    far = {**quake, "Coordinates": "1.5,126.0", "DateTime": (now - timedelta(minutes=1)).isoformat()}  # fmt: skip
    assert notices_take(quake_notices(far)).raised == []
    assert felt_radius_m(4.0) < felt_radius_m(5.0) < felt_radius_m(7.2)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"a": 1}', b"<html></html>", b"\x00\x01", b"<alert></alert>", b"[" * 50_000])  # fmt: skip
def test_what_is_no_warning_is_refused_and_no_crash(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        document_read(content)


def test_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE alert [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + cap().partition(b"?>")[2]
    with pytest.raises(HostileInput):
        document_read(bomb)


def test_text_of_a_warning_is_text(client: Client) -> None:
    nasty = "</script><img onerror=x>"
    take(cap().replace(b"Hujan di Malang", b"&lt;/script&gt;&lt;img onerror=x&gt;"))
    assert hazards_shown()[0]["headline"] == nasty
    answer = client.get("/api/v1/layers/hazards/features")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(("application/json", "application/geo+json"))


@pytest.mark.real_data
def test_the_real_messages_are_read(shared_data: Path) -> None:
    alerts = shared_data / "alerts"
    quake = document_read((alerts / "autogempa_2021-10-05_arraysyams.json").read_bytes()).notices[0]
    assert (quake.magnitude, quake.depth_km) == (4.5, 20.0)
    centre = quake.polygons[0].centroid
    assert (round(centre.x, 1), round(centre.y, 1)) == (118.1, -8.2)
    warning = document_read((alerts / "cap_banten.xml").read_bytes()).notices[0]
    assert (warning.event, warning.severity) == ("Hujan Lebat dan Petir", "moderate")
    assert warning.expires_at == datetime(2026, 2, 16, 19, 0, tzinfo=UTC)
    shape = warning.shape()
    assert shape is not None
    assert shape.is_valid
    west, south, east, north = shape.bounds
    assert 105.9 < west < east < 106.5
    assert -6.8 < south < north < -5.9
    links = document_read((alerts / "rss_active.xml").read_bytes()).links
    assert len(links) == 3
    assert links[0][1] == warning.identifier
