"""City-wide coverage out of the database, against hand-counted streets."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
import shapely.ops
from django.contrib.gis.geos import LineString

from layers.assets.models import CameraModel
from layers.coverage.analysis import coverage_analyse
from layers.coverage.demand import cut_lines
from layers.coverage.gaps import rank_gaps
from layers.coverage.models import CoverageRun, CoverageStreet
from layers.coverage.sights import camera_region, cameras_seeing
from layers.errors import InvalidInput, NotFound
from layers.geo.crs import GEOD
from layers.incidents.models import Incident
from layers.network.models import Road
from tests.factories import MALANG, make_area, make_building, make_camera, make_incident

LON, LAT = MALANG


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Degrees of a point so many metres from the middle of the scene."""
    lon, lat, _ = GEOD.fwd(
        LON, LAT, math.degrees(math.atan2(east_m, north_m)), math.hypot(east_m, north_m)
    )
    return float(lon), float(lat)


def street(name: str, *points: tuple[float, float]) -> Road:
    """A residential street through points in metres."""
    return Road.objects.create(
        name=name,
        road_class="residential",
        geom=LineString([place(*point) for point in points], srid=4326),
    )


@pytest.fixture
def street_north(db: None) -> Road:
    """A straight street, 199.9 m due north from the camera's foot."""
    return street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))


@pytest.mark.django_db
def test_covered_street_is_what_the_formula_says(street_north: Road) -> None:
    make_camera("C", fov_deg=90.0, max_range_m=150.0)
    figures = coverage_analyse()
    assert figures["street_m"] == pytest.approx(199.9, abs=0.05)
    # 1920 px at 90° give 25 px/m at 38.4 m: pieces of 10 m with middles at 6, 16, 26, 36 m.
    assert figures["street_covered_m"]["detect"] == pytest.approx(40.0, abs=0.05)
    assert figures["street_covered_m"]["monitor"] == pytest.approx(80.0, abs=0.05)
    assert figures["street_covered_m"]["identify"] == 0.0
    assert figures["edition"] == "IEC 62676-4:2014"
    covered = sum(row.length_m for row in CoverageStreet.objects.filter(cameras__gt=0))
    uncovered = sum(row.length_m for row in CoverageStreet.objects.filter(cameras=0))
    assert covered + uncovered == pytest.approx(figures["street_m"], abs=1e-3)


@pytest.mark.django_db
def test_levels_nest_and_a_building_only_takes_away(street_north: Road) -> None:
    make_camera("C")
    before = coverage_analyse()
    west, south = place(-5.0, 20.0)
    east, north = place(5.0, 22.0)
    make_building((west, south, east, north), height_m=6.0)
    after = coverage_analyse()
    covered = [
        after["street_covered_m"][level]
        for level in ("monitor", "detect", "observe", "recognise", "identify")
    ]
    assert covered == sorted(covered, reverse=True)
    assert after["street_covered_m"]["detect"] == pytest.approx(20.0, abs=0.05)
    assert all(
        after["visible_m2"][level] <= before["visible_m2"][level] for level in after["visible_m2"]
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "reason"), [("planned", "planned"), ("failed", "failed"), ("retired", "retired")]
)
def test_planned_failed_and_retired_never_cover(
    street_north: Road, status: str, reason: str
) -> None:
    make_camera("C", status=status)
    figures = coverage_analyse()
    assert figures["cameras"] == 0
    assert figures["excluded"] == [{"code": "C", "reason": reason}]
    assert figures["demand_covered"]["detect"] == 0
    assert figures["gaps"]
    assert figures["gaps"][0]["street"] == "Jalan Utara"


@pytest.mark.django_db
def test_two_cameras_on_a_pole_are_a_union(street_north: Road) -> None:
    first = make_camera("A")
    one = coverage_analyse()
    make_camera("B", site=first.site)
    two = coverage_analyse()
    assert two["street_covered_m"] == one["street_covered_m"]
    assert two["visible_m2"]["visible"] == pytest.approx(one["visible_m2"]["visible"], rel=1e-9)
    assert two["seen_by_one_m"] == 0.0
    assert one["seen_by_one_m"] == pytest.approx(40.0, abs=0.05)


@pytest.mark.django_db
def test_ptz_counts_where_it_looks_and_its_reach_is_told_apart(street_north: Road) -> None:
    street("Jalan Selatan", (0.0, -1.0), (0.0, -201.0))
    make_camera("P", kind="ptz", fov_deg=60.0)
    figures = coverage_analyse()
    now, reach = (
        figures["street_covered_m"]["detect"],
        figures["reachable"]["street_covered_m"]["detect"],
    )
    assert reach == pytest.approx(2 * now, rel=0.1)
    assert now > 0


@pytest.mark.django_db
def test_camera_without_heading_is_named_not_guessed(street_north: Road) -> None:
    make_camera("C", heading_deg=None)
    assert coverage_analyse()["excluded"] == [{"code": "C", "reason": "heading unknown"}]


@pytest.mark.django_db
def test_areas_add_up_to_their_parent(street_north: Road) -> None:
    city = make_area("35.73", box=(LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01))
    make_area(
        "35.73.01",
        level="kecamatan",
        parent=city,
        box=(LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.0009),
    )
    make_area(
        "35.73.02",
        level="kecamatan",
        parent=city,
        box=(LON - 0.01, LAT + 0.0009, LON + 0.01, LAT + 0.01),
    )
    make_camera("C")
    rows = {row["code"]: row for row in coverage_analyse()["areas"]}
    for key in ("street_m", "street_covered_m", "demand", "demand_covered", "cameras"):
        assert rows["35.73.01"][key] + rows["35.73.02"][key] == pytest.approx(
            rows["35.73"][key], abs=0.01
        )
    inside = coverage_analyse(area_code="35.73.02")
    assert inside["street_m"] == pytest.approx(rows["35.73.02"]["street_m"], abs=0.01)
    assert inside["street_covered_m"]["detect"] == pytest.approx(
        rows["35.73.02"]["street_covered_m"], abs=0.01
    )


