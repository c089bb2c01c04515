"""The way a unit drives to its incident, for its own screen and the map of the control room."""

from __future__ import annotations

from typing import Any

from layers.dispatch.fleet import fleet, points_of
from layers.dispatch.recommendation import drives_to
from layers.errors import NccError
from layers.geo.crs import geodesic_m

#: A unit this near (m) has arrived: no way is shown.
ARRIVED_M = 30.0


def unit_way(unit_id: int, lon: float, lat: float) -> dict[str, Any] | None:
    """`{type, coordinates, eta_s, distance_m}` by road from where the unit is now, or None.

    None where there is no way, no position, or no engine: a job is shown without it all the same.
    """
    seen = fleet()
    units = [unit for unit in seen.units if unit.id == unit_id and unit.lon is not None]
    if not units:
        return None
    unit = units[0]
    assert unit.lon is not None
    assert unit.lat is not None
    if geodesic_m(unit.lon, unit.lat, lon, lat) < ARRIVED_M:
        return None
    try:
        drives = drives_to((lon, lat), points_of(units, seen.rules), count=1)
    except NccError:
        return None
    eta = drives.etas.get(unit_id)
    if eta is None:
        return None
    return {
        "type": "LineString",
        "coordinates": eta.route.coordinates,
        "eta_s": round(eta.eta_s, 1),
        "distance_m": round(eta.distance_m, 1),
    }
