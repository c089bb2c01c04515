"""Regions a camera sees at each level of image quality, as valid (Multi)Polygons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.coverage.kernels.drawing import regions_kernel
from layers.coverage.kernels.star import star_regions_kernel
from layers.coverage.mounting import mount_cameras
from layers.coverage.optics import DORI_2014, CameraView, view_table
from layers.coverage.scene import Scene
from layers.coverage.visibility import chunks_of, in_threads, sight_lines
from layers.errors import InvalidInput

#: Name of the region in view and unblocked out to the range, whatever the pixels.
VISIBLE = "visible"

#: Longest chord of a range arc, in degrees. Corners are set out so that the area is the arc's.
ARC_STEP_DEG = 0.5


def visible_regions(
    scene: Scene,
    cameras: Sequence[CameraView],
    levels: Mapping[str, float] = DORI_2014,
    *,
    arc_step_deg: float = ARC_STEP_DEG,
    threads: int | None = None,
) -> list[dict[str, Any]]:
    """For each camera, level → shapely (Multi)Polygon in local metres, and `visible`.

    The exact region in plan where a target of the camera's target height is seen past the
    buildings (docs/visibility.md), footprints higher than the target left out; empty polygons
    where there is none. Levels nest. Every geometry is valid. Range arcs are chords of at most
    `arc_step_deg` whose area equals the arc's; they leave it by radius · step² / 12 at most,
    with corners at whole multiples of the step, so that wedges and levels join without seams.
    """
    if not 0 < arc_step_deg <= 10:
        raise InvalidInput(
            f"an arc step of {arc_step_deg}° is no step",
            value=arc_step_deg,
            remedy="give over 0 and up to 10 degrees",
        )
    placed, windows, _mounts = mount_cameras(scene, cameras)
    views = view_table(placed)
    names = [VISIBLE, *levels]
    reaches = np.array(
        [
            [math.inf, *(camera.level_reach_m(level) for level in levels.values())]
            for camera in placed
        ],
        dtype=np.float64,
    ).reshape(len(placed), len(names))
    arc_step = 2.0 * math.pi / (4 * math.ceil(90.0 / arc_step_deg))
    # Neighbours one after the other: what is around one is at hand for the next.
    order = _by_place(views)
    chunks = chunks_of(np.zeros(len(placed)), threads, most=64)
    width = len(names)

    def run(first: int, last: int) -> NDArray[np.object_]:
        cameras = order[first:last]
        *drawn, left = star_regions_kernel(scene.arrays, windows, views, reaches, cameras, arc_step)
        geometries = _geometries(*drawn, regions=(last - first) * width)
        if left.size:
            drawn = regions_kernel(scene.arrays, windows, views, reaches, cameras[left], arc_step)
            rest = (left[:, None] * width + np.arange(width)).ravel()
            geometries[rest] = _geometries(*drawn, regions=left.size * width)
        return geometries

    geometries = np.empty((len(placed), width), dtype=object)
    for (first, last), part in zip(chunks, in_threads(run, chunks, threads), strict=True):
        geometries[order[first:last]] = part.reshape(-1, width)
    return [dict(zip(names, row, strict=True)) for row in geometries]


def _by_place(views: NDArray[np.float64]) -> NDArray[np.int64]:
    """Numbers of the cameras in the order of squares of 100 m, row by row."""
    square = np.floor(views[:, :2] / 100.0)
    return np.lexsort((square[:, 0], square[:, 1])).astype(np.int64)


def warm_up() -> None:
    """Compile the kernels, or load them compiled: the first answer in a process then is quick.

    About half a minute of one core after an installation or a change, tenths of a second later.
    """
    scene = Scene.from_polygons([shapely.box(20.0, -5.0, 30.0, 5.0)], [4.0])
    cameras = [CameraView(x=0.0, y=0.0, height_m=h) for h in (3.0, 5.0)]
    cameras.append(CameraView(x=21.0, y=0.0, hfov_deg=90.0))
    visible_regions(scene, cameras, threads=1)
    sight_lines(scene, cameras, [(40.0, 0.0)], threads=1)


def _geometries(
    xy: NDArray[np.float64],
    ring_size: NDArray[np.int64],
    ring_polygon: NDArray[np.int64],
    polygon_region: NDArray[np.int64],
    sure: NDArray[np.bool_] | None = None,
    *,
    regions: int,
) -> NDArray[np.object_]:
    """Shapely geometries of the drawn rings, one a region; valid those that are not `sure` to be."""
    out = np.full(regions, shapely.Polygon(), dtype=object)
    if not len(polygon_region):
        return out
    rings = shapely.linearrings(xy, indices=np.repeat(np.arange(len(ring_size)), ring_size))
    polygons = shapely.polygons(rings, indices=ring_polygon)
    doubtful = np.arange(len(polygons)) if sure is None else np.flatnonzero(~sure)
    for index in doubtful[~shapely.is_valid(polygons[doubtful])]:
        polygons[index] = _mended(polygons[index])
    parts, owner = shapely.get_parts(polygons, return_index=True)
    region = polygon_region[owner]
    single = np.bincount(region, minlength=regions) == 1
    alone = single[region]
    out[region[alone]] = parts[alone]
    many = np.unique(region[~alone])
    if many.size:
        out[many] = shapely.multipolygons(
            parts[~alone], indices=np.searchsorted(many, region[~alone])
        )
        for index in many[~shapely.is_valid(out[many])]:
            out[index] = _mended(out[index])
    return out


def _mended(geometry: Any) -> Any:
    """A geometry that rounding made invalid, made valid; its slivers are below the arc's error."""
    fixed = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(fixed)
    areal = parts[np.isin(shapely.get_type_id(parts), (3, 6))]
    return shapely.union_all(areal) if areal.size != 1 else areal[0]
