"""Plans of new sites, against an analysis of the city with the plan built."""

from __future__ import annotations

import io
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.contrib.gis.geos import LineString, Point
from django.core.management import CommandError, call_command
from django.utils import translation

from layers.assets.models import Camera, CameraModel, Site
from layers.coverage.analysis import coverage_analyse
from layers.coverage.models import Plan, PlanCamera, PlanSite
from layers.coverage.planning.options import CAMERA_COST_IDR, SITE_COST_IDR
from layers.coverage.planning.service import plan_sites
from layers.errors import Infeasible, InvalidInput, NotFound
from layers.geo.crs import GEOD, geodesic_m
from layers.network.models import Road
from tests.factories import MALANG, make_building, make_camera

LON, LAT = MALANG
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Degrees of a point so many metres from the middle of the scene."""
    azimuth = math.degrees(math.atan2(east_m, north_m))
    lon, lat, _ = GEOD.fwd(LON, LAT, azimuth, math.hypot(east_m, north_m))
    return float(lon), float(lat)


@pytest.fixture
def quarter(db: None) -> None:
    """Four streets each way, 97 m apart, with houses in two of the blocks."""
    for step in range(4):
        for name, ends in (
            ("Utara", [(step * 97.0, i * 97.0) for i in range(-1, 5)]),
            ("Timur", [(i * 97.0, step * 97.0) for i in range(-1, 5)]),
        ):
            Road.objects.create(
                name=f"Jalan {name} {step}",
                road_class="residential",
                geom=LineString([place(*point) for point in ends], srid=4326),
            )
    for east, north in ((4.0, 4.0), (101.0, 101.0)):
        west, south = place(east, north)
        far_east, far_north = place(east + 60.0, north + 60.0)
        make_building((west, south, far_east, far_north), height_m=9.0)


def model(name: str, price_idr: int, width_px: int, focal_mm: float) -> CameraModel:
    """A fixed model with a sensor of 5.6 mm."""
    return CameraModel.objects.create(
        name=name, image_width_px=width_px, image_height_px=width_px * 9 // 16, sensor_width_mm=5.6,
        sensor_height_mm=3.15, focal_min_mm=focal_mm, focal_max_mm=12.0, price_idr=price_idr,
    )  # fmt: skip


def build(plan: int) -> None:
    """What a plan proposes, standing and active."""
    for site in PlanSite.objects.filter(plan=plan):
        pole = Site.objects.create(code=f"P{site.pk}", name="P", geom=site.geom)
        for camera in site.cameras.all():
            Camera.objects.create(
                code=f"P{camera.pk}", name="P", site=pole, geom=site.geom, model=camera.model,
                heading_deg=camera.heading_deg, heading_source="stated",
                fov_deg=None if camera.model else camera.fov_deg,
                mount_height_m=camera.mount_height_m,
            )  # fmt: skip


def plan(**asked: Any) -> dict[str, Any]:
    """A plan as of a fixed moment, in English."""
    with translation.override("en"):
        return plan_sites(**{"as_of": AS_OF, "time_limit_s": 30.0, **asked})


@pytest.mark.django_db
@pytest.mark.parametrize("level", ["detect", "recognise"])
def test_predicted_gain_is_what_an_analysis_measures(quarter: None, level: str) -> None:
    model("A-wide", 3_200_000, 1920, 2.8)
    model("B-sharp", 14_500_000, 3840, 2.8)
    make_camera("OLD", mount_height_m=6.0)
    before = coverage_analyse(level=level, as_of=AS_OF)["demand_covered"][level]
    made = plan(sites=3, level=level)
    assert made["covered_before"] == pytest.approx(before, abs=0.01)
    assert len(made["sites"]) == 3
    build(made["plan"])
    after = coverage_analyse(level=level, as_of=AS_OF)["demand_covered"][level]
    assert made["objective"] > 0
    assert after - before == pytest.approx(made["objective"], abs=0.01)
    assert sum(site["gain"] for site in made["sites"]) == pytest.approx(made["objective"], rel=1e-6)
    assert made["objective"] <= made["bound"] * (1 + 1e-9)
    again = plan(sites=3, level=level)
    assert again["covered_before"] == pytest.approx(after, abs=0.01)


@pytest.mark.slow
@pytest.mark.django_db
def test_predicted_gain_of_101_sites_is_what_an_analysis_measures(db: None) -> None:
    """A town of 24 streets each way, 90 m apart, with a house in every third block."""
    span = 24
    for step in range(span):
        for ends in (
            [(step * 90.0, i * 90.0) for i in range(span)],
            [(i * 90.0, step * 90.0) for i in range(span)],
        ):
            line = LineString([place(*point) for point in ends], srid=4326)
            Road.objects.create(name=f"Jalan {step}", road_class="residential", geom=line)
    for column in range(span - 1):
        for row in range(column % 3, span - 1, 3):
            low, high = place(column * 90.0 + 6, row * 90.0 + 6), place(column * 90.0 + 80, row * 90.0 + 80)  # fmt: skip
            make_building((*low, *high), height_m=9.0)
    model("A-wide", 3_200_000, 1920, 2.8)
    model("B-sharp", 14_500_000, 3840, 2.8)
    for number in range(12):
        lon, lat = place(170.0 * number, 175.0 * number)
        make_camera(f"OLD{number}", lon=lon, lat=lat, mount_height_m=6.0)
    before = coverage_analyse(as_of=AS_OF)["demand_covered"]["detect"]
    made = plan(sites=101, gap=0.02)
    assert len(made["sites"]) == 101
    build(made["plan"])
    after = coverage_analyse(as_of=AS_OF)["demand_covered"]["detect"]
    assert after - before == pytest.approx(made["objective"], abs=0.01)


@pytest.mark.django_db
def test_plan_is_stored_as_it_is_answered(quarter: None) -> None:
    made = plan(sites=2)
    stored = Plan.objects.get(pk=made["plan"])
    assert (stored.cost_idr, stored.objective, stored.status) == (
        made["cost_idr"], made["objective"], made["status"],
    )  # fmt: skip
    assert stored.certificate["bound"] >= stored.objective * (1 - 1e-9)
    for row, site in zip(stored.sites.order_by("order"), made["sites"], strict=True):
        assert (row.geom.x, row.geom.y) == (site["lon"], site["lat"])
        cameras = PlanCamera.objects.filter(site=row).order_by("heading_deg")
        assert [c.heading_deg for c in cameras] == [c["heading_deg"] for c in site["cameras"]]
        assert site["cost_idr"] == SITE_COST_IDR + CAMERA_COST_IDR * len(cameras)
        assert 1 <= len(cameras) <= 4
        assert site["street"].startswith("Jalan")
    assert made["cost_idr"] == sum(site["cost_idr"] for site in made["sites"])
    assert {c["model"] for site in made["sites"] for c in site["cameras"]} == {"1920x1080"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "budget_idr",
    [0, SITE_COST_IDR, SITE_COST_IDR + CAMERA_COST_IDR - 1, SITE_COST_IDR + CAMERA_COST_IDR, 137_000_000],
)  # fmt: skip
def test_budget_is_never_exceeded(quarter: None, budget_idr: int) -> None:
    made = plan(budget_idr=budget_idr)
    assert made["cost_idr"] <= budget_idr
    assert made["cost_idr"] == sum(site["cost_idr"] for site in made["sites"])
    affordable = budget_idr >= SITE_COST_IDR + CAMERA_COST_IDR
    assert bool(made["sites"]) == affordable
    assert (made["objective"] > 0) == affordable


@pytest.mark.django_db
def test_no_site_and_more_sites_than_candidates(quarter: None) -> None:
    none = plan(sites=0)
    assert none["sites"] == []
    assert none["objective"] == none["bound"] == none["cost_idr"] == 0
    many = plan(sites=10_000, gap=0.0)
    assert 0 < len(many["sites"]) <= many["candidates"]
    assert many["objective"] + many["covered_before"] <= many["demand"] * (1 + 1e-9)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["planned", "failed", "retired"])
def test_only_active_cameras_take_demand_away(quarter: None, status: str) -> None:
    empty = plan(sites=1)["covered_before"]
    camera = make_camera("C", mount_height_m=6.0)
    assert plan(sites=1)["covered_before"] > empty == 0
    Camera.objects.filter(pk=camera.pk).update(status=status)
    assert plan(sites=1)["covered_before"] == 0


@pytest.mark.django_db
def test_candidates_stand_apart_and_off_existing_sites(quarter: None) -> None:
    corner = place(97.0, 97.0)
    free = plan(sites=10_000, gap=0.0)
    spots = [(site["lon"], site["lat"]) for site in free["sites"]]
    assert min(geodesic_m(*a, *b) for a in spots for b in spots if a < b) > 29.9
    Site.objects.create(code="S", name="S", geom=Point(*corner, srid=4326))
    taken = plan(sites=10_000, gap=0.0)
    near = [geodesic_m(site["lon"], site["lat"], *corner) for site in taken["sites"]]
    assert min(near) >= 19.9


@pytest.mark.django_db
def test_required_and_forbidden_places_hold_even_without_time(quarter: None) -> None:
    import numpy as np

    wanted = np.array([place(30.0, 30.0), place(-400.0, -400.0)])
    half = shapely.box(*place(150.0, -200.0), *place(900.0, 900.0))
    for limit_s in (0.0, 30.0):
        made = plan(sites=4, required=wanted, forbidden=np.array([half]), time_limit_s=limit_s)
        spots = [(site["lon"], site["lat"]) for site in made["sites"]]
        for lon, lat in wanted:
            assert min(geodesic_m(lon, lat, *spot) for spot in spots) < 0.05
        assert not any(half.intersects(shapely.Point(spot)) for spot in spots)
        assert len(spots) <= 4


@pytest.mark.django_db
def test_what_cannot_be_is_refused_with_numbers_and_stores_nothing(quarter: None) -> None:
    import numpy as np

    wanted = np.array([place(30.0, 30.0), place(-200.0, -200.0)])
    least_idr = 2 * (SITE_COST_IDR + CAMERA_COST_IDR)
    with pytest.raises(Infeasible, match=f"{least_idr:,}"):
        plan(budget_idr=least_idr - 1, required=wanted)
    with pytest.raises(Infeasible, match="2 sites are required but at most 1"):
        plan(sites=1, required=wanted)
    with pytest.raises(Infeasible, match="1 of 2 required places"):
        plan(sites=3, required=wanted, forbidden=np.array([shapely.box(*place(0, 0), *place(60, 60))]))  # fmt: skip
    with pytest.raises(InvalidInput, match="from every street"):
        plan(sites=3, required=np.array([[10.0, 50.0]]))
    with pytest.raises(InvalidInput, match="limit"):
        plan()
    with pytest.raises(InvalidInput, match="sites is -1"):
        plan(sites=-1)
    with pytest.raises(NotFound):
        plan(sites=1, area_code="99")
    assert not Plan.objects.exists()


@pytest.mark.django_db
def test_a_planner_reads_in_indonesian_why_a_plan_cannot_be(quarter: None) -> None:
    import numpy as np

    wanted = np.array([place(30.0, 30.0), place(-200.0, -200.0)])
    least_idr = 2 * (SITE_COST_IDR + CAMERA_COST_IDR)
    written = f"Rp {least_idr:,}".replace(",", ".")
    with translation.override("id"):
        with pytest.raises(Infeasible) as told:
            plan_sites(budget_idr=least_idr - 1, required=wanted, as_of=AS_OF)
        assert f"2 titik wajib paling sedikit berbiaya {written}" in str(told.value)
        assert "naikkan anggaran Rp 1 " in str(told.value)
        with pytest.raises(Infeasible, match="2 titik wajib, tetapi paling banyak 1"):
            plan_sites(sites=1, required=wanted, as_of=AS_OF)
        with pytest.raises(Infeasible, match=r"kurang dari 100,00% yang diminta"):
            plan_sites(share=1.0, min_distance_m=150.0, as_of=AS_OF)
        with pytest.raises(InvalidInput, match=r"rencana perlu batas"):
            plan_sites(as_of=AS_OF)
    assert not Plan.objects.exists()


@pytest.mark.django_db
def test_no_street_is_said(db: None) -> None:
    with pytest.raises(InvalidInput, match="no streets"):
        plan(sites=1)


@pytest.mark.django_db
def test_order_of_roads_changes_nothing(quarter: None) -> None:
    first = plan(sites=3)
    rows = list(Road.objects.order_by("pk"))
    Road.objects.all().delete()
    for row in reversed(rows):
        row.pk = None
        row.save(force_insert=True)
    second = plan(sites=3)
    assert second["objective"] == pytest.approx(first["objective"], rel=1e-9)
    assert [(s["lon"], s["lat"]) for s in second["sites"]] == [
        (s["lon"], s["lat"]) for s in first["sites"]
    ]


@pytest.mark.django_db
def test_command_reads_its_files_and_proves_its_bound(quarter: None, tmp_path: Path) -> None:
    points = tmp_path / "must.geojson"
    lon, lat = place(20.0, 45.0)
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [lon, lat]}}  # fmt: skip
    points.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    said = io.StringIO()
    proof = tmp_path / "proof.npz"
    call_command("plan_sites", "--sites", "2", "--require", str(points), "--certificate", str(proof), "--json", stdout=said, stderr=io.StringIO())  # fmt: skip
    answer = json.loads(said.getvalue())
    assert set(answer) >= {
        "plan", "sites", "objective", "bound", "gap", "demand", "covered_before", "cost_idr",
        "candidates", "demand_points", "status", "seconds",
    }  # fmt: skip
    assert any(geodesic_m(lon, lat, s["lon"], s["lat"]) < 0.05 for s in answer["sites"])
    assert proof.stat().st_size > 0
    feature["geometry"] = {"type": "Point", "coordinates": [lat, lon]}
    points.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(CommandError, match=r"there is no file .*; give the path"):
        call_command("plan_sites", sites=1, require=str(tmp_path / "nope.geojson"))
    with pytest.raises(CommandError, match="swapped"):
        call_command("plan_sites", "--sites", "2", "--require", str(points), stdout=io.StringIO(), stderr=io.StringIO())  # fmt: skip


@pytest.mark.django_db
def test_job_makes_the_same_plan(quarter: None) -> None:
    from layers.coverage.tasks import PLAN
    from layers.jobs.models import Job
    from layers.jobs.registry import job_kind_get

    square = shapely.geometry.mapping(shapely.box(*place(500.0, 500.0), *place(600.0, 600.0)))
    asked = {"sites": 2, "required": [place(30.0, 30.0)], "forbidden": [square]}
    job = Job.objects.create(kind=PLAN, params=asked)
    made = job_kind_get(PLAN).chunk(job, json.loads(json.dumps(asked)))
    stored = Plan.objects.get(pk=made["plan"])
    assert stored.sites.count() == 2
    assert stored.parameters["required"] == [list(place(30.0, 30.0))]
