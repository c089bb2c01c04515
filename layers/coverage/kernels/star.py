"""Compiled drawing of star-shaped regions: an envelope cut by a wedge, an arc and a line across."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.kernels.curves import grown_radius, onto_chord
from layers.coverage.kernels.drawing import LEAST_AREA_M2
from layers.coverage.kernels.envelope import (
    ACROSS,
    AX,
    AY,
    EX,
    EY,
    FAR2,
    NEAR2,
    T_HIGH,
    T_LOW,
    TURN,
    UX,
    UY,
    Envelope,
    envelope_of,
    piece_at,
    put_wall,
    set_wall,
    times_to,
    turn_of,
)
from layers.coverage.kernels.gathering import F8, I8
from layers.coverage.kernels.growing import grown, grown_rows

#: Pieces narrower than this (radians) are rounding.
_LEAST_RAD = 2e-11
#: Neighbouring corners closer than this (m) are one.
_SAME_M = 1e-7


@njit(cache=True, nogil=True, error_model="numpy")
def arc_corners(arc_step: float) -> F8:
    """Unit vectors at whole multiples of the arc step, from −π to 3π."""
    turns = round(2.0 * math.pi / arc_step)
    out = np.empty((2 * turns, 2))
    for i in range(2 * turns):
        angle = (i - turns // 2) * arc_step
        out[i, 0], out[i, 1] = math.cos(angle), math.sin(angle)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _add(out: F8, first: int, n: int, x: float, y: float) -> int:
    """Append a corner unless it repeats the last one."""
    if n > first and abs(out[n - 1, 0] - x) + abs(out[n - 1, 1] - y) < _SAME_M:
        return n
    out[n, 0], out[n, 1] = x, y
    return n + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _add_on_arc(
    out: F8, first: int, n: int, x: float, y: float, angle: float, grown: float, arc_step: float
) -> int:
    """Append the corner where a direction meets the polygon of the range."""
    across = angle / arc_step
    off = (across - math.floor(across) - 0.5) * arc_step
    times = grown * math.cos(0.5 * arc_step) / math.cos(off) / math.sqrt(x * x + y * y)
    return _add(out, first, n, times * x, times * y)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_arc(
    out: F8,
    first: int,
    n: int,
    begin: float,
    end: float,
    corners: F8,
    grown: float,
    arc_step: float,
) -> int:
    """Append the range polygon's own corners strictly between two angles (begin in [−π, π])."""
    low = math.floor(begin / arc_step + 1e-7) + 1
    high = math.ceil(end / arc_step - 1e-7)
    middle = corners.shape[0] // 4
    for corner in range(low, high):
        x, y = corners[corner + middle]
        n = _add(out, first, n, grown * x, grown * y)
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _angle_after(begin: float, x: float, y: float) -> float:
    """Angle of a direction, counted on from an angle that it is not before but by rounding."""
    angle = math.atan2(y, x)
    if angle >= begin:
        return angle
    return begin if begin - angle < 1e-9 else angle + 2.0 * math.pi


