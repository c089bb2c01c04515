"""Compiled stitching: visible stretches of a sweep joined into rings."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.kernels.gathering import F8, I8
from layers.coverage.kernels.growing import grown, grown_rows
from layers.coverage.kernels.sweep import SAME_M


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
                    ends = grown(ends, k, 0)
                    whose = grown_rows(whose, k, 0)
                    cluster = grown(cluster, 0, 0)
                    delta = grown_rows(delta, 0, 0)
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
