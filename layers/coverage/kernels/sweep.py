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
from numpy.typing import NDArray

from layers.coverage.kernels.lines import F8, I8

#: Two radii on one ray closer than this (m) are one vertex.
SAME_M = 1e-7

#: Two rays closer than this (radians) are one.
SAME_RAD = 1e-12

STRAIGHT, ARC = 0, 1

I4 = NDArray[np.int32]


class Frame(NamedTuple):
    """The part of the plane to sweep: a wedge from angle `start` over `width` (radians, CCW).

    Bounded by the range arc, by lines across the heading (`near_line`, `far_line`; 0 and
    infinite: none) and by a near radius (0: none). Relative to the camera.
    """

    start: float
    width: float
    reach: float
    near_line: float
    far_line: float
    near_radius: float
    heading_x: float
    heading_y: float
    arc_step: float


class Curves(NamedTuple):
    """Lines and arcs over [first, last] in angle from the wedge's start, with their step.

    `step` is +1 where sight ends, −1 where it begins again; `final` ones never begin again.
    `line` is x1, y1, ex, ey, cross(p, e), smallest radius, r1, r2; an arc has its radius in r1.
    """

    count: int
    arcs_from: int
    kind: I4
    step: I4
    final: NDArray[np.bool_]
    own: I4
    line: F8
    first: F8
    last: F8


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
def _angle(x: float, y: float, start: float) -> float:
    angle = math.atan2(y, x) - start
    if angle < 0.0:
        angle += 2.0 * math.pi
    if angle >= 2.0 * math.pi:
        angle -= 2.0 * math.pi
    return angle


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def grown_radius(radius: float, arc_step: float) -> float:
    """Radius of the corners of the regular polygon that stands for a circle."""
    return radius * math.sqrt(arc_step / math.sin(arc_step))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _arc_radius(radius: float, angle: float, arc_step: float) -> float:
    """Where a ray at an absolute angle meets that polygon."""
    across = angle / arc_step
    off = (across - math.floor(across) - 0.5) * arc_step
    return grown_radius(radius, arc_step) * math.cos(0.5 * arc_step) / math.cos(off)


@njit(cache=True, nogil=True, error_model="numpy")
def _arc_crossing(line: F8, radius: float, sign: float, arc_step: float) -> float:
    """Share of a straight curve's length at which it crosses an arc, on the side of `sign`.

    Starts where the line crosses the circle and settles on the chord it really meets; NaN when
    it only touches.
    """
    x, y, ex, ey = line[0], line[1], line[2], line[3]
    length2 = ex * ex + ey * ey
    middle = -(x * ex + y * ey) / length2
    room = radius * radius - line[5] * line[5]
    if room <= 0.0:
        return math.nan
    t = middle + sign * math.sqrt(room / length2)
    inner = grown_radius(radius, arc_step) * math.cos(0.5 * arc_step)
    chord = math.floor(math.atan2(y + t * ey, x + t * ex) / arc_step)
    for _ in range(4):
        nx, ny = math.cos((chord + 0.5) * arc_step), math.sin((chord + 0.5) * arc_step)
        slope = ex * nx + ey * ny
        if slope == 0.0:
            return math.nan
        t = (inner - (x * nx + y * ny)) / slope
        met = math.floor(math.atan2(y + t * ey, x + t * ex) / arc_step)
        if met == chord:
            return t
        chord = met
    return t


