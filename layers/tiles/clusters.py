"""Clusters of points made ahead for a whole layer and audience, so that a small scale reads few rows."""

from __future__ import annotations

import threading
import zlib
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from layers.catalog.layer import Layer
from layers.geo.sql import load_sql
from layers.tiles.grid import EXTENT, HALF_WORLD, TILE_PX, Tile

#: Deepest tile zoom that shows clusters whatever the number of points.
CLUSTER_UNTIL_ZOOM = 13
#: Layers with fewer rows are gathered as they are asked for.
LARGE_FROM_ROWS = 5_000

_sizes: dict[tuple[str, str], tuple[str, bool]] = {}
_built: dict[tuple[str, str], str] = {}
_lock = threading.Lock()


def is_large(layer: Layer, rows: QuerySet[Any], *, audience: str, version: str) -> bool:
    """Whether the rows are worth clusters made ahead; remembered for the version."""
    known = _sizes.get((layer.key, audience))
    if known is None or known[0] != version:
        known = (version, rows.order_by()[: LARGE_FROM_ROWS + 1].count() > LARGE_FROM_ROWS)
        with _lock:
            _sizes[layer.key, audience] = known
    return known[1]


def ensure_built(layer: Layer, points: QuerySet[Any], *, audience: str, version: str) -> None:
    """Make the layer's clusters for this version unless they stand; one process does, others wait.

    `points` gives id, t_geom and t_props of every row the audience sees.
    """
    from layers.tiles.render import with_rows

    key = (layer.key, audience)
    if _built.get(key) == version:
        return
    names = {"layer": layer.key, "audience": audience}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('layers_tilecluster'), %s)",
            [zlib.crc32(f"{layer.key} {audience}".encode()) - 2**31],
        )
        cursor.execute(
            "SELECT version FROM layers_tileclusterstate WHERE layer = %(layer)s AND audience = %(audience)s",
            names,
        )
        row = cursor.fetchone()
        if row is None or row[0] != version:
            cursor.execute(
                "DELETE FROM layers_tilecluster WHERE layer = %(layer)s AND audience = %(audience)s",
                names,
            )
            finest = Tile(CLUSTER_UNTIL_ZOOM, 0, 0)
            cursor.execute(
                with_rows("clusters_finest", points),
                {
                    **names,
                    "z": finest.z,
                    "half_world": HALF_WORLD,
                    "cell": finest.side * layer.cluster_cell_px / TILE_PX,
                },
            )
            for zoom in range(CLUSTER_UNTIL_ZOOM - 1, -1, -1):
                cursor.execute(load_sql("tiles", "clusters_coarser"), {**names, "z": zoom})
            cursor.execute(
                "INSERT INTO layers_tileclusterstate (layer, audience, version)"
                " VALUES (%(layer)s, %(audience)s, %(version)s)"
                " ON CONFLICT (layer, audience) DO UPDATE SET version = excluded.version, built_at = now()",
                {**names, "version": version},
            )
    with _lock:
        _built[key] = version


def built_tile(layer: Layer, tile: Tile, *, audience: str) -> bytes:
    """A tile out of clusters made ahead, with one cell around it."""
    cells = TILE_PX // layer.cluster_cell_px
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("tiles", "clusters_tile"),
            {
                "name": layer.key,
                "layer": layer.key,
                "audience": audience,
                "z": tile.z,
                "x": tile.x,
                "y": tile.y,
                "west": tile.x * cells - 1,
                "east": (tile.x + 1) * cells,
                "north": tile.y * cells - 1,
                "south": (tile.y + 1) * cells,
                "extent": EXTENT,
                "buffer": EXTENT // cells,
            },
        )
        return bytes(cursor.fetchone()[0] or b"")


def forget_built() -> None:
    """Drop what this process remembers of clusters (after a restore, between tests)."""
    with _lock:
        _sizes.clear()
        _built.clear()
