"""Who gets there soonest by road, who is left out, and why."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from layers.access.policies import restrict
from layers.assets.models import StationKind
from layers.dispatch.models import StatusClass, Unit
from layers.errors import InvalidInput, Unavailable
from layers.geo.crs import geodesic_m
from layers.network.closures import closed_roads
from layers.network.costing import costing_for
from layers.network.router import UnitAt, straight_line
from layers.network.store import routers

#: Units asked for unless the caller says otherwise.
DEFAULT_COUNT = 10
#: Reasons why a unit is left out, as codes; pages translate them.
REASONS = (
    "out_of_service", "committed", "delayed", "status_unknown", "wrong_kind", "missing_capability",
    "no_position", "stale_position", "no_road", "no_route", "farther",
)  # fmt: skip
_CLASS_REASONS = {
    StatusClass.UNAVAILABLE: "out_of_service",
    StatusClass.COMMITTED: "committed",
    StatusClass.DELAYED: "delayed",
    StatusClass.UNKNOWN: "status_unknown",
}


@dataclass(frozen=True)
class Whereabouts:
    """Where a unit is taken to be: its last fix, or its station when it never sent one."""

    lon: float
    lat: float
    age_s: float | None
    from_station: bool


def unit_whereabouts(unit: Unit, now: datetime) -> Whereabouts | None:
    """Last position of a unit with its age in seconds (None: it has no fix time and never goes stale)."""
    position = getattr(unit, "position", None)
    if position is not None:
        age = None if position.fix_at is None else (now - position.fix_at).total_seconds()
        return Whereabouts(position.geom.x, position.geom.y, age, False)
    if unit.station is not None:
        return Whereabouts(unit.station.geom.x, unit.station.geom.y, None, True)
    return None


def reason_left_out(
    unit: Unit, where: Whereabouts | None, *, kind: str | None, capability: str | None
) -> str | None:
    """Why a unit is not considered, or None. A fix older than the limit, or dated ahead, is stale."""
    if kind is not None and unit.kind != kind:
        return "wrong_kind"
    if capability is not None and capability.casefold() not in {
        word.casefold() for word in unit.capabilities
    }:
        return "missing_capability"
    status_class = unit.status.status_class
    if status_class != StatusClass.AVAILABLE:
        return _CLASS_REASONS.get(StatusClass(status_class), "status_unknown")
    if where is None:
        return "no_position"
    if where.age_s is not None and not -60.0 <= where.age_s <= settings.NCC_POSITION_MAX_AGE_S:
        return "stale_position"
    return None


def _require(lon: float, lat: float, kind: str | None, count: int) -> None:
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        swapped = abs(lat) <= 180 and abs(lon) <= 90
        raise InvalidInput(
            f"longitude {lon}, latitude {lat} is out of range",
            value=(lon, lat),
            remedy="longitude comes first; these look swapped"
            if swapped
            else "give degrees in WGS 84, longitude first",
        )
    if kind is not None and kind not in StationKind.values:
        raise InvalidInput(
            f"no kind of unit {kind!r}",
            value=kind,
            remedy=f"choose one of {', '.join(StationKind.values)}",
        )
    if count < 1:
        raise InvalidInput(
            f"{count} units cannot be listed", value=count, remedy="ask for at least 1"
        )


def units_nearest(
    lon: float,
    lat: float,
    *,
    kind: str | None = None,
    capability: str | None = None,
    count: int = DEFAULT_COUNT,
    user: Any = None,
    with_routes: bool = False,
    build: bool = False,
) -> dict[str, Any]:
    """Units that get to a point soonest by road, soonest first, and every other unit with its reason.

    Degrees, seconds, metres. `user`: only units that user may see; None means all (commands). Exact
    on the imported network with its one-ways, turn restrictions and the closures in force now.
    Without a routing graph the list is by straight distance, `by_road` is false and `eta_s` null;
    `build` makes the graph first where it is out of date (commands), else the last one answers and
    `graph_current` is false.
    Raises `Unroutable` where the point has no road near it.
    """
    started = time.monotonic()
    _require(lon, lat, kind, count)
    now = timezone.now()
    rows = Unit.objects.select_related("agency", "status", "station", "position").order_by(
        "callsign"
    )
    units = list(rows if user is None else restrict(user, rows))
    where = {unit.pk: unit_whereabouts(unit, now) for unit in units}
    excluded: list[dict[str, Any]] = []
    candidates: list[Unit] = []
    for unit in units:
        reason = reason_left_out(unit, where[unit.pk], kind=kind, capability=capability)
        if reason is None:
            candidates.append(unit)
        else:
            excluded.append({"callsign": unit.callsign, "reason": reason})
    by_id = {unit.pk: unit for unit in candidates}
    points = [
        UnitAt(unit.pk, place.lon, place.lat, costing_for(unit.kind))
        for unit in candidates
        if (place := where[unit.pk]) is not None
    ]
    answer: dict[str, Any] = {"by_road": True, "snapped": None, "units": [], "excluded": excluded}
    try:
        graph = routers(build=build)
        router = graph.at(lon, lat)
    except Unavailable as error:
        answer["by_road"] = False
        answer["warning"] = str(error)
        for line in straight_line((lon, lat), points, count=count):
            unit = by_id[int(str(line.key))]
            answer["units"].append(
                _row(unit, where[unit.pk], lon, lat, eta_s=None, distance_m=None)
            )
        listed = {row["callsign"] for row in answer["units"]}
        excluded += [
            {"callsign": u.callsign, "reason": "farther"}
            for u in candidates
            if u.callsign not in listed
        ]
        answer["seconds"] = round(time.monotonic() - started, 4)
        return answer
    found = router.nearest((lon, lat), points, count=count, closed=closed_roads(router))
    answer["snapped"] = {
        "lon": round(found.place.lon, 7), "lat": round(found.place.lat, 7),
        "distance_m": round(found.place.distance_m, 2), "connected": found.place.connected,
    }  # fmt: skip
    for eta in found.etas:
        unit = by_id[int(str(eta.key))]
        row = _row(
            unit,
            where[unit.pk],
            lon,
            lat,
            eta_s=round(eta.eta_s, 2),
            distance_m=round(eta.distance_m, 1),
        )
        if with_routes:
            row["route"] = {"type": "LineString", "coordinates": eta.route.coordinates}
        answer["units"].append(row)
    excluded += [
        {"callsign": by_id[int(str(u.key))].callsign, "reason": u.reason} for u in found.unreachable
    ]
    excluded += [
        {"callsign": by_id[int(str(key))].callsign, "reason": "farther"} for key in found.farther
    ]
    answer["graph_current"] = graph.current
    answer["seconds"] = round(time.monotonic() - started, 4)
    return answer


def _row(
    unit: Unit,
    where: Whereabouts | None,
    lon: float,
    lat: float,
    *,
    eta_s: float | None,
    distance_m: float | None,
) -> dict[str, Any]:
    assert where is not None
    return {
        "callsign": unit.callsign,
        "kind": unit.kind,
        "agency": unit.agency.code if unit.agency else None,
        "status": unit.status.code,
        "eta_s": eta_s,
        "distance_m": distance_m,
        "straight_m": round(geodesic_m(where.lon, where.lat, lon, lat), 1),
        "position_age_s": None if where.age_s is None else round(where.age_s, 1),
        "from_station": where.from_station,
        "capabilities": list(unit.capabilities),
        "station": unit.station.name if unit.station else None,
        "lon": where.lon,
        "lat": where.lat,
    }
