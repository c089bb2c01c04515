"""Compiled sight lines: which points a camera sees past the walls around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.kernels.gathering import BUCKETS, F8, I8, bucket_of, gather
from layers.coverage.kernels.grid import inside_at
from layers.coverage.kernels.growing import grown

#: Slack of closed boundaries (m): a point this close to an edge of view is on it.
EDGE_M = 1e-9

#: A crossing this close to the target (share of the distance) is the target's own wall.
AT_TARGET = 1e-11


@njit(cache=True, nogil=True, error_model="numpy")
def bucket_walls(local: Any) -> tuple[I8, F8]:
    """Walls that touch each direction and are not behind its closing: offsets, and their rows.

    A row is ax, ay, bx, by, t_low, t_high. Walls stand in the order gathered, near ones first.
    """
    count = local.front.size
    first = np.empty(count, dtype=np.int32)
    last = np.empty(count, dtype=np.int32)
    start = np.zeros(BUCKETS + 1, dtype=np.int64)
    for w in range(count):
        if local.t_high[w] < local.t_low[w]:
            first[w], last[w] = 0, -1
            continue
        f, g = math.floor(local.low[w] - 1e-9), math.floor(local.high[w] + 1e-9)
        first[w], last[w] = f, g
        for k in range(f, g + 1):
            if local.near[w] <= local.far[k & (BUCKETS - 1)]:
                start[(k & (BUCKETS - 1)) + 1] += 1
    for k in range(BUCKETS):
        start[k + 1] += start[k]
    rows = np.empty((start[BUCKETS], 6))
    fill = start[:-1].copy()
    for w in range(count):
        for k in range(first[w], last[w] + 1):
            if local.near[w] <= local.far[k & (BUCKETS - 1)]:
                row = rows[fill[k & (BUCKETS - 1)]]
                row[0], row[1] = local.walls[w, 0], local.walls[w, 1]
                row[2], row[3] = local.walls[w, 2], local.walls[w, 3]
                row[4], row[5] = local.t_low[w], local.t_high[w]
                fill[k & (BUCKETS - 1)] += 1
    return start, rows


@njit(cache=True, nogil=True, error_model="numpy")
def is_hidden(rows: F8, first: int, last: int, px: float, py: float) -> bool:
    """Whether a wall stands on the open line from the camera to a point, given relative to it.

    `rows` first..last-1 are the walls of the point's direction (`bucket_walls`).
    Walls are closed: a line that touches an end of one is blocked. The point itself is not part
    of the line, so a target on a facade is seen from in front of it, and not from behind.
    """
    for i in range(first, last):
        ax, ay, bx, by = rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3]
        sa = px * ay - py * ax
        sb = px * by - py * bx
        if (sa > 0.0 and sb > 0.0) or (sa < 0.0 and sb < 0.0) or sa == sb:
            continue
        turn = ax * by - ay * bx
        t = turn / (sb - sa)
        if t > 0.0 and t >= rows[i, 4] and t <= rows[i, 5]:
            if t < 1.0 - AT_TARGET:
                return True
            # The inner face of a wall at the target: the line came through the building.
            if turn > 0.0 and t <= 1.0 + AT_TARGET and sa != 0.0 and sb != 0.0:
                return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def px_in_view(view: F8, dx: float, dy: float) -> float:
    """Pixels per metre at a point relative to a camera, or -1 outside its view.

    `view` is a row of `optics.view_table`. Edges of the wedge, range, near and far are included.
    """
    r = math.sqrt(dx * dx + dy * dy)
    if r > view[7] + EDGE_M:
        return -1.0
    forward = dx * view[4] + dy * view[5]
    if view[6] < math.pi and forward < r * math.cos(view[6]) - EDGE_M:
        return -1.0
    above = view[2] - view[3]
    if view[8] > 0.0:
        if r < view[9] - EDGE_M or r > view[10] + EDGE_M:
            return -1.0
        depth = math.sqrt(r * r + above * above)
    else:
        if forward < view[9] - EDGE_M or forward > view[10] + EDGE_M:
            return -1.0
        depth = forward * view[13] + above * view[12]
    return view[11] / depth if depth > 0.0 else math.inf if r == 0.0 else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def sight_lines_kernel(
    scene: Any,
    windows: Any,
    views: F8,
    first: int,
    last: int,
    points: Any,
    indoors: NDArray[np.int8],
) -> tuple[I8, NDArray[np.int32], F8, int]:
    """Points seen by cameras first..last-1: counts, point numbers, px/m, and lines tested.

    `indoors` remembers for each place of the grid whether it is in a footprint, −1 unknown; it is
    filled in as points come up, from any thread, always with the same answer.
    """
    grid = points.grid
    columns, rows = int(grid[3]), int(grid[4])
    counts = np.zeros(last - first, dtype=np.int64)
    seen = np.empty(1024, dtype=np.int32)
    px = np.empty(1024)
    total = 0
    lines = 0
    for camera in range(first, last):
        view = views[camera]
        x, y, reach = view[0], view[1], view[7]
        c0 = max(math.floor((x - reach - 1e-6 - grid[0]) / grid[2]), 0)
        c1 = min(math.floor((x + reach + 1e-6 - grid[0]) / grid[2]), columns - 1)
        r0 = max(math.floor((y - reach - 1e-6 - grid[1]) / grid[2]), 0)
        r1 = min(math.floor((y + reach + 1e-6 - grid[1]) / grid[2]), rows - 1)
        if c0 > c1 or r0 > r1:
            continue
        local = gather(scene, windows, camera, x, y, view[2], view[3], reach)
        start, rows_of_walls = bucket_walls(local)
        before = total
        far2 = local.far * local.far
        limit2 = (reach + EDGE_M) * (reach + EDGE_M)
        for r in range(r0, r1 + 1):
            for k in range(points.start[r * columns + c0], points.start[r * columns + c1 + 1]):
                dx, dy = points.x[k] - x, points.y[k] - y
                distance2 = dx * dx + dy * dy
                if distance2 > limit2:
                    continue
                value = px_in_view(view, dx, dy)
                if value < 0.0:
                    continue
                lines += 1
                bucket = int(bucket_of(dx, dy))
                if distance2 > far2[bucket]:
                    continue
                if is_hidden(rows_of_walls, start[bucket], start[bucket + 1], dx, dy):
                    continue
                if indoors[k] < 0:
                    indoors[k] = inside_at(scene, points.x[k], points.y[k], view[3])
                if indoors[k] > 0:
                    continue
                if total == seen.size:
                    seen = grown(seen, total, 0)
                    px = grown(px, total, 0)
                seen[total] = points.item[k]
                px[total] = value
                total += 1
        counts[camera - first] = total - before
    return counts, seen[:total], px[:total], lines


@njit(cache=True, nogil=True, error_model="numpy")
def points_in_view(view: F8, points: F8, candidates: NDArray[np.int32]) -> F8:
    """Pixels per metre of candidate points in one camera's view, -1 outside it."""
    out = np.empty(candidates.size)
    for i in range(candidates.size):
        p = candidates[i]
        out[i] = px_in_view(view, points[p, 0] - view[0], points[p, 1] - view[1])
    return out
