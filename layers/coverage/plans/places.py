"""Where a site or a request stands: its point, kelurahan, street and government."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point, Polygon

from layers.coverage.sights import require_lonlat
from layers.network.models import Road
from layers.places.models import Agency, Area, City

#: A street this far from a pole is still its street (degrees, about 150 m).
_NEAR_DEG = 0.0015


def government_of(user: Any = None, area: Area | None = None) -> str:
    """Kemendagri code of the government a plan or request belongs to: the area's, the user's, the city's."""
    if area is not None:
        return area.code[:5]
    if user is not None and getattr(user, "pk", None):
        code = (
            Agency.objects.filter(grants__user=user, grants__revoked_at__isnull=True)
            .exclude(government="")
            .order_by("pk")
            .values_list("government", flat=True)
            .first()
        )
        if code:
            return code
    named = City.objects.order_by("pk").values_list("area__code", flat=True).first()
    named = named or Area.objects.filter(level=Area.Level.CITY).order_by("pk").values_list("code", flat=True).first()  # fmt: skip
    named = named or Area.objects.order_by("code").values_list("code", flat=True).first()
    return (named or "")[:5]


def area_at(lon: float, lat: float) -> Area | None:
    """The smallest area around a point: its kelurahan where one is known."""
    levels = [Area.Level.WARD, Area.Level.DISTRICT, Area.Level.CITY]
    rows = list(Area.objects.filter(level__in=levels, geom__covers=Point(lon, lat, srid=4326)).defer("geom"))  # fmt: skip
    rows.sort(key=lambda row: (levels.index(row.level), row.pk))  # type: ignore[arg-type]
    return rows[0] if rows else None


def place_of(lon: float, lat: float) -> Point:
    """A point; `InvalidInput` for what is none."""
    require_lonlat(lon, lat)
    return Point(lon, lat, srid=4326)


def street_near(lon: float, lat: float) -> str:
    """Name of the nearest street; "" where none with a name is near."""
    box = Polygon.from_bbox((lon - _NEAR_DEG, lat - _NEAR_DEG, lon + _NEAR_DEG, lat + _NEAR_DEG))
    near = Road.objects.filter(geom__bboverlaps=box).exclude(name="")
    found = near.order_by(GeometryDistance("geom", Point(lon, lat, srid=4326)), "pk").values_list("name", flat=True).first()  # fmt: skip
    return (found or "")[:200]
