"""Units: who gets there soonest, and how far one gets in time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.dispatch.cover.service import cover_standing
from layers.dispatch.reach import isochrone_features
from layers.dispatch.recommendation import DEFAULT_COUNT, units_nearest
from layers.dispatch.run_cards import recommendation_for
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


@router.get("/incidents/{int:incident_id}/recommendation")
@open_to(Can.SEE_OPERATIONS)
def incident_recommendation(
    request: HttpRequest, incident_id: int, alarm_level: int | None = None, routes: bool = False,
    alternatives: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Units to send to an incident by its run card, each in or out with its reason."""
    return recommendation_for(
        incident_id=incident_id, alarm_level=alarm_level, user=request.user, with_routes=routes,
        alternatives=alternatives,
    )  # fmt: skip


@router.get("/recommendation")
@open_to(Can.SEE_OPERATIONS)
def recommendation(
    request: HttpRequest, type: str, lon: float, lat: float, alarm_level: int = 1,
    routes: bool = False, alternatives: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Units to send to a type of incident at a place, before there is an incident."""
    return recommendation_for(
        type_code=type, lon=lon, lat=lat, alarm_level=alarm_level, user=request.user,
        with_routes=routes, alternatives=alternatives,
    )  # fmt: skip


@router.get("/isochrone")
@open_to(Can.SEE_OPERATIONS)
def isochrone(
    request: HttpRequest, lon: float, lat: float, minutes: str = "5,10,15",
    kind: str | None = None, agency: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Where one gets by road within each of the minutes, as nested polygons; driving as a kind of
    unit does, by the rules of an agency."""
    wanted = _minutes(minutes)
    return isochrone_features(lon, lat, minutes=wanted, kind=kind or None, agency=agency or None)


@router.get("/cover")
@open_to(Can.SEE_OPERATIONS)
def cover(
    request: HttpRequest, minutes: str = "5,10,15", kind: str | None = None, without: str = "",
    incident: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Shares of streets, people and demand within minutes of available units, now and without
    some units (or those that are on an incident), with the areas that fall out and moves up that
    bring them back."""
    names = [name.strip() for name in without.split(",") if name.strip()]
    return cover_standing(
        kind=kind or None,
        minutes=_minutes(minutes),
        without_units=names,
        incident_id=incident,
        user=request.user,
    )


def _minutes(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidInput(
            _("minutes {text} are no numbers").format(text=text),
            value=text,
            remedy=_("write 5,10,15"),
        ) from error
