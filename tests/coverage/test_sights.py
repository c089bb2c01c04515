"""What a camera sees and who sees a point, as the commands and the API answer it."""

from __future__ import annotations

import json
import math
from io import StringIO
from typing import Any

import pytest
import shapely
from django.core.management import call_command

from layers.assets.models import Camera, CameraModel, OpticsStandard
from layers.coverage.analysis import coverage_analyse
from layers.coverage.city import duplicate_views, watchers
from layers.coverage.freshness.views import camera_sights_refresh
from layers.coverage.models import CameraSight
from layers.coverage.sights import camera_region, cameras_seeing
from layers.errors import InvalidInput, NotFound
from layers.geo.crs import GEOD
from layers.places.frames import frame_at
from tests.coverage.test_analysis import place, street
from tests.factories import MALANG, make_building, make_camera

LON, LAT = MALANG
CITIES = {"Malang": (112.63, -7.98), "Porto": (-8.61, 41.15), "Monaco": (7.42, 43.735)}
EDITIONS = {
    "IEC 62676-4:2014": ["monitor", "detect", "observe", "recognise", "identify"],
    "IEC 62676-4:2025": [
        "overview", "outline", "discern", "perceive", "characterise", "validate", "scrutinise",
    ],
}  # fmt: skip


def shape_of(answer: dict[str, Any], level: str, *, key: str = "features") -> Any:
    """The region of a level."""
    found = [f for f in answer[key] if f["properties"]["level"] == level]
    assert len(found) == 1
    return shapely.geometry.shape(found[0]["geometry"])


def area_of(answer: dict[str, Any], level: str, *, key: str = "features") -> float:
    """Area of a level's region as told (m²)."""
    return float(
        next(f["properties"] for f in answer[key] if f["properties"]["level"] == level)["area_m2"]
    )


def look(**fields: Any) -> dict[str, Any]:
    """A camera in the open in Malang, at the height of its target."""
    given = {"heading_deg": 0.0, "fov_deg": 90.0, "height_m": 1.7, **fields}
    return camera_region(LON, LAT, **given)


@pytest.mark.django_db
@pytest.mark.parametrize("edition", EDITIONS)
def test_either_edition_is_used_and_named_in_every_answer(edition: str) -> None:
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    make_camera("C")
    answer = look(edition=edition)
    assert answer["edition"] == edition
    assert {f["properties"]["edition"] for f in answer["features"]} == {edition}
    assert [f["properties"]["level"] for f in answer["features"]] == ["visible", *EDITIONS[edition]]
    for feature in answer["features"][1:]:
        # 1920 px at 90°: a triangle as deep as half its base, 960 / (px/m).
        depth = min(150.0, 960.0 / feature["properties"]["px_per_m"])
        if depth < 100.0:
            assert feature["properties"]["area_m2"] == pytest.approx(depth**2, rel=1e-4, abs=1e-3)
    assert cameras_seeing(*place(0.0, 20.0), edition=edition)["edition"] == edition
    run = coverage_analyse(level=EDITIONS[edition][1], edition=edition)
    assert run["edition"] == edition
    assert list(run["street_covered_m"]) == EDITIONS[edition]
    out = StringIO()
    call_command(
        "camera_view", str(LON), str(LAT), "--heading", "0", "--fov", "90", "--edition", edition,
        "--json", stdout=out,
    )  # fmt: skip
    assert json.loads(out.getvalue())["edition"] == edition


@pytest.mark.django_db
def test_the_table_of_levels_is_editable_and_its_values_count() -> None:
    OpticsStandard.objects.filter(edition="IEC 62676-4:2014", level="detect").update(px_per_m=40.0)
    assert area_of(look(), "detect") == pytest.approx(24.0**2, rel=1e-4)
    with pytest.raises(NotFound, match="2030"):
        look(edition="IEC 62676-4:2030")


@pytest.mark.django_db
def test_three_cities_in_one_database_in_true_metres_and_true_north() -> None:
    cameras = {}
    for name, (lon, lat) in CITIES.items():
        cameras[name] = make_camera(
            name, lon=lon, lat=lat, heading_deg=40.0, fov_deg=60.0, max_range_m=100.0
        )
    assert len(camera_sights_refresh()) == 3
    for name, (lon, lat) in CITIES.items():
        answer = camera_region(lon, lat, heading_deg=40.0, fov_deg=60.0, range_m=100.0)
        region = shape_of(answer, "visible")
        area, _ = GEOD.geometry_area_perimeter(region)
        assert abs(area) == pytest.approx(math.pi * 100**2 / 6, rel=1e-3)
        # Edges of the wedge: a hundredth of a degree inside is seen, outside is not.
        for bearing, seen in ((10.02, True), (69.98, True), (9.98, False), (70.02, False)):
            for distance, within in ((99.9, True), (100.1, False)):
                x, y, _ = GEOD.fwd(lon, lat, bearing, distance)
                assert region.contains(shapely.Point(x, y)) == (seen and within)
        stored = CameraSight.objects.get(camera=cameras[name], mode="now", level="visible")
        kept = shapely.from_wkb(bytes(stored.geom.wkb))
        assert kept.symmetric_difference(region).area <= 1e-3 * region.area
    convergence = frame_at(*CITIES["Monaco"]).grid_bearing_deg(0.0, *CITIES["Monaco"])
    assert 1.0 < min(convergence, 360.0 - convergence) < 2.0


