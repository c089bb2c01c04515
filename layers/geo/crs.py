"""Working coordinate systems: the UTM zone of the data, projected once at an engine's edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Proj, Transformer

from layers.errors import InvalidInput

WGS84_SRID = 4326
GEOD = Geod(ellps="WGS84")


def utm_srid(lon: float, lat: float) -> int:
    """EPSG code of the WGS 84 / UTM zone that holds a point (degrees)."""
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 84):
        raise InvalidInput(
            f"no UTM zone for longitude {lon}, latitude {lat}",
            value=(lon, lat),
            remedy="give degrees in WGS 84, longitude first, latitude between -84 and 84",
        )
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return (32700 if lat < 0 else 32600) + zone


@dataclass(frozen=True)
class LocalProjection:
    """A metric CRS for one engine run: metres east and north, and the way back.

    `srid` is an EPSG code of a projected CRS in metres; use `local_projection` to get a cached one.
    """

    srid: int
    _forward: Any
    _inverse: Any
    _proj: Any

    def to_local(self, lonlat: ArrayLike) -> NDArray[np.float64]:
        """(n, 2) degrees, longitude first, to (n, 2) metres."""
        points = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
        x, y = self._forward.transform(points[:, 0], points[:, 1])
        return np.column_stack([x, y])

    def to_lonlat(self, xy: ArrayLike) -> NDArray[np.float64]:
        """(n, 2) metres to (n, 2) degrees, longitude first."""
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        lon, lat = self._inverse.transform(points[:, 0], points[:, 1])
        return np.column_stack([lon, lat])

    def convergence_deg(self, lon: float, lat: float) -> float:
        """Meridian convergence: bearing of true north seen from grid north is minus this.

        A true bearing b is the grid bearing b - convergence.
        """
        return float(self._proj.get_factors(lon, lat).meridian_convergence)

    def scale(self, lon: float, lat: float) -> float:
        """Grid metres for one true metre at a point (0.9996 on a UTM central meridian)."""
        return float(self._proj.get_factors(lon, lat).meridional_scale)


@lru_cache(maxsize=64)
def local_projection(srid: int) -> LocalProjection:
    """The projection of an EPSG code; raises `InvalidInput` unless it is projected in metres."""
    try:
        crs = CRS.from_epsg(srid)
    except Exception as error:
        raise InvalidInput(
            f"EPSG:{srid} is not a known coordinate system",
            value=srid,
            remedy="set the city's working CRS to a projected one, for instance 32749",
        ) from error
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
        raise InvalidInput(
            f"EPSG:{srid} is not projected in metres",
            value=srid,
            remedy="choose a projected CRS in metres, for instance the UTM zone",
        )
    forward = Transformer.from_crs(WGS84_SRID, crs, always_xy=True)
    inverse = Transformer.from_crs(crs, WGS84_SRID, always_xy=True)
    return LocalProjection(srid, forward, inverse, Proj(crs))


def geodesic_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Geodesic length in metres between two points in degrees (Karney 2013, WGS 84)."""
    return float(GEOD.inv(lon1, lat1, lon2, lat2)[2])


def bearing_deg(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Initial true bearing in [0, 360) from the first point to the second."""
    return float(GEOD.inv(lon1, lat1, lon2, lat2)[0]) % 360.0
