"""Compiled slicing of poles into cameras, and what a pole could gain at the most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from layers.coverage.kernels.gathering import F8, I8
from layers.coverage.kernels.growing import grown
from layers.coverage.kernels.lines import px_in_view


@njit(cache=True, nogil=True, error_model="numpy")
def slices_kernel(
    indptr: I8, point: Any, poles_xy: F8, points_xy: F8, lenses: F8, heading_x: F8, heading_y: F8,
    least: float, first: int, last: int,
) -> tuple[I8, Any]:  # fmt: skip
    """Points seen at `least` px/m (>=) from poles first..last-1, and how many by each camera.

    `lenses` are rows of `optics.view_table`, `heading_x`, `heading_y` (poles, headings) the sine
    and cosine of the grid bearings. Cameras run pole by pole, model by model, heading by heading;
    the points of each are in order.
    """
    models, headings = lenses.shape[0], heading_x.shape[1]
    counts = np.zeros((last - first) * models * headings, dtype=np.int64)
    seen = np.empty(4096, dtype=np.int32)
    total = 0
    row = 0
    for pole in range(first, last):
        own = np.sort(point[indptr[pole] : indptr[pole + 1]])
        x, y = poles_xy[pole, 0], poles_xy[pole, 1]
        for model in range(models):
            view = lenses[model].copy()
            for heading in range(headings):
                view[4], view[5] = heading_x[pole, heading], heading_y[pole, heading]
                before = total
                for i in range(own.size):
                    p = own[i]
                    px = px_in_view(view, points_xy[p, 0] - x, points_xy[p, 1] - y)
                    if px >= least and px >= 0.0:
                        if total == seen.size:
                            seen = grown(seen, total, 0)
                        seen[total] = p
                        total += 1
                counts[row] = total - before
                row += 1
    return counts, seen[:total]


@njit(cache=True, nogil=True, error_model="numpy")
def weight_near(places: F8, cells: Any, weights: F8, reach: float) -> F8:
    """Weight of the points of a grid within `reach` (<=) of each place, walls left aside."""
    grid = cells.grid
    columns, rows = int(grid[3]), int(grid[4])
    out = np.zeros(len(places))
    for i in range(len(places)):
        x, y = places[i, 0], places[i, 1]
        c0 = max(int(np.floor((x - reach - grid[0]) / grid[2])), 0)
        c1 = min(int(np.floor((x + reach - grid[0]) / grid[2])), columns - 1)
        r0 = max(int(np.floor((y - reach - grid[1]) / grid[2])), 0)
        r1 = min(int(np.floor((y + reach - grid[1]) / grid[2])), rows - 1)
        for r in range(r0, r1 + 1):
            if c0 > c1:
                break
            for k in range(cells.start[r * columns + c0], cells.start[r * columns + c1 + 1]):
                dx, dy = cells.x[k] - x, cells.y[k] - y
                if dx * dx + dy * dy <= reach * reach:
                    out[i] += weights[k]
    return out