@njit(cache=True, nogil=True, error_model="numpy")
def star_ring(
    envelope: Any, full: bool, start: F8, end: F8, reach: float, arc_step: float, corners: F8,
    out: F8, first: int,
) -> int:  # fmt: skip
    """Write the corners of the region between two directions out to a range; returns the new fill.

    Counter-clockwise, unclosed, relative to the camera, which is the first corner of a wedge.
    `out` must have room for all corners of the range polygon and six for each piece.
    """
    piece, after, walls = envelope.piece, envelope.after, envelope.walls
    grown = grown_radius(reach, arc_step)
    inner = grown * math.cos(0.5 * arc_step)
    n = first
    s_turn, sx, sy = 0.0, 1.0, 0.0
    if not full:
        n = _add(out, first, n, 0.0, 0.0)
        s_turn, sx, sy = turn_of(start[0], start[1]), start[0], start[1]
    end_turn = 4.0 if full else turn_of(end[0], end[1])
    left = 4.0 if full else end_turn - s_turn
    if left <= 0.0:
        left += 4.0
    k = piece_at(piece, after, envelope.slot, s_turn)
    on_arc = False
    arc_from = 0.0
    previous = -2
    while left > 0.0:
        following = after[k]
        last = piece[following, TURN] - s_turn >= left
        if last:
            e_turn = s_turn + left
            ex, ey = (1.0, 0.0) if full else (end[0], end[1])
        else:
            e_turn, ex, ey = piece[following, TURN], piece[following, UX], piece[following, UY]
        left = 0.0 if last else left - (e_turn - s_turn)
        w = envelope.wall[k]
        sine = sx * ey - sy * ex
        least = _LEAST_RAD * _LEAST_RAD * (sx * sx + sy * sy) * (ex * ex + ey * ey)
        if e_turn - s_turn > 0.5 or sine * sine >= least:
            arc_begins_x, arc_begins_y, arc_begins = sx, sy, True
            if w >= 0 and walls[w, NEAR2] < grown * grown:
                wall = walls[w]
                t0 = t1 = 0.0
                size2 = wall[EX] * wall[EX] + wall[EY] * wall[EY]
                if s_turn == wall[T_LOW]:
                    px, py = wall[AX], wall[AY]
                else:
                    times = times_to(walls, w, sx, sy)
                    size2_u = sx * sx + sy * sy
                    if times * times * size2_u > wall[FAR2]:
                        times = math.sqrt(wall[FAR2] / size2_u)
                    px, py = times * sx, times * sy
                    t0 = ((px - wall[AX]) * wall[EX] + (py - wall[AY]) * wall[EY]) / size2
                if e_turn == wall[T_HIGH]:
                    qx, qy = wall[AX] + wall[EX], wall[AY] + wall[EY]
                    t1 = 1.0
                else:
                    times = times_to(walls, w, ex, ey)
                    size2_u = ex * ex + ey * ey
                    if times * times * size2_u > wall[FAR2]:
                        times = math.sqrt(wall[FAR2] / size2_u)
                    qx, qy = times * ex, times * ey
                    t1 = ((qx - wall[AX]) * wall[EX] + (qy - wall[AY]) * wall[EY]) / size2
                arc_begins = False
                c0, c1 = t0, t1
                if max(px * px + py * py, qx * qx + qy * qy) > inner * inner:
                    # Where the line is inside the range polygon: between its two crossings.
                    line2 = wall[ACROSS] * wall[ACROSS] / size2
                    half = reach * reach - line2
                    c0, c1 = 1.0, 0.0
                    if half > 0.0:
                        half = math.sqrt(half / size2)
                        foot = -(wall[AX] * wall[EX] + wall[AY] * wall[EY]) / size2
                        c0 = onto_chord(
                            wall[AX], wall[AY], wall[EX], wall[EY], foot - half, inner, arc_step
                        )
                        c1 = onto_chord(
                            wall[AX], wall[AY], wall[EX], wall[EY], foot + half, inner, arc_step
                        )
                    if not (c0 < c1 and c0 < t1 and c1 > t0):
                        arc_begins = True
                if not arc_begins:
                    if c0 > t0:
                        px, py = wall[AX] + c0 * wall[EX], wall[AY] + c0 * wall[EY]
                        if not on_arc:
                            arc_from = math.atan2(sy, sx)
                            n = _add_on_arc(out, first, n, sx, sy, arc_from, grown, arc_step)
                        angle = _angle_after(arc_from, px, py)
                        n = _add_arc(out, first, n, arc_from, angle, corners, grown, arc_step)
                    elif on_arc:
                        angle = _angle_after(arc_from, sx, sy)
                        n = _add_arc(out, first, n, arc_from, angle, corners, grown, arc_step)
                        n = _add_on_arc(out, first, n, sx, sy, angle, grown, arc_step)
                    on_arc = False
                    beyond = c1 < t1
                    if beyond:
                        qx, qy = wall[AX] + c1 * wall[EX], wall[AY] + c1 * wall[EY]
                    if w == previous and n > first:
                        n -= 1
                    else:
                        n = _add(out, first, n, px, py)
                    before = n
                    n = _add(out, first, n, qx, qy)
                    previous = w if n > before and not beyond else -2
                    if beyond:
                        on_arc = True
                        arc_from = math.atan2(qy, qx)
            if arc_begins:
                previous = -2
                if not on_arc:
                    on_arc = True
                    arc_from = math.atan2(arc_begins_y, arc_begins_x)
                    n = _add_on_arc(
                        out, first, n, arc_begins_x, arc_begins_y, arc_from, grown, arc_step
                    )
        s_turn, sx, sy = e_turn, ex, ey
        k = following
        if k == 1:
            k, s_turn = 0, 0.0
    if on_arc:
        angle = _angle_after(arc_from, sx, sy)
        if full and angle <= arc_from:
            angle += 2.0 * math.pi
        n = _add_arc(out, first, n, arc_from, angle, corners, grown, arc_step)
        if not full:
            n = _add_on_arc(out, first, n, sx, sy, angle, grown, arc_step)
    while (
        n > first + 1
        and abs(out[n - 1, 0] - out[first, 0]) + abs(out[n - 1, 1] - out[first, 1]) < _SAME_M
    ):
        n -= 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def is_surely_simple(out: F8, first: int, n: int, rounding: float) -> bool:
    """Whether a star's ring cannot touch itself however its corners are rounded by `rounding` (m).

    Angles grow from corner to corner, but for single steps along a ray. Edges can only meet about
    such a ray; there they keep apart as long as the step is longer than what their slopes make of
    the rounding. False means: look, not that it does.
    """
    margin = 25.0 * rounding
    begin = first + 1 if out[first, 0] == 0.0 and out[first, 1] == 0.0 else first
    count = n - begin
    if count < 3:
        return False
    edges = count - 1 if begin > first else count
    stepped = begin > first
    for i in range(edges):
        a, b = begin + i, begin + (i + 1) % count
        ax, ay, bx, by = out[a, 0], out[a, 1], out[b, 0], out[b, 1]
        across = ax * by - ay * bx
        size_a, size_b = ax * ax + ay * ay, bx * bx + by * by
        least2 = margin * margin * max(size_a, size_b)
        if across > 0.0 and across * across > least2:
            stepped = False
            continue
        # A step along the ray: between two edges that turn, longer than their slopes allow.
        if stepped or across * across > least2 or ax * bx + ay * by <= 0.0:
            return False
        stepped = True
        if begin > first and (i == 0 or i == edges - 1):
            return False
        p, q = begin + (i + count - 1) % count, begin + (i + 2) % count
        px, py, qx, qy = ax - out[p, 0], ay - out[p, 1], out[q, 0] - bx, out[q, 1] - by
        turn_p, turn_q = abs(ax * py - ay * px), abs(bx * qy - by * qx)
        slope = abs(ax * px + ay * py) * math.sqrt(size_a) / max(turn_p, 1e-300)
        slope += abs(bx * qx + by * qy) * math.sqrt(size_b) / max(turn_q, 1e-300)
        step = abs(math.sqrt(size_a) - math.sqrt(size_b))
        if not slope * 4.0 * rounding < 0.5 * step * math.sqrt(min(size_a, size_b)):
            return False
    if begin == first:
        # The first corner may stand between two steps.
        ax, ay, bx, by = out[n - 1, 0], out[n - 1, 1], out[first, 0], out[first, 1]
        cx, cy = out[first + 1, 0], out[first + 1, 1]
        before, behind = ax * by - ay * bx, bx * cy - by * cx
        near2 = margin * margin * max(ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy)
        if before * before <= near2 and behind * behind <= near2:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _with_line(envelope: Any, forward: float, half: float, hx: float, hy: float) -> Envelope:
    """A copy of an envelope with the line across the heading at a depth put in as a wall."""
    w = np.int64(envelope.walls.shape[0])
    walls = np.empty((w + 1, 9))
    walls[:w] = envelope.walls
    side = forward * math.tan(half)
    ax, ay = forward * hx + side * hy, forward * hy - side * hx
    bx, by = forward * hx - side * hy, forward * hy + side * hx
    set_wall(walls, w, ax, ay, bx, by)
    size = envelope.size
    piece = grown_rows(envelope.piece, size, 4 * size)
    wall, after = grown(envelope.wall, size, 4 * size), grown(envelope.after, size, 4 * size)
    slot = envelope.slot.copy()
    size = put_wall(piece, wall, after, slot, size, walls, w, bx, by)
    return Envelope(True, size, piece, wall, after, slot, walls)


