"""Compiled stitching: visible stretches of a sweep joined into rings, shells with their holes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.kernels.lines import F8, I8, gather
from layers.coverage.kernels.sweep import SAME_M, Frame, grown_radius, spans_of

#: Rings smaller than this (m²) are rounding, not region.
LEAST_AREA_M2 = 1e-6


class Edges(NamedTuple):
    """Directed boundary of a region, the region on its left. Vertex 0 is the camera.

    `curve` tells edges of one line apart from others: a line's own number, one for each ray
    after those, and −1, −2 for the arcs of `radius`.
    """

    radius: F8
    x: F8
    y: F8
    angle: F8
    tail: I8
    head: I8
    curve: I8


@njit(cache=True, nogil=True, error_model="numpy")
def edges_of(spans: Any, frame: Any) -> Edges:
    """Boundary edges of visible stretches; parts of rays that both sides share cancel."""
    arcs_from = spans.arcs_from
    rays = spans.rays.size
    count = spans.curve.shape[0]
    whole = frame.width >= 2.0 * math.pi
    x, y, angle = np.empty(4 * count + 1), np.empty(4 * count + 1), np.empty(4 * count + 1)
    x[0] = y[0] = angle[0] = 0.0
    vertices = 1
    tail = np.empty(8 * count + 8, dtype=np.int64)
    head = np.empty(8 * count + 8, dtype=np.int64)
    curve = np.empty(8 * count + 8, dtype=np.int64)
    n = 0
    # Vertex at each corner of a span: low left, low right, high left, high right.
    corner = np.zeros((count, 4), dtype=np.int64)
    ends = np.empty(16)
    whose = np.empty((16, 2), dtype=np.int64)
    cluster = np.empty(16, dtype=np.int64)
    delta = np.empty((16, 2), dtype=np.int64)
    for ray in range(rays - 1 if whole else rays):
        before = ray - 1
        if ray == 0 and whole:
            before = rays - 2
        ux, uy = math.cos(spans.rays[ray] + frame.start), math.sin(spans.rays[ray] + frame.start)
        k = 0
        for side in range(2):
            sector = before if side == 0 else ray
            if sector < 0 or sector >= rays - 1:
                continue
            for i in range(spans.cut[sector], spans.cut[sector + 1]):
                if k + 2 > ends.size:
                    more = np.empty(2 * ends.size)
                    more[:k] = ends[:k]
                    ends = more
                    names = np.empty((2 * whose.shape[0], 2), dtype=np.int64)
                    names[:k] = whose[:k]
                    whose = names
                    cluster = np.empty(2 * cluster.size, dtype=np.int64)
                    delta = np.empty((2 * delta.shape[0], 2), dtype=np.int64)
                for top in range(2):
                    r = spans.radius[i, 2 * top + (1 if side == 0 else 0)]
                    j = k
                    while j > 0 and ends[j - 1] > r:
                        ends[j] = ends[j - 1]
                        whose[j, 0], whose[j, 1] = whose[j - 1, 0], whose[j - 1, 1]
                        j -= 1
                    ends[j] = r
                    whose[j, 0], whose[j, 1] = i, 2 * top + (1 if side == 0 else 0)
                    k += 1
        clusters = 0
        for j in range(k):
            if j == 0 or ends[j] > ends[j - 1] + SAME_M:
                if ends[j] <= SAME_M:
                    cluster[clusters] = 0
                else:
                    x[vertices], y[vertices] = ends[j] * ux, ends[j] * uy
                    angle[vertices] = spans.rays[ray]
                    cluster[clusters] = vertices
                    vertices += 1
                delta[clusters, 0] = delta[clusters, 1] = 0
                clusters += 1
            i, which = whose[j, 0], whose[j, 1]
            corner[i, which] = cluster[clusters - 1]
            delta[clusters - 1, which % 2] += 1 if which < 2 else -1
        before_open = after_open = 0
        for j in range(clusters - 1):
            after_open += delta[j, 0]
            before_open += delta[j, 1]
            if (before_open > 0) == (after_open > 0):
                continue
            near, far = cluster[j], cluster[j + 1]
            if after_open > 0:
                tail[n], head[n] = near, far
            else:
                tail[n], head[n] = far, near
            curve[n] = arcs_from + 2 + ray
            n += 1
    for sector in range(rays - 1):
        for i in range(spans.cut[sector], spans.cut[sector + 1]):
            low_l, low_r, high_l, high_r = corner[i]
            low, high = spans.curve[i, 0], spans.curve[i, 1]
            is_arc = low >= arcs_from or high >= arcs_from
            if low_l == high_l and low_r == high_r and not is_arc:
                continue
            if high_l != high_r:
                tail[n], head[n] = high_l, high_r
                curve[n] = high if high < arcs_from else arcs_from - 1 - high
                n += 1
            if low_l != low_r:
                tail[n], head[n] = low_r, low_l
                curve[n] = low if low < arcs_from else arcs_from - 1 - low
                n += 1
    radius = np.array([frame.reach, frame.near_radius])
    return Edges(
        radius, x[:vertices], y[:vertices], angle[:vertices], tail[:n], head[:n], curve[:n]
    )


@njit(cache=True, nogil=True, error_model="numpy")
def rings_of(edges: Any) -> tuple[I8, I8]:
    """Edges in ring order and the offsets of the rings; every ring passes a vertex only once."""
    n = edges.tail.size
    vertices = edges.x.size
    first = np.full(vertices, -1, dtype=np.int64)
    following = np.empty(n, dtype=np.int64)
    for e in range(n - 1, -1, -1):
        following[e] = first[edges.tail[e]]
        first[edges.tail[e]] = e
    used = np.zeros(n, dtype=np.bool_)
    place = np.full(vertices, -1, dtype=np.int64)
    path = np.empty(n + 1, dtype=np.int64)
    order = np.empty(n, dtype=np.int64)
    offsets = np.empty(n + 2, dtype=np.int64)
    offsets[0] = 0
    rings = 0
    filled = 0
    for begin in range(n):
        if used[begin]:
            continue
        length = 0
        e = begin
        while e >= 0:
            used[e] = True
            place[edges.tail[e]] = length
            path[length] = e
            length += 1
            v = edges.head[e]
            if place[v] >= 0:
                back = place[v]
                for k in range(back, length):
                    order[filled] = path[k]
                    filled += 1
                    place[edges.tail[path[k]]] = -1
                rings += 1
                offsets[rings] = filled
                length = back
                if length == 0:
                    break
                e = path[length - 1]
            e = _leftmost(edges, first, following, used, v, e)
        for k in range(length):
            place[edges.tail[path[k]]] = -1
    return order[:filled], offsets[: rings + 1]


@njit(cache=True, nogil=True, error_model="numpy")
def _leftmost(
    edges: Any, first: I8, following: I8, used: NDArray[np.bool_], v: int, arriving: int
) -> int:
    """The unused edge out of a vertex that turns furthest left, −1 when there is none."""
    best = -1
    best_turn = -math.inf
    several = False
    e = first[v]
    while e >= 0:
        if not used[e]:
            if best >= 0:
                several = True
            best = e
        e = following[e]
    if not several:
        return best
    ix = edges.x[v] - edges.x[edges.tail[arriving]]
    iy = edges.y[v] - edges.y[edges.tail[arriving]]
    e = first[v]
    while e >= 0:
        if not used[e]:
            ox, oy = edges.x[edges.head[e]] - edges.x[v], edges.y[edges.head[e]] - edges.y[v]
            turn = math.atan2(ix * oy - iy * ox, ix * ox + iy * oy)
            if turn > best_turn:
                best, best_turn = e, turn
        e = following[e]
    return best


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
            more = np.empty((2 * (n + corners), 2))
            more[:n] = out[:n]
            out = more
        if curve >= 0 or run < length:
            out[n, 0], out[n, 1] = x, y
            n += 1
        if curve < 0:
            radius = grown_radius(edges.radius[-curve - 1], arc_step)
            sign = 1.0 if swept > 0.0 else -1.0
            begin_at = sign * math.atan2(y, x) / arc_step
            low_corner = int(math.floor(begin_at + 1e-7)) + 1
            high_corner = int(math.ceil(begin_at + abs(swept) / arc_step - 1e-7))
            if run == length:
                high_corner = low_corner + int(round(2.0 * math.pi / arc_step))
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
    scene: Any, windows: Any, views: F8, reaches: F8, first: int, last: int, arc_step: float
) -> tuple[F8, I8, I8, I8]:
    """Regions of cameras first..last-1 at each column of `reaches` (forward, or by radius).

    Returns coordinates of closed rings, each ring's number of corners, polygon and whether it
    is that polygon's shell (rings of a polygon stand together, shell first), and for each
    polygon its region: (camera − first) · levels + level.
    """
    levels = reaches.shape[1]
    xy = np.empty((4096, 2))
    filled = 0
    ring_size = [0 for _ in range(0)]
    ring_polygon = [0 for _ in range(0)]
    polygon_region = [0 for _ in range(0)]
    scratch = np.empty((1024, 2))
    for camera in range(first, last):
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
                while filled + n + size + rings > xy.shape[0]:
                    more = np.empty((2 * xy.shape[0], 2))
                    more[: filled + n] = xy[: filled + n]
                    xy = more
                low[drawn], high[drawn], area[drawn] = n, n + size, value
                xy[filled + n : filled + n + size] = scratch[:size]
                n += size
                drawn += 1
            raw = xy[filled : filled + n].copy()
            while filled + n + drawn + 1 > xy.shape[0]:
                more = np.empty((2 * xy.shape[0], 2))
                more[:filled] = xy[:filled]
                xy = more
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
                polygon_region.append((camera - first) * levels + level)
                for ring in range(drawn):
                    if ring != shell:
                        continue
                    filled = _keep(xy, filled, raw, low[ring], high[ring], x, y)
                    ring_size.append(high[ring] - low[ring] + 1)
                    ring_polygon.append(polygon)
                for ring in range(drawn):
                    if holder[ring] != shell:
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
