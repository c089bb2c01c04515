"""Who gets there soonest by road, who is left out, and why."""

from __future__ import annotations

import math
import time
from typing import Any

from django.utils.translation import gettext as _

from layers.assets.models import StationKind
from layers.dispatch.fleet import (
    REASONS,
    FleetUnit,
    driving_shown,
    fleet,
    points_of,
    reason_out,
)
from layers.errors import InvalidInput, Unavailable
from layers.geo.crs import geodesic_m
from layers.network.answers import Eta, LonLat, Nearest, UnitAt
from layers.network.asking import Network, router_ask
from layers.network.router import straight_line

__all__ = ["DEFAULT_COUNT", "REASONS", "Drives", "drives_to", "unit_row", "units_nearest"]

#: Units asked for unless the caller says otherwise.
DEFAULT_COUNT = 10


class Drives:
    """What the engine, or in its stead the straight line, says about a set of units and a point.

    `order` holds unit ids, soonest first; `etas` by id (empty by straight line); `lost` ids with
    their reason; `network` what was driven on, with its closures, None by straight line.
    """

    def __init__(
        self, found: Nearest | None, order: list[int], *, network: Network | None = None
    ) -> None:
        self.found = found
        self.order = order
        self.network = network
        self.current = network is not None and network.current
        self.warning = ""
        self.etas: dict[int, Eta] = (
            {} if found is None else {int(str(e.key)): e for e in found.etas}
        )
        self.lost = {} if found is None else {int(str(u.key)): u.reason for u in found.unreachable}

    @property
    def by_road(self) -> bool:
        """Whether times are by road; by straight line there are none."""
        return self.found is not None

    def snapped(self) -> dict[str, Any] | None:
        """The place on the road that is driven to."""
        if self.found is None:
            return None
        place = self.found.place
        return {
            "lon": round(place.lon, 7), "lat": round(place.lat, 7),
            "distance_m": round(place.distance_m, 2), "connected": place.connected,
        }  # fmt: skip


def drives_to(
    point: LonLat, units: list[UnitAt], *, count: int | None, build: bool = False
) -> Drives:
    """The `count` units (keyed by their ids) that reach a point soonest by road, exactly.

    Where the engine is not to be had within its limit the order is by straight distance, without
    times and with a warning. Raises `Unroutable` where the point has no road near it.
    """
    try:
        (found, router, closed), current = router_ask(
            point,
            lambda router, closed: (
                router.nearest(point, units, count=count, closed=closed),
                router,
                closed,
            ),
            build=build,
        )
    except Unavailable as error:
        lines = straight_line(point, units, count=count)
        drives = Drives(None, [int(str(line.key)) for line in lines])
        drives.warning = _("straight distance, not by road: {why}").format(why=error)
        return drives
    order = [int(str(eta.key)) for eta in found.etas]
    return Drives(found, order, network=Network(router, closed, current))


def require_point(lon: float, lat: float, kind: str | None, count: int) -> None:
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        swapped = abs(lat) <= 180 and abs(lon) <= 90
        raise InvalidInput(
            _("longitude {lon}, latitude {lat} is out of range").format(lon=lon, lat=lat),
            value=(lon, lat),
            remedy=_("longitude comes first; these look swapped")
            if swapped
            else _("give degrees in WGS 84, longitude first"),
        )
    if kind is not None and kind not in StationKind.values:
        raise InvalidInput(
            _("no kind of unit {kind}").format(kind=kind),
            value=kind,
            remedy=_("choose one of {list}").format(list=", ".join(StationKind.values)),
        )
    if count < 1:
        raise InvalidInput(
            _("{count} units cannot be listed").format(count=count),
            value=count,
            remedy=_("ask for at least 1"),
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
    on the imported network with its one-ways, turn restrictions, the rules of each agency and the
    closures in force now. Where the engine gives no answer in time, or there is no graph, the list
    is by straight distance: `by_road` is false, `warning` says why, `eta_s` is null. `build` makes
    the graph first where it is out of date (commands), else the last one answers and
    `graph_current` is false. Raises `Unroutable` where the point has no road near it.
    """
    started = time.monotonic()
    require_point(lon, lat, kind, count)
    seen = fleet(user=user)
    rules = seen.rules
    excluded: list[dict[str, Any]] = []
    candidates: list[FleetUnit] = []
    for unit in seen.units:
        reason = reason_out(unit, rules, kind=kind, capability=capability)
        if reason is None:
            candidates.append(unit)
        else:
            excluded.append({"callsign": unit.callsign, "reason": reason})
    by_id = {unit.id: unit for unit in candidates}
    drives = drives_to((lon, lat), points_of(candidates, rules), count=count, build=build)
    answer: dict[str, Any] = {
        "by_road": drives.by_road,
        "snapped": drives.snapped(),
        "units": [
            unit_row(by_id[number], (lon, lat), drives.etas.get(number), with_route=with_routes)
            for number in drives.order
        ],
        "excluded": excluded,
        "driving": driving_shown([by_id[number] for number in drives.order], rules),
    }
    excluded += [{"callsign": by_id[n].callsign, "reason": why} for n, why in drives.lost.items()]
    listed = {*drives.order, *drives.lost}
    excluded += [
        {"callsign": unit.callsign, "reason": "farther"}
        for unit in candidates
        if unit.id not in listed
    ]
    if drives.by_road:
        answer["graph_current"] = drives.current
    else:
        answer["warning"] = drives.warning
    answer["seconds"] = round(time.monotonic() - started, 4)
    return answer


def unit_row(
    unit: FleetUnit, point: LonLat, eta: Eta | None, *, with_route: bool = False
) -> dict[str, Any]:
    """A unit and its way to a point; times and road metres are null by straight line."""
    assert unit.lon is not None
    assert unit.lat is not None
    row: dict[str, Any] = {
        "callsign": unit.callsign,
        "kind": unit.kind,
        "agency": unit.agency,
        "status": unit.status,
        "eta_s": None if eta is None else round(eta.eta_s, 2),
        "distance_m": None if eta is None else round(eta.distance_m, 1),
        "straight_m": round(geodesic_m(unit.lon, unit.lat, *point), 1),
        "position_age_s": None if unit.age_s is None else round(unit.age_s, 1),
        "from_station": unit.from_station,
        "capabilities": list(unit.capabilities),
        "station": unit.station,
        "lon": unit.lon,
        "lat": unit.lat,
    }
    if with_route and eta is not None:
        row["route"] = {"type": "LineString", "coordinates": eta.route.coordinates}
    return row
