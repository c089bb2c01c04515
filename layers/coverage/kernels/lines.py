"""Compiled kernels of sight: walls around a camera, and which points it sees past them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.kernels.grid import cell_of, inside_building

#: Slack of closed boundaries (m): a point this close to an edge of view is on it.
EDGE_M = 1e-9

#: A crossing this close to the target (share of the distance) is the target's own wall.
AT_TARGET = 1e-11

#: Directions a camera's walls are sorted into.
BUCKETS = 512

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


class Windows(NamedTuple):
    """Pieces of wall that cameras inside a footprint look out through; camera i owns a slice."""

    start: I8
    wall: I8
    ends: F8


class LocalWalls(NamedTuple):
    """Walls about one camera, relative to it, with what each hides.

    A target at distance D behind a crossing at t·D is hidden when t_low <= t <= t_high. In
    polar terms entering a footprint hides from `front` times the wall's distance, and leaving
    it hides to `back` times (infinite: for ever). `inside` counts footprints around the camera.
    """

    walls: F8
    front: F8
    back: F8
    t_low: F8
    t_high: F8
    inside: int


@njit(cache=True, nogil=True, error_model="numpy")
def hiding_of(height: float, eye: float, target: float) -> tuple[bool, float, float, float, float]:
    """Whether a building can hide targets at all, then front, back, t_low, t_high of LocalWalls.

    A building of height h at distance d hides targets of height T from an eye at H > h out to
    d·(H−T)/(H−h), and without end when H <= h. One not higher than the target hides it only
    from an eye lower still.
    """
    if height > target:
        if eye > height:
            factor = (eye - target) / (eye - height)
            return True, 1.0, factor, 1.0 / factor, 2.0
        return True, 1.0, math.inf, 0.0, 2.0
    if eye < height:
        factor = (target - eye) / (height - eye)
        return True, factor, math.inf, 0.0, 1.0 / factor
    return False, 1.0, 1.0, 2.0, -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _near_segment(ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance from the origin to a segment."""
    ex, ey = bx - ax, by - ay
    length2 = ex * ex + ey * ey
    t = 0.0
    if length2 > 0.0:
        t = min(max(-(ax * ex + ay * ey) / length2, 0.0), 1.0)
    fx, fy = ax + t * ex, ay + t * ey
    return fx * fx + fy * fy


@njit(cache=True, nogil=True, error_model="numpy")
def gather(
    scene: Any,
    windows: Any,
    camera: int,
    x: float,
    y: float,
    eye: float,
    target: float,
    reach: float,
) -> LocalWalls:
    """Walls within `reach` of a camera that can hide a target from it."""
    grid = scene.grid
    columns, rows = int(grid[3]), int(grid[4])
    capacity = 256
    walls = np.empty((capacity, 4))
    hides = np.empty((capacity, 4))
    count = 0
    inside = 0
    w0, w1 = windows.start[camera], windows.start[camera + 1]
    c0 = cell_of(x - reach, grid[0], grid[2], columns)
    c1 = cell_of(x + reach, grid[0], grid[2], columns)
    r0 = cell_of(y - reach, grid[1], grid[2], rows)
    r1 = cell_of(y + reach, grid[1], grid[2], rows)
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            cell = r * columns + c
            for k in range(scene.cell_start[cell], scene.cell_start[cell + 1]):
                b = scene.cell_building[k]
                bx0, by0 = scene.box[b, 0] - x, scene.box[b, 1] - y
                bx1, by1 = scene.box[b, 2] - x, scene.box[b, 3] - y
                dx = max(max(bx0, -bx1), 0.0)
                dy = max(max(by0, -by1), 0.0)
                if dx * dx + dy * dy > reach * reach:
                    continue
                if max(c0, cell_of(scene.box[b, 0], grid[0], grid[2], columns)) != c:
                    continue
                if max(r0, cell_of(scene.box[b, 1], grid[1], grid[2], rows)) != r:
                    continue
                can, front, back, t_low, t_high = hiding_of(scene.height[b], eye, target)
                if not can:
                    continue
                if dx == 0.0 and dy == 0.0 and inside_building(scene, b, x, y):
                    inside += 1
                for w in range(scene.wall_start[b], scene.wall_start[b + 1]):
                    if count + 3 + 2 * (w1 - w0) > capacity:
                        capacity *= 2
                        bigger = np.empty((capacity, 4))
                        bigger[:count] = walls[:count]
                        walls = bigger
                        bigger = np.empty((capacity, 4))
                        bigger[:count] = hides[:count]
                        hides = bigger
                    ax, ay = scene.ax[w] - x, scene.ay[w] - y
                    bx, by = scene.bx[w] - x, scene.by[w] - y
                    if _near_segment(ax, ay, bx, by) > reach * reach:
                        continue
                    for i in range(w0, w1):
                        if windows.wall[i] == w:
                            x1, y1 = windows.ends[i, 0] - x, windows.ends[i, 1] - y
                            x2, y2 = windows.ends[i, 2] - x, windows.ends[i, 3] - y
                            walls[count] = (ax, ay, x1, y1)
                            hides[count] = (front, back, t_low, t_high)
                            walls[count + 1] = (x1, y1, x2, y2)
                            hides[count + 1] = (1.0, 1.0, 2.0, -1.0)
                            count += 2
                            ax, ay = x2, y2
                    walls[count] = (ax, ay, bx, by)
                    hides[count] = (front, back, t_low, t_high)
                    count += 1
    return LocalWalls(
        walls[:count],
        hides[:count, 0].copy(),
        hides[:count, 1].copy(),
        hides[:count, 2].copy(),
        hides[:count, 3].copy(),
        inside,
    )


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def turn_of(x: float, y: float) -> float:
    """A number in [0, 4) that grows with the angle of a direction, without trigonometry."""
    size = abs(x) + abs(y)
    if size == 0.0:
        return 0.0
    p = y / size
    if x < 0.0:
        return 2.0 - p
    return p if y >= 0.0 else 4.0 + p


