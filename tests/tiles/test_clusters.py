"""Counts of clusters add up to the table at every zoom, made ahead or at once."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import mapbox_vector_tile
import pytest

from layers.catalog.registry import get_layer
from layers.incidents.models import Incident
from layers.tiles import clusters
from layers.tiles.grid import HALF_WORLD, Tile, tile_of
from layers.tiles.render import layer_tile
from tests import city

pytestmark = pytest.mark.django_db


def tiles_over(spots: list[tuple[float, float]], zoom: int) -> set[Tile]:
    return {tile_of(lon, lat, zoom) for lon, lat in spots}


def count_in(tile: Tile, user: Any, key: str = "incidents") -> int:
    """Points counted once: a feature in a tile's margin belongs to its neighbour."""
    body = layer_tile(user, get_layer(key), tile, audience="all", version="1")
    layer = mapbox_vector_tile.decode(body).get(key) if body else None
    if layer is None:
        return 0
    total = 0
    for feature in layer["features"]:
        x, y = feature["geometry"]["coordinates"]
        # The decoder turns y upward: the tile is (0, extent] there.
        if 0 <= x < layer["extent"] and 0 < y <= layer["extent"]:
            total += feature["properties"].get("point_count", 1)
    return total


@pytest.mark.parametrize("built", [True, False])
def test_counts_add_up_to_the_table(built: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LARGE_FROM_ROWS", 100 if built else 10**9)
    admin = city.person("root", is_superuser=True)
    spots = city.incidents(1500)
    for zoom in (0, 5, 9, 10, 11, 12, 13):
        assert sum(count_in(tile, admin) for tile in tiles_over(spots, zoom)) == 1500, zoom


def test_deep_tiles_with_very_many_points_still_count_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.tiles.render.POINTS_LIMIT", 50)
    admin = city.person("root", is_superuser=True)
    spots = city.incidents(800, spread_deg=0.004)
    assert sum(count_in(tile, admin) for tile in tiles_over(spots, 14)) == 800


def test_cells_hold_what_a_plain_count_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LARGE_FROM_ROWS", 100)
    admin = city.person("root", is_superuser=True)
    spots = city.incidents(900)
    zoom, cell_px = 12, get_layer("incidents").cluster_cell_px
    side = 2 * HALF_WORLD / 2**zoom * cell_px / 512
    expected: Counter[tuple[int, int]] = Counter()
    for lon, lat in spots:
        x = math.radians(lon) * 6378137.0
        y = 6378137.0 * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
        expected[int((x + HALF_WORLD) // side), int((HALF_WORLD - y) // side)] += 1
    count_in(tile_of(city.LON, city.LAT, zoom), admin)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cx, cy, n FROM layers_tilecluster WHERE layer = 'incidents' AND z = %s", [zoom]
        )
        assert {(cx, cy): n for cx, cy, n in cursor.fetchall()} == dict(expected)


def test_a_new_version_is_gathered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LARGE_FROM_ROWS", 10)
    admin = city.person("root", is_superuser=True)
    city.incidents(200)
    layer, world = get_layer("incidents"), Tile(0, 0, 0)
    layer_tile(admin, layer, world, audience="all", version="1")
    Incident.objects.filter(priority=1).delete()
    body = layer_tile(admin, layer, world, audience="all", version="2")
    found = mapbox_vector_tile.decode(body)["incidents"]["features"]
    assert sum(feature["properties"].get("point_count", 1) for feature in found) == 160


def test_a_cluster_of_one_is_the_feature_itself(client: Any) -> None:
    shown = city.camera("A")
    where = tile_of(city.LON, city.LAT, 10)
    body = client.get(f"/tiles/cctv/10/{where.x}/{where.y}.mvt").content
    (feature,) = mapbox_vector_tile.decode(body)["cctv"]["features"]
    assert feature["id"] == shown.pk
    assert feature["properties"]["name"] == "Camera A"
