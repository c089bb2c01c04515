"""Units: who gets there soonest, and how far one gets in time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.dispatch.reach import isochrone_features
from layers.dispatch.recommendation import DEFAULT_COUNT, units_nearest
from layers.errors import InvalidInput

router = new_router("dispatch")
_MOST_UNITS = 100


@router.get("/units/nearest")
@open_to(Can.SEE_OPERATIONS)
def nearest(
    request: HttpRequest, lon: float, lat: float, kind: str | None = None, capability: str | None = None,
    count: int = DEFAULT_COUNT, routes: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Units that reach a point soonest by road, and why the others are left out."""
    return units_nearest(
        lon, lat, kind=kind or None, capability=capability or None, count=min(count, _MOST_UNITS),
        user=request.user, with_routes=routes,
    )  # fmt: skip


@router.get("/isochrone")
@open_to(Can.SEE_OPERATIONS)
def isochrone(
    request: HttpRequest, lon: float, lat: float, minutes: str = "5,10,15"
) -> dict[str, Any]:
    """Where one gets by road within each of the minutes, as nested polygons."""
    try:
        wanted = [float(part) for part in minutes.split(",")]
    except ValueError as error:
        raise InvalidInput(
            f"minutes {minutes!r} are no numbers", value=minutes, remedy="write 5,10,15"
        ) from error
    return isochrone_features(lon, lat, minutes=wanted)
