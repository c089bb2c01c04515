"""Compiled curves of a sweep: walls, scaled walls and arcs about a camera, and their events."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.kernels.gathering import F8

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

    size: int
    arcs_from: int
    kind: I4
    step: I4
    final: NDArray[np.bool_]
    own: I4
    line: F8
    first: F8
    last: F8


@njit(cache=True, nogil=True, error_model="numpy")
def _length(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)


@njit(cache=True, nogil=True, error_model="numpy")
def _angle(x: float, y: float, start: float) -> float:
    angle = math.atan2(y, x) - start
    if angle < 0.0:
        angle += 2.0 * math.pi
    if angle >= 2.0 * math.pi:
        angle -= 2.0 * math.pi
    return angle


@njit(cache=True, nogil=True, error_model="numpy")
def grown_radius(radius: float, arc_step: float) -> float:
    """Radius of the corners of the regular polygon that stands for a circle."""
    return radius * math.sqrt(arc_step / math.sin(arc_step))


@njit(cache=True, nogil=True, error_model="numpy")
def arc_radius(radius: float, angle: float, arc_step: float) -> float:
    """Where a ray at an absolute angle meets that polygon."""
    across = angle / arc_step
    off = (across - math.floor(across) - 0.5) * arc_step
    return grown_radius(radius, arc_step) * math.cos(0.5 * arc_step) / math.cos(off)


@njit(cache=True, nogil=True, error_model="numpy")
def onto_chord(
    x: float, y: float, ex: float, ey: float, t: float, inner: float, arc_step: float
) -> float:
    """From the share `t` of a run at which a line crosses a circle to where it meets its polygon.

    `inner` is how far the polygon's chords are from the middle. NaN along a chord.
    """
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
    return onto_chord(x, y, ex, ey, t, inner, arc_step)


@njit(cache=True, nogil=True, error_model="numpy")
def _put(
    curves: Any, n: int, width: float, own: int, step: int, final: bool,
    x1: float, y1: float, t1: float, x2: float, y2: float, t2: float,
) -> int:  # fmt: skip
    """Store a straight curve that runs counter-clockwise from p1 to p2, in one piece or two."""
    ex, ey = x2 - x1, y2 - y1
    size = _length(ex, ey)
    across = x1 * ey - y1 * ex
    r1, r2 = _length(x1, y1), _length(x2, y2)
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
def curves_of(local: Any, frame: Any) -> Curves:
    walls = local.front.size
    room = 4 * walls + 8
    curves = Curves(
        0, 0, np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.bool_),
        np.empty(room, np.int32), np.empty((room, 8)), np.empty(room), np.empty(room),
    )  # fmt: skip
    limit = grown_radius(frame.reach, frame.arc_step)
    if frame.far_line < math.inf:
        limit = min(limit, frame.far_line / math.cos(frame.width / 2.0) * (1.0 + 1e-9))
    # Typed at once, so that `_put` is compiled for one set of types only.
    n: Any = np.int64(0)
    own: Any = np.int64(0)
    up, down = np.int64(1), np.int64(-1)
    last_x = last_y = math.nan
    last_t = 0.0
    for w in range(walls):
        ax, ay, bx, by = local.walls[w, 0], local.walls[w, 1], local.walls[w, 2], local.walls[w, 3]
        if local.back[w] == math.inf and ax * by - ay * bx > 1e-9 * (abs(ax) + abs(ay)):
            continue
        ta = last_t if ax == last_x and ay == last_y else _angle(ax, ay, frame.start)
        tb = _angle(bx, by, frame.start)
        last_x, last_y, last_t = bx, by, tb
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
        if scale * _length(ax + t * ex, ay + t * ey) > limit:
            continue
        ax, ay, bx, by = ax * scale, ay * scale, bx * scale, by * scale
        final = not leaving and local.back[w] == math.inf
        if leaving:
            n = _put(curves, n, frame.width, own, down, final, ax, ay, ta, bx, by, tb)
        else:
            n = _put(curves, n, frame.width, own, up, final, bx, by, tb, ax, ay, ta)
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
            curves, n, frame.width, own, up if which == 0 else down, which == 0,
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
def events_of(curves: Any, frame: Any) -> F8:
    """Angles at which the order of curves may change, sorted, without repeats."""
    n = curves.size
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
            # A chord lies no deeper inside its circle than at its middle.
            inner = grown_radius(radius, frame.arc_step) * math.cos(0.5 * frame.arc_step)
            far1 = line[0] * line[0] + line[1] * line[1]
            x2, y2 = line[0] + line[2], line[1] + line[3]
            if radius <= 0.0 or max(far1, x2 * x2 + y2 * y2) < inner * inner:
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
