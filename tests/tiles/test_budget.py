"""No tile is over 500 kB, what was left out is said, and small scales read the index."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import pytest
from django.db import connection

from layers.catalog.registry import get_layer
from layers.tiles import render
from layers.tiles.grid import Tile, tile_of
from tests import city

pytestmark = pytest.mark.django_db


def analyse(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")


def plan_of(layer: str, tile: Tile) -> str:
    """The plan of the very statement that cuts the tile."""
    entry = get_layer(layer)
    rows = render._in_tile(render.layer_rows(None, entry), entry, tile, margin_px=8)
    statement = render.with_rows("features", render._ranked(None, entry, rows))
    values = {
        "name": layer, "z": tile.z, "x": tile.x, "y": tile.y, "extent": 4096, "buffer": 64,
        "tolerance": 1.0, "smallest_deg": 0.0, "row_limit": render.ROW_LIMIT, "budget": 100_000,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_crowded_tile_is_cut_to_size_and_says_so() -> None:
    city.buildings(40_000, span_deg=0.012)
    tile = tile_of(city.LON, city.LAT, 14)
    body = render.layer_tile(None, get_layer("buildings"), tile, audience="public", version="1")
    assert len(body) <= 500_000
    layers = mapbox_vector_tile.decode(body)
    shown = len(layers["buildings"]["features"])
    (note,) = layers["left_out"]["features"]
    rows = render._in_tile(
        render.layer_rows(None, get_layer("buildings")), get_layer("buildings"), tile, margin_px=8
    ).count()
    assert shown > 5_000
    assert note["properties"]["layer"] == "buildings"
    # A few of the rows only touch the margin and have nothing to draw.
    assert 0 <= rows - shown - note["properties"]["left_out"] < rows // 100


def test_what_is_left_out_ranks_below_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MAX_TILE_BYTES", 20_000)
    city.buildings(3_000, span_deg=0.01, every=20, every_minz=12)
    tile = tile_of(city.LON, city.LAT, 14)
    body = render.layer_tile(None, get_layer("buildings"), tile, audience="public", version="1")
    assert len(body) <= 20_000
    from layers.places.models import Building

    shown = {feature["id"] for feature in mapbox_vector_tile.decode(body)["buildings"]["features"]}
    first = set(
        Building.objects.filter(minz=12, geom__bboverlaps=_box(tile)).values_list("pk", flat=True)
    )
    assert first
    assert first <= shown


def _box(tile: Tile) -> Any:
    from django.contrib.gis.geos import Polygon

    box = Polygon.from_bbox(tile.lonlat_bounds())
    box.srid = 4326
    return box


def test_the_base_map_is_one_body_within_the_bound() -> None:
    city.buildings(40_000, span_deg=0.012)
    city.street("Ijen", (-5, 0), (5, 0), road_class="primary", minz=8)
    city.area("35.73.01.1001", "Klojen")
    city.place("RSUD")
    tile = tile_of(city.LON, city.LAT, 14)
    body = render.basemap_tile(None, tile)
    assert len(body) <= 500_000
    assert set(mapbox_vector_tile.decode(body)) == {
        "areas",
        "area_labels",
        "road_labels",
        "roads",
        "places",
        "buildings",
        "left_out",
    }


def test_rows_above_their_zoom_are_absent() -> None:
    city.street("Gang", (0, 0), (3, 0), minz=13)
    city.street("Ijen", (0, 1), (3, 1), minz=9)
    drawn = {}
    for zoom in (9, 12, 13):
        tile = tile_of(city.LON, city.LAT, zoom)
        body = render.layer_tile(None, get_layer("roads"), tile, audience="public", version="1")
        drawn[zoom] = {
            f["properties"]["name"] for f in mapbox_vector_tile.decode(body)["roads"]["features"]
        }
    assert drawn == {9: {"Ijen"}, 12: {"Ijen"}, 13: {"Ijen", "Gang"}}


@pytest.mark.parametrize("zoom", [10, 11, 12, 13])
def test_small_scales_read_an_index(zoom: int) -> None:
    city.buildings(30_000, span_deg=0.2, every=100, every_minz=11)
    analyse("layers_building")
    plan = plan_of("buildings", tile_of(city.LON, city.LAT, zoom))
    assert "Seq Scan on layers_building" not in plan
    assert "layers_building_geom" in plan


@pytest.mark.slow
def test_half_a_million_features_at_any_zoom() -> None:
    city.buildings(500_000, span_deg=0.12, every=50, every_minz=12)
    analyse("layers_building")
    for zoom in range(17):
        tile = tile_of(city.LON, city.LAT, zoom)
        assert len(render.basemap_tile(None, tile)) <= 500_000, zoom
        if 10 <= zoom <= 13:
            assert "Seq Scan on layers_building" not in plan_of("buildings", tile), zoom


@pytest.mark.slow
def test_half_a_million_points_at_any_zoom() -> None:
    admin = city.person("root", is_superuser=True)
    city.many_incidents(500_000)
    analyse("layers_incident")
    for zoom in range(17):
        tile = tile_of(city.LON, city.LAT, zoom)
        body = render.layer_tile(admin, get_layer("incidents"), tile, audience="all", version="1")
        assert 0 < len(body) <= 500_000, zoom
    world = render.layer_tile(
        admin, get_layer("incidents"), Tile(0, 0, 0), audience="all", version="1"
    )
    found = mapbox_vector_tile.decode(world)["incidents"]["features"]
    assert sum(feature["properties"].get("point_count", 1) for feature in found) == 500_000
