"""Cutting a tile: rows that the visitor may see, by index, within the byte budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.gis.geos import Polygon
from django.db import connection
from django.db.models import Count, F, Func, OrderBy, QuerySet, TextField, Window
from django.db.models.functions import RowNumber

from layers.catalog.layer import Geometry, Layer
from layers.catalog.registry import get_layer
from layers.catalog.selectors import layer_rows, tile_properties
from layers.geo.sql import load_sql
from layers.tiles import clusters
from layers.tiles.grid import EXTENT, HALF_WORLD, TILE_PX, Tile

#: No tile is larger than this, before compression.
MAX_TILE_BYTES = 500_000
#: Room kept for the note that says how much was left out.
_NOTE_BYTES = 400
#: Rows looked at for one layer of one tile; more than a screen can show.
ROW_LIMIT = 20_000
#: A tile with more points than this shows clusters at any zoom.
POINTS_LIMIT = 3_000
#: CSS pixels around a tile that its features may reach into.
MARGIN_PX = {Geometry.POINT: 24, Geometry.LINE: 8, Geometry.POLYGON: 8}

#: Layers of the base map in one tile, each with the most bytes it may take; the last gets what is left.
BASEMAP = {
    "areas": 60_000,
    "places": 40_000,
    "landcover": 90_000,
    "roads": 200_000,
    "buildings": MAX_TILE_BYTES,
}


#: First tile zoom that carries names of streets.
ROAD_NAMES_FROM_ZOOM = 12


def layer_tile(
    user: Any, layer: Layer, tile: Tile, *, audience: str, version: str,
    parameters: Mapping[str, int] | None = None,
) -> bytes:  # fmt: skip
    """One layer of one tile as Mapbox Vector Tile bytes, at most `MAX_TILE_BYTES`.

    Points are gathered into clusters at small scales; everything else is thinned by rank, and a
    layer `left_out` then says how many features did not fit.
    """
    if tile.z < layer.min_zoom:
        return b""
    if layer.geometry is Geometry.POINT and layer.cluster_cell_px:
        return _point_tile(
            user, layer, tile, audience=audience, version=version, parameters=parameters
        )
    body, left_out = _feature_tile(
        user, layer, tile, budget=MAX_TILE_BYTES - _NOTE_BYTES, parameters=parameters
    )
    return body + _note(layer.key, left_out)


def basemap_tile(user: Any, tile: Tile) -> bytes:
    """The base map of one tile: every layer of it in one body, at most `MAX_TILE_BYTES`."""
    parts = [_area_labels(tile), _road_labels(tile)]
    left = MAX_TILE_BYTES - sum(map(len, parts)) - _NOTE_BYTES * len(BASEMAP)
    for key, most in BASEMAP.items():
        layer = get_layer(key)
        if tile.z < layer.min_zoom:
            continue
        body, left_out = _feature_tile(user, layer, tile, budget=min(most, left), parameters=None)
        parts += [body, _note(key, left_out)]
        left -= len(body)
    return b"".join(parts)


def _point_tile(
    user: Any, layer: Layer, tile: Tile, *, audience: str, version: str,
    parameters: Mapping[str, int] | None,
) -> bytes:  # fmt: skip
    rows = layer_rows(user, layer, parameters=parameters)
    if tile.z <= clusters.CLUSTER_UNTIL_ZOOM:
        if not parameters and clusters.is_large(layer, rows, audience=audience, version=version):
            clusters.ensure_built(
                layer, _points(user, layer, rows), audience=audience, version=version
            )
            return clusters.built_tile(layer, tile, audience=audience)
        return _clusters_now(user, layer, rows, tile, cell_px=layer.cluster_cell_px)
    inside = _in_tile(rows, layer, tile, margin_px=0)
    if inside[: POINTS_LIMIT + 1].count() > POINTS_LIMIT:
        return _clusters_now(user, layer, rows, tile, cell_px=16)
    body, left_out = _feature_tile(
        user, layer, tile, budget=MAX_TILE_BYTES - _NOTE_BYTES, parameters=parameters
    )
    return body + _note(layer.key, left_out)


def _clusters_now(
    user: Any, layer: Layer, rows: QuerySet[Any], tile: Tile, *, cell_px: int
) -> bytes:
    near = _in_tile(rows, layer, tile, margin_px=cell_px)
    with connection.cursor() as cursor:
        cursor.execute(
            with_rows("clusters_now", _points(user, layer, near)),
            {
                "name": layer.key,
                "z": tile.z,
                "x": tile.x,
                "y": tile.y,
                "extent": EXTENT,
                "buffer": EXTENT * cell_px // TILE_PX,
                "half_world": HALF_WORLD,
                "cell": tile.side * cell_px / TILE_PX,
            },
        )
        return bytes(cursor.fetchone()[0] or b"")


def _feature_tile(
    user: Any, layer: Layer, tile: Tile, *, budget: int, parameters: Mapping[str, int] | None
) -> tuple[bytes, int]:
    """Features within a byte budget, and how many were left out."""
    margin_px = MARGIN_PX[layer.geometry]
    rows = _in_tile(
        layer_rows(user, layer, parameters=parameters), layer, tile, margin_px=margin_px
    )
    statement = with_rows("features", _ranked(user, layer, rows))
    is_point = layer.geometry is Geometry.POINT
    allowed = budget
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                statement,
                {
                    "name": layer.key,
                    "z": tile.z,
                    "x": tile.x,
                    "y": tile.y,
                    "extent": EXTENT,
                    "buffer": EXTENT * margin_px // TILE_PX,
                    # Half a pixel, but nothing at the deepest zoom, out of which deeper ones are drawn.
                    "tolerance": 0.0 if is_point or tile.z >= 14 else tile.side / TILE_PX / 2,
                    "smallest_deg": 0.0
                    if layer.geometry is not Geometry.POLYGON or tile.z >= 14
                    else tile.pixel_deg() * 1.5,
                    "row_limit": ROW_LIMIT,
                    "budget": allowed,
                },
            )
            body, _shown, left_out = cursor.fetchone()
        body = bytes(body or b"")
        if len(body) <= budget:
            return body, int(left_out or 0)
        allowed = int(allowed * budget / len(body) * 0.9)


def _in_tile(rows: QuerySet[Any], layer: Layer, tile: Tile, *, margin_px: float) -> QuerySet[Any]:
    """Rows whose box meets the tile; the envelope is turned to degrees so that the index serves."""
    if layer.has_minz:
        rows = rows.filter(minz__lte=tile.z)
    if layer.rows_at is not None:
        rows = layer.rows_at(rows, tile.z)
    envelope = Polygon.from_bbox(tile.lonlat_bounds(margin_px))
    envelope.srid = 4326
    return rows.filter(**{f"{layer.geom}__bboverlaps": envelope})


def _raw_geometry(layer: Layer) -> Func:
    """The geometry column itself; a geometry-typed output would be turned to bytes on the way."""
    return Func(F(layer.geom), template="%(expressions)s", output_field=TextField())


def _points(user: Any, layer: Layer, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.annotate(t_geom=_raw_geometry(layer), t_props=tile_properties(user, layer)).values(
        "id", "t_geom", "t_props"
    )


def _ranked(user: Any, layer: Layer, rows: QuerySet[Any]) -> QuerySet[Any]:
    order = [
        OrderBy(F(name.lstrip("-")), descending=name.startswith("-"), nulls_last=True)
        for name in layer.rank
    ]
    return (
        rows.annotate(
            t_geom=_raw_geometry(layer),
            t_props=tile_properties(user, layer),
            t_rank=Window(RowNumber(), order_by=order),
            t_total=Window(Count("*")),
        )
        .order_by("t_rank")
        .values("id", "t_geom", "t_props", "t_rank", "t_total")[:ROW_LIMIT]
    )


def with_rows(name: str, rows: QuerySet[Any]) -> str:
    """A query of this room around the rows of a queryset, whose values become literals.

    Literals let the planner prove that a partial index serves; a `%` in them is doubled, since
    named parameters follow.
    """
    inner, params = rows.query.sql_with_params()
    literal: str = connection.ops.compose_sql(inner, params)  # type: ignore[attr-defined]
    return load_sql("tiles", name).replace("{rows}", literal.replace("%", "%%"))


def _area_labels(tile: Tile) -> bytes:
    levels = (
        ["kota"] if tile.z < 9 else ["kecamatan"] if tile.z < 12 else ["kecamatan", "kelurahan"]
    )
    return _labels("area_labels", tile, buffer=0, levels=levels)


def _road_labels(tile: Tile) -> bytes:
    if tile.z < ROAD_NAMES_FROM_ZOOM:
        return b""
    pixel = tile.side / TILE_PX
    return _labels("road_labels", tile, buffer=0, tolerance=2.5 * pixel, shortest=40 * pixel)


def _labels(name: str, tile: Tile, **values: Any) -> bytes:
    west, south, east, north = tile.lonlat_bounds()
    place = {"z": tile.z, "x": tile.x, "y": tile.y, "extent": EXTENT}
    box = {"west": west, "south": south, "east": east, "north": north}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("tiles", name), {**place, **box, **values})
        return bytes(cursor.fetchone()[0] or b"")


def _note(key: str, left_out: int) -> bytes:
    """A layer with one feature that says how many features of `key` did not fit; empty for none."""
    if left_out <= 0:
        return b""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("tiles", "left_out"), {"layer": key, "left_out": left_out, "extent": EXTENT}
        )
        return bytes(cursor.fetchone()[0])