@njit(cache=True, nogil=True, error_model="numpy")
def bucket_walls(local: Any) -> tuple[I8, NDArray[np.int32]]:
    """Walls that touch each of `BUCKETS` directions: offsets and wall numbers, as gathered."""
    count = local.front.size
    first = np.empty(count, dtype=np.int32)
    last = np.empty(count, dtype=np.int32)
    start = np.zeros(BUCKETS + 1, dtype=np.int64)
    per_turn = BUCKETS / 4.0
    for w in range(count):
        if local.t_high[w] < local.t_low[w]:
            first[w], last[w] = 0, -1
            continue
        ta = turn_of(local.walls[w, 0], local.walls[w, 1])
        tb = turn_of(local.walls[w, 2], local.walls[w, 3])
        span = tb - ta
        if span > 2.0:
            span -= 4.0
        elif span < -2.0:
            span += 4.0
        low = ta if span >= 0.0 else ta + span
        f = math.floor((low - 1e-12) * per_turn)
        g = math.floor((low + abs(span) + 1e-12) * per_turn)
        first[w], last[w] = f, g
        for k in range(f, g + 1):
            start[(k % BUCKETS) + 1] += 1
    for k in range(BUCKETS):
        start[k + 1] += start[k]
    item = np.empty(start[BUCKETS], dtype=np.int32)
    fill = start[:-1].copy()
    for w in range(count):
        for k in range(first[w], last[w] + 1):
            item[fill[k % BUCKETS]] = w
            fill[k % BUCKETS] += 1
    return start, item


@njit(cache=True, nogil=True, error_model="numpy")
def is_hidden(local: Any, start: I8, item: NDArray[np.int32], px: float, py: float) -> bool:
    """Whether a wall stands on the open line from the camera to a point, given relative to it.

    Walls are closed: a line that touches an end of one is blocked. The point itself is not part
    of the line, so a target on a facade is seen from in front of it, and not from behind.
    """
    k = int(turn_of(px, py) * (BUCKETS / 4.0)) % BUCKETS
    for i in range(start[k], start[k + 1]):
        w = item[i]
        ax, ay, bx, by = local.walls[w, 0], local.walls[w, 1], local.walls[w, 2], local.walls[w, 3]
        sa = px * ay - py * ax
        sb = px * by - py * bx
        if (sa > 0.0 and sb > 0.0) or (sa < 0.0 and sb < 0.0) or sa == sb:
            continue
        turn = ax * by - ay * bx
        t = turn / (sb - sa)
        if t > 0.0 and t >= local.t_low[w] and t <= local.t_high[w]:
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
    points: F8,
    indoors: NDArray[np.bool_],
    point_start: I8,
    point_item: NDArray[np.int32],
    point_grid: F8,
) -> tuple[I8, NDArray[np.int32], F8, int]:
    """Points seen by cameras first..last-1: counts, point numbers, px/m, and lines tested."""
    columns, rows = int(point_grid[3]), int(point_grid[4])
    counts = np.zeros(last - first, dtype=np.int64)
    capacity = 1024
    seen = np.empty(capacity, dtype=np.int32)
    px = np.empty(capacity)
    total = 0
    lines = 0
    for camera in range(first, last):
        view = views[camera]
        x, y, reach = view[0], view[1], view[7]
        c0 = max(math.floor((x - reach - 1e-6 - point_grid[0]) / point_grid[2]), 0)
        c1 = min(math.floor((x + reach + 1e-6 - point_grid[0]) / point_grid[2]), columns - 1)
        r0 = max(math.floor((y - reach - 1e-6 - point_grid[1]) / point_grid[2]), 0)
        r1 = min(math.floor((y + reach + 1e-6 - point_grid[1]) / point_grid[2]), rows - 1)
        if c0 > c1 or r0 > r1:
            continue
        local = gather(scene, windows, camera, x, y, view[2], view[3], reach)
        start, item = bucket_walls(local)
        before = total
        for r in range(r0, r1 + 1):
            for k in range(point_start[r * columns + c0], point_start[r * columns + c1 + 1]):
                p = point_item[k]
                dx, dy = points[p, 0] - x, points[p, 1] - y
                value = px_in_view(view, dx, dy)
                if value < 0.0:
                    continue
                lines += 1
                if indoors[p] or is_hidden(local, start, item, dx, dy):
                    continue
                if total == capacity:
                    capacity *= 2
                    more = np.empty(capacity, dtype=np.int32)
                    more[:total] = seen
                    seen = more
                    larger = np.empty(capacity)
                    larger[:total] = px
                    px = larger
                seen[total] = p
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
