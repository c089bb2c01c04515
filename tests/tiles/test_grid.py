"""Tile addresses against the published Web Mercator formulas."""

from __future__ import annotations

import pytest
from pyproj import Transformer

from layers.errors import NotFound
from layers.tiles.grid import HALF_WORLD, Tile, tile_at, tile_of


def test_bounds_agree_with_proj() -> None:
    to_degrees = Transformer.from_crs(3857, 4326, always_xy=True)
    tile = Tile(13, 6658, 4278)
    west, south = to_degrees.transform(
        -HALF_WORLD + tile.x * tile.side, HALF_WORLD - (tile.y + 1) * tile.side
    )
    assert tile.lonlat_bounds()[:2] == pytest.approx((west, south), abs=1e-9)


@pytest.mark.parametrize("point", [(112.63, -7.98), (-8.61, 41.15), (7.42, 43.73), (-179.9, 84.9)])
def test_a_point_lies_in_its_tile(point: tuple[float, float]) -> None:
    for zoom in range(17):
        west, south, east, north = tile_of(*point, zoom).lonlat_bounds()
        assert west <= point[0] <= east
        assert south <= point[1] <= north


@pytest.mark.parametrize("address", [(17, 0, 0), (3, 8, 0), (3, 0, 8), (40, 1, 1)])
def test_an_address_outside_the_pyramid_is_refused(address: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound, match="no tile"):
        tile_at(*address)
