"""Compiled drawing: rings of a region with their corners, shells with their holes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from layers.coverage.kernels.curves import Frame, grown_radius
from layers.coverage.kernels.gathering import F8, I8, gather
from layers.coverage.kernels.growing import grown_rows
from layers.coverage.kernels.stitching import edges_of, rings_of
from layers.coverage.kernels.sweep import spans_of

#: Rings smaller than this (m²) are rounding, not region.
LEAST_AREA_M2 = 1e-6


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(edges: Any, order: I8, low: int, high: int, arc_step: float, out: F8) -> tuple[int, F8]:
    """Write one ring's corners (unclosed) to `out`; arcs become chords that keep their area."""
    length = high - low
    begin = low
    for k in range(low, high):
        before = order[high - 1 if k == low else k - 1]
        if edges.curve[order[k]] != edges.curve[before]:
            begin = k
            break
    n = 0
    done = 0
    while done < length:
        k = low + (begin - low + done) % length
        e = order[k]
        curve = edges.curve[e]
        run = 0
        swept = 0.0
        while done + run < length:
            f = order[low + (begin - low + done + run) % length]
            if edges.curve[f] != curve:
                break
            turn = edges.angle[edges.head[f]] - edges.angle[edges.tail[f]]
            if turn > math.pi:
                turn -= 2.0 * math.pi
            elif turn < -math.pi:
                turn += 2.0 * math.pi
            swept += turn
            run += 1
        v = edges.tail[e]
        x, y = edges.x[v], edges.y[v]
        corners = int(abs(swept) / arc_step) + 3 if curve < 0 else 1
        if n + corners > out.shape[0]:
            out = grown_rows(out, n, n + corners)
        if curve >= 0 or run < length:
            out[n, 0], out[n, 1] = x, y
            n += 1
        if curve < 0:
            radius = grown_radius(edges.radius[-curve - 1], arc_step)
            sign = 1.0 if swept > 0.0 else -1.0
            begin_at = sign * math.atan2(y, x) / arc_step
            low_corner = math.floor(begin_at + 1e-7) + 1
            high_corner = math.ceil(begin_at + abs(swept) / arc_step - 1e-7)
            if run == length:
                high_corner = low_corner + round(2.0 * math.pi / arc_step)
            for corner in range(low_corner, high_corner):
                turn = sign * corner * arc_step
                out[n, 0], out[n, 1] = radius * math.cos(turn), radius * math.sin(turn)
                n += 1
        done += run
    return n, out


@njit(cache=True, nogil=True, error_model="numpy")
def _area(out: F8, low: int, high: int) -> float:
    twice = 0.0
    for i in range(low, high):
        j = i + 1 if i + 1 < high else low
        twice += out[i, 0] * out[j, 1] - out[i, 1] * out[j, 0]
    return 0.5 * twice


@njit(cache=True, nogil=True, error_model="numpy")
def _contains(out: F8, low: int, high: int, x: float, y: float) -> bool:
    odd = False
    for i in range(low, high):
        j = i + 1 if i + 1 < high else low
        if (out[i, 1] > y) != (out[j, 1] > y):
            share = (y - out[i, 1]) / (out[j, 1] - out[i, 1])
            if out[i, 0] + share * (out[j, 0] - out[i, 0]) > x:
                odd = not odd
    return odd


