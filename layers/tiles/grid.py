"""Tile addresses and their envelopes: spherical Mercator tiles of 512 CSS pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from layers.catalog.payload import MAX_TILE_ZOOM
from layers.errors import NotFound

#: Coordinate units along a tile's side, and CSS pixels that they are drawn on.
EXTENT = 4096
TILE_PX = 512
#: Half the width of the Mercator plane, metres of its own.
HALF_WORLD = math.pi * 6378137.0


@dataclass(frozen=True)
class Tile:
    """One tile address, x from the west and y from the north."""

    z: int
    x: int
    y: int

    @property
    def side(self) -> float:
        """Side of the tile in Mercator metres."""
        return 2.0 * HALF_WORLD / (1 << self.z)

    def lonlat_bounds(self, margin_px: float = 0.0) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, widened by CSS pixels on each side."""
        grow = margin_px / TILE_PX
        west, north = _to_lonlat(self.x - grow, self.y - grow, self.z)
        east, south = _to_lonlat(self.x + 1 + grow, self.y + 1 + grow, self.z)
        return west, south, east, north

    def pixel_deg(self) -> float:
        """Width of one CSS pixel in degrees of longitude."""
        return 360.0 / (1 << self.z) / TILE_PX


def tile_at(z: int, x: int, y: int) -> Tile:
    """The tile of an address; raises `NotFound` outside the pyramid."""
    if not (0 <= z <= MAX_TILE_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise NotFound(
            f"there is no tile {z}/{x}/{y}",
            value=f"{z}/{x}/{y}",
            remedy=f"zooms run from 0 to {MAX_TILE_ZOOM}",
        )
    return Tile(z, x, y)


def tile_of(lon: float, lat: float, z: int) -> Tile:
    """The tile that holds a point (degrees)."""
    count = 1 << z
    x = int((lon + 180.0) / 360.0 * count)
    y = int((1.0 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2.0 * count)
    return Tile(z, min(max(x, 0), count - 1), min(max(y, 0), count - 1))


def _to_lonlat(x: float, y: float, z: int) -> tuple[float, float]:
    count = 1 << z
    lon = x / count * 360.0 - 180.0
    lat = math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * y / count))))
    return min(max(lon, -180.0), 180.0), lat
