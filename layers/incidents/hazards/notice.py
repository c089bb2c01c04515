"""A warning as it was read from whatever form it came in, before it is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from layers.errors import InvalidInput
from layers.geo.crs import GEOD

#: Limits of one message: polygons, and corners of each.
MOST_POLYGONS, MOST_CORNERS = 500, 20_000
#: Rings that cross themselves are mended up to so many corners; larger ones become their hull.
MEND_CORNERS = 500
_CIRCLE_CORNERS = 64


@dataclass
class Notice:
    """One message. Areas in degrees; `notes` say what was wrong with it and how it was read."""

    sender: str
    identifier: str
    kind: str
    message: str
    sent_at: datetime
    event: str = ""
    event_en: str = ""
    headline: str = ""
    headline_en: str = ""
    description: str = ""
    description_en: str = ""
    status: str = "actual"
    severity: str = "unknown"
    urgency: str = ""
    certainty: str = ""
    place_text: str = ""
    magnitude: float | None = None
    depth_km: float | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    references: list[str] = field(default_factory=list)
    area_codes: list[str] = field(default_factory=list)
    polygons: list[Polygon] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def shape(self) -> MultiPolygon | None:
        """The areas as one valid shape, or None where there is none."""
        parts: list[Polygon] = []
        for polygon in self.polygons[:MOST_POLYGONS]:
            parts += _valid_parts(polygon, self.notes)
        if not parts:
            return None
        merged = shapely.union_all(parts)
        return MultiPolygon([merged]) if isinstance(merged, Polygon) else MultiPolygon(merged.geoms)


def _valid_parts(polygon: Polygon, notes: list[str]) -> list[Polygon]:
    if not polygon.is_valid:
        notes.append("an area that crosses itself was mended")
        if len(polygon.exterior.coords) > MEND_CORNERS:
            hull = shapely.convex_hull(shapely.MultiPoint(polygon.exterior.coords))
            return [hull] if isinstance(hull, Polygon) else []
        mended = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
        return [part for part in shapely.get_parts(mended) if isinstance(part, Polygon)]
    return [] if polygon.is_empty else [polygon]


def ring_polygon(pairs: list[tuple[float, float]], notes: list[str]) -> Polygon | None:
    """A polygon of (latitude, longitude) pairs, as CAP writes them.

    Where a latitude would be over 90 the pairs are longitude first: they are read so, with a note.
    """
    if not all(math.isfinite(a) and math.isfinite(b) for a, b in pairs):
        notes.append("an area with impossible coordinates was left out")
        return None
    if pairs and max(abs(lat) for lat, _lon in pairs) > 90:
        pairs = [(lat, lon) for lon, lat in pairs]
        notes.append("coordinates were longitude first")
    if any(abs(lat) > 90 or abs(lon) > 180 for lat, lon in pairs):
        notes.append("an area with impossible coordinates was left out")
        return None
    if len(pairs) > MOST_CORNERS:
        raise InvalidInput(f"an area has {len(pairs)} corners", value=len(pairs))
    if len(set(pairs)) < 3:
        notes.append("an area with fewer than three corners was left out")
        return None
    return Polygon([(lon, lat) for lat, lon in pairs])


def circle_polygon(lon: float, lat: float, radius_m: float) -> Polygon:
    """A geodesic circle as a polygon."""
    bearings = np.linspace(0.0, 360.0, _CIRCLE_CORNERS, endpoint=False)
    count = len(bearings)
    x, y, _back = GEOD.fwd(
        np.full(count, lon), np.full(count, lat), bearings, np.full(count, radius_m)
    )
    return Polygon(np.column_stack([x, y]))
