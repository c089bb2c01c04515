"""Working frames and zones of the cities in the database."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from django.contrib.gis.geos import Point
from numpy.typing import ArrayLike, NDArray

from layers.geo.crs import utm_srid
from layers.geo.frames import Frame
from layers.places.models import City

__all__ = ["Frame", "frame_at", "working_srid", "zone_groups"]


def working_srid(lon: float, lat: float) -> int:
    """EPSG code to work in at a point: the one set for the city there, else the UTM zone."""
    chosen = (
        City.objects.filter(
            working_srid__isnull=False, area__geom__covers=Point(lon, lat, srid=4326)
        )
        .order_by("pk")
        .values_list("working_srid", flat=True)
        .first()
    )
    return int(chosen) if chosen else utm_srid(lon, lat)


def frame_at(lon: float, lat: float, *, srid: int | None = None) -> Frame:
    """The frame for work around a point in degrees."""
    return Frame.around(lon, lat, srid=srid or working_srid(lon, lat))


def zone_groups(lonlat: ArrayLike) -> Iterable[tuple[int, NDArray[np.int64]]]:
    """Indices of (n, 2) points grouped by UTM zone: runs that span cities far apart are cut so."""
    points = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
    if not len(points):
        return
    zone = np.minimum(((points[:, 0] + 180.0) // 6.0).astype(np.int64) + 1, 60)
    code = np.where(points[:, 1] < 0, 32700, 32600) + zone
    for srid in np.unique(code):
        yield int(srid), np.flatnonzero(code == srid)
