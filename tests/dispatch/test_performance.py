"""Intervals as the field defines them, counted by hand, and figures that the export reproduces."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.test import Client

from layers.access.models import Role
from layers.dispatch.models import Assignment
from layers.dispatch.performance.intervals import BY_KEY, in_order, seconds_between
from layers.dispatch.performance.measuring import measurements
from layers.dispatch.performance.report import city_zone, performance_report, period_of
from layers.dispatch.performance.statistics import figures_by
from layers.errors import InvalidInput
from layers.incidents.models import Call, Incident, IncidentType
from layers.places.models import Agency
from tests.factories import make_agency, make_area, make_unit, make_user

pytestmark = pytest.mark.django_db
#: 23:59:30 in Malang on 24 November: what follows lies on the other side of midnight there.
NIGHT = datetime(2026, 11, 24, 16, 59, 30, tzinfo=UTC)
START, END = NIGHT - timedelta(days=1), NIGHT + timedelta(days=1)


def after(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def fire(number: str, *, agency: Agency | None = None, at: datetime = NIGHT, **fields: Any) -> Incident:  # fmt: skip
    kind = IncidentType.objects.get_or_create(
        code="building_fire", defaults={"name": "Kebakaran bangunan", "group": "fire"}
    )[0]
    return Incident.objects.create(
        number=number, type=kind, initial_type=kind, agency=agency, reported_at=at,
        geom=Point(112.63, -7.98, srid=4326), **fields,
    )  # fmt: skip


def a_full_response(agency: Agency | None = None) -> Incident:
    """Arrived 0, answered 8, dispatched 48, en route 128, on scene 428 s after NIGHT."""
    incident = fire(
        "I-1", agency=agency, first_dispatch_at=after(48), first_en_route_at=after(128),
        first_on_scene_at=after(428), state="on_scene",
    )  # fmt: skip
    Call.objects.create(
        code="C-1", channel="112", arrived_at=NIGHT, answered_at=after(8), incident=incident
    )
    Call.objects.create(
        code="C-2", channel="112", kind="duplicate", arrived_at=after(30), answered_at=after(33), incident=incident
    )  # fmt: skip
    Assignment.objects.create(
        unit=make_unit("DAMKAR-1", agency=agency), incident=incident, dispatched_at=after(48),
        acknowledged_at=after(60), en_route_at=after(128), on_scene_at=after(428),
    )  # fmt: skip
    return incident


def seconds_of(incidents_only: str | None = None) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for one in measurements(None, START, END):
        if incidents_only is None or one.case.number == incidents_only:
            found.setdefault(one.interval.key, []).append(one.seconds)
    return found


def test_every_interval_runs_between_the_stamps_of_its_definition() -> None:
    a_full_response()
    assert seconds_of() == {
        "answering": [8.0, 3.0],
        "processing": [40.0],
        "turnout": [80.0],
        "travel": [300.0],
        "unit_response": [380.0],
        "total_response": [428.0],
        "waktu_tanggap": [428.0],
    }


def test_the_limit_itself_is_within_the_target() -> None:
    a_full_response()
    figures = performance_report(user=None, start=START, end=END)["total"]
    assert figures["turnout"]["within"]["nfpa_1710"] == {
        "n": 1, "share": 1.0, "target_share": 0.9, "within_s": 80.0,
    }  # fmt: skip
    assert figures["travel"]["within"]["nfpa_1710"]["share"] == 0.0
    assert figures["waktu_tanggap"]["within"]["pu_20_2009"]["share"] == 1.0


def test_stamps_out_of_order_are_counted_and_left_out() -> None:
    incident = a_full_response()
    Assignment.objects.create(
        unit=make_unit("DAMKAR-2"), incident=incident, dispatched_at=after(50), en_route_at=after(500), on_scene_at=after(400)
    )  # fmt: skip
    figures = performance_report(user=None, start=START, end=END)["total"]
    assert figures["unit_response"]["excluded"] == {"out_of_order": 1}
    assert (figures["unit_response"]["n"], figures["unit_response"]["p90_s"]) == (1, 380.0)


def test_every_case_without_a_value_has_its_reason() -> None:
    open_one = fire("I-2")
    Assignment.objects.create(unit=make_unit("DAMKAR-3"), incident=open_one, dispatched_at=after(5))
    called_off = fire("I-3", state="cancelled")
    Assignment.objects.create(
        unit=make_unit("DAMKAR-4"), incident=called_off, dispatched_at=after(5), cancelled_at=after(20)
    )  # fmt: skip
    fire("I-4", state="merged", merged_into=open_one)
    reasons = {
        (one.case.number, one.interval.key): one.excluded for one in measurements(None, START, END)
    }
    assert reasons[("I-2", "processing")] == "no_start"
    assert reasons[("I-2", "waktu_tanggap")] == reasons[("I-2", "turnout")] == "no_end"
    assert reasons[("I-3", "turnout")] == reasons[("I-3", "waktu_tanggap")] == "cancelled"
    assert reasons[("I-4", "total_response")] == "merged"
    assert all(reasons.values())


def test_waktu_tanggap_is_measured_for_fires_only() -> None:
    theft = IncidentType.objects.create(code="theft-x", name="Pencurian", group="police")
    row = fire("I-5", first_on_scene_at=after(60))
    Incident.objects.filter(pk=row.pk).update(type=theft)
    assert "waktu_tanggap" not in seconds_of("I-5")
    assert "total_response" in seconds_of("I-5")


def test_a_server_in_utc_counts_hours_and_months_of_the_city() -> None:
    a_full_response()
    fire("I-6", at=after(60), first_on_scene_at=after(90))
    found = measurements(None, START, END)
    by_hour = {group["key"]: group["intervals"] for group in figures_by(found, by="hour", zone=city_zone())}  # fmt: skip
    assert set(by_hour) == {"23", "00"}
    assert by_hour["00"]["waktu_tanggap"]["n"] == 1
    naive = NIGHT.astimezone(city_zone()).replace(tzinfo=None)
    assert period_of(naive, naive + timedelta(hours=1))[0] == NIGHT


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_percentiles_equal_a_spreadsheets(count: int) -> None:
    """PERCENTILE.INC by its definition: rank 1 + (n - 1) p, linear between neighbours."""
    waits = [float((17 * place * place) % 997) for place in range(count)]
    for place, wait in enumerate(waits):
        Call.objects.create(
            code=f"C-{place}", arrived_at=after(place), answered_at=after(place + wait)
        )
    figures = performance_report(user=None, start=START, end=END)["total"]["answering"]
    ordered = sorted(waits)

    def inclusive(share: float) -> float:
        rank = (count - 1) * share
        low = math.floor(rank)
        high = min(low + 1, count - 1)
        return ordered[low] + (rank - low) * (ordered[high] - ordered[low])

    assert figures["p50_s"] == pytest.approx(inclusive(0.5), abs=0.05)
    assert figures["p90_s"] == pytest.approx(inclusive(0.9), abs=0.05)
    assert figures["within"]["nfpa_1225"]["share"] == sum(wait <= 10 for wait in waits) / count


def test_the_export_reproduces_every_figure(client: Client) -> None:
    agency = make_agency("damkar")
    a_full_response(agency)
    for place in range(12):
        fire(
            f"I-1{place}", agency=agency, at=after(place), first_on_scene_at=after(200 + 31 * place)
        )
    client.force_login(make_user("boss", (Role.SUPERVISOR, agency)))
    period = f"from={START:%Y-%m-%dT%H:%M:%SZ}&to={END:%Y-%m-%dT%H:%M:%SZ}"
    shown = client.get(f"/api/v1/performance?{period}&by=hour").json()
    body = client.get(f"/api/v1/performance/rows.csv?{period}").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    groups = [("", shown["total"]), *((one["key"], one["intervals"]) for one in shown["groups"])]
    assert len(groups) == 3
    for key, intervals in groups:
        for name, figures in intervals.items():
            mine = [row for row in rows if row["interval"] == name and (not key or int(row["hour"]) == int(key))]  # fmt: skip
            values = sorted(float(row["seconds"]) for row in mine if row["seconds"])
            assert figures["n"] == len(values)
            assert sum(figures["excluded"].values()) == len(mine) - len(values)
            if values:
                rank = 0.9 * (len(values) - 1)
                low, high = values[math.floor(rank)], values[math.ceil(rank)]
                assert figures["p90_s"] == pytest.approx(low + (rank % 1) * (high - low), abs=0.05)
            assert {one["key"] for one in shown["definitions"]} >= {name}
    assert set(BY_KEY) == {one["key"] for one in shown["definitions"]}


def test_the_export_holds_no_caller_and_no_address(client: Client) -> None:
    agency = make_agency("damkar")
    incident = a_full_response(agency)
    Incident.objects.filter(pk=incident.pk).update(address="Jalan Rahasia 7", summary="geheim")
    Call.objects.update(caller_name="Nama Rahasia", caller_number="0812-RAHASIA", note="geheim")
    client.force_login(make_user("boss", (Role.SUPERVISOR, agency)))
    period = f"from={START:%Y-%m-%dT%H:%M:%SZ}&to={END:%Y-%m-%dT%H:%M:%SZ}"
    for name in ("performance", "performance/rows.csv"):
        body = client.get(f"/api/v1/{name}?{period}").content.decode()
        assert "I-1" in body or "waktu_tanggap" in body
        assert "ahasia" not in body.replace("Bahasa", "")
        assert "RAHASIA" not in body
        assert "geheim" not in body
    pdf = client.get(f"/api/v1/performance/shift-report.pdf?{period}")
    assert pdf.status_code == 200
    assert pdf.content.startswith(b"%PDF-")


def test_the_neighbouring_government_counts_none_of_the_citys(client: Client) -> None:
    make_area()
    damkar = make_agency("damkar")
    a_full_response(damkar)
    Call.objects.create(code="C-9", kind="prank", arrived_at=NIGHT, agency=damkar)
    client.force_login(make_user("kab", (Role.SUPERVISOR, make_agency("kab", government="35.07"))))
    period = f"from={START:%Y-%m-%dT%H:%M:%SZ}&to={END:%Y-%m-%dT%H:%M:%SZ}"
    shown = client.get(f"/api/v1/performance?{period}").json()
    assert shown["total"] == {}
    assert (shown["calls"]["n"], shown["incidents"]["n"]) == (0, 0)


def test_a_period_that_is_none_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidInput, match="from before to"):
        period_of(END, START)
    with pytest.raises(InvalidInput, match="at most 800"):
        period_of(START - timedelta(days=4000), END)


def test_order_and_differences_at_the_boundary() -> None:
    assert in_order([NIGHT, None, NIGHT])
    assert not in_order([NIGHT, None, after(-1)])
    assert seconds_between(NIGHT, NIGHT) == (0.0, "")
    assert seconds_between(NIGHT, after(-1))[1] == "out_of_order"