@pytest.mark.django_db
def test_incidents_draw_demand_and_age_with_their_half_life(street_north: Road) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    lon, lat = place(0.0, 150.0)
    make_incident("A", lon=lon, lat=lat, reported_at=moment - timedelta(days=1))
    first = coverage_analyse(as_of=moment)
    again = coverage_analyse(as_of=moment)
    assert first["demand"] == again["demand"] == pytest.approx(2 * first["street_m"], rel=1e-6)
    worst = first["gaps"][0]
    assert abs(worst["lat"] - lat) < 0.0005
    Incident.objects.update(reported_at=moment + timedelta(days=1))
    assert coverage_analyse(as_of=moment)["demand"] == pytest.approx(first["street_m"], rel=1e-6)


@pytest.mark.django_db
def test_unknown_area_and_level_are_refused_and_store_nothing(street_north: Road) -> None:
    with pytest.raises(NotFound, match="99"):
        coverage_analyse(area_code="99")
    with pytest.raises(InvalidInput, match="no level"):
        coverage_analyse(level="sharp")
    assert not CoverageRun.objects.exists()


@pytest.mark.django_db
def test_cameras_seeing_puts_the_best_picture_first_and_respects_walls() -> None:
    target = place(0.0, 20.0)
    make_camera("NEAR", lon=place(0, 5)[0], lat=place(0, 5)[1])
    make_camera("FAR")
    make_camera("AWAY", heading_deg=180.0)
    sharp = CameraModel.objects.create(
        name="4K", image_width_px=3840, image_height_px=2160, sensor_width_mm=7.2, sensor_height_mm=4.05,
        focal_min_mm=2.8, focal_max_mm=12.0,
    )  # fmt: skip
    make_camera("SHARP", model=sharp)
    codes = [row["code"] for row in cameras_seeing(*target)["cameras"]]
    assert codes == ["SHARP", "NEAR", "FAR"]
    west, south = place(-5.0, 10.0)
    east, north = place(5.0, 12.0)
    make_building((west, south, east, north), height_m=12.0)
    assert cameras_seeing(*target)["cameras"] == []


@pytest.mark.django_db
def test_camera_region_is_true_metres_and_true_north() -> None:
    answer = camera_region(LON, LAT, heading_deg=90.0, fov_deg=90.0, range_m=100.0)
    visible = next(f for f in answer["features"] if f["properties"]["level"] == "visible")
    area, _ = GEOD.geometry_area_perimeter(shapely.geometry.shape(visible["geometry"]))
    assert abs(area) == pytest.approx(math.pi * 100.0**2 / 4, rel=5e-4)
    east = shapely.Point(*place(95.0, 0.0))
    assert shapely.geometry.shape(visible["geometry"]).contains(east)
    assert not shapely.geometry.shape(visible["geometry"]).contains(
        shapely.Point(*place(-5.0, 0.0))
    )
    levels = [f["properties"]["level"] for f in answer["features"]]
    assert levels == ["visible", "monitor", "detect", "observe", "recognise", "identify"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bad", [{"fov_deg": 0.0}, {"fov_deg": -10.0}, {"height_m": 0.0}, {"range_m": -1.0}]
)
def test_camera_region_refuses_what_is_no_camera(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        camera_region(LON, LAT, **{"heading_deg": 0.0, "fov_deg": 90.0, **bad})
    with pytest.raises(InvalidInput, match="swapped"):
        camera_region(-7.98, 112.63, heading_deg=0.0, fov_deg=90.0)


def test_cut_lines_keep_every_metre_and_every_corner() -> None:
    rng = np.random.default_rng(5)
    lines = [
        shapely.LineString(np.cumsum(rng.normal(0, 30, (rng.integers(2, 9), 2)), axis=0))
        for _ in range(200)
    ]
    pieces, owner, start = cut_lines(lines, piece_m=10.0)
    assert shapely.length(pieces).max() <= 10.0 + 1e-6
    total = np.bincount(owner, weights=shapely.length(pieces))
    assert total == pytest.approx(shapely.length(lines), rel=1e-9)
    for number in rng.integers(0, len(pieces), 100):
        line = lines[owner[number]]
        expected = shapely.ops.substring(
            line, start[number], start[number] + shapely.length(pieces[number])
        )
        assert pieces[number].hausdorff_distance(expected) < 1e-6


def test_gaps_are_connected_bounded_and_apart() -> None:
    count = 300
    rng = np.random.default_rng(3)
    links = np.column_stack([np.arange(count - 1), np.arange(1, count)])
    links = links[links[:, 0] % 100 != 99]
    demand = rng.random(count)
    unseen = rng.random(count) < 0.8
    gaps = rank_gaps(
        unseen,
        demand=demand,
        length_m=np.full(count, 10.0),
        links=links,
        count=10,
        most_street_m=100.0,
    )
    used: set[int] = set()
    for gap in gaps:
        members = set(gap.pieces.tolist())
        assert not members & used
        used |= members
        assert unseen[gap.pieces].all()
        assert gap.street_m <= 100.0
        assert max(members) - min(members) == len(members) - 1
        assert min(members) // 100 == max(members) // 100
    assert [gap.demand for gap in gaps] == sorted((gap.demand for gap in gaps), reverse=True)
