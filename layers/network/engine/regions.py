"""Networks far apart are graphs of their own, each in its own metric CRS: cells of a degree grid."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor

#: Side of a cell in degrees; networks with an empty cell between them are apart.
CELL_DEG = 0.25

Cell = tuple[int, int]


def cell_of(lon: float, lat: float) -> Cell:
    """Cell that holds a point in degrees."""
    return floor(lon / CELL_DEG), floor(lat / CELL_DEG)


def group_cells(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Cells that touch, corners included, in one group; groups and cells in ascending order."""
    left = set(cells)
    groups = []
    while left:
        start = min(left)
        left.discard(start)
        group, frontier = [start], [start]
        while frontier:
            x, y = frontier.pop()
            for near in ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
                if near in left:
                    left.discard(near)
                    group.append(near)
                    frontier.append(near)
        groups.append(sorted(group))
    return groups


def cell_distance_deg(cell: Cell, lon: float, lat: float) -> float:
    """Degrees from a point to a cell along the farther axis; 0 inside."""
    x, y = cell[0] * CELL_DEG, cell[1] * CELL_DEG
    return max(x - lon, lon - x - CELL_DEG, y - lat, lat - y - CELL_DEG, 0.0)
