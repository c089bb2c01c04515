"""Compiled gathering: the walls around a camera that can still hide something, nearest first."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.kernels.grid import cell_of, inside_building, ring_distance
from layers.coverage.kernels.growing import grown, grown_rows

#: Directions that walls are sorted into and that are closed once a wall hides all beyond it.
BUCKETS = 256

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

#: Bucket numbers are taken round the circle by this mask; `BUCKETS` is a power of two.
_ROUND = BUCKETS - 1


def _edges() -> F8:
    """(2·BUCKETS + 1, 2) unit vectors along the left edges of the buckets, twice round."""
    turn = np.arange(2 * BUCKETS + 1) % BUCKETS * (4.0 / BUCKETS)
    side, share = np.divmod(turn, 1.0)
    x = np.choose(side.astype(int), [1 - share, -share, share - 1, share])
    y = np.choose(side.astype(int), [share, 1 - share, -share, share - 1])
    return np.column_stack([x, y]) / np.hypot(x, y)[:, None]


_EDGES = _edges()


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
    `low` and `high` are each wall's directions in buckets (`high` may pass `BUCKETS`), `near`
    its least distance. All targets of bucket k farther than `far[k]` are hidden for certain.
    """

    walls: F8
    front: F8
    back: F8
    t_low: F8
    t_high: F8
    inside: int
    low: F8
    high: F8
    near: F8
    far: F8


class Closing(NamedTuple):
    """How far each bucket of directions is closed: from its left edge on, and up to its right.

    `from_left[k]` is the direction up to which walls close bucket k from its left edge, with
    `left_far[k]` the farthest of them; the same from the right. Closed when the two meet.
    """

    far: F8
    from_left: F8
    left_far: F8
    from_right: F8
    right_far: F8


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
def bucket_of(x: float, y: float) -> float:
    """A number in [0, BUCKETS) that grows with the angle of a direction, without trigonometry."""
    size = abs(x) + abs(y)
    if size == 0.0:
        return 0.0
    p = y / size
    if x < 0.0:
        turn = 2.0 - p
    elif p >= 0.0:
        turn = p
    else:
        turn = 4.0 + p
    bucket = turn * (BUCKETS / 4.0)
    return bucket if bucket < BUCKETS else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _close(
    closing: Any, low: float, high: float, x1: float, y1: float, x2: float, y2: float, near: float
) -> None:  # fmt: skip
    """Close the buckets behind a wall that runs counter-clockwise from p1 to p2 for good."""
    ex, ey = x2 - x1, y2 - y1
    cross = x1 * ey - y1 * ex
    first, last = math.floor(low), math.floor(high)
    for bucket in range(first, last + 1):
        k = bucket & _ROUND
        if closing.far[k] <= near:
            continue
        if bucket == first:
            at_left = math.sqrt(x1 * x1 + y1 * y1)
        else:
            at_left = cross / (_EDGES[bucket, 0] * ey - _EDGES[bucket, 1] * ex)
        if bucket == last:
            at_right = math.sqrt(x2 * x2 + y2 * y2)
        else:
            at_right = cross / (_EDGES[bucket + 1, 0] * ey - _EDGES[bucket + 1, 1] * ex)
        farthest = max(at_left, at_right) * (1.0 + 1e-9) + 1e-9
        if bucket > first or low == bucket:
            if bucket < last:
                closing.far[k] = min(closing.far[k], farthest)
                continue
            if high - bucket > closing.from_left[k]:
                closing.from_left[k] = high - bucket
                closing.left_far[k] = max(closing.left_far[k], farthest)
        elif bucket < last and low - bucket < closing.from_right[k]:
            closing.from_right[k] = low - bucket
            closing.right_far[k] = max(closing.right_far[k], farthest)
        # A corner two walls share may come out a rounding apart.
        if closing.from_left[k] >= closing.from_right[k] - 1e-9:
            closing.far[k] = min(closing.far[k], max(closing.left_far[k], closing.right_far[k]))


@njit(cache=True, nogil=True, error_model="numpy")
def _wrapped(change: float) -> float:
    if change > BUCKETS / 2.0:
        return change - BUCKETS
    if change < -BUCKETS / 2.0:
        return change + BUCKETS
    return change


