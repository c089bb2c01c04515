"""Who gets there soonest, who is left out and why, on a network small enough to count by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.gis.geos import LineString
from django.utils import timezone

from layers.dispatch import recommendation
from layers.dispatch.reach import isochrone_features
from layers.dispatch.recommendation import REASONS, units_nearest
from layers.errors import InvalidInput, Unavailable, Unroutable
from layers.network.models import RoadClosure
from tests.dispatch.streets import LAT, LON
from tests.factories import make_agency, make_station, make_unit, make_user


@pytest.mark.django_db
def test_the_near_unit_against_the_one_way_loses_to_the_legal_one(cross: None) -> None:
    make_unit("AGAINST", lon=LON + 0.0015, lat=LAT, kind="police")
    make_unit("WITH", lon=LON, lat=LAT - 0.001, kind="police")
    answer = units_nearest(LON + 0.001, LAT, build=True)
    first, second = answer["units"]
    assert (first["callsign"], second["callsign"]) == ("WITH", "AGAINST")
    assert second["straight_m"] < first["straight_m"]
    assert second["distance_m"] > first["distance_m"]
    assert answer["snapped"]["distance_m"] == pytest.approx(0.0, abs=0.5)


@pytest.mark.django_db
def test_every_unit_is_in_or_out_with_its_reason(cross: None) -> None:
    now = timezone.now()
    make_unit("READY", lat=LAT - 0.001, capabilities=["tangga"])
    make_unit("LATER", lat=LAT - 0.002, capabilities=["Tangga"])
    make_unit("BUSY", status="en_route")
    make_unit("OUT", status="out_of_service")
    make_unit("RESERVED", status="reserved")
    make_unit("UNSURE", status="unknown")
    make_unit("STALE", fix_at=now - timedelta(hours=2), capabilities=["tangga"])
    make_unit("AHEAD", fix_at=now + timedelta(hours=5), capabilities=["tangga"])
    make_unit("PLAIN")
    make_unit(
        "FRESH", fix_at=now - timedelta(seconds=20), lat=LAT - 0.0025, capabilities=["tangga"]
    )
    make_unit("POLICE", kind="police")
    make_unit("FAR", lon=LON + 3.0, capabilities=["tangga"])
    answer = units_nearest(LON, LAT, kind="fire", capability="tangga", count=2, build=True)
    assert [row["callsign"] for row in answer["units"]] == ["READY", "LATER"]
    assert {row["callsign"]: row["reason"] for row in answer["excluded"]} == {
        "BUSY": "missing_capability", "OUT": "missing_capability", "RESERVED": "missing_capability",
        "UNSURE": "missing_capability", "PLAIN": "missing_capability", "STALE": "stale_position",
        "AHEAD": "stale_position", "POLICE": "wrong_kind", "FAR": "no_road", "FRESH": "farther",
    }  # fmt: skip
    by_status = {
        row["callsign"]: row["reason"] for row in units_nearest(LON, LAT, build=True)["excluded"]
    }
    assert by_status["BUSY"] == "committed"
    assert by_status["OUT"] == "out_of_service"
    assert by_status["RESERVED"] == "delayed"
    assert by_status["UNSURE"] == "status_unknown"
    assert set(by_status.values()) <= set(REASONS)
    total = len(answer["units"]) + len(answer["excluded"])
    assert total == 12


@pytest.mark.django_db
def test_position_without_fix_time_never_goes_stale_and_says_so(cross: None) -> None:
    make_unit("ANY", lat=LAT - 0.001)
    row = units_nearest(LON, LAT, build=True)["units"][0]
    assert row["position_age_s"] is None
    assert row["eta_s"] > 0


@pytest.mark.django_db
def test_unit_without_position_stands_at_its_station(cross: None) -> None:
    unit = make_unit("HOME", station=make_station(lon=LON, lat=LAT - 0.002))
    unit.position.delete()
    row = units_nearest(LON, LAT, build=True)["units"][0]
    assert row["from_station"] is True


@pytest.mark.django_db
def test_a_closure_counts_on_the_next_request_and_reopening_restores_the_answer(
    cross: None,
) -> None:
    make_unit("WITH", lon=LON, lat=LAT - 0.001)
    before = units_nearest(LON + 0.001, LAT, build=True)["units"]
    closure = RoadClosure.objects.create(
        reason="banjir", starts_at=timezone.now() - timedelta(minutes=1),
        geom=LineString((LON, LAT - 0.0005), (LON, LAT - 0.0004), srid=4326),
    )  # fmt: skip
    during = units_nearest(LON + 0.001, LAT, build=True)
    assert during["units"] == []
    assert during["excluded"] == [{"callsign": "WITH", "reason": "no_route"}]
    closure.lifted_at = timezone.now()
    closure.save()
    assert units_nearest(LON + 0.001, LAT, build=True)["units"] == before


@pytest.mark.django_db
def test_without_a_graph_the_answer_is_labelled_straight_line(
    cross: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_unit("A", lat=LAT - 0.002)
    make_unit("B", lat=LAT - 0.001)

    def missing(*_: object, **__: object) -> None:
        raise Unavailable("no routing graph yet", remedy="wait for the worker")

    monkeypatch.setattr(recommendation, "router_ask", missing)
    answer = units_nearest(LON, LAT)
    assert answer["by_road"] is False
    assert [row["callsign"] for row in answer["units"]] == ["B", "A"]
    assert all(row["eta_s"] is None and row["distance_m"] is None for row in answer["units"])
    assert "no routing graph" in answer["warning"]


@pytest.mark.django_db
def test_a_point_without_a_road_is_said_and_bad_input_refused(cross: None) -> None:
    make_unit("A")
    with pytest.raises(Unroutable):
        units_nearest(LON + 0.09, LAT + 0.09, build=True)
    with pytest.raises(InvalidInput, match="swapped"):
        units_nearest(-7.98, 112.63)
    with pytest.raises(InvalidInput, match="kind"):
        units_nearest(LON, LAT, kind="taxi")
    with pytest.raises(InvalidInput):
        units_nearest(LON, LAT, count=0)


@pytest.mark.django_db
def test_a_dispatcher_of_another_government_is_told_of_its_own_units_only(cross: None) -> None:
    make_unit("CITY", lat=LAT - 0.001, agency=make_agency("damkar", government="35.73"))
    own = make_agency("damkar-kab", government="35.07")
    make_unit("COUNTY", lat=LAT - 0.002, agency=own)
    user = make_user("kab", ("dispatcher", own))
    answer = units_nearest(LON, LAT, user=user, build=True)
    assert [row["callsign"] for row in answer["units"]] == ["COUNTY"]
    assert "CITY" not in str(answer)


@pytest.mark.django_db
def test_isochrones_nest_and_refuse_what_is_no_time(cross: None) -> None:
    import shapely

    rings = isochrone_features(LON, LAT, minutes=[0.2, 0.5, 1.0], build=True)["features"]
    shapes = [shapely.geometry.shape(ring["geometry"]) for ring in rings]
    assert [ring["properties"]["minutes"] for ring in rings] == [0.2, 0.5, 1.0]
    assert shapes[0].area < shapes[1].area
    assert shapes[0].difference(shapes[1]).area < 1e-12
    with pytest.raises(InvalidInput):
        isochrone_features(LON, LAT, minutes=[0.0], build=True)
    with pytest.raises(InvalidInput):
        isochrone_features(LON, LAT, minutes=[])
