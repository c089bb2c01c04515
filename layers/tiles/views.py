"""The tile address: parse, ask the cache, cut, answer."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from layers.access.gate import everybody
from layers.access.policies import rights_of
from layers.catalog.registry import get_layer
from layers.catalog.selectors import layer_for, layer_parameters
from layers.catalog.versions import layer_version
from layers.tiles.cache import TileCache
from layers.tiles.grid import tile_at
from layers.tiles.render import BASEMAP, basemap_tile, layer_tile

#: Moves when the same rows would be drawn differently, so that no old tile outlives an upgrade.
DRAWING = "2"
CONTENT_TYPE = "application/vnd.mapbox-vector-tile"


@lru_cache(maxsize=4)
def _cache(folder: str) -> TileCache:
    return TileCache(Path(folder))


def tile_cache() -> TileCache:
    """The cache of this installation."""
    return _cache(str(settings.NCC_TILE_CACHE_DIR))


@everybody
@require_safe
def tile(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse:
    """One vector tile. Rights are the visitor's; a layer they may not see is not found.

    The ETag names the layer's version and the audience, so an unchanged tile is answered
    without touching the layer's table.
    """
    where = tile_at(z, x, y)
    if layer == "basemap":
        audience, parameters = "public", {}
        version = layer_version(*(get_layer(key) for key in BASEMAP))
    else:
        entry = layer_for(request.user, layer)
        audience = rights_of(request.user).audience
        parameters = layer_parameters(entry, request.GET)
        version = layer_version(entry)
    version = "-".join(
        [DRAWING, version, *(f"{name}{value}" for name, value in sorted(parameters.items()))]
    )
    etag = f'"{layer}/{version}/{audience}"'
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponse = HttpResponseNotModified()
    else:
        cache = tile_cache()
        body = cache.get(layer, version, audience, z, x, y)
        if body is None:
            raw = (
                basemap_tile(None, where)
                if layer == "basemap"
                else layer_tile(
                    request.user,
                    entry,
                    where,
                    audience=audience,
                    version=version,
                    parameters=parameters,
                )
            )
            body = gzip.compress(raw, compresslevel=6, mtime=0)
            cache.put(layer, version, audience, z, x, y, body)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response = HttpResponse(body, content_type=CONTENT_TYPE)
            response["Content-Encoding"] = "gzip"
        else:
            response = HttpResponse(gzip.decompress(body), content_type=CONTENT_TYPE)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache" if audience != "public" else "no-cache"
    patch_vary_headers(response, ("Accept-Encoding", "Cookie"))
    return response
