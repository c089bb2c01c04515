"""Where a camera hangs when it is drawn on a wall, on a corner or inside a footprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from layers.coverage.kernels.gathering import Windows
from layers.coverage.kernels.grid import foot_of, inside_any, inside_building
from layers.coverage.optics import CameraView
from layers.coverage.scene import Scene

#: A camera this close to a wall (m), on either side, hangs on it.
ON_WALL_M = 0.01

#: A camera on a wall is put this far in front of it (m).
CLEARANCE_M = 0.001

#: A wall is free when this far in front of it (m) there is no other footprint.
FREE_M = 0.02

#: Inside a footprint, free walls this much farther than the nearest one (m) are looked through too.
MORE_WALLS_M = 1.0


@dataclass(frozen=True)
class Mount:
    """How the engine took a camera's position.

    `kind` is `free`; `facade`: on a wall or corner, moved `moved_m` to just in front of it;
    `inside`: inside a footprint, it looks out through the nearest free wall, `depth_m` away, and
    the building blocks every other direction; `enclosed`: inside, and no wall is free, so that it
    may see nothing and its place needs correcting.
    """

    kind: str = "free"
    moved_m: float = 0.0
    depth_m: float = 0.0


def mount_cameras(
    scene: Scene, cameras: Sequence[CameraView]
) -> tuple[list[CameraView], Windows, list[Mount]]:
    """Cameras where they hang, the pieces of wall they look through, and how each was taken.

    The choice depends on the position and the footprints alone, not on heading or height, so a
    pole sliced into headings and a camera on it agree.
    """
    placed = list(cameras)
    mounts = [Mount() for _ in placed]
    start = np.zeros(len(placed) + 1, dtype=np.int64)
    walls: list[int] = []
    ends: list[tuple[float, float, float, float]] = []
    xy = np.array([(c.x, c.y) for c in placed], dtype=np.float64).reshape(-1, 2)
    inside = inside_any(scene.arrays, xy, 0.0)
    for i, camera in enumerate(placed):
        touching = scene.walls_near(camera.x, camera.y, within_m=ON_WALL_M)
        if touching.size or inside[i]:
            placed[i], mounts[i], pieces = _mount(scene, camera, touching)
            walls.extend(w for w, _ in pieces)
            ends.extend(piece for _, piece in pieces)
        start[i + 1] = len(walls)
    windows = Windows(
        start, np.array(walls, dtype=np.int64), np.array(ends, dtype=np.float64).reshape(-1, 4)
    )
    return placed, windows, mounts


def _mount(
    scene: Scene, camera: CameraView, touching: NDArray[np.int64]
) -> tuple[CameraView, Mount, list[tuple[int, tuple[float, float, float, float]]]]:
    moved = 0.0
    if touching.size:
        x, y = _in_front(scene, camera.x, camera.y, touching)
        if not _indoors(scene, x, y):
            distance = float(np.hypot(x - camera.x, y - camera.y))
            return replace(camera, x=x, y=y), Mount("facade", moved_m=distance), []
        if not _indoors(scene, camera.x, camera.y):  # on a party wall: just inside one of the two
            moved = float(np.hypot(x - camera.x, y - camera.y))
            camera = replace(camera, x=x, y=y)
    pieces: list[tuple[int, tuple[float, float, float, float]]] = []
    depth, enclosed = 0.0, False
    for b in _around(scene, camera.x, camera.y):
        found, distance, free = _windows_of(scene, b, camera.x, camera.y)
        pieces += found
        depth = max(depth, distance)
        enclosed = enclosed or not free
    return camera, Mount("enclosed" if enclosed else "inside", moved, depth), pieces


def _outward(scene: Scene, wall: int) -> tuple[float, float]:
    a = scene.arrays
    ex, ey = a.bx[wall] - a.ax[wall], a.by[wall] - a.ay[wall]
    size = float(np.hypot(ex, ey))
    return float(ey / size), float(-ex / size)


def _foot(scene: Scene, wall: int, x: float, y: float) -> tuple[float, float, float]:
    a = scene.arrays
    distance, fx, fy = foot_of(x, y, a.ax[wall], a.ay[wall], a.bx[wall], a.by[wall])
    return float(distance), float(fx), float(fy)


def _indoors(scene: Scene, x: float, y: float) -> bool:
    return bool(inside_any(scene.arrays, np.array([[x, y]]), 0.0)[0])


def _around(scene: Scene, x: float, y: float) -> list[int]:
    box = scene.arrays.box
    near = np.flatnonzero((box[:, 0] <= x) & (box[:, 2] >= x) & (box[:, 1] <= y) & (box[:, 3] >= y))
    return [int(b) for b in near if inside_building(scene.arrays, b, x, y)]


def _in_front(scene: Scene, x: float, y: float, touching: NDArray[np.int64]) -> tuple[float, float]:
    """Just in front of the walls a point touches: along the sum of their outward normals."""
    _distance, fx, fy = _foot(scene, int(touching[0]), x, y)
    normals = np.array([_outward(scene, int(w)) for w in touching])
    candidates = [normals.sum(axis=0), *normals]
    first = None
    for nx, ny in candidates:
        size = float(np.hypot(nx, ny))
        if size < 1e-6:
            continue
        place = (fx + nx / size * CLEARANCE_M, fy + ny / size * CLEARANCE_M)
        if not _indoors(scene, *place):
            gap = float(np.hypot(x - fx, y - fy))
            outside = not _indoors(scene, x, y)
            return (x, y) if gap >= CLEARANCE_M and outside else place
        first = first or place
    return first or (x, y)


def _windows_of(
    scene: Scene, b: int, x: float, y: float
) -> tuple[list[tuple[int, tuple[float, float, float, float]]], float, bool]:
    """Pieces of one building's walls to look through, the nearest one's distance, and if free."""
    a = scene.arrays
    own = range(int(a.wall_start[b]), int(a.wall_start[b + 1]))
    ranked = sorted(((*_foot(scene, w, x, y), w)) for w in own)
    free = []
    for distance, fx, fy, w in ranked:
        nx, ny = _outward(scene, w)
        if not _indoors(scene, fx + FREE_M * nx, fy + FREE_M * ny):
            free.append((distance, fx, fy, w))
    chosen = free or ranked[:1]
    nearest = chosen[0][0]
    pieces = []
    for distance, fx, fy, w in chosen:
        if distance > nearest + MORE_WALLS_M:
            break
        piece = _visible_piece(scene, own, w, x, y, fx, fy)
        if piece is not None:
            pieces.append((w, piece))
    return pieces, nearest, bool(free)


def _visible_piece(
    scene: Scene, own: range, wall: int, x: float, y: float, fx: float, fy: float
) -> tuple[float, float, float, float] | None:
    """The piece of a wall around its foot point that the building's other walls leave in sight."""
    a = scene.arrays
    ax, ay, bx, by = (float(v[wall]) for v in (a.ax, a.ay, a.bx, a.by))
    ex, ey = bx - ax, by - ay
    turn = (ax - x) * ey - (ay - y) * ex
    if turn <= 0.0:
        return None
    foot = ((fx - ax) * ex + (fy - ay) * ey) / (ex * ex + ey * ey)
    low, high = 0.0, 1.0
    for w in own:
        if w == wall:
            continue
        px, py, qx, qy = a.ax[w] - x, a.ay[w] - y, a.bx[w] - x, a.by[w] - y
        sa = (fx - x) * py - (fy - y) * px
        sb = (fx - x) * qy - (fy - y) * qx
        if sa * sb < 0 and 0 < (px * qy - py * qx) / (sb - sa) < 1 - 1e-9:
            return None
        across = px * ey - py * ex
        if across <= 0.0:
            continue
        reach = turn / across
        t = ((x + reach * px - ax) * ex + (y + reach * py - ay) * ey) / (ex * ex + ey * ey)
        if reach > 1.0 + 1e-9 and 0.0 < t < 1.0:
            if t <= foot:
                low = max(low, t)
            else:
                high = min(high, t)
    if high - low <= 0.0:
        return None
    start = (ax, ay) if low == 0.0 else (ax + low * ex, ay + low * ey)
    end = (bx, by) if high == 1.0 else (ax + high * ex, ay + high * ey)
    return (*start, *end)
