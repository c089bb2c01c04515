"""Compiled kernels over the grid of buildings: boxes, cells, inside tests, joints."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")
def building_boxes(
    ax: NDArray[np.float64], ay: NDArray[np.float64], wall_start: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n, 4) bounding boxes x0, y0, x1, y1 of the buildings."""
    count = wall_start.size - 1
    box = np.empty((count, 4))
    for b in range(count):
        x0 = y0 = math.inf
        x1 = y1 = -math.inf
        for w in range(wall_start[b], wall_start[b + 1]):
            x0 = min(x0, ax[w])
            y0 = min(y0, ay[w])
            x1 = max(x1, ax[w])
            y1 = max(y1, ay[w])
        box[b, 0] = x0
        box[b, 1] = y0
        box[b, 2] = x1
        box[b, 3] = y1
    return box


@njit(cache=True, nogil=True, error_model="numpy")
def cell_of(value: float, origin: float, cell: float, count: int) -> int:
    """Column or row of a coordinate, clamped to the grid."""
    return min(max(math.floor((value - origin) / cell), 0), count - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def fill_grid(
    box: NDArray[np.float64], grid: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Buildings of every cell, row by row: offsets and building numbers in ascending order."""
    columns, rows = int(grid[3]), int(grid[4])
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    for passing in range(2):
        if passing == 1:
            for c in range(columns * rows):
                start[c + 1] += start[c]
            item = np.empty(start[columns * rows], dtype=np.int32)
            fill = start[:-1].copy()
        for b in range(box.shape[0]):
            if box[b, 0] > box[b, 2]:
                continue
            c0 = cell_of(box[b, 0], grid[0], grid[2], columns)
            c1 = cell_of(box[b, 2], grid[0], grid[2], columns)
            r0 = cell_of(box[b, 1], grid[1], grid[2], rows)
            r1 = cell_of(box[b, 3], grid[1], grid[2], rows)
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    if passing == 0:
                        start[r * columns + c + 1] += 1
                    else:
                        item[fill[r * columns + c]] = b
                        fill[r * columns + c] += 1
    return start, item


@njit(cache=True, nogil=True, error_model="numpy")
def ring_distance(
    grid: NDArray[np.float64], column: int, row: int, ring: int, x: float, y: float
) -> float:
    """Nearest (m) that anything first met in a ring of cells about a camera's cell can be."""
    left, below = (
        x - (grid[0] + (column - ring + 1) * grid[2]),
        y - (grid[1] + (row - ring + 1) * grid[2]),
    )
    right, above = grid[0] + (column + ring) * grid[2] - x, grid[1] + (row + ring) * grid[2] - y
    return float(max(min(min(left, right), min(below, above)), 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def inside_building(scene: Any, b: int, x: float, y: float) -> bool:
    """Whether a point is inside a footprint by crossing parity; a point on a wall is not."""
    odd = False
    for w in range(scene.wall_start[b], scene.wall_start[b + 1]):
        ux, uy = scene.ax[w] - x, scene.ay[w] - y
        vx, vy = scene.bx[w] - x, scene.by[w] - y
        turn = ux * vy - uy * vx
        if turn == 0.0 and ux * vx + uy * vy <= 0.0:
            return False
        if (uy > 0.0) != (vy > 0.0) and (turn > 0.0) == (vy > uy):
            odd = not odd
    return odd


@njit(cache=True, nogil=True, error_model="numpy")
def inside_at(scene: Any, x: float, y: float, above: float) -> bool:
    """Whether a point is strictly inside a footprint higher than `above`."""
    grid = scene.grid
    columns, rows = int(grid[3]), int(grid[4])
    c = math.floor((x - grid[0]) / grid[2])
    r = math.floor((y - grid[1]) / grid[2])
    if c < 0 or r < 0 or c >= columns or r >= rows:
        return False
    cell = r * columns + c
    for k in range(scene.cell_start[cell], scene.cell_start[cell + 1]):
        b = scene.cell_building[k]
        if scene.height[b] <= above or x < scene.box[b, 0] or x > scene.box[b, 2]:
            continue
        if y < scene.box[b, 1] or y > scene.box[b, 3]:
            continue
        if inside_building(scene, b, x, y):
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def inside_any(scene: Any, points: NDArray[np.float64], above: float) -> NDArray[np.bool_]:
    """Which points are strictly inside a footprint higher than `above`."""
    found = np.zeros(points.shape[0], dtype=np.bool_)
    for i in range(points.shape[0]):
        found[i] = inside_at(scene, points[i, 0], points[i, 1], above)
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def foot_of(
    x: float, y: float, ax: float, ay: float, bx: float, by: float
) -> tuple[float, float, float]:
    """Distance from a point to a segment, and the nearest point on it."""
    ex, ey = bx - ax, by - ay
    length2 = ex * ex + ey * ey
    t = 0.0
    if length2 > 0.0:
        t = min(max(((x - ax) * ex + (y - ay) * ey) / length2, 0.0), 1.0)
    fx, fy = ax + t * ex, ay + t * ey
    return math.hypot(x - fx, y - fy), fx, fy


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_walls(scene: Any, x: float, y: float, within: float) -> NDArray[np.int64]:
    """Walls of footprints (not joints) within a distance of a point, nearest first."""
    grid = scene.grid
    columns, rows = int(grid[3]), int(grid[4])
    c0, c1 = (
        cell_of(x - within, grid[0], grid[2], columns),
        cell_of(x + within, grid[0], grid[2], columns),
    )
    r0, r1 = (
        cell_of(y - within, grid[1], grid[2], rows),
        cell_of(y + within, grid[1], grid[2], rows),
    )
    walls = [0 for _ in range(0)]
    distances = [0.0 for _ in range(0)]
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            for k in range(
                scene.cell_start[r * columns + c], scene.cell_start[r * columns + c + 1]
            ):
                b = scene.cell_building[k]
                if scene.source[b] < 0:
                    continue
                if max(c0, cell_of(scene.box[b, 0], grid[0], grid[2], columns)) != c:
                    continue
                if max(r0, cell_of(scene.box[b, 1], grid[1], grid[2], rows)) != r:
                    continue
                for w in range(scene.wall_start[b], scene.wall_start[b + 1]):
                    distance, _fx, _fy = foot_of(
                        x, y, scene.ax[w], scene.ay[w], scene.bx[w], scene.by[w]
                    )
                    if distance <= within:
                        walls.append(w)
                        distances.append(distance)
    order = np.argsort(np.array(distances, dtype=np.float64), kind="mergesort")
    found = np.array(walls, dtype=np.int64)
    return found[order]


@njit(cache=True, nogil=True, error_model="numpy")
def bridge_gaps(scene: Any, weld: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Joints from corners to walls of another building within `weld` metres.

    Returns (2m, 4) walls, there and back for each joint, and the (m, 2) pair of buildings.
    Corners that two footprints share to the last bit need none.
    """
    grid = scene.grid
    columns, rows = int(grid[3]), int(grid[4])
    walls = [(0.0, 0.0, 0.0, 0.0) for _ in range(0)]
    owners = [(0, 0) for _ in range(0)]
    slack = 1e-6
    for b in range(scene.height.size):
        for w in range(scene.wall_start[b], scene.wall_start[b + 1]):
            x, y = scene.ax[w], scene.ay[w]
            c0 = cell_of(x - weld, grid[0], grid[2], columns)
            c1 = cell_of(x + weld, grid[0], grid[2], columns)
            r0 = cell_of(y - weld, grid[1], grid[2], rows)
            r1 = cell_of(y + weld, grid[1], grid[2], rows)
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    cell = r * columns + c
                    for k in range(scene.cell_start[cell], scene.cell_start[cell + 1]):
                        o = scene.cell_building[k]
                        if o == b or x < scene.box[o, 0] - weld or x > scene.box[o, 2] + weld:
                            continue
                        if y < scene.box[o, 1] - weld or y > scene.box[o, 3] + weld:
                            continue
                        if max(c0, cell_of(scene.box[o, 0], grid[0], grid[2], columns)) != c:
                            continue
                        if max(r0, cell_of(scene.box[o, 1], grid[1], grid[2], rows)) != r:
                            continue
                        best, near = weld, -1
                        qx = qy = 0.0
                        shared = False
                        for v in range(scene.wall_start[o], scene.wall_start[o + 1]):
                            if scene.ax[v] == x and scene.ay[v] == y:
                                shared = True
                                break
                            distance, fx, fy = foot_of(
                                x, y, scene.ax[v], scene.ay[v], scene.bx[v], scene.by[v]
                            )
                            if distance <= best:
                                best, near, qx, qy = distance, v, fx, fy
                        if shared or near < 0:
                            continue
                        nx, ny = qx - x, qy - y
                        size = math.hypot(nx, ny)
                        if size > 1e-9:
                            nx, ny = nx / size, ny / size
                        else:
                            ex = scene.bx[near] - scene.ax[near]
                            ey = scene.by[near] - scene.ay[near]
                            size = math.hypot(ex, ey)
                            nx, ny = -ey / size, ex / size
                        px, py = x - slack * nx, y - slack * ny
                        qx, qy = qx + slack * nx, qy + slack * ny
                        walls.append((px, py, qx, qy))
                        walls.append((qx, qy, px, py))
                        owners.append((b, o))
    out = np.empty((len(walls), 4))
    for i in range(len(walls)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = walls[i]
    pairs = np.empty((len(owners), 2), dtype=np.int64)
    for i in range(len(owners)):
        pairs[i, 0], pairs[i, 1] = owners[i]
    return out, pairs