@njit(cache=True, nogil=True, error_model="numpy")
def regions_kernel(
    scene: Any, windows: Any, views: F8, reaches: F8, cameras: I8, arc_step: float
) -> tuple[F8, I8, I8, I8]:
    """Regions of the given cameras at each column of `reaches` (forward, or by radius).

    Returns coordinates of closed rings, each ring's number of corners, polygon and whether it
    is that polygon's shell (rings of a polygon stand together, shell first), and for each
    polygon its region: place in `cameras` · levels + level.
    """
    levels = reaches.shape[1]
    xy = np.empty((4096, 2))
    filled = np.int64(0)
    ring_size = [0 for _ in range(0)]
    ring_polygon = [0 for _ in range(0)]
    polygon_region = [0 for _ in range(0)]
    scratch = np.empty((1024, 2))
    for index in range(cameras.size):
        camera = cameras[index]
        view = views[camera]
        x, y = view[0], view[1]
        local = gather(scene, windows, camera, x, y, view[2], view[3], view[7])
        half = view[6]
        width = 2.0 * half
        start = math.atan2(view[5], view[4]) - half
        if half >= math.pi - 1e-12:
            width = 2.0 * math.pi
            start = -math.pi
        for level in range(levels):
            reach = view[7]
            near, far = view[9], view[10]
            if reaches[camera, level] < far:
                far = reaches[camera, level]
            near_line, far_line, near_radius = 0.0, math.inf, 0.0
            if view[8] > 0.0:
                near_radius = near
                reach = min(reach, far)
            else:
                near_line, far_line = near, far
            if reach <= 0.0 or far <= near or near >= reach:
                continue
            frame = Frame(
                start, width, reach, near_line, far_line, near_radius, view[4], view[5], arc_step
            )
            spans = spans_of(local, frame)
            edges = edges_of(spans, frame)
            order, offsets = rings_of(edges)
            # Draw the rings, then put each hole after the shell that holds it.
            n = 0
            rings = offsets.size - 1
            low = np.empty(rings, dtype=np.int64)
            high = np.empty(rings, dtype=np.int64)
            area = np.empty(rings)
            drawn = 0
            for ring in range(rings):
                size, scratch = _draw(
                    edges, order, offsets[ring], offsets[ring + 1], arc_step, scratch
                )
                if size < 3:
                    continue
                value = _area(scratch, 0, size)
                if abs(value) < LEAST_AREA_M2:
                    continue
                if filled + n + size > xy.shape[0]:
                    xy = grown_rows(xy, filled + n, filled + n + size)
                low[drawn], high[drawn], area[drawn] = n, n + size, value
                for i in range(size):
                    xy[filled + n + i, 0], xy[filled + n + i, 1] = scratch[i, 0], scratch[i, 1]
                n += size
                drawn += 1
            raw = xy[filled : filled + n].copy()
            if filled + n + drawn > xy.shape[0]:
                xy = grown_rows(xy, filled, filled + n + drawn)
            holder = np.full(drawn, -1, dtype=np.int64)
            for ring in range(drawn):
                if area[ring] > 0.0:
                    continue
                mx = 0.5 * (raw[low[ring], 0] + raw[low[ring] + 1, 0])
                my = 0.5 * (raw[low[ring], 1] + raw[low[ring] + 1, 1])
                for shell in range(drawn):
                    if area[shell] < -area[ring]:
                        continue
                    if holder[ring] >= 0 and area[holder[ring]] <= area[shell]:
                        continue
                    if _contains(raw, low[shell], high[shell], mx, my):
                        holder[ring] = shell
            for shell in range(drawn):
                if area[shell] <= 0.0:
                    continue
                polygon = len(polygon_region)
                polygon_region.append(index * levels + level)
                for k in range(drawn + 1):
                    ring = shell if k == 0 else k - 1
                    if k > 0 and holder[ring] != shell:
                        continue
                    filled = _keep(xy, filled, raw, low[ring], high[ring], x, y)
                    ring_size.append(high[ring] - low[ring] + 1)
                    ring_polygon.append(polygon)
    return (
        xy[:filled],
        np.array(ring_size, dtype=np.int64),
        np.array(ring_polygon, dtype=np.int64),
        np.array(polygon_region, dtype=np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(xy: F8, filled: int, raw: F8, low: int, high: int, x: float, y: float) -> int:
    """Append a ring, closed and moved to the camera's place; returns the new fill."""
    for i in range(low, high):
        xy[filled, 0], xy[filled, 1] = raw[i, 0] + x, raw[i, 1] + y
        filled += 1
    xy[filled, 0], xy[filled, 1] = raw[low, 0] + x, raw[low, 1] + y
    return filled + 1
