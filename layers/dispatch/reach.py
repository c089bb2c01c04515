"""How far one gets by road in time, as GeoJSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import shapely

from layers.errors import InvalidInput
from layers.network.closures import closed_roads
from layers.network.costing import costing_for
from layers.network.isochrones import isochrones
from layers.network.store import routers

MOST_RINGS = 12


def isochrone_features(
    lon: float,
    lat: float,
    *,
    minutes: Sequence[float],
    kind: str | None = None,
    build: bool = False,
) -> dict[str, Any]:
    """FeatureCollection with one (Multi)Polygon for each of the minutes, in their order, nested.

    `street_m` counts the reached road metres exactly; the polygon is the picture. `kind`: drive as
    that kind of unit does. Raises `Unroutable` where no road is near, `Unavailable` without a graph.
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidInput(
            f"longitude {lon}, latitude {lat} is out of range", value=(lon, lat), remedy="give degrees in WGS 84, longitude first"
        )  # fmt: skip
    if not 1 <= len(minutes) <= MOST_RINGS:
        raise InvalidInput(
            f"{len(minutes)} times asked for",
            value=len(minutes),
            remedy=f"ask for 1 to {MOST_RINGS}",
        )
    router = routers(build=build).at(lon, lat)
    found = isochrones(
        router, [(lon, lat)], list(minutes), costing=costing_for(kind), closed=closed_roads(router)
    )
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"minutes": item.minutes, "street_m": round(item.street_m, 1)},
                "geometry": shapely.geometry.mapping(item.polygon),
            }
            for item in found
        ],
    }