@njit(cache=True, nogil=True, error_model="numpy")
def _put(
    curves: Any, n: int, width: float, own: int, step: int, final: bool,
    x1: float, y1: float, t1: float, x2: float, y2: float, t2: float,
) -> int:  # fmt: skip
    """Store a straight curve that runs counter-clockwise from p1 to p2, in one piece or two."""
    ex, ey = x2 - x1, y2 - y1
    size = math.hypot(ex, ey)
    across = x1 * ey - y1 * ex
    r1, r2 = math.hypot(x1, y1), math.hypot(x2, y2)
    if size == 0.0:
        return n
    for piece in range(2):
        if t1 < t2:
            if piece == 1:
                break
            low, high = t1, t2
        elif piece == 0:
            low, high = t1, 2.0 * math.pi
        else:
            low, high = 0.0, t2
        if low >= width or high <= low:
            continue
        curves.kind[n] = STRAIGHT
        curves.step[n] = step
        curves.final[n] = final
        curves.own[n] = own
        curves.line[n, 0], curves.line[n, 1] = x1, y1
        curves.line[n, 2], curves.line[n, 3] = ex, ey
        curves.line[n, 4] = across
        curves.line[n, 5] = abs(across) / size
        # A radius is exact at a curve's own ends, which its neighbours share to the last bit.
        curves.line[n, 6] = r1 if low == t1 else math.nan
        curves.line[n, 7] = r2 if high == t2 and high <= width else math.nan
        curves.first[n], curves.last[n] = low, min(high, width)
        n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _curves_of(local: Any, frame: Any) -> Curves:
    walls = local.front.size
    room = 4 * walls + 8
    curves = Curves(
        0, 0, np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.bool_),
        np.empty(room, np.int32), np.empty((room, 8)), np.empty(room), np.empty(room),
    )  # fmt: skip
    limit = grown_radius(frame.reach, frame.arc_step)
    if frame.far_line < math.inf:
        limit = min(limit, frame.far_line / math.cos(frame.width / 2.0) * (1.0 + 1e-9))
    n = 0
    own = 0
    for w in range(walls):
        ax, ay, bx, by = local.walls[w, 0], local.walls[w, 1], local.walls[w, 2], local.walls[w, 3]
        ta, tb = _angle(ax, ay, frame.start), _angle(bx, by, frame.start)
        turn = tb - ta
        if turn > math.pi:
            turn -= 2.0 * math.pi
        elif turn < -math.pi:
            turn += 2.0 * math.pi
        if turn == 0.0:
            continue
        leaving = turn > 0.0
        scale = local.back[w] if leaving else local.front[w]
        if scale == math.inf:
            continue
        ex, ey = bx - ax, by - ay
        t = min(max(-(ax * ex + ay * ey) / (ex * ex + ey * ey), 0.0), 1.0)
        if scale * math.hypot(ax + t * ex, ay + t * ey) > limit:
            continue
        ax, ay, bx, by = ax * scale, ay * scale, bx * scale, by * scale
        if leaving:
            n = _put(curves, n, frame.width, own, -1, False, ax, ay, ta, bx, by, tb)
        else:
            final = local.back[w] == math.inf
            n = _put(curves, n, frame.width, own, 1, final, bx, by, tb, ax, ay, ta)
        own += 1
    # Lines across the heading span the wedge; an arc spans all of it at its radius.
    half = frame.width / 2.0
    for which in range(2):
        forward = frame.far_line if which == 0 else frame.near_line
        if forward == math.inf or forward <= 0.0:
            continue
        side = forward * math.tan(half)
        hx, hy = frame.heading_x, frame.heading_y
        x1, y1 = forward * hx + side * hy, forward * hy - side * hx
        x2, y2 = forward * hx - side * hy, forward * hy + side * hx
        n = _put(
            curves, n, frame.width, own, 1 if which == 0 else -1, which == 0,
            x1, y1, 0.0, x2, y2, frame.width,
        )  # fmt: skip
        own += 1
    arcs_from = own
    for which in range(2):
        radius = frame.reach if which == 0 else frame.near_radius
        if radius <= 0.0:
            continue
        curves.kind[n] = ARC
        curves.step[n] = 1 if which == 0 else -1
        curves.final[n] = which == 0
        curves.own[n] = own
        curves.line[n] = radius
        curves.first[n], curves.last[n] = 0.0, frame.width
        own += 1
        n += 1
    return Curves(
        n, arcs_from, curves.kind, curves.step, curves.final, curves.own,
        curves.line, curves.first, curves.last,
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _events_of(curves: Any, frame: Any) -> F8:
    """Angles at which the order of curves may change, sorted, without repeats."""
    n = curves.count
    events = np.empty(2 * n + 8 + 4 * n)
    k = 0
    quarter = 0.0
    while quarter < frame.width:
        events[k] = quarter
        k += 1
        quarter += math.pi / 2.0
    events[k] = frame.width
    k += 1
    for i in range(n):
        if curves.kind[i] == ARC:
            continue
        events[k], events[k + 1] = curves.first[i], curves.last[i]
        k += 2
        line = curves.line[i]
        for which in range(2):
            radius = frame.reach if which == 0 else frame.near_radius
            if radius <= 0.0:
                continue
            for sign in (-1.0, 1.0):
                t = _arc_crossing(line, radius, sign, frame.arc_step)
                if 0.0 < t < 1.0:
                    angle = _angle(line[0] + t * line[2], line[1] + t * line[3], frame.start)
                    if curves.first[i] < angle < curves.last[i]:
                        events[k] = angle
                        k += 1
    events = np.sort(events[:k])
    kept = 1
    for i in range(1, k):
        if events[i] > events[kept - 1] + SAME_RAD:
            events[kept] = events[i]
            kept += 1
    events[kept - 1] = frame.width
    return events[:kept]


@njit(cache=True, nogil=True, error_model="numpy")
def _event_index(events: F8, angle: float) -> int:
    """Index of the event that stands for an angle."""
    i = np.searchsorted(events, angle)
    if i == events.size:
        return int(i - 1)
    if i > 0 and angle - events[i - 1] <= SAME_RAD and angle != events[i]:
        return int(i - 1)
    return int(i)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _radius(line: F8, ux: float, uy: float) -> float:
    """Where a straight curve meets a ray, held to where the curve can be."""
    across = ux * line[3] - uy * line[2]
    if across <= 0.0:
        return line[5]
    return max(line[4] / across, line[5])


@njit(cache=True, nogil=True, error_model="numpy")
def spans_of(local: Any, frame: Any) -> Spans:
    """Visible stretches of all sectors of a frame."""
    curves = _curves_of(local, frame)
    n = curves.count
    events = _events_of(curves, frame)
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
                rl = _arc_radius(line[6], low + frame.start, frame.arc_step)
                rr = _arc_radius(line[6], high + frame.start, frame.arc_step)
            else:
                rl = line[6] if i_first[c] == s and line[6] == line[6] else _radius(line, ux, uy)
                rr = line[7] if i_last[c] == s + 1 and line[7] == line[7] else _radius(line, vx, vy)
            left[a], right[a] = rl, rr
            if curves.final[c]:
                top = max(rl, rr) if curves.kind[c] == STRAIGHT else line[6] * 1.01
                bound = min(bound, top)
        m = 0
        mid = 0.5 * (low + high)
        mx, my = math.cos(mid + frame.start), math.sin(mid + frame.start)
        for a in range(alive):
            c = active[a]
            if curves.kind[c] == STRAIGHT and min(left[a], right[a]) * (mx * ux + my * uy) > bound:
                continue
            if curves.kind[c] == ARC:
                r = _arc_radius(curves.line[c, 6], mid + frame.start, frame.arc_step)
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
                        more = np.empty(2 * splits.size)
                        more[:cuts] = splits
                        splits = more
                    splits[cuts] = at
                    cuts += 1
            splits[:cuts] = np.sort(splits[:cuts])
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
                mx, my = math.cos(at + frame.start), math.sin(at + frame.start)
                for j in range(m):
                    c = near[j]
                    line = curves.line[c]
                    if curves.kind[c] == ARC:
                        r = _arc_radius(line[6], at + frame.start, frame.arc_step)
                        rl = _arc_radius(line[6], piece_low + frame.start, frame.arc_step)
                        rr = _arc_radius(line[6], piece_high + frame.start, frame.arc_step)
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
                more = np.empty(2 * rays.size)
                more[: ray + 1] = rays[: ray + 1]
                rays = more
                cuts_more = np.empty(2 * cut.size, dtype=np.int64)
                cuts_more[: ray + 1] = cut[: ray + 1]
                cut = cuts_more
            if spans + m + 2 > radius.shape[0]:
                bigger = np.empty((2 * (spans + m + 2), 4))
                bigger[:spans] = radius[:spans]
                radius = bigger
                names = np.empty((2 * (spans + m + 2), 2), dtype=np.int32)
                names[:spans] = curve[:spans]
                curve = names
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