@njit(cache=True, nogil=True, error_model="numpy")
def star_regions_kernel(
    scene: Any, windows: Any, views: F8, reaches: F8, cameras: I8, arc_step: float
) -> tuple[F8, I8, I8, I8, NDArray[np.bool_], I8]:
    """Regions of the given cameras as `regions_kernel` has them, and the cameras left to it.

    Those look past something lower than their eye, out of a building, or from a near edge on. The
    last but one tells which polygons are surely valid.
    """
    levels = reaches.shape[1]
    most = 2 * round(2.0 * math.pi / arc_step)
    xy = np.empty((4096 + most, 2))
    filled: Any = np.int64(0)
    ring_size = np.empty(cameras.size * levels, dtype=np.int64)
    region = np.empty(cameras.size * levels, dtype=np.int64)
    sure = np.empty(cameras.size * levels, dtype=np.bool_)
    rings = 0
    left = np.empty(cameras.size, dtype=np.int64)
    lefts = 0
    corners = arc_corners(arc_step)
    start, end = np.empty(2), np.empty(2)
    for index in range(cameras.size):
        camera = cameras[index]
        view = views[camera]
        x, y, half = view[0], view[1], view[6]
        alone = windows.start[camera] == windows.start[camera + 1] and view[9] <= 0.0
        if not alone:
            left[lefts] = index
            lefts += 1
            continue
        envelope = envelope_of(scene, x, y, view[2], view[3], view[7])
        if not envelope.flat:
            left[lefts] = index
            lefts += 1
            continue
        full = half >= math.pi - 1e-12
        middle = math.atan2(view[5], view[4])
        start[0], start[1] = math.cos(middle - half), math.sin(middle - half)
        end[0], end[1] = math.cos(middle + half), math.sin(middle + half)
        for level in range(levels):
            reach = view[7]
            far = min(view[10], reaches[camera, level])
            if view[8] > 0.0:
                reach = min(reach, far)
            if reach <= 0.0 or far <= 0.0:
                continue
            cut = envelope
            if view[8] <= 0.0 and far < grown_radius(reach, arc_step):
                cut = _with_line(envelope, far, half, view[4], view[5])
            room = filled + most + 6 * cut.size + 16
            if room > xy.shape[0]:
                xy = grown_rows(xy, filled, room)
            n = star_ring(cut, full, start, end, reach, arc_step, corners, xy, filled)
            size = n - filled
            twice = 0.0
            for i in range(filled, n):
                j = i + 1 if i + 1 < n else filled
                twice += xy[i, 0] * xy[j, 1] - xy[i, 1] * xy[j, 0]
            if size < 3 or 0.5 * twice < LEAST_AREA_M2:
                continue
            rounding = 4e-16 * (abs(x) + abs(y) + 2.0 * reach)
            sure[rings] = is_surely_simple(xy, filled, n, rounding)
            for i in range(filled, n):
                xy[i, 0] += x
                xy[i, 1] += y
            xy[n, 0], xy[n, 1] = xy[filled, 0], xy[filled, 1]
            filled = n + 1
            ring_size[rings] = size + 1
            region[rings] = index * levels + level
            rings += 1
    return (
        xy[:filled], ring_size[:rings], np.arange(rings), region[:rings], sure[:rings],
        left[:lefts],
    )  # fmt: skip
