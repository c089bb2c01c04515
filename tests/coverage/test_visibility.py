"""Sight lines against brute force, exact rationals and scenes done by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from layers.coverage.mounting import mount_cameras
from layers.coverage.optics import CameraView
from layers.coverage.scene import Scene
from layers.coverage.visibility import pole_sight, sight_lines, slice_camera
from layers.errors import InvalidInput
from tests.coverage.random_scenes import free_places, random_footprints
from tests.oracles.visibility import sees_by_lines, sees_exactly

BLOCK = shapely.box(20, -5, 30, 5)
TALL = 1000.0


def seen_table(scene: Scene, cameras: list[CameraView], points: np.ndarray) -> np.ndarray:
    """Cameras × points, True where seen."""
    lines = sight_lines(scene, cameras, points)
    table = np.zeros((len(cameras), len(points)), dtype=bool)
    table[lines.camera, lines.point] = True
    return table


@pytest.mark.parametrize(("target_m", "hidden_to_m"), [(0.0, 60.0), (1.7, 47.25)])
def test_a_low_block_is_seen_over_from_a_pole(target_m: float, hidden_to_m: float) -> None:
    scene = Scene.from_polygons([BLOCK], [4])
    camera = CameraView(x=0, y=0, height_m=8, target_height_m=target_m)
    along = np.array([10, 19.99, 20, 20.01, 29.99, hidden_to_m - 0.01, hidden_to_m + 0.01, 140])
    table = seen_table(scene, [camera], np.column_stack([along, 0 * along]))
    assert table[0].tolist() == [True, True, True, False, False, False, True, True]


def test_60_cameras_600_points_equal_brute_force() -> None:
    different = lines = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        shapes, heights = random_footprints(rng, int(rng.integers(10, 60)))
        scene = Scene.from_polygons(shapes, heights)
        cameras = [
            CameraView(
                x=x, y=y, height_m=float(rng.choice([3, 5, 8, 12])), target_height_m=target,
                max_range_m=400,
            )
            for target in (0.0, 1.7)
            for x, y in free_places(rng, shapes, 5)
        ]  # fmt: skip
        points = rng.uniform(-130, 130, (600, 2))
        table = seen_table(scene, cameras, points)
        for camera, seen in zip(cameras, table, strict=True):
            truth = sees_by_lines(
                (camera.x, camera.y), camera.height_m, points, camera.target_height_m, shapes,
                heights,
            )  # fmt: skip
            different += int((truth != seen).sum())
            lines += len(points)
    assert lines == 60 * 600
    assert different == 0


def test_touching_scenes_equal_exact_rationals() -> None:
    """Corners shared by footprints, lines through corners: whole numbers, so doubles are exact."""
    different = []
    for seed in range(4):
        rng = np.random.default_rng(100 + seed)
        shapes, heights = random_footprints(rng, 14, side_m=100, on_grid=True)
        shapes = np.array([s for s in shapes if s.geom_type == "Polygon"])
        shapes = np.array([s for s in shapes if not len(s.interiors)])
        heights = heights[: len(shapes)]
        whole = shapely.set_precision(shapes, 1.0)
        keep = shapely.equals(whole, shapes)
        shapes, heights = shapes[keep], heights[keep]
        scene = Scene.from_polygons(shapes, heights, weld_m=0)
        places = []
        while len(places) < 4:
            place = 5.0 * rng.integers(-10, 11, 2)
            if not shapely.dwithin(shapes, shapely.Point(place), 0.5).any():
                places.append(place)
        points = 5.0 * rng.integers(-14, 15, (60, 2))
        for x, y in places:
            camera = CameraView(x=x, y=y, height_m=5, target_height_m=0.5, max_range_m=400)
            seen = seen_table(scene, [camera], points)[0]
            for point, answer in zip(points, seen, strict=True):
                truth = sees_exactly((x, y), 5, tuple(point), 0.5, shapes, heights)
                if truth != answer and tuple(point) != (x, y):
                    different.append((seed, x, y, point.tolist(), truth))
    assert different == []


def test_lines_do_not_pass_shared_corners_or_party_walls() -> None:
    diagonal = [shapely.box(10, 0, 20, 10), shapely.box(0, 10, 10, 20)]
    scene = Scene.from_polygons(diagonal, [TALL] * 2)
    camera = CameraView(x=5, y=5, height_m=5)
    assert not seen_table(scene, [camera], np.array([[15.0, 15.0]])).any()
    party = [shapely.box(10, -5, 20, 0), shapely.box(10, 0, 20, 5)]
    scene = Scene.from_polygons(party, [TALL] * 2)
    camera = CameraView(x=0, y=0, height_m=5)
    assert not seen_table(scene, [camera], np.array([[30.0, 0.0], [30.0, 1e-9]])).any()


@pytest.mark.parametrize("angle_deg", [0.0, 17.3, 45.0, 123.456])
@pytest.mark.parametrize("centre", [(0.0, 0.0), (679_123.4567, 9_118_765.4321)])
def test_drawing_gaps_are_closed_and_an_alley_is_open(
    angle_deg: float, centre: tuple[float, float]
) -> None:
    def sees_between(gap_m: float, step_m: float) -> bool:
        left = shapely.box(10, gap_m / 2, 20, 15)
        right = shapely.box(10 + step_m, -15, 20 + step_m, -gap_m / 2)
        turned = [shapely.affinity.rotate(s, angle_deg, origin=(0, 0)) for s in (left, right)]
        moved = [shapely.affinity.translate(s, *centre) for s in turned]
        far = shapely.affinity.rotate(shapely.Point(40, 0), angle_deg, origin=(0, 0))
        scene = Scene.from_polygons(moved, [TALL] * 2)
        camera = CameraView(x=centre[0], y=centre[1], height_m=5)
        return bool(
            seen_table(scene, [camera], np.array([[far.x + centre[0], far.y + centre[1]]])).any()
        )

    for step_m in (0.0, 2.5):
        assert not sees_between(0.0, step_m)
        assert not sees_between(0.005, step_m)
        assert sees_between(0.3, step_m)
        assert sees_between(0.02, step_m)


def test_a_new_building_a_higher_pole_and_more_range() -> None:
    for seed in range(25):
        rng = np.random.default_rng(seed)
        shapes, heights = random_footprints(rng, int(rng.integers(2, 40)))
        points = rng.uniform(-110, 110, (300, 2))
        cameras = [
            CameraView(x=x, y=y, height_m=float(rng.choice([3, 5, 8, 12])), max_range_m=100)
            for x, y in rng.uniform(-60, 60, (15, 2))
        ]
        fewer = seen_table(Scene.from_polygons(shapes[:-1], heights[:-1]), cameras, points)
        scene = Scene.from_polygons(shapes, heights)
        seen = seen_table(scene, cameras, points)
        higher = [replace(c, height_m=1.5 * c.height_m) for c in cameras]
        farther = [replace(c, max_range_m=130) for c in cameras]
        assert not (seen & ~fewer).any()
        assert not (seen & ~seen_table(scene, higher, points)).any()
        assert not (seen & ~seen_table(scene, farther, points)).any()


def test_wedges_across_north_over_180_and_joined_to_a_circle() -> None:
    scene = Scene.from_polygons([BLOCK], [TALL])
    turns = np.radians(np.arange(0, 360, 0.5))
    points = 50 * np.column_stack([np.sin(turns), np.cos(turns)])

    def seen(heading: float, fov: float) -> np.ndarray:
        camera = CameraView(x=0, y=0, heading_deg=heading, hfov_deg=fov)
        return seen_table(scene, [camera], points)[0]

    whole = seen(0, 360)
    assert whole.sum() == 720 - 57  # the block hides 2·atan(1/4) = 28.07°, 14.036° on each side
    assert np.flatnonzero(seen(350, 40)).tolist() == [*range(21), *range(660, 720)]
    assert seen(270, 270).sum() == 541
    assert np.array_equal(seen(200, 360), whole)
    quarters = np.array([seen(heading, 90) for heading in (0, 90, 180, 270)])
    assert np.array_equal(quarters.any(axis=0), whole)


def test_near_and_far_edges_under_tilt() -> None:
    scene = Scene.from_polygons([])
    camera = CameraView(x=0, y=0, height_m=8, heading_deg=90, hfov_deg=60, tilt_deg=30, vfov_deg=40)
    near, far = camera.edges_m()
    along = np.array([near - 0.01, near + 0.01, far - 0.01, far + 0.01])
    assert seen_table(scene, [camera], np.column_stack([along, 0 * along]))[0].tolist() == [
        False, True, True, False
    ]  # fmt: skip
    level = replace(camera, tilt_deg=10)
    along = np.array([100.0, 149.99, 150.0, 150.01])
    assert seen_table(scene, [level], np.column_stack([along, 0 * along]))[0].tolist() == [
        True, True, True, False
    ]  # fmt: skip


def test_where_a_camera_hangs_is_stated() -> None:
    scene = Scene.from_polygons([BLOCK], [6])
    places = {(0, 0): "free", (20, 0): "facade", (20, 5): "facade", (21, 0): "inside"}
    cameras = [CameraView(x=x, y=y, height_m=5) for x, y in places]
    _placed, _windows, mounts = mount_cameras(scene, cameras)
    assert [m.kind for m in mounts] == list(places.values())
    assert mounts[1].moved_m == pytest.approx(0.001)
    assert mounts[3].depth_m == pytest.approx(1.0)
    ahead, behind, beside, below = (0, 0), (50, 0), (21.0, 60.0), (30.0, -60.0)
    table = seen_table(scene, cameras, np.array([ahead, behind, beside, below], dtype=float))
    assert table[1].tolist() == [True, False, False, False]  # on the west wall: half a plane
    assert table[2].tolist() == [True, False, True, False]  # on the corner: three quarters
    assert table[3].tolist() == [True, False, False, False]  # inside: out through the west wall


def test_a_camera_among_party_walls_is_never_zero_in_silence() -> None:
    row = [shapely.box(0, 0, 10, 20), shapely.box(10, 0, 20, 20), shapely.box(20, 0, 30, 20)]
    scene = Scene.from_polygons(row, [9] * 3)
    front = CameraView(x=15, y=3, height_m=5)
    on_party_wall = CameraView(x=10, y=12, height_m=5)
    boxed_in = CameraView(x=5, y=5, height_m=5)
    closed = Scene.from_polygons([shapely.box(0, 0, 10, 10), shapely.box(-20, -20, 30, 30)], [9, 9])
    mounts = mount_cameras(scene, [front, on_party_wall])[2]
    assert [m.kind for m in mounts] == ["inside", "inside"]
    points = np.array([[15.0, -10.0], [9.0, 50.0], [11.0, 50.0]])
    assert seen_table(scene, [front, on_party_wall], points).any(axis=1).tolist() == [True, True]
    assert mount_cameras(closed, [boxed_in])[2][0].kind == "enclosed"


def test_a_slice_of_a_pole_equals_the_camera() -> None:
    rng = np.random.default_rng(5)
    shapes, heights = random_footprints(rng, 50)
    scene = Scene.from_polygons(shapes, heights)
    points = rng.uniform(-130, 130, (800, 2))
    poles = rng.uniform(-80, 80, (20, 2))
    sight = pole_sight(scene, poles, 6.0, points, 120)
    assert sight.distance_m.max() <= 120
    for pole, (x, y) in enumerate(poles):
        view = CameraView(
            x=x, y=y, height_m=6, heading_deg=rng.uniform(0, 360), hfov_deg=rng.uniform(20, 200),
            vfov_deg=40, tilt_deg=rng.uniform(0, 30), max_range_m=rng.uniform(40, 120),
        )  # fmt: skip
        direct = sight_lines(scene, [view], points).of(0)
        sliced = slice_camera(sight, pole, view)
        by_point = [a[np.argsort(direct[0])] for a in direct]
        assert np.array_equal(np.sort(sliced[0]), by_point[0])
        assert np.array_equal(sliced[1][np.argsort(sliced[0])], by_point[1])
    with pytest.raises(InvalidInput):
        slice_camera(sight, 0, replace(view, height_m=5))
    with pytest.raises(InvalidInput):
        slice_camera(sight, 0, replace(view, max_range_m=121))


def test_the_answer_does_not_depend_on_threads() -> None:
    rng = np.random.default_rng(6)
    shapes, heights = random_footprints(rng, 60)
    scene = Scene.from_polygons(shapes, heights)
    cameras = [
        CameraView(x=x, y=y, height_m=6, target_height_m=float(rng.choice([0, 1.7])))
        for x, y in rng.uniform(-80, 80, (40, 2))
    ]
    points = rng.uniform(-130, 130, (500, 2))
    one, two = (sight_lines(scene, cameras, points, threads=n) for n in (1, 2))
    assert one.indptr.tobytes() == two.indptr.tobytes()
    assert one.point.tobytes() == two.point.tobytes()
    assert one.px_per_m.tobytes() == two.px_per_m.tobytes()
    assert one.lines_tested == two.lines_tested


def test_nothing_to_do_and_points_out_of_this_world() -> None:
    scene = Scene.from_polygons([BLOCK], [4])
    assert sight_lines(scene, [], [(0, 0)]).indptr.tolist() == [0]
    assert sight_lines(scene, [CameraView(x=0, y=0)], np.empty((0, 2))).point.size == 0
    with pytest.raises(InvalidInput):
        sight_lines(scene, [CameraView(x=0, y=0)], [(0, np.nan)])