@njit(cache=True, nogil=True, error_model="numpy")
def _is_closed_off(far: F8, x0: float, y0: float, x1: float, y1: float, distance: float) -> bool:
    """Whether every direction of a box away from the camera is closed before the box."""
    start = bucket_of(x0, y0)
    low = high = 0.0
    for corner in range(1, 4):
        x = x1 if corner != 2 else x0
        y = y1 if corner != 1 else y0
        change = _wrapped(bucket_of(x, y) - start)
        low, high = min(low, change), max(high, change)
    for bucket in range(math.floor(start + low), math.floor(start + high) + 1):
        if far[bucket & _ROUND] >= distance:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def gather(
    scene: Any, windows: Any, camera: int, x: float, y: float, eye: float, target: float, reach: float
) -> LocalWalls:  # fmt: skip
    """Walls within `reach` of a camera that can hide a target from it.

    Cells are taken in rings around the camera; whole buildings behind directions already closed
    are left out, so that the entries and exits along a ray stay in balance.
    """
    grid = scene.grid
    columns, rows = int(grid[3]), int(grid[4])
    walls = np.empty((256, 4))
    hides = np.empty((256, 7))
    count = 0
    inside = 0
    group = np.empty(128, dtype=np.int64)
    group[0] = 0
    groups = 0
    closing = Closing(
        np.full(BUCKETS, math.inf), np.full(BUCKETS, -1.0), np.zeros(BUCKETS),
        np.full(BUCKETS, 2.0), np.zeros(BUCKETS),
    )  # fmt: skip
    w0, w1 = windows.start[camera], windows.start[camera + 1]
    c0 = cell_of(x - reach, grid[0], grid[2], columns)
    c1 = cell_of(x + reach, grid[0], grid[2], columns)
    r0 = cell_of(y - reach, grid[1], grid[2], rows)
    r1 = cell_of(y + reach, grid[1], grid[2], rows)
    own_c = cell_of(x, grid[0], grid[2], columns)
    own_r = cell_of(y, grid[1], grid[2], rows)
    rings = max(max(own_c - c0, c1 - own_c), max(own_r - r0, r1 - own_r))
    for ring in range(rings + 1):
        if ring > 1 and closing.far.max() < ring_distance(grid, own_c, own_r, ring, x, y):
            break
        for r in range(max(own_r - ring, r0), min(own_r + ring, r1) + 1):
            whole = r == own_r - ring or r == own_r + ring
            step = 1 if whole or ring == 0 else 2 * ring
            for c in range(own_c - ring, own_c + ring + 1, step):
                if c < c0 or c > c1:
                    continue
                cell = r * columns + c
                for k in range(scene.cell_start[cell], scene.cell_start[cell + 1]):
                    b = scene.cell_building[k]
                    box = scene.box[b]
                    x0, y0, x1, y1 = box[0] - x, box[1] - y, box[2] - x, box[3] - y
                    dx = max(max(x0, -x1), 0.0)
                    dy = max(max(y0, -y1), 0.0)
                    distance2 = dx * dx + dy * dy
                    if distance2 > reach * reach:
                        continue
                    # A building is taken up in the cell of its box nearest to the camera's.
                    near_c = max(own_c, cell_of(box[0], grid[0], grid[2], columns))
                    near_c = min(near_c, cell_of(box[2], grid[0], grid[2], columns))
                    if near_c != c:
                        continue
                    near_r = max(own_r, cell_of(box[1], grid[1], grid[2], rows))
                    near_r = min(near_r, cell_of(box[3], grid[1], grid[2], rows))
                    if near_r != r:
                        continue
                    can, front, back, t_low, t_high = hiding_of(scene.height[b], eye, target)
                    if not can:
                        continue
                    if distance2 > 0.0:
                        if _is_closed_off(closing.far, x0, y0, x1, y1, math.sqrt(distance2)):
                            continue
                    elif inside_building(scene, b, x, y):
                        inside += 1
                    begin = count
                    for w in range(scene.wall_start[b], scene.wall_start[b + 1]):
                        if count + 3 + 2 * (w1 - w0) > walls.shape[0]:
                            walls = grown_rows(walls, count, count + 3 + 2 * (w1 - w0))
                            hides = grown_rows(hides, count, walls.shape[0])
                        ax, ay = scene.ax[w] - x, scene.ay[w] - y
                        bx, by = scene.bx[w] - x, scene.by[w] - y
                        ex, ey = bx - ax, by - ay
                        t = -(ax * ex + ay * ey) / (ex * ex + ey * ey)
                        t = min(max(t, 0.0), 1.0)
                        fx, fy = ax + t * ex, ay + t * ey
                        near = math.sqrt(fx * fx + fy * fy)
                        if near > reach:
                            continue
                        for i in range(w0, w1):
                            if windows.wall[i] == w:
                                p1, q1 = windows.ends[i, 0] - x, windows.ends[i, 1] - y
                                p2, q2 = windows.ends[i, 2] - x, windows.ends[i, 3] - y
                                _put(walls, hides, count, ax, ay, p1, q1, near)
                                _hide(hides, count, front, back, t_low, t_high)
                                _put(walls, hides, count + 1, p1, q1, p2, q2, near)
                                _hide(hides, count + 1, 1.0, 1.0, 2.0, -1.0)
                                count += 2
                                ax, ay = p2, q2
                        entering = _put(walls, hides, count, ax, ay, bx, by, near)
                        _hide(hides, count, front, back, t_low, t_high)
                        if entering and front == 1.0 and back * near > reach * (1.0 + 1e-9):
                            _close(closing, hides[count, 4], hides[count, 5], bx, by, ax, ay, near)
                        count += 1
                    if count > begin:
                        if groups + 1 == group.size:
                            group = grown(group, groups + 1, 0)
                        groups += 1
                        group[groups] = count
    count = _drop_closed_off(walls, hides, group[: groups + 1], closing.far)
    return LocalWalls(
        walls[:count],
        hides[:count, 0].copy(),
        hides[:count, 1].copy(),
        hides[:count, 2].copy(),
        hides[:count, 3].copy(),
        inside,
        hides[:count, 4].copy(),
        hides[:count, 5].copy(),
        hides[:count, 6].copy(),
        closing.far,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _drop_closed_off(walls: F8, hides: F8, group: I8, far: F8) -> int:
    """Keep the walls not behind closed directions, low buildings as a whole; returns how many."""
    kept = 0
    for g in range(group.size - 1):
        begin, end = group[g], group[g + 1]
        endless = hides[begin, 1] == math.inf
        needed = False
        for w in range(begin, end):
            open_to = False
            for bucket in range(math.floor(hides[w, 4]), math.floor(hides[w, 5]) + 1):
                if far[bucket & _ROUND] >= hides[w, 6]:
                    open_to = True
                    break
            if endless and open_to:
                _move(walls, w, kept)
                _move(hides, w, kept)
                kept += 1
            needed = needed or open_to
        if needed and not endless:
            for w in range(begin, end):
                _move(walls, w, kept)
                _move(hides, w, kept)
                kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def _move(rows: F8, source: int, goal: int) -> None:
    for column in range(rows.shape[1]):
        rows[goal, column] = rows[source, column]


@njit(cache=True, nogil=True, error_model="numpy")
def _hide(hides: F8, w: int, front: float, back: float, t_low: float, t_high: float) -> None:
    hides[w, 0], hides[w, 1] = front, back
    hides[w, 2], hides[w, 3] = t_low, t_high


@njit(cache=True, nogil=True, error_model="numpy")
def _put(
    walls: F8, hides: F8, w: int, ax: float, ay: float, bx: float, by: float, near: float
) -> bool:
    """Set a wall, its directions in buckets and distance; returns if it is met from outside."""
    walls[w, 0], walls[w, 1], walls[w, 2], walls[w, 3] = ax, ay, bx, by
    hides[w, 6] = near
    a = bucket_of(ax, ay)
    b = bucket_of(bx, by)
    change = _wrapped(b - a)
    hides[w, 4] = a if change >= 0.0 else b
    hides[w, 5] = hides[w, 4] + abs(change)
    return change < 0.0
