"""The scene that blocks sight: footprints as upright walls with heights, over a uniform grid."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from layers.coverage.kernels.grid import (
    bridge_gaps,
    building_boxes,
    fill_grid,
    inside_any,
    nearest_walls,
)
from layers.errors import InvalidInput

#: Height of a building of which nothing is known: one level of 3 m.
DEFAULT_HEIGHT_M = 3.0

#: Invalid rings up to this many vertices are repaired, longer ones refused (repair can run away).
REPAIR_VERTICES = 500

#: Footprints of two buildings closer than this are joined: no sight passes a drawing error.
WELD_M = 0.01

#: Side of a grid cell (m), made larger where the extent would need over `MAX_CELLS`.
CELL_M = 20.0
MAX_CELLS = 4_000_000


class SceneArrays(NamedTuple):
    """The scene as flat arrays, fit for compiled kernels and memory maps. Local metres.

    Walls run with the footprint's interior on their left (shell counter-clockwise, holes
    clockwise); building b owns walls `wall_start[b]:wall_start[b + 1]`. `cell_start` and
    `cell_building` list for each grid cell, row by row, the buildings whose box touches it.
    """

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    wall_start: NDArray[np.int64]
    height: NDArray[np.float64]
    box: NDArray[np.float64]
    source: NDArray[np.int64]
    cell_start: NDArray[np.int64]
    cell_building: NDArray[np.int32]
    grid: NDArray[np.float64]


@dataclass(frozen=True)
class SceneReport:
    """What became of the footprints given; every one is in exactly one of the first five."""

    given: int = 0
    used: int = 0
    empty: int = 0
    not_polygon: int = 0
    refused: int = 0
    repaired: int = 0
    assumed_height: int = 0
    parts: int = 0
    welds: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return dict(self.__dict__)


@dataclass(frozen=True, eq=False)
class Scene:
    """Buildings as prisms on flat ground. Use `Scene.from_polygons` or `Scene.load`."""

    arrays: SceneArrays
    report: SceneReport

    @classmethod
    def from_polygons(
        cls,
        geoms: Sequence[Any] | NDArray[np.object_],
        heights_m: ArrayLike | None = None,
        *,
        default_height_m: float = DEFAULT_HEIGHT_M,
        weld_m: float = WELD_M,
    ) -> Scene:
        """Scene of n shapely (Multi)Polygons in local metres with n heights in metres.

        A height that is missing, not finite or not over 0 becomes `default_height_m` and is
        counted. Empty, non-polygonal and unreadable geometries are left out and counted; invalid
        ones (bow-ties) are repaired up to `REPAIR_VERTICES` vertices, else refused and counted.
        Footprints may touch and overlap; what lies within `weld_m` of another is joined to it.
        """
        shapes = np.asarray(geoms, dtype=object).reshape(-1)
        heights = _heights(shapes.size, heights_m)
        assumed = ~(np.isfinite(heights) & (heights > 0))
        heights = np.where(assumed, default_height_m, heights)
        polygons, source, counts = _polygon_parts(shapes)
        walls, wall_start = _walls(polygons)
        building_heights = heights[source]
        used = np.unique(source)
        welds = 0
        if weld_m > 0 and len(walls):
            arrays = _indexed(walls, wall_start, building_heights, source)
            bridges, owners = bridge_gaps(arrays, weld_m)
            welds = len(owners)
            if welds:
                walls = np.concatenate([walls, bridges])
                starts = wall_start[-1] + 2 * np.arange(1, welds + 1, dtype=np.int64)
                wall_start = np.concatenate([wall_start, starts])
                building_heights = np.concatenate(
                    [building_heights, building_heights[owners].min(axis=1)]
                )
                source = np.concatenate([source, np.full(welds, -1, dtype=np.int64)])
        report = SceneReport(
            given=int(shapes.size),
            used=int(used.size),
            assumed_height=int(assumed[used].sum()),
            parts=len(polygons),
            welds=int(welds),
            **counts,
        )
        return cls(_indexed(walls, wall_start, building_heights, source), report)

    def save(self, path: Path | str) -> None:
        """Write an uncompressed .npz that `load` can map into memory."""
        report = np.array(list(self.report.as_dict().values()), dtype=np.int64)
        with open(path, "wb") as file:
            np.savez(file, report=report, **self.arrays._asdict())

    @classmethod
    def load(cls, path: Path | str, *, mmap: bool = True) -> Scene:
        """Read what `save` wrote; with `mmap` the arrays stay on disk, shared between processes."""
        try:
            members = _mapped_members(Path(path)) if mmap else dict(np.load(path))
            report = SceneReport(*(int(n) for n in members.pop("report")))
            return cls(SceneArrays(**members), report)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InvalidInput(
                "the stored scene cannot be read",
                value=str(path),
                where=str(path),
                remedy="build it again from the buildings",
            ) from error

    @property
    def buildings(self) -> int:
        """Number of prisms: polygon parts, and joints between footprints that nearly touch."""
        return len(self.arrays.height)

    @property
    def nbytes(self) -> int:
        """Memory the arrays take."""
        return int(sum(array.nbytes for array in self.arrays))

    def indoors(self, points_xy: ArrayLike, *, above_m: float = 0.0) -> NDArray[np.bool_]:
        """Which of (n, 2) points lie strictly inside a footprint higher than `above_m`."""
        points = np.ascontiguousarray(points_xy, dtype=np.float64).reshape(-1, 2)
        return inside_any(self.arrays, points, above_m)

    def walls_near(self, x: float, y: float, *, within_m: float) -> NDArray[np.int64]:
        """Walls that come within `within_m` of a point, of real footprints only, nearest first."""
        return nearest_walls(self.arrays, x, y, within_m)


def _heights(count: int, heights_m: ArrayLike | None) -> NDArray[np.float64]:
    if heights_m is None:
        return np.full(count, np.nan)
    values = np.array(
        [np.nan if value is None else value for value in np.asarray(heights_m).reshape(-1)],
        dtype=np.float64,
    )
    if values.size != count:
        raise InvalidInput(
            f"{count} footprints but {values.size} heights",
            value=values.size,
            remedy="give one height for each footprint, NaN where it is unknown",
        )
    return values


def _polygon_parts(
    shapes: NDArray[np.object_],
) -> tuple[NDArray[np.object_], NDArray[np.int64], dict[str, int]]:
    """Valid polygons with the index of the footprint each came from, and what was left out."""
    counts = {"empty": 0, "not_polygon": 0, "refused": 0, "repaired": 0}
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    counts["empty"] = int(missing.sum())
    present = np.flatnonzero(~missing)
    parts, owner = shapely.get_parts(shapes[present], return_index=True)
    nested = shapely.get_type_id(parts) == 6  # multipolygons inside collections
    if nested.any():
        inner, inner_owner = shapely.get_parts(parts[nested], return_index=True)
        parts = np.concatenate([parts[~nested], inner])
        owner = np.concatenate([owner[~nested], owner[nested][inner_owner]])
    keep = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    source = present[owner]
    counts["not_polygon"] = int(present.size - np.unique(source[keep]).size)
    parts, source = parts[keep], source[keep]
    valid = shapely.is_valid(parts)
    good, good_source = [parts[valid]], [source[valid]]
    repaired: set[int] = set()
    lost: set[int] = set()
    for part, index in zip(parts[~valid], source[~valid], strict=True):
        fixed = _repaired(part)
        good.append(fixed)
        good_source.append(np.full(fixed.size, index, dtype=np.int64))
        (repaired if fixed.size else lost).add(int(index))
    polygons = shapely.orient_polygons(np.concatenate(good))
    kept = np.concatenate(good_source).astype(np.int64)
    order = np.argsort(kept, kind="stable")
    counts["repaired"] = len(repaired)
    counts["refused"] = len(lost.difference(kept.tolist()))
    return polygons[order], kept[order], counts


def _repaired(part: Any) -> NDArray[np.object_]:
    if (
        shapely.get_num_coordinates(part) > REPAIR_VERTICES
        or not np.isfinite(shapely.get_coordinates(part)).all()
    ):
        return np.empty(0, dtype=object)
    fixed = shapely.get_parts(shapely.make_valid(part, method="structure", keep_collapsed=False))
    polygonal = (shapely.get_type_id(fixed) == 3) & ~shapely.is_empty(fixed)
    return fixed[polygonal]


def _walls(polygons: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(m, 4) wall segments and the (n + 1) offsets of the n polygons."""
    rings, ring_polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return np.empty((0, 4)), np.zeros(1, dtype=np.int64)
    joined = (ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    walls = np.concatenate([xy[:-1][joined], xy[1:][joined]], axis=1)
    owner = ring_polygon[ring[:-1][joined]]
    per_polygon = np.bincount(owner, minlength=len(polygons))
    return walls, np.concatenate([[0], np.cumsum(per_polygon)]).astype(np.int64)


def _indexed(
    walls: NDArray[np.float64],
    wall_start: NDArray[np.int64],
    heights: NDArray[np.float64],
    source: NDArray[np.int64],
) -> SceneArrays:
    ax, ay, bx, by = (np.ascontiguousarray(walls[:, i]) for i in range(4))
    box = building_boxes(ax, ay, wall_start)
    if len(box):
        x0, y0 = box[:, 0].min() - 1.0, box[:, 1].min() - 1.0
        width, depth = box[:, 2].max() + 1.0 - x0, box[:, 3].max() + 1.0 - y0
    else:
        x0 = y0 = 0.0
        width = depth = 1.0
    cell = max(CELL_M, float(np.sqrt(width * depth / MAX_CELLS)))
    grid = np.array([x0, y0, cell, np.ceil(width / cell), np.ceil(depth / cell)])
    cell_start, cell_building = fill_grid(box, grid)
    return SceneArrays(
        ax, ay, bx, by, wall_start, np.ascontiguousarray(heights), box,
        np.ascontiguousarray(source), cell_start, cell_building, grid,
    )  # fmt: skip


def _mapped_members(path: Path) -> dict[str, Any]:
    """Arrays of an uncompressed .npz as read-only memory maps (zip members stored as they are)."""
    members: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED:
                raise ValueError("compressed member")
            file.seek(info.header_offset + 26)
            name_size = int.from_bytes(file.read(2), "little")
            extra_size = int.from_bytes(file.read(2), "little")
            file.seek(info.header_offset + 30 + name_size + extra_size)
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError("unknown array format")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            if fortran or dtype.hasobject:
                raise ValueError("unknown array layout")
            name = info.filename.removesuffix(".npy")
            if 0 in shape:
                members[name] = np.empty(shape, dtype=dtype)
            else:
                # Copy on write: the kernels see the same array type as in memory, compiled once.
                mapped = np.memmap(path, dtype=dtype, mode="c", offset=file.tell(), shape=shape)
                members[name] = mapped.view(np.ndarray)
    return members
