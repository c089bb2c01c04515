"""Scenes from footprints as they come: every one used or counted, stored and mapped back."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import shapely

from layers.coverage.optics import CameraView
from layers.coverage.scene import Scene
from layers.coverage.visibility import sight_lines
from layers.errors import InvalidInput

BOW_TIE = shapely.Polygon([(50, 50), (60, 60), (60, 50), (50, 60)])


def long_bow_tie(vertices: int) -> shapely.Polygon:
    """A ring that crosses itself about `vertices` times."""
    turns = np.linspace(0, 2 * math.pi, vertices, endpoint=False)
    order = np.argsort((np.arange(vertices) * 7919) % vertices)
    return shapely.Polygon(np.column_stack([np.cos(turns), np.sin(turns)])[order])


def test_every_footprint_is_used_or_counted() -> None:
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(3, 3, 7, 7))
    two = shapely.MultiPolygon([shapely.box(20, 0, 25, 5), shapely.box(30, 0, 35, 5)])
    lines = shapely.LineString([(0, 0), (1, 1)])
    mixed = shapely.GeometryCollection([two, lines])
    with np.errstate(invalid="ignore"):
        nowhere = shapely.Polygon([(0, 0), (1, math.nan), (1, 1)])
    shapes = [ring, two, mixed, lines, shapely.Polygon(), None, BOW_TIE, nowhere, long_bow_tie(700)]
    scene = Scene.from_polygons(shapes, [3, None, 5, 5, 5, 5, -1, 5, 5])
    report = scene.report
    assert report.given == 9
    assert (report.used, report.empty, report.not_polygon, report.refused) == (4, 2, 1, 2)
    assert report.used + report.empty + report.not_polygon + report.refused == report.given
    assert (report.repaired, report.assumed_height) == (1, 2)
    assert report.parts == 1 + 2 + 2 + 2


def test_a_bow_tie_blocks_as_two_triangles() -> None:
    scene = Scene.from_polygons([BOW_TIE], [9])
    assert scene.indoors([(51, 55), (59, 55), (55, 51), (55, 59)]).tolist() == [
        True, True, False, False
    ]  # fmt: skip


def test_courtyards_are_open_and_touching_walls_are_not_inside() -> None:
    ring = shapely.box(0, 0, 10, 10).difference(shapely.box(3, 3, 7, 7))
    scene = Scene.from_polygons([ring, shapely.box(10, 0, 20, 10)], [6, 2])
    assert scene.indoors([(1, 1), (5, 5), (3, 5), (10, 5), (15, 5)]).tolist() == [
        True, False, False, False, True
    ]  # fmt: skip
    assert scene.indoors([(1, 1), (15, 5)], above_m=2).tolist() == [True, False]


def test_heights_default_to_one_level() -> None:
    scene = Scene.from_polygons([shapely.box(0, 0, 1, 1)] * 2, [math.nan, 7.5])
    assert scene.arrays.height[:2].tolist() == [3.0, 7.5]
    with pytest.raises(InvalidInput):
        Scene.from_polygons([shapely.box(0, 0, 1, 1)], [1, 2])


@pytest.mark.parametrize("shapes", [[], [None], [shapely.Point(1, 1)], [shapely.Polygon()]])
def test_an_empty_scene_hides_nothing(shapes: list[object]) -> None:
    scene = Scene.from_polygons(shapes)
    seen = sight_lines(scene, [CameraView(x=1e6, y=-1e6)], [(1e6 + 10, -1e6)])
    assert seen.point.tolist() == [0]


def test_a_stored_scene_maps_back(tmp_path: Path) -> None:
    scene = Scene.from_polygons([shapely.box(20, -5, 30, 5)], [4])
    scene.save(tmp_path / "scene.npz")
    for mmap in (True, False):
        again = Scene.load(tmp_path / "scene.npz", mmap=mmap)
        assert again.report == scene.report
        for stored, given in zip(again.arrays, scene.arrays, strict=True):
            assert np.array_equal(stored, given)
        assert again.indoors([(25, 0)]).tolist() == [True]
    (tmp_path / "scene.npz").write_bytes(b"PK not really")
    with pytest.raises(InvalidInput):
        Scene.load(tmp_path / "scene.npz")


@pytest.mark.slow
def test_250_000_buildings_stay_under_1_gb() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 12_000, (2, 250_000))
    shapes = shapely.box(x, y, x + 10, y + 8)
    scene = Scene.from_polygons(shapes, rng.uniform(3, 12, 250_000))
    assert scene.nbytes < 200e6