@pytest.mark.django_db
def test_what_a_ptz_watches_now_and_what_it_could_are_separate_numbers() -> None:
    fixed = look(fov_deg=60.0)
    ptz = look(fov_deg=60.0, kind="ptz")
    assert fixed["reachable"] == []
    assert ptz["kind"] == "ptz"
    for level in ("visible", "detect"):
        assert area_of(ptz, level) == area_of(fixed, level)
    reach = area_of(ptz, "visible", key="reachable")
    assert reach == pytest.approx(6 * area_of(ptz, "visible"), rel=1e-3)
    # Turned to the target, the lens holds 25 px/m out to 1920 / (2 · 25 · tan 30°) all round.
    radius = 1920 / (2 * 25 * math.tan(math.radians(30)))
    detect = area_of(ptz, "detect", key="reachable")
    assert detect == pytest.approx(math.pi * radius**2, rel=1e-4)


@pytest.mark.django_db
def test_cameras_seeing_counts_watching_and_turning_apart() -> None:
    make_camera("FIXED")
    make_camera("PTZ-HERE", kind="ptz", fov_deg=40.0)
    make_camera("PTZ-AWAY", kind="ptz", fov_deg=40.0, heading_deg=180.0)
    answer = cameras_seeing(*place(0.0, 20.0))
    assert (answer["watched_now"], answer["reachable"]) == (2, 3)
    assert {row["code"]: row["now"] for row in answer["cameras"]} == {
        "PTZ-HERE": True, "FIXED": True, "PTZ-AWAY": False
    }  # fmt: skip
    assert answer["cameras"][-1]["code"] == "PTZ-AWAY"


@pytest.mark.django_db
def test_the_sensors_of_a_multi_sensor_camera_each_have_the_models_lens() -> None:
    CameraModel.objects.create(
        name="Quad", kind="multi", image_width_px=2560, image_height_px=1920, sensor_width_mm=6.4,
        sensor_height_mm=4.8, focal_min_mm=3.2, focal_max_mm=6.0,
    )  # fmt: skip
    answer = look(fov_deg=360.0, model="Quad")
    assert answer["kind"] == "multi"
    assert answer["reachable"] == []
    # 6.4 mm behind 3.2 mm are 90°: 2560 px hold 25 px/m out to 51.2 m, all round.
    assert area_of(answer, "detect") == pytest.approx(math.pi * 51.2**2, rel=1e-4)
    half = look(fov_deg=180.0, model="Quad")
    assert area_of(half, "detect") == pytest.approx(math.pi * 51.2**2 / 2, rel=1e-4)
    tilted = look(fov_deg=360.0, model="Quad", height_m=8.0, tilt_deg=30.0)
    vfov = 2 * math.degrees(math.atan(1920 / 2560))
    near = 6.3 / math.tan(math.radians(30 + vfov / 2))
    blind = shape_of(tilted, "visible").interiors
    assert len(blind) == 1
    area, _ = GEOD.geometry_area_perimeter(shapely.Polygon(blind[0]))
    assert abs(area) == pytest.approx(math.pi * near**2, rel=2e-3)
    camera = make_camera("M", kind="multi", fov_deg=None, heading_deg=None, model=CameraModel.objects.get())  # fmt: skip
    ready = watchers([camera], frame_at(LON, LAT))[0]
    assert ready.view is not None
    assert ready.view.px_per_m_at(0.0, 51.2) == pytest.approx(25.0, rel=3e-3)


@pytest.mark.django_db
def test_tilt_makes_a_near_blind_zone_and_a_far_edge() -> None:
    level = look(height_m=8.0)
    tilted = look(height_m=8.0, tilt_deg=40.0)
    vfov = 2 * math.degrees(math.atan(1080 / 1920))
    near, far = (6.3 / math.tan(math.radians(40 + s * vfov / 2)) for s in (1, -1))
    assert area_of(tilted, "visible") == pytest.approx(far**2 - near**2, rel=1e-3)
    assert area_of(level, "visible") == pytest.approx(math.pi * 150**2 / 4, rel=1e-4)


@pytest.mark.django_db
def test_where_the_camera_hangs_is_told() -> None:
    make_building((*place(-5.0, -5.0), *place(5.0, 5.0)), height_m=9.0)
    assert look(height_m=5.0)["mount"] == "inside"
    assert area_of(look(height_m=5.0, fov_deg=360.0), "visible") > 0
    away = camera_region(*place(30.0, 0.0), heading_deg=0.0, fov_deg=90.0)
    assert away["mount"] == "free"


@pytest.mark.django_db
def test_unknown_kinds_and_models_are_refused_with_what_is_known() -> None:
    with pytest.raises(InvalidInput, match="fixed, ptz, multi"):
        look(kind="drone")
    with pytest.raises(NotFound, match="no camera model"):
        look(model="Nothing 3000")


@pytest.mark.django_db
def test_cameras_recorded_twice_are_found_and_neighbours_on_a_pole_are_not() -> None:
    near = place(0.2, 0.2)
    make_camera("A")
    make_camera("A-AGAIN", lon=near[0], lat=near[1], heading_deg=0.3)
    make_camera("B", heading_deg=90.0)
    make_camera("WIDE", fov_deg=120.0)
    far = place(3.0, 0.0)
    make_camera("NEXT-POLE", lon=far[0], lat=far[1])
    make_camera("OFF", status="failed")
    ready = watchers(list(Camera.objects.all()), frame_at(LON, LAT))
    assert duplicate_views((item.code, item.view) for item in ready) == [["A", "A-AGAIN"]]
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    assert coverage_analyse()["duplicates"] == [["A", "A-AGAIN"]]
