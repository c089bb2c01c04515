"""From a point to the road: the nearest usable place on the graph, by a grid over its segments."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.geo.crs import GEOD, local_projection
from layers.network.engine.graph import Graph

CELL_M = 100.0
#: A connected road is taken before a nearer one on an island when it is at most this much farther.
PREFER_CONNECTED_M = 50.0
#: A point farther than this from every road is not on the network.
MAX_SNAP_M = 2000.0


@dataclass(frozen=True)
class SnapGrid:
    """Segments (vertex numbers of their starts) by square cells: CSR over rows × columns.

    `origin` (2,) metres is the low corner, `cell_m` the side, `shape` (rows, columns);
    `segment_link` (V,) int32 is the link of every vertex.
    """

    origin: NDArray[np.float64]
    cell_m: float
    shape: tuple[int, int]
    offset: NDArray[np.int64]
    segment: NDArray[np.int32]
    segment_link: NDArray[np.int32]


@dataclass(frozen=True)
class Snapped:
    """Places on the network of n points.

    `link` (n,) int32, -1 where no road is near; `along_m` (n,) from the link's start; `fraction`
    (n,) of its length; `distance_m` (n,) geodesic from the point; `lonlat` (n, 2) degrees;
    `connected` (n,) bool: on the connected network; `passed_over_m` (n,): distance of a nearer road
    on an island that was passed over, NaN where there was none.
    """

    link: NDArray[np.int32]
    along_m: NDArray[np.float64]
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    lonlat: NDArray[np.float64]
    connected: NDArray[np.bool_]
    passed_over_m: NDArray[np.float64]

    def replaced(self, places: NDArray[np.int64], by: Snapped) -> Snapped:
        """A copy in which `places` (k,) are taken from the k points of `by`."""
        columns = {}
        for field in fields(self):
            column = getattr(self, field.name).copy()
            column[places] = getattr(by, field.name)
            columns[field.name] = column
        return Snapped(**columns)


def build_grid(graph: Graph) -> SnapGrid:
    """Put every segment into each cell that its bounding box touches."""
    segment_link = np.repeat(
        np.arange(graph.link_count, dtype=np.int32), np.diff(graph.vertex_offset)
    )
    is_start = np.ones(len(graph.xy), dtype=bool)
    is_start[graph.vertex_offset[1:] - 1] = False
    start = np.flatnonzero(is_start)
    low = np.minimum(graph.xy[start], graph.xy[start + 1])
    high = np.maximum(graph.xy[start], graph.xy[start + 1])
    origin = low.min(axis=0)
    span = high.max(axis=0) - origin
    # At most about four cells a segment, however thinly a province is roaded.
    cell_m = max(CELL_M, float(np.sqrt(span[0] * span[1] / (4 * len(start)))))
    columns, rows = (int(side // cell_m) + 1 for side in span)
    first = ((low - origin) // cell_m).astype(np.int64)
    last = ((high - origin) // cell_m).astype(np.int64)
    wide = last[:, 0] - first[:, 0] + 1
    count = wide * (last[:, 1] - first[:, 1] + 1)
    owner = np.repeat(np.arange(len(start)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    cell = (first[owner, 1] + nth // wide[owner]) * columns + first[owner, 0] + nth % wide[owner]
    order = np.argsort(cell, kind="stable")
    offset = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=rows * columns))])
    return SnapGrid(
        origin=origin,
        cell_m=cell_m,
        shape=(rows, columns),
        offset=offset.astype(np.int64),
        segment=start[owner[order]].astype(np.int32),
        segment_link=segment_link,
    )


@njit(cache=True, nogil=True)
def _project(px, py, v, link, xy, along_m, closure, closed_from_m, closed_to_m):  # type: ignore[no-untyped-def]
    """Nearest open place on the segment from vertex v: squared distance, along, x, y."""
    ax, ay = xy[v, 0], xy[v, 1]
    dx, dy = xy[v + 1, 0] - ax, xy[v + 1, 1] - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / square))
    here, there = along_m[v], along_m[v + 1]
    c = closure[link]
    if c >= 0 and there > here:
        at = here + t * (there - here)
        low, high = closed_from_m[c], closed_to_m[c]
        if low < at < high:
            best = np.inf
            best_t = t
            for edge_of_it in (low, high):
                u = (edge_of_it - here) / (there - here)
                if 0.0 <= u <= 1.0 and abs(u - t) < best:
                    best = abs(u - t)
                    best_t = u
            if best == np.inf:
                return np.inf, here, ax, ay
            t = best_t
    elif c >= 0:
        return np.inf, here, ax, ay
    x, y = ax + t * dx, ay + t * dy
    return (px - x) ** 2 + (py - y) ** 2, here + t * (there - here), x, y


@njit(cache=True, nogil=True)
def _snap(  # type: ignore[no-untyped-def]
    points, origin, cell_m, rows, columns, offset, segment, segment_link, xy, along_m,
    usable, good, closure, closed_from_m, closed_to_m, prefer_m, max_m,
    out_link, out_along, out_xy, out_connected, out_passed,
):  # fmt: skip
    for p in range(len(points)):
        px, py = points[p, 0], points[p, 1]
        column = int(np.floor((px - origin[0]) / cell_m))
        row = int(np.floor((py - origin[1]) / cell_m))
        any_d, good_d = np.inf, np.inf
        any_link, good_link = -1, -1
        any_a, any_x, any_y, good_a, good_x, good_y = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        ring = 0
        while True:
            # Everything within `sure` metres has been looked at once ring - 1 is done.
            sure = (ring - 1) * cell_m
            if good_d <= sure or sure > max_m or any_d + prefer_m < sure:
                break
            for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                step = 1 if abs(r - row) == ring else 2 * ring
                c = column - ring
                while c <= column + ring:
                    if 0 <= c < columns:
                        cell = r * columns + c
                        for i in range(offset[cell], offset[cell + 1]):
                            v = segment[i]
                            link = segment_link[v]
                            if not usable[link]:
                                continue
                            if closure[link] < 0:
                                # As in `_project`; written out, a call would cost more than all.
                                x, y, t = xy[v, 0], xy[v, 1], 0.0
                                dx, dy = xy[v + 1, 0] - x, xy[v + 1, 1] - y
                                square = dx * dx + dy * dy
                                if square > 0.0:
                                    t = ((px - x) * dx + (py - y) * dy) / square
                                    t = min(1.0, max(0.0, t))
                                x, y = x + t * dx, y + t * dy
                                d2 = (px - x) ** 2 + (py - y) ** 2
                                a = along_m[v] + t * (along_m[v + 1] - along_m[v])
                            else:
                                d2, a, x, y = _project(
                                    px, py, v, link, xy, along_m, closure, closed_from_m,
                                    closed_to_m,
                                )  # fmt: skip
                            d = np.sqrt(d2)
                            if d < any_d:
                                any_d, any_link, any_a, any_x, any_y = d, link, a, x, y
                            if good[link] and d < good_d:
                                good_d, good_link, good_a, good_x, good_y = d, link, a, x, y
                    c += max(step, 1)
            ring += 1
        out_passed[p] = np.nan
        if good_link >= 0 and good_d <= any_d + prefer_m and good_d <= max_m:
            out_link[p], out_along[p] = good_link, good_a
            out_xy[p, 0], out_xy[p, 1] = good_x, good_y
            out_connected[p] = True
            if any_d < good_d:
                out_passed[p] = any_d
        elif any_link >= 0 and any_d <= max_m:
            out_link[p], out_along[p] = any_link, any_a
            out_xy[p, 0], out_xy[p, 1] = any_x, any_y
            out_connected[p] = False
        else:
            out_link[p] = -1


def snap_points(
    graph: Graph,
    grid: SnapGrid,
    lonlat: NDArray[np.float64],
    *,
    usable: NDArray[np.bool_],
    connected: NDArray[np.bool_],
    closure: NDArray[np.int32],
    closed_from_m: NDArray[np.float64],
    closed_to_m: NDArray[np.float64],
    prefer_connected_m: float = PREFER_CONNECTED_M,
    max_m: float = MAX_SNAP_M,
) -> Snapped:
    """Snap (n, 2) degrees to the nearest usable, open place; ties by the order of the links.

    `usable` and `connected` are masks (L,). A connected road is preferred when it is at most
    `prefer_connected_m` farther than the nearest (equal counts); `max_m` is inclusive. `closure`
    (L,) int32 names the closed stretch of a link (-1: none), which is never snapped into.
    """
    n = len(lonlat)
    points = local_projection(graph.srid).to_local(lonlat)
    link = np.full(n, -1, dtype=np.int32)
    along = np.zeros(n)
    xy = np.full((n, 2), np.nan)
    is_connected = np.zeros(n, dtype=np.bool_)
    passed = np.full(n, np.nan)
    finite = np.where(np.isfinite(points), points, -1e12)
    _snap(
        finite, grid.origin, grid.cell_m, grid.shape[0], grid.shape[1], grid.offset, grid.segment,
        grid.segment_link, graph.xy, graph.along_m, usable, connected, closure, closed_from_m,
        closed_to_m, prefer_connected_m, max_m, link, along, xy, is_connected, passed,
    )  # fmt: skip
    found = link >= 0
    where = np.full((n, 2), np.nan)
    distance = np.full(n, np.inf)
    if found.any():
        where[found] = local_projection(graph.srid).to_lonlat(xy[found])
        distance[found] = GEOD.inv(
            lonlat[found, 0], lonlat[found, 1], where[found, 0], where[found, 1]
        )[2]
    fraction = np.clip(along / graph.length_m[np.maximum(link, 0)], 0.0, 1.0)
    return Snapped(link, along, fraction, distance, where, is_connected, passed)


def links_near(
    graph: Graph, grid: SnapGrid, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Links with a segment in the cells that a box (corners in metres) touches, each once."""
    rows, columns = grid.shape
    first = np.floor((low - grid.origin) / grid.cell_m).astype(np.int64)
    last = np.floor((high - grid.origin) / grid.cell_m).astype(np.int64)
    left, right = max(int(first[0]), 0), min(int(last[0]), columns - 1)
    pieces = [np.empty(0, dtype=np.int32)]
    for row in range(max(int(first[1]), 0), min(int(last[1]), rows - 1) + 1):
        if left <= right:
            begin = grid.offset[row * columns + left]
            end = grid.offset[row * columns + right + 1]
            pieces.append(grid.segment_link[grid.segment[begin:end]])
    return np.unique(np.concatenate(pieces))
