"""Where something is: coordinates checked, the area that holds them, words turned into a point."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from layers.errors import InvalidInput
from layers.incidents.models import LocationSource
from layers.network.geocoding import Found, search_places
from layers.places.models import Area

#: Kind of an answer of the geocoder → how far off the thing itself may be (m).
ACCURACY_M = {"coordinates": 10.0, "address": 25.0, "intersection": 30.0, "place": 75.0, "street": 500.0, "area": 2000.0}  # fmt: skip
_SOURCES = {
    "coordinates": LocationSource.COORDINATES,
    "address": LocationSource.ADDRESS,
    "intersection": LocationSource.INTERSECTION,
    "place": LocationSource.LANDMARK,
    "street": LocationSource.ADDRESS,
    "area": LocationSource.LANDMARK,
}
#: An answer that fits worse than this is offered, never taken by itself.
_TAKEN_FIT = 1
#: A place vaguer than this says too little to send anybody (m).
_VAGUE_M = 500.0


@dataclass(frozen=True)
class Spot:
    """A point in degrees with its accuracy, how it became known, and the area that holds it."""

    point: Point
    accuracy_m: float | None
    source: str
    label: str = ""

    @property
    def area(self) -> Area | None:
        """The smallest administrative area that holds the point."""
        return area_of(self.point)


def point_checked(lon: float, lat: float) -> Point:
    """A point of WGS 84; refuses what is out of range and says when it looks swapped."""
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        swapped = math.isfinite(lon) and math.isfinite(lat) and abs(lat) <= 180 and abs(lon) <= 90
        raise InvalidInput(
            _("longitude {lon}, latitude {lat} is out of range").format(lon=lon, lat=lat),
            value=(lon, lat),
            remedy=_("longitude comes first; these look swapped")
            if swapped
            else _("give degrees in WGS 84, longitude first"),
        )
    if lon == 0 and lat == 0:
        raise InvalidInput(
            _("0, 0 is no place"), value=(lon, lat), remedy=_("give the coordinates of the place")
        )
    return Point(lon, lat, srid=4326)


def area_of(point: Point) -> Area | None:
    """The smallest administrative area that holds a point; None outside all of them."""
    holding = list(Area.objects.filter(geom__covers=point).only("id", "code", "name", "level"))
    order = [level.value for level in (Area.Level.WARD, Area.Level.DISTRICT, Area.Level.CITY, Area.Level.PROVINCE)]  # fmt: skip
    known = [area for area in holding if area.level in order]
    return min(known, key=lambda area: (order.index(area.level), area.code), default=None)


def spot_find(
    *,
    lon: float | None,
    lat: float | None,
    accuracy_m: float | None = None,
    source: str = "",
    text: str = "",
) -> Spot | None:
    """A spot from coordinates, or from words where those name one place well enough; None from neither."""
    if (lon is None) != (lat is None):
        raise InvalidInput(_("half of the coordinates is missing"), remedy=_("give lon and lat, or neither"))  # fmt: skip
    if lon is not None and lat is not None:
        return Spot(point_checked(lon, lat), accuracy_m, source or LocationSource.CLICK)
    found = words_found(text)
    if not found or found[0].fit > _TAKEN_FIT or found[0].hint:
        return None
    best = found[0]
    accuracy = ACCURACY_M.get(best.kind, _VAGUE_M)
    if accuracy > _VAGUE_M:
        return None
    return Spot(
        Point(best.lon, best.lat, srid=4326),
        accuracy_m if accuracy_m is not None else accuracy,
        str(_SOURCES.get(best.kind, "")),
        best.label,
    )


def words_found(text: str) -> list[Found]:
    """What the words may mean, best first."""
    return search_places(text, limit=5) if text.strip() else []
