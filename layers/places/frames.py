"""Working frames: true metres and true bearings for one run, in the CRS of the city or its UTM zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import Point
from numpy.typing import ArrayLike, NDArray

from layers.geo.crs import LocalProjection, local_projection, utm_srid
from layers.places.models import City


@dataclass(frozen=True)
class Frame:
    """Metres east and north of a working CRS, scaled so that a metre is a metre on the ground.

    A projected CRS stretches lengths by a factor near 1 (0.9996 on a UTM central meridian); the
    factor at the middle of the run divides it out, which leaves less than 0.01 % over 50 km.
    """

    projection: LocalProjection
    scale: float

    @property
    def srid(self) -> int:
        """EPSG code of the working CRS."""
        return self.projection.srid

    def to_local(self, lonlat: ArrayLike) -> NDArray[np.float64]:
        """(n, 2) degrees to (n, 2) ground metres."""
        return self.projection.to_local(lonlat) / self.scale

    def to_lonlat(self, xy: ArrayLike) -> NDArray[np.float64]:
        """(n, 2) ground metres to (n, 2) degrees."""
        return self.projection.to_lonlat(np.asarray(xy, dtype=np.float64) * self.scale)

    def geometries_to_local(self, geometries: Any) -> Any:
        """Shapely geometries in degrees to ground metres."""
        return shapely.transform(geometries, self.to_local)

    def geometries_to_lonlat(self, geometries: Any) -> Any:
        """Shapely geometries in ground metres to degrees."""
        return shapely.transform(geometries, self.to_lonlat)

    def grid_bearing_deg(self, bearing_deg: float, lon: float, lat: float) -> float:
        """Bearing from the grid's north of a bearing from true north at a point."""
        return (bearing_deg - self.projection.convergence_deg(lon, lat)) % 360.0

    def true_bearing_deg(self, bearing_deg: float, lon: float, lat: float) -> float:
        """Bearing from true north of a bearing from the grid's north at a point."""
        return (bearing_deg + self.projection.convergence_deg(lon, lat)) % 360.0


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
    projection = local_projection(srid or working_srid(lon, lat))
    return Frame(projection, projection.scale(lon, lat))


def zone_groups(lonlat: ArrayLike) -> Iterable[tuple[int, NDArray[np.int64]]]:
    """Indices of (n, 2) points grouped by UTM zone: runs that span cities far apart are cut so."""
    points = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
    if not len(points):
        return
    zone = np.minimum(((points[:, 0] + 180.0) // 6.0).astype(np.int64) + 1, 60)
    code = np.where(points[:, 1] < 0, 32700, 32600) + zone
    for srid in np.unique(code):
        yield int(srid), np.flatnonzero(code == srid)
