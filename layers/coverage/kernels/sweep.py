"""Compiled angular sweep: the rays and stretches of a region that one camera sees.

Along each ray a footprint hides from where the ray enters it to `back` times where it leaves
it, so a ray's hidden part is where (entries passed) − (exits passed, scaled) is over 0. Walls
and scaled walls are straight lines, so between two neighbouring corners, crossings or range
crossings in angle the order of the lines does not change: a sector is settled by its middle ray.
An arc is part of the regular polygon of its circle's area with a corner at each multiple of the
arc step, so that arcs of two levels, or of two wedges that join, are the same line.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from layers.coverage.kernels.curves import (
    ARC,
    I4,
    SAME_RAD,
    STRAIGHT,
    arc_radius,
    curves_of,
    events_of,
)
from layers.coverage.kernels.gathering import F8, I8
from layers.coverage.kernels.growing import grown, grown_rows

#: Two radii on one ray closer than this (m) are one vertex.
SAME_M = 1e-7


class Spans(NamedTuple):
    """Visible stretches: sector s lies between rays s and s + 1 and owns a slice of `cut`.

    `radius` holds low left, low right, high left, high right; `curve` the own numbers of the
    low curve (−1 the camera itself) and the high one; arcs are those from `arcs_from` on.
    """

    arcs_from: int
    rays: F8
    cut: I8
    radius: F8
    curve: I4


@njit(cache=True, nogil=True, error_model="numpy")
def _event_index(events: F8, angle: float) -> int:
    """Index of the event that stands for an angle."""
    i = np.searchsorted(events, angle)
    if i == events.size:
        return int(i - 1)
    if i > 0 and angle - events[i - 1] <= SAME_RAD and angle != events[i]:
        return int(i - 1)
    return int(i)


@njit(cache=True, nogil=True, error_model="numpy")
def _radius(line: F8, ux: float, uy: float) -> float:
    """Where a straight curve meets a ray, held to where the curve can be."""
    across = ux * line[3] - uy * line[2]
    if across <= 0.0:
        return line[5]
    return max(line[4] / across, line[5])


@njit(cache=True, nogil=True, error_model="numpy")
def spans_of(local: Any, frame: Any) -> Spans:
    """Visible stretches of all sectors of a frame."""
    curves = curves_of(local, frame)
    n = curves.size
    events = events_of(curves, frame)
    sectors = events.size - 1
    i_first = np.empty(n, dtype=np.int64)
    i_last = np.empty(n, dtype=np.int64)
    starts = np.zeros(sectors + 2, dtype=np.int64)
    for i in range(n):
        i_first[i] = _event_index(events, curves.first[i])
        i_last[i] = _event_index(events, curves.last[i])
        starts[i_first[i] + 1] += 1
    for s in range(sectors + 1):
        starts[s + 1] += starts[s]
    by_start = np.empty(n, dtype=np.int64)
    fill = starts[:-1].copy()
    for i in range(n):
        by_start[fill[i_first[i]]] = i
        fill[i_first[i]] += 1

    base = local.inside + (1 if frame.near_line > 0.0 or frame.near_radius > 0.0 else 0)
    active = np.empty(n + 1, dtype=np.int64)
    alive = 0
    near = np.empty(n + 1, dtype=np.int64)
    left, right, middle = np.empty(n + 1), np.empty(n + 1), np.empty(n + 1)
    sub_left, sub_right = np.empty(n + 1), np.empty(n + 1)
    splits = np.empty(16)

    rays = np.empty(2 * sectors + 64)
    cut = np.empty(2 * sectors + 64, dtype=np.int64)
    radius = np.empty((4 * sectors + 64, 4))
    curve = np.empty((4 * sectors + 64, 2), dtype=np.int32)
    ray = 0
    spans = 0
    rays[0] = events[0]
    cut[0] = 0
    ux, uy = math.cos(events[0] + frame.start), math.sin(events[0] + frame.start)
    for s in range(sectors):
        kept = 0
        for a in range(alive):
            if i_last[active[a]] > s:
                active[kept] = active[a]
                kept += 1
        for k in range(starts[s], starts[s + 1]):
            if i_last[by_start[k]] > s:
                active[kept] = by_start[k]
                kept += 1
        alive = kept
        low, high = events[s], events[s + 1]
        vx, vy = math.cos(high + frame.start), math.sin(high + frame.start)
        # Radii at both rays; nothing behind the nearest endless wall matters.
        bound = math.inf
        for a in range(alive):
            c = active[a]
            line = curves.line[c]
            if curves.kind[c] == ARC:
                rl = arc_radius(line[6], low + frame.start, frame.arc_step)
                rr = arc_radius(line[6], high + frame.start, frame.arc_step)
            else:
                rl = line[6] if i_first[c] == s and line[6] == line[6] else _radius(line, ux, uy)
                rr = line[7] if i_last[c] == s + 1 and line[7] == line[7] else _radius(line, vx, vy)
            left[a], right[a] = rl, rr
            if curves.final[c]:
                top = max(rl, rr) if curves.kind[c] == STRAIGHT else line[6] * 1.01
                bound = min(bound, top)
        m = 0
        mid = 0.5 * (low + high)
        # A sector spans a quarter at most: its middle ray halves the two outer ones.
        mx, my = ux + vx, uy + vy
        size = math.sqrt(mx * mx + my * my)
        mx, my = mx / size, my / size
        for a in range(alive):
            c = active[a]
            if curves.kind[c] == STRAIGHT and min(left[a], right[a]) * (mx * ux + my * uy) > bound:
                continue
            if curves.kind[c] == ARC:
                r = arc_radius(curves.line[c, 6], mid + frame.start, frame.arc_step)
            else:
                r = _radius(curves.line[c], mx, my)
            rl, rr = left[a], right[a]
            # Insertion keeps the few curves of a sector in order of radius at the middle ray.
            j = m
            while j > 0 and middle[j - 1] > r:
                middle[j] = middle[j - 1]
                near[j] = near[j - 1]
                sub_left[j], sub_right[j] = sub_left[j - 1], sub_right[j - 1]
                j -= 1
            middle[j] = r
            near[j] = c
            sub_left[j], sub_right[j] = rl, rr
            m += 1
        # Curves out of order at either ray cross inside the sector: cut it there.
        crossed = False
        for j in range(1, m):
            if sub_left[j - 1] > sub_left[j] + SAME_M or sub_right[j - 1] > sub_right[j] + SAME_M:
                crossed = True
                break
        cuts = 0
        if crossed:
            for j in range(1, m):
                for i in range(j):
                    if not (
                        sub_left[i] > sub_left[j] + SAME_M or sub_right[i] > sub_right[j] + SAME_M
                    ):
                        continue
                    if curves.kind[near[i]] == ARC or curves.kind[near[j]] == ARC:
                        continue
                    gl = 1.0 / sub_left[i] - 1.0 / sub_left[j]
                    gr = 1.0 / sub_right[i] - 1.0 / sub_right[j]
                    if gl == gr:
                        continue
                    t = gl / (gl - gr)
                    if not 0.0 < t < 1.0:
                        continue
                    angle = math.atan2(t * (ux * vy - uy * vx), (1.0 - t) + t * (ux * vx + uy * vy))
                    at = low + angle
                    if at <= low + SAME_RAD or at >= high - SAME_RAD:
                        continue
                    if cuts == splits.size:
                        splits = grown(splits, cuts, 0)
                    splits[cuts] = at
                    cuts += 1
            splits[:cuts].sort()
        piece_low = low
        px, py = ux, uy
        for piece in range(cuts + 1):
            if piece < cuts:
                piece_high = splits[piece]
                if piece_high <= piece_low + SAME_RAD:
                    continue
                qx, qy = math.cos(piece_high + frame.start), math.sin(piece_high + frame.start)
            else:
                piece_high = high
                qx, qy = vx, vy
            if cuts > 0:
                at = 0.5 * (piece_low + piece_high)
                mx, my = px + qx, py + qy
                size = math.sqrt(mx * mx + my * my)
                mx, my = mx / size, my / size
                for j in range(m):
                    c = near[j]
                    line = curves.line[c]
                    if curves.kind[c] == ARC:
                        r = arc_radius(line[6], at + frame.start, frame.arc_step)
                        rl = arc_radius(line[6], piece_low + frame.start, frame.arc_step)
                        rr = arc_radius(line[6], piece_high + frame.start, frame.arc_step)
                    else:
                        r = _radius(line, mx, my)
                        own_start = piece_low == low and i_first[c] == s and line[6] == line[6]
                        own_end = piece_high == high and i_last[c] == s + 1 and line[7] == line[7]
                        rl = line[6] if own_start else _radius(line, px, py)
                        rr = line[7] if own_end else _radius(line, qx, qy)
                    i = j
                    while i > 0 and middle[i - 1] > r:
                        middle[i] = middle[i - 1]
                        near[i] = near[i - 1]
                        sub_left[i], sub_right[i] = sub_left[i - 1], sub_right[i - 1]
                        i -= 1
                    middle[i] = r
                    near[i] = c
                    sub_left[i], sub_right[i] = rl, rr
            # Walk outwards: sight is open while nothing entered has not been left again.
            if ray + 3 > rays.size:
                rays = grown(rays, ray + 1, 0)
                cut = grown(cut, ray + 1, 0)
            if spans + m + 2 > radius.shape[0]:
                radius = grown_rows(radius, spans, spans + m + 2)
                curve = grown_rows(curve, spans, radius.shape[0])
            inside = base
            first_span = spans
            low_l = low_r = low_m = 0.0
            low_curve = -1
            for j in range(m):
                c = near[j]
                before = inside
                inside += curves.step[c]
                if before <= 0 and inside > 0:
                    rl, rr = sub_left[j], sub_right[j]
                    if rl - low_l > SAME_M or rr - low_r > SAME_M or middle[j] - low_m > SAME_M:
                        if (
                            spans > first_span
                            and low_l - radius[spans - 1, 2] <= SAME_M
                            and low_r - radius[spans - 1, 3] <= SAME_M
                        ):
                            spans -= 1
                        else:
                            radius[spans, 0], radius[spans, 1] = low_l, low_r
                            curve[spans, 0] = low_curve
                        radius[spans, 2], radius[spans, 3] = max(rl, low_l), max(rr, low_r)
                        curve[spans, 1] = curves.own[c]
                        spans += 1
                elif before > 0 and inside <= 0:
                    low_l, low_r, low_m = sub_left[j], sub_right[j], middle[j]
                    low_curve = curves.own[c]
                if curves.final[c] and inside > 0:
                    break
            ray += 1
            rays[ray] = piece_high
            cut[ray] = spans
            piece_low = piece_high
            px, py = qx, qy
        ux, uy = vx, vy
    return Spans(curves.arcs_from, rays[: ray + 1], cut[: ray + 1], radius[:spans], curve[:spans])
