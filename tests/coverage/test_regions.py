"""Regions against hand-computed areas, an overlay by GEOS, and the sight lines."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from layers.coverage.optics import DORI_2014, OODPCVS_2025, CameraView
from layers.coverage.regions import visible_regions
from layers.coverage.scene import Scene
from layers.coverage.visibility import sight_lines
from layers.errors import InvalidInput
from layers.geo.frames import Frame
from tests.coverage.random_scenes import free_places, random_footprints
from tests.oracles.visibility import region_by_shadows

BLOCK = shapely.box(20, -5, 30, 5)
TALL = 1000.0


def test_a_block_in_the_open_by_hand() -> None:
    scene = Scene.from_polygons([BLOCK], [TALL])
    camera = CameraView(x=0, y=0, height_m=5, max_range_m=100)
    region = visible_regions(scene, [camera])[0]["visible"]
    assert region.area == pytest.approx(1e4 * (math.pi - math.atan(0.25)) + 100, rel=1e-7)
    assert region.area == pytest.approx(29_066.14, abs=0.005)


@pytest.mark.parametrize(("target_m", "hidden_to_m"), [(0.0, 60.0), (1.7, 47.25)])
def test_a_ring_is_seen_again_beyond_a_low_block(target_m: float, hidden_to_m: float) -> None:
    scene = Scene.from_polygons([BLOCK], [4])
    camera = CameraView(x=0, y=0, height_m=8, max_range_m=100, target_height_m=target_m)
    region = visible_regions(scene, [camera])[0]["visible"]
    axis = region.intersection(shapely.LineString([(0, 0), (90, 0)]))
    ends = sorted(x for part in axis.geoms for x, _y in part.coords)
    assert ends == pytest.approx([0, 20, hidden_to_m, 90])
    # Hidden: near face (10 wide at 20) and far face (10 wide at 30) scaled, with straight sides.
    factor = hidden_to_m / 30
    hull = shapely.MultiPoint(
        [(20, 5), (20, -5), *((30 * factor, s * 5 * factor) for s in (1, -1)),
         *((20 * factor, s * 5 * factor) for s in (1, -1))]
    ).convex_hull  # fmt: skip
    assert region.area == pytest.approx(1e4 * math.pi - hull.area, rel=1e-7)


def test_levels_of_a_wedge_are_triangles_cut_by_depth() -> None:
    scene = Scene.from_polygons([])
    camera = CameraView(x=0, y=0, height_m=1.7, heading_deg=90, hfov_deg=90, max_range_m=150)
    regions = visible_regions(scene, [camera], {**DORI_2014, **OODPCVS_2025})[0]
    assert regions["detect"].area == pytest.approx(38.4**2)
    assert regions["recognise"].area == pytest.approx(7.68**2)
    assert regions["perceive"].equals(regions["recognise"])
    assert regions["visible"].area == pytest.approx(math.pi * 150**2 / 4, rel=1e-7)


def test_random_scenes_equal_an_overlay_by_geos_and_the_sight_lines() -> None:
    worst = 0.0
    for seed in range(16):
        rng = np.random.default_rng(200 + seed)
        on_grid = seed % 2 == 1
        shapes, heights = random_footprints(rng, int(rng.integers(1, 60)), on_grid=on_grid)
        scene = Scene.from_polygons(shapes, heights, weld_m=0)
        cameras = [
            CameraView(
                x=x, y=y, height_m=float(rng.choice([3, 5, 8, 40])), max_range_m=100,
                target_height_m=float(rng.choice([0, 1.7])),
            )
            for x, y in free_places(rng, shapes, 4)
        ]  # fmt: skip
        points = rng.uniform(-110, 110, (400, 2))
        lines = sight_lines(scene, cameras, points)
        for i, regions in enumerate(visible_regions(scene, cameras)):
            camera, region = cameras[i], regions["visible"]
            exact = region_by_shadows(
                (camera.x, camera.y), camera.height_m, 100, camera.target_height_m, shapes, heights,
                chords=720,
            )  # fmt: skip
            worst = max(worst, exact.symmetric_difference(region).area / exact.area)
            assert_agrees(region, points, lines.of(i)[0])
    assert worst <= 1e-9


def assert_agrees(region: Any, points: np.ndarray, seen: np.ndarray) -> None:
    """Points well off the boundary are in the region just when they are seen."""
    clear = shapely.distance(region.boundary, shapely.points(points)) > 0.002
    inside = shapely.contains_xy(region, points)
    answer = np.zeros(len(points), dtype=bool)
    answer[seen] = True
    assert np.array_equal(inside[clear], answer[clear])


def test_wedges_levels_and_cameras_inside_are_valid_nested_and_agree() -> None:
    for seed in range(12):
        rng = np.random.default_rng(300 + seed)
        shapes, heights = random_footprints(
            rng, int(rng.integers(5, 70)), side_m=200, on_grid=seed % 2 == 1
        )
        scene = Scene.from_polygons(shapes, heights)
        cameras = [
            CameraView(
                x=x, y=y, height_m=float(rng.choice([1, 3, 5, 8, 12])),
                heading_deg=rng.uniform(0, 360),
                hfov_deg=float(rng.choice([360, 200, 180, 90, 30])),
                vfov_deg=None if rng.random() < 0.5 else rng.uniform(20, 60),
                tilt_deg=rng.uniform(0, 40), max_range_m=100, image_width_px=3840,
            )
            for x, y in rng.uniform(-70, 70, (12, 2))
        ]  # fmt: skip
        points = rng.uniform(-110, 110, (400, 2))
        lines = sight_lines(scene, cameras, points)
        for i, regions in enumerate(visible_regions(scene, cameras)):
            assert_agrees(regions["visible"], points, lines.of(i)[0])
            outer = regions["visible"]
            for name in ("visible", *DORI_2014):
                assert regions[name].is_valid
                assert regions[name].difference(outer).area <= 1e-6
                outer = regions[name]


@pytest.mark.parametrize("on_grid", [False, True])
def test_walls_taller_than_the_eye_equal_an_overlay_by_geos(on_grid: bool) -> None:
    """Stars from the envelope: footprints that cross, touch and share corners, all endless."""
    worst, cameras_seen = 0.0, 0
    for seed in range(12):
        rng = np.random.default_rng(700 + seed)
        shapes, _low = random_footprints(rng, int(rng.integers(1, 90)), side_m=180, on_grid=on_grid)
        heights = rng.choice([8.0, 8.5, 12.0, TALL], len(shapes))
        scene = Scene.from_polygons(shapes, heights, weld_m=0)
        cameras = [
            CameraView(x=x, y=y, height_m=8, max_range_m=100)
            for x, y in free_places(rng, shapes, 4)
        ]
        points = rng.uniform(-110, 110, (300, 2))
        lines = sight_lines(scene, cameras, points)
        for i, regions in enumerate(visible_regions(scene, cameras, {})):
            camera, region = cameras[i], regions["visible"]
            exact = region_by_shadows(
                (camera.x, camera.y), 8, 100, camera.target_height_m, shapes, heights, chords=720
            )
            assert region.is_valid
            worst = max(worst, exact.symmetric_difference(region).area / exact.area)
            assert_agrees(region, points, lines.of(i)[0])
            cameras_seen += 1
    assert cameras_seen == 48
    assert worst <= 1e-9


def _by_the_sweep(*arguments: Any) -> Any:
    """Stands in for the envelope and leaves every camera to the sweep."""
    empty, cameras = np.empty(0, dtype=np.int64), arguments[4]
    nothing = (np.empty((0, 2)), empty, empty, empty, np.empty(0, dtype=bool))
    return (*nothing, np.arange(cameras.size))


def test_the_envelope_equals_the_sweep_for_wedges_and_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = 0
    for seed in range(12):
        rng = np.random.default_rng(900 + seed)
        shapes, _low = random_footprints(
            rng, int(rng.integers(1, 80)), side_m=200, on_grid=seed % 2 == 1
        )
        scene = Scene.from_polygons(shapes, np.full(len(shapes), TALL))
        cameras = [
            CameraView(
                x=x, y=y, height_m=5, heading_deg=float(rng.choice([0, 90, rng.uniform(0, 360)])),
                hfov_deg=float(rng.choice([360, 270, 180, 90, 30, 3])), max_range_m=100,
                image_width_px=float(rng.choice([1920, 3840])),
                tilt_deg=float(rng.uniform(0, 30)),
            )
            for x, y in free_places(rng, shapes, 12)
        ]  # fmt: skip
        stars = visible_regions(scene, cameras, {**DORI_2014, **OODPCVS_2025})
        with monkeypatch.context() as patched:
            patched.setattr("layers.coverage.regions.star_regions_kernel", _by_the_sweep)
            swept = visible_regions(scene, cameras, {**DORI_2014, **OODPCVS_2025})
        for star, sweep in zip(stars, swept, strict=True):
            for level, region in star.items():
                assert region.is_valid
                apart = region.symmetric_difference(sweep[level]).area
                assert apart <= max(1e-9 * sweep[level].area, 2e-6)
                compared += 1
    assert compared == 12 * 12 * 13


def test_four_quarters_make_the_circle() -> None:
    rng = np.random.default_rng(11)
    shapes, heights = random_footprints(rng, 60)
    scene = Scene.from_polygons(shapes, heights)
    (x, y) = free_places(rng, shapes, 1)[0]
    whole = visible_regions(scene, [CameraView(x=x, y=y, height_m=6)], {})[0]["visible"]
    quarters = visible_regions(
        scene, [CameraView(x=x, y=y, height_m=6, heading_deg=h, hfov_deg=90) for h in (45, 135, 225, 315)], {}
    )  # fmt: skip
    union = shapely.union_all([q["visible"] for q in quarters])
    assert union.symmetric_difference(whole).area <= 1e-6
    assert sum(q["visible"].area for q in quarters) == pytest.approx(whole.area, rel=1e-9)


def test_near_blind_zone_and_far_edge_are_straight_lines() -> None:
    scene = Scene.from_polygons([])
    camera = CameraView(x=0, y=0, height_m=8, heading_deg=0, hfov_deg=60, tilt_deg=30, vfov_deg=40)
    near, far = camera.edges_m()
    region = visible_regions(scene, [camera], {})[0]["visible"]
    assert region.bounds[1] == pytest.approx(near)
    assert region.bounds[3] == pytest.approx(far)
    assert region.area == pytest.approx((far**2 - near**2) * math.tan(math.radians(30)))
    dome = CameraView(x=0, y=0, height_m=8, hfov_deg=360, tilt_deg=30, vfov_deg=40)
    ring = visible_regions(scene, [dome], {})[0]["visible"]
    assert ring.area == pytest.approx(math.pi * (far**2 - near**2), rel=1e-7)
    aimed = CameraView(x=0, y=0, height_m=8, hfov_deg=360, lens_hfov_deg=60)
    assert not visible_regions(scene, [aimed], {})[0]["visible"].interiors
    several = CameraView(
        x=0, y=0, height_m=8, hfov_deg=360, lens_hfov_deg=60, tilt_deg=30, vfov_deg=40
    )
    assert visible_regions(scene, [several], {})[0]["visible"].area == pytest.approx(ring.area)


def test_a_camera_on_a_wall_sees_half_and_on_a_corner_three_quarters() -> None:
    scene = Scene.from_polygons([shapely.box(0, -1000, 1000, 1000)], [TALL])
    disk = math.pi * 100**2
    wall = CameraView(x=0, y=0, height_m=5, max_range_m=100)
    corner = CameraView(x=0, y=1000, height_m=5, max_range_m=100)
    for camera, share in ((wall, 0.5), (corner, 0.75)):
        region = visible_regions(scene, [camera], {})[0]["visible"]
        assert region.area / disk == pytest.approx(share, abs=1e-4)


def test_impossible_arc_steps_are_refused_and_no_cameras_give_nothing() -> None:
    scene = Scene.from_polygons([])
    assert visible_regions(scene, []) == []
    with pytest.raises(InvalidInput):
        visible_regions(scene, [CameraView(x=0, y=0)], arc_step_deg=0)


def read_buildings(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Building areas of an OSM extract with height, or 3 m a level, or NaN."""
    import osmium

    shapes: list[Any] = []
    heights: list[float] = []
    wkb = osmium.geom.WKBFactory()
    for area in osmium.FileProcessor(path).with_areas(osmium.filter.KeyFilter("building")):
        if not area.is_area() or "building" not in area.tags:
            continue
        try:
            shapes.append(shapely.from_wkb(wkb.create_multipolygon(area)))
        except RuntimeError:
            continue
        text = area.tags.get("height", "").removesuffix("m").strip()
        levels = area.tags.get("building:levels", "").strip()
        try:
            heights.append(float(text) if text else 3.0 * float(levels) if levels else math.nan)
        except ValueError:
            heights.append(math.nan)
    return np.array(shapes), np.array(heights)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "count"),
    [("manhattan_les_2020_valhalla", 1300), ("liechtenstein_2015_valhalla", 8900)],
)
def test_real_buildings_equal_the_overlay(shared_data: Path, name: str, count: int) -> None:
    shapes, heights = read_buildings(shared_data / "osm" / f"{name}.osm.pbf")
    assert len(shapes) > count
    lon, lat = np.median(shapely.get_coordinates(shapes), axis=0)
    local = Frame.around(lon, lat).geometries_to_local(shapes)
    scene = Scene.from_polygons(local, heights)
    used = np.where(np.isfinite(heights) & (heights > 0), heights, 3.0)
    rng = np.random.default_rng(3)
    near = shapely.STRtree(local)
    cameras = []
    while len(cameras) < 12:
        x, y = shapely.get_coordinates(shapely.centroid(local[rng.integers(len(local))]))[0]
        x, y = np.array([x, y]) + rng.uniform(-40, 40, 2)
        if not near.query(shapely.Point(x, y), predicate="dwithin", distance=0.1).size:
            cameras.append(CameraView(x=x, y=y, height_m=8, max_range_m=100))
    points = np.concatenate(
        [np.array([c.x, c.y]) + rng.uniform(-100, 100, (200, 2)) for c in cameras]
    )
    lines = sight_lines(scene, cameras, points)
    for i, regions in enumerate(visible_regions(scene, cameras)):
        camera, region = cameras[i], regions["visible"]
        around = near.query(shapely.Point(camera.x, camera.y).buffer(160))
        parts, owner = shapely.get_parts(local[around], return_index=True)
        tops = used[around][owner]
        exact = region_by_shadows((camera.x, camera.y), 8, 100, 1.7, parts, tops, chords=720)
        assert region.is_valid
        # Joints across drawing gaps under 1 cm are all that may differ.
        assert exact.symmetric_difference(region).area / exact.area < 1e-3
        assert region.difference(exact.buffer(0.5)).is_empty
        assert exact.buffer(-0.5).difference(region).area <= 1e-3 * exact.area
        assert_agrees(region, points, lines.of(i)[0])
