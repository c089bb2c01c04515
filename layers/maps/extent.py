"""Where a map opens: over the city, whatever was imported."""

from __future__ import annotations

import math
from typing import Any

from django.contrib.gis.db.models import Extent

from layers.network.models import Road
from layers.places.models import Area, City

#: Shown before anything is imported: Kota Malang.
_FALLBACK = (112.58, -8.05, 112.70, -7.91)


def city_bounds() -> tuple[float, float, float, float]:
    """West, south, east, north (degrees) of the city, of all areas, of the roads, or of Malang."""
    city = City.objects.values_list("area_id", flat=True).first()
    for rows in (
        Area.objects.filter(pk=city) if city else None,
        Area.objects.filter(level=Area.Level.CITY),
        Area.objects.all(),
        Road.objects.filter(minz__lte=12),
        Road.objects.all(),
    ):
        if rows is None:
            continue
        extent = rows.aggregate(box=Extent("geom"))["box"]
        if extent is not None:
            west, south, east, north = (float(number) for number in extent)
            return west, south, east, north
    return _FALLBACK


def areas_loaded() -> bool:
    """Whether districts or wards are there to name parts of the city."""
    return Area.objects.filter(level__in=[Area.Level.DISTRICT, Area.Level.WARD]).exists()


def map_extent() -> dict[str, Any]:
    """`{lon, lat, zoom, bounds}`: centre and a zoom at which the city about fills a laptop."""
    west, south, east, north = city_bounds()
    span_deg = max(east - west, (north - south) * 1.4, 1e-4)
    zoom = round(math.log2(360.0 / span_deg * 1100 / 256))
    return {
        "lon": round((west + east) / 2, 6),
        "lat": round((south + north) / 2, 6),
        "zoom": min(max(zoom, 3), 16),
        "bounds": [round(number, 6) for number in (west, south, east, north)],
    }
