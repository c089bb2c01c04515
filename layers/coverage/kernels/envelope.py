"""Compiled lower envelope: the nearest wall in every direction, where all walls hide without end.

For a camera whose walls are all at least as high as its eye the visible region is a star: only the
nearest wall along a ray counts. Walls are put in one by one, near cells first, into a list of
pieces in the order of their angle; cells and buildings that the pieces hide as a whole are never
looked into. (Lower envelopes: Hershberger 1989, doi:10.1016/0020-0190(89)90136-1.) Angles are
compared by a number that grows with them, without trigonometry; walls that cross are cut where
they cross.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from layers.coverage.kernels.curves import I4
from layers.coverage.kernels.gathering import F8
from layers.coverage.kernels.grid import cell_of, inside_building, ring_distance
from layers.coverage.kernels.growing import grown, grown_rows

#: Distances along one ray that differ by less than this share of themselves are one.
_SAME = 1e-9
#: Slots a quarter turn by which a piece is found.
_SLOTS = 48
#: Places for buildings taken up, less one: a mask.
_MEMORY = 1023

#: Columns of a wall: start, run, cross product, squares of its least and greatest distance, and
#: the turns of its ends.
AX, AY, EX, EY, ACROSS, NEAR2, FAR2, T_LOW, T_HIGH = range(9)
#: Columns of a piece: where it begins, and a square no less than that of its greatest distance.
TURN, UX, UY, TOP2 = range(4)


class Envelope(NamedTuple):
    """Pieces as a linked list in the order of their angle, of the whole circle.

    Piece 0 begins at turn 0, along (1, 0); piece 1 is the end of the list, at turn 4. From
    `piece[k, TURN]` on, `wall[k]` is nearest, −1 where nothing stands; `after[k]` comes next.
    `slot` holds for every part of the circle a piece that begins at or before it. `flat` is False
    where some building is lower than the eye or around the camera: an envelope is not enough then.
    """

    flat: bool
    size: int
    piece: F8
    wall: I4
    after: I4
    slot: I4
    walls: F8


@njit(cache=True, nogil=True, error_model="numpy")
def turn_of(x: float, y: float) -> float:
    """A number in [0, 4) that grows with the angle of a direction."""
    p = y / (abs(x) + abs(y))
    if x < 0.0:
        return 2.0 - p
    if p >= 0.0:
        return p
    p += 4.0
    return p if p < 4.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def piece_at(piece: F8, after: I4, slot: I4, turn: float) -> int:
    """The piece that a turn in [0, 4) falls in."""
    k = slot[int(turn * _SLOTS)]
    while piece[after[k], TURN] <= turn:
        k = after[k]
    return int(k)


@njit(cache=True, nogil=True, error_model="numpy")
def times_to(walls: F8, w: int, x: float, y: float) -> float:
    """How many times a direction's own length the wall's line is away along it."""
    across = x * walls[w, EY] - y * walls[w, EX]
    return float(walls[w, ACROSS] / max(across, 1e-300))


@njit(cache=True, nogil=True, error_model="numpy")
def _hidden_between(
    piece: F8, after: I4, slot: I4, low: float, high: float, distance2: float
) -> bool:
    k = piece_at(piece, after, slot, low)
    while True:
        if piece[k, TOP2] >= distance2:
            return False
        k = after[k]
        if piece[k, TURN] >= high:
            return True


@njit(cache=True, nogil=True, error_model="numpy")
def _box_hidden(
    piece: F8, after: I4, slot: I4, x0: float, y0: float, x1: float, y1: float, distance2: float
) -> bool:
    """Whether nearer walls hide a whole box that does not hold the camera."""
    if y0 > 0.0:
        low = turn_of(x1, y0 if x1 > 0.0 else y1)
        high = turn_of(x0, y0 if x0 < 0.0 else y1)
    elif y1 < 0.0:
        low = turn_of(x0, y1 if x0 < 0.0 else y0)
        high = turn_of(x1, y1 if x1 > 0.0 else y0)
    elif x0 > 0.0:
        low, high = turn_of(x0, y0), turn_of(x0, y1)
    elif x1 < 0.0:
        low, high = turn_of(x1, y1), turn_of(x1, y0)
    else:
        return False
    if low <= high:
        return _hidden_between(piece, after, slot, low, high, distance2)
    return _hidden_between(piece, after, slot, low, 4.0, distance2) and _hidden_between(
        piece, after, slot, 0.0, high, distance2
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _split(
    piece: F8, wall: I4, after: I4, slot: I4, size: int, k: int, turn: float, x: float, y: float
) -> int:
    """Cut piece k in two at a turn within it; the new piece, number `size`, comes after it."""
    new = size
    piece[new, TURN], piece[new, UX], piece[new, UY] = turn, x, y
    piece[new, TOP2] = piece[k, TOP2]
    wall[new] = wall[k]
    end = piece[after[k], TURN]
    after[new] = after[k]
    after[k] = new
    for i in range(math.floor(turn * _SLOTS) + 1, math.ceil(end * _SLOTS)):
        slot[i] = new
    return new + 1


@njit(cache=True, nogil=True, error_model="numpy")
def put_in(
    piece: F8, wall: I4, after: I4, slot: I4, size: int, walls: F8, w: int,
    low: float, lx: float, ly: float, high: float, hx: float, hy: float,
) -> int:  # fmt: skip
    """Put wall `w` into the pieces between two turns (low < high); returns how many there are then.

    The arrays need room for three pieces more for each that the wall meets.
    """
    k = piece_at(piece, after, slot, low)
    s_turn, sx, sy = low, lx, ly
    near2, far2, across = walls[w, NEAR2], walls[w, FAR2], walls[w, ACROSS]
    run_x, run_y = walls[w, EX], walls[w, EY]
    while True:
        following = after[k]
        last = piece[following, TURN] >= high
        if last:
            e_turn, ex, ey = high, hx, hy
        else:
            e_turn, ex, ey = piece[following, TURN], piece[following, UX], piece[following, UY]
        o = wall[k]
        # The part of the piece that the wall takes: from where to where.
        takes = True
        from_turn, fx, fy = s_turn, sx, sy
        to_turn, tx, ty = e_turn, ex, ey
        if o >= 0:
            if piece[k, TOP2] <= near2:
                takes = False
            else:
                mine_s = max(sx * run_y - sy * run_x, 1e-300)
                mine_e = max(ex * run_y - ey * run_x, 1e-300)
                other_s = max(sx * walls[o, EY] - sy * walls[o, EX], 1e-300)
                other_e = max(ex * walls[o, EY] - ey * walls[o, EX], 1e-300)
                # My distance over the other's, at either end.
                share_s = across * other_s / (walls[o, ACROSS] * mine_s)
                share_e = across * other_e / (walls[o, ACROSS] * mine_e)
                if share_s >= 1.0 - _SAME and share_e >= 1.0 - _SAME:
                    takes = False
                elif share_s > 1.0 + _SAME or share_e > 1.0 + _SAME:
                    slope = run_x * walls[o, EY] - run_y * walls[o, EX]
                    t = (
                        (walls[o, AX] - walls[w, AX]) * walls[o, EY]
                        - (walls[o, AY] - walls[w, AY]) * walls[o, EX]
                    ) / slope
                    cx, cy = walls[w, AX] + t * run_x, walls[w, AY] + t * run_y
                    cut = turn_of(cx, cy)
                    if s_turn < cut < e_turn:
                        if share_s > 1.0:
                            from_turn, fx, fy = cut, cx, cy
                        else:
                            to_turn, tx, ty = cut, cx, cy
                    else:
                        # Rounding puts the crossing at an end: the other end tells.
                        at_s = max(share_s, 1.0 / share_s) > max(share_e, 1.0 / share_e)
                        takes = share_s < 1.0 if at_s else share_e < 1.0
        if takes:
            if from_turn > piece[k, TURN]:
                size = _split(piece, wall, after, slot, size, k, from_turn, fx, fy)
                k = size - 1
            if to_turn < piece[after[k], TURN]:
                size = _split(piece, wall, after, slot, size, k, to_turn, tx, ty)
            wall[k] = w
            piece[k, TOP2] = far2
        if last:
            return size
        k = following
        s_turn, sx, sy = e_turn, ex, ey


@njit(cache=True, nogil=True, error_model="numpy")
def set_wall(walls: F8, w: int, ax: float, ay: float, bx: float, by: float) -> None:
    """Describe a wall that runs counter-clockwise about the camera."""
    ex, ey = bx - ax, by - ay
    walls[w, AX], walls[w, AY], walls[w, EX], walls[w, EY] = ax, ay, ex, ey
    walls[w, ACROSS] = ax * ey - ay * ex
    t = min(max(-(ax * ex + ay * ey) / (ex * ex + ey * ey), 0.0), 1.0)
    fx, fy = ax + t * ex, ay + t * ey
    walls[w, NEAR2] = fx * fx + fy * fy
    walls[w, FAR2] = max(ax * ax + ay * ay, bx * bx + by * by)
    walls[w, T_LOW], walls[w, T_HIGH] = turn_of(ax, ay), turn_of(bx, by)


@njit(cache=True, nogil=True, error_model="numpy")
def put_wall(
    piece: F8, wall: I4, after: I4, slot: I4, size: int, walls: F8, w: int, bx: float, by: float
) -> int:
    """Put a whole wall in, which may run across turn 0; returns how many pieces there are then."""
    low, high = walls[w, T_LOW], walls[w, T_HIGH]
    ax, ay = walls[w, AX], walls[w, AY]
    if low < high:
        return put_in(piece, wall, after, slot, size, walls, w, low, ax, ay, high, bx, by)
    if low > high + 2.0:
        size = put_in(piece, wall, after, slot, size, walls, w, low, ax, ay, 4.0, 1.0, 0.0)
        if high > 0.0:
            size = put_in(piece, wall, after, slot, size, walls, w, 0.0, 1.0, 0.0, high, bx, by)
    return size


@njit(cache=True, nogil=True, error_model="numpy")
def envelope_of(
    scene: Any, x: float, y: float, eye: float, target: float, reach: float
) -> Envelope:
    """The envelope of all walls within reach of a camera, up to the first that is not endless."""
    grid = scene.grid
    columns, rows, cell_m = int(grid[3]), int(grid[4]), grid[2]
    piece = np.empty((512, 4))
    wall, after = np.empty(512, dtype=np.int32), np.empty(512, dtype=np.int32)
    slot = np.zeros(4 * _SLOTS + 1, dtype=np.int32)
    for k in range(2):
        piece[k, TURN], piece[k, UX], piece[k, UY], piece[k, TOP2] = 4.0 * k, 1.0, 0.0, math.inf
        wall[k], after[k] = -1, 1
    size: Any = np.int64(2)
    walls = np.empty((128, 9))
    count: Any = np.int64(0)
    taken = np.full(_MEMORY + 1, -1, dtype=np.int32)
    remembered = 0
    reach2 = reach * reach
    c0, c1 = (
        cell_of(x - reach, grid[0], cell_m, columns),
        cell_of(x + reach, grid[0], cell_m, columns),
    )
    r0, r1 = cell_of(y - reach, grid[1], cell_m, rows), cell_of(y + reach, grid[1], cell_m, rows)
    own_c, own_r = cell_of(x, grid[0], cell_m, columns), cell_of(y, grid[1], cell_m, rows)
    rings = max(max(own_c - c0, c1 - own_c), max(own_r - r0, r1 - own_r))
    for ring in range(rings + 1):
        if ring > 1:
            nearest = ring_distance(grid, own_c, own_r, ring, x, y)
            if _hidden_between(piece, after, slot, 0.0, 4.0, nearest * nearest):
                break
        for r in range(max(own_r - ring, r0), min(own_r + ring, r1) + 1):
            whole = r == own_r - ring or r == own_r + ring
            step = 1 if whole or ring == 0 else 2 * ring
            for c in range(own_c - ring, own_c + ring + 1, step):
                if c < c0 or c > c1:
                    continue
                cell = r * columns + c
                k0, k1 = scene.cell_start[cell], scene.cell_start[cell + 1]
                if k0 == k1:
                    continue
                if ring > 1:
                    x0, y0 = grid[0] + c * cell_m - x, grid[1] + r * cell_m - y
                    dx, dy = max(max(x0, -x0 - cell_m), 0.0), max(max(y0, -y0 - cell_m), 0.0)
                    distance2 = dx * dx + dy * dy
                    if distance2 > reach2 or _box_hidden(
                        piece, after, slot, x0, y0, x0 + cell_m, y0 + cell_m, distance2
                    ):
                        continue
                for k in range(k0, k1):
                    b = scene.cell_building[k]
                    x0, y0 = scene.box[b, 0] - x, scene.box[b, 1] - y
                    x1, y1 = scene.box[b, 2] - x, scene.box[b, 3] - y
                    dx, dy = max(max(x0, -x1), 0.0), max(max(y0, -y1), 0.0)
                    distance2 = dx * dx + dy * dy
                    if distance2 > reach2:
                        continue
                    height = scene.height[b]
                    if height < eye or height <= target:
                        if height > target or eye < height:
                            return Envelope(False, size, piece, wall, after, slot, walls)
                        continue
                    if distance2 > 0.0:
                        if _box_hidden(piece, after, slot, x0, y0, x1, y1, distance2):
                            continue
                    elif inside_building(scene, b, x, y):
                        return Envelope(False, size, piece, wall, after, slot, walls)
                    # A building stands in several cells; those of them that are hidden tell nothing
                    # of the others, so it is remembered. Twice put in would do no harm.
                    place = (b * 40503) & _MEMORY
                    while taken[place] != b and taken[place] >= 0:
                        place = (place + 1) & _MEMORY
                    if taken[place] == b:
                        continue
                    if remembered < _MEMORY // 2:
                        taken[place] = b
                        remembered += 1
                    for i in range(scene.wall_start[b], scene.wall_start[b + 1]):
                        bx, by = scene.ax[i] - x, scene.ay[i] - y
                        ax, ay = scene.bx[i] - x, scene.by[i] - y
                        if ax * by - ay * bx <= 0.0:
                            continue
                        if count == walls.shape[0]:
                            walls = grown_rows(walls, count, 0)
                        set_wall(walls, count, ax, ay, bx, by)
                        if walls[count, NEAR2] > reach2 or not walls[count, ACROSS] > 0.0:
                            continue
                        # A wall may cut every piece three times.
                        if 4 * size > wall.size:
                            piece = grown_rows(piece, size, 8 * size)
                            wall, after = grown(wall, size, 8 * size), grown(after, size, 8 * size)
                        size = put_wall(piece, wall, after, slot, size, walls, count, bx, by)
                        count += 1
    return Envelope(True, size, piece, wall, after, slot, walls)
