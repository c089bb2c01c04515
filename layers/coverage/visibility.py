"""Sight lines: which points each camera sees past the buildings, and at how many pixels."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layers.coverage.kernels.lines import points_in_view, sight_lines_kernel
from layers.coverage.mounting import Mount, mount_cameras
from layers.coverage.optics import TARGET_HEIGHT_M, CameraView, view_table
from layers.coverage.scene import Scene
from layers.errors import InvalidInput

#: Side of a cell (m) of the grid that holds the points.
POINT_CELL_M = 25.0


class CellPoints(NamedTuple):
    """Points in the order of their cells, row by row, as the kernels read them."""

    start: NDArray[np.int64]
    item: NDArray[np.int32]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    grid: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PointGrid:
    """Points sorted into cells, to be used for many calls. Use `PointGrid.of`."""

    points_xy: NDArray[np.float64]
    cells: CellPoints

    @classmethod
    def of(cls, points_xy: ArrayLike | PointGrid) -> PointGrid:
        """Grid of (n, 2) points in local metres; one that is a grid already is returned as it is."""
        if isinstance(points_xy, PointGrid):
            return points_xy
        points = np.ascontiguousarray(points_xy, dtype=np.float64).reshape(-1, 2)
        if not np.isfinite(points).all():
            raise InvalidInput("a point has no finite coordinates", remedy="leave such points out")
        if not len(points):
            nothing = np.zeros(0)
            start, item = np.zeros(2, dtype=np.int64), np.zeros(0, dtype=np.int32)
            empty = CellPoints(start, item, nothing, nothing, np.array([0.0, 0.0, 1.0, 1.0, 1.0]))
            return cls(points, empty)
        low = points.min(axis=0)
        span = points.max(axis=0) - low + 1.0
        cell = max(POINT_CELL_M, float(np.sqrt(span.prod() / 4_000_000)))
        columns, rows = (int(n) for n in np.ceil(span / cell))
        column, row = np.floor((points - low) / cell).astype(np.int64).T
        number = np.minimum(row, rows - 1) * columns + np.minimum(column, columns - 1)
        item = np.argsort(number, kind="stable").astype(np.int32)
        counts = np.bincount(number, minlength=columns * rows)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        grid = np.array([low[0], low[1], cell, columns, rows], dtype=np.float64)
        x, y = (np.ascontiguousarray(points[item, axis]) for axis in (0, 1))
        return cls(points, CellPoints(start, item, x, y, grid))


@dataclass(frozen=True, eq=False)
class SightLines:
    """Compressed rows: camera i sees `point[indptr[i]:indptr[i + 1]]`, in the grid's order.

    `px_per_m` runs beside `point`. `lines_tested` counts the lines from a camera to a point in
    its field of view and range, whether it turned out blocked or not.
    """

    indptr: NDArray[np.int64]
    point: NDArray[np.int32]
    px_per_m: NDArray[np.float64]
    cameras_xy: NDArray[np.float64]
    points_xy: NDArray[np.float64]
    mounts: list[Mount]
    lines_tested: int

    def of(self, camera: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Points one camera sees and the pixels per metre there."""
        row = slice(int(self.indptr[camera]), int(self.indptr[camera + 1]))
        return self.point[row], self.px_per_m[row]

    @property
    def camera(self) -> NDArray[np.int64]:
        """Camera of each pair, beside `point`."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    def _offsets(self) -> NDArray[np.float64]:
        return self.points_xy[self.point] - self.cameras_xy[self.camera]

    @property
    def distance_m(self) -> NDArray[np.float64]:
        """Distance in plan of each pair (m)."""
        offsets = self._offsets()
        return np.hypot(offsets[:, 0], offsets[:, 1])

    @property
    def bearing_deg(self) -> NDArray[np.float64]:
        """Grid bearing from camera to point of each pair, in [0, 360)."""
        offsets = self._offsets()
        return np.degrees(np.arctan2(offsets[:, 0], offsets[:, 1])) % 360.0


def sight_lines(
    scene: Scene,
    cameras: Sequence[CameraView],
    points_xy: ArrayLike | PointGrid,
    *,
    threads: int | None = None,
) -> SightLines:
    """Which of (n, 2) points in local metres (or a `PointGrid` of them) each camera sees, exact in plan and in height.

    A target of `camera.target_height_m` stands at the point. It is seen when it is in the field
    of view (edges included), within range, not inside a footprint higher than the target, and no
    wall stands on the open line between (walls closed: a line that touches a corner is blocked).
    A building of height h with a wall at distance d hides it out to d·(H−T)/(H−h), see
    docs/visibility.md. The answer does not depend on the number of threads.
    """
    points = PointGrid.of(points_xy)
    placed, windows, mounts = mount_cameras(scene, cameras)
    views = view_table(placed)
    unknown = np.full(len(points.points_xy), -1, dtype=np.int8)
    indoors = {float(target): unknown.copy() for target in np.unique(views[:, 3])}

    def run(first: int, last: int) -> Any:
        remembered = indoors[float(views[first, 3])]
        return sight_lines_kernel(
            scene.arrays, windows, views, first, last, points.cells, remembered
        )

    chunks = chunks_of(views[:, 3], threads)
    results = in_threads(run, chunks, threads)
    counts = [result[0] for result in results] or [np.zeros(0, dtype=np.int64)]
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
    return SightLines(
        indptr=indptr,
        point=np.concatenate([r[1] for r in results] or [np.zeros(0, dtype=np.int32)]),
        px_per_m=np.concatenate([r[2] for r in results] or [np.zeros(0)]),
        cameras_xy=views[:, :2].copy(),
        points_xy=points.points_xy,
        mounts=mounts,
        lines_tested=int(sum(r[3] for r in results)),
    )


@dataclass(frozen=True, eq=False)
class PoleSight:
    """Unblocked lines all round each pole, at one height, to be sliced into cameras."""

    lines: SightLines
    height_m: float
    range_m: float
    target_height_m: float

    @property
    def indptr(self) -> NDArray[np.int64]:
        """Offsets of the poles in `point`, `distance_m` and `bearing_deg`."""
        return self.lines.indptr

    @property
    def point(self) -> NDArray[np.int32]:
        """Points seen, pole after pole."""
        return self.lines.point

    @property
    def distance_m(self) -> NDArray[np.float64]:
        """Distance in plan of each pair (m)."""
        return self.lines.distance_m

    @property
    def bearing_deg(self) -> NDArray[np.float64]:
        """Grid bearing from pole to point of each pair, in [0, 360)."""
        return self.lines.bearing_deg


def pole_sight(
    scene: Scene,
    poles_xy: ArrayLike,
    height_m: float,
    points_xy: ArrayLike | PointGrid,
    range_m: float,
    *,
    target_height_m: float = TARGET_HEIGHT_M,
    threads: int | None = None,
) -> PoleSight:
    """Unblocked sight lines from (p, 2) poles to (n, 2) points: once for a pole and height."""
    poles = np.asarray(poles_xy, dtype=np.float64).reshape(-1, 2)
    cameras = [
        CameraView(
            x=float(x),
            y=float(y),
            height_m=height_m,
            max_range_m=range_m,
            target_height_m=target_height_m,
        )
        for x, y in poles
    ]
    lines = sight_lines(scene, cameras, points_xy, threads=threads)
    return PoleSight(lines, height_m, range_m, target_height_m)


def slice_camera(
    sight: PoleSight, pole: int, view: CameraView
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Points a camera on a pole sees and their px/m: the pole's lines within the camera's view.

    Equal to `sight_lines` for that camera, for any heading, field, tilt and range up to the
    pole's. `view.x` and `view.y` are taken from the pole; heights must be the pole's.
    """
    if view.height_m != sight.height_m or view.target_height_m != sight.target_height_m:
        raise InvalidInput(
            f"sight lines at {sight.height_m} m do not hold for a camera at {view.height_m} m",
            value=view.height_m,
            remedy="compute the pole's sight lines at the camera's height and target height",
        )
    if view.max_range_m > sight.range_m:
        raise InvalidInput(
            f"sight lines out to {sight.range_m} m do not hold for a range of {view.max_range_m} m",
            value=view.max_range_m,
            remedy="compute the pole's sight lines to the longest range first",
        )
    x, y = sight.lines.cameras_xy[pole]
    row = view_table([replace(view, x=float(x), y=float(y))])[0]
    candidates, _px = sight.lines.of(pole)
    px = points_in_view(row, sight.lines.points_xy, candidates)
    kept = px >= 0
    return candidates[kept], px[kept]


def chunks_of(
    keys: NDArray[np.float64], threads: int | None, *, most: int = 256
) -> list[tuple[int, int]]:
    """Runs of cameras with one key, cut into several pieces a thread."""
    count = len(keys)
    if not count:
        return []
    size = max(1, min(most, -(-count // (4 * _workers(threads)))))
    edges = {0, count, *range(0, count, size), *(np.flatnonzero(np.diff(keys)) + 1).tolist()}
    ordered = sorted(edges)
    return list(itertools.pairwise(ordered))


def _workers(threads: int | None) -> int:
    return max(1, threads if threads is not None else len(os.sched_getaffinity(0)))


def in_threads(
    run: Callable[[int, int], Any], chunks: list[tuple[int, int]], threads: int | None
) -> list[Any]:
    """Results of the chunks in their order; the kernels release the interpreter's lock."""
    if _workers(threads) == 1 or len(chunks) < 2:
        return [run(*chunk) for chunk in chunks]
    with ThreadPoolExecutor(_workers(threads)) as pool:
        return list(pool.map(lambda chunk: run(*chunk), chunks))
