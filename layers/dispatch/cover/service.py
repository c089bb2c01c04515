"""The cover of the city by kind of unit: now, after units have gone, from stations, and moves up."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import restrict, visible_queryset
from layers.assets.models import AssetStatus, Station, StationKind
from layers.dispatch.cover.alternatives import counts_for_cover
from layers.dispatch.cover.ground import Ground, ground_of
from layers.dispatch.cover.standing import (
    LIMIT_MINUTES,
    WITHIN_SHARE,
    Cover,
    Move,
    moves_up,
    without,
)
from layers.dispatch.cover.times import Start, times_from
from layers.dispatch.fleet import AgencyRules, FleetUnit, fleet
from layers.dispatch.models import Assignment, StatusClass
from layers.errors import InvalidInput, NotFound, Unroutable
from layers.incidents.models import Incident
from layers.network.asking import Network, engine_run, network_at

MOST_MINUTES = 60.0
MOST_RINGS = 6


def cover_standing(
    *,
    kind: str | None = None,
    minutes: Sequence[float] = (5.0, 10.0, 15.0),
    without_units: Sequence[str] = (),
    incident_id: int | None = None,
    user: Any = None,
    build: bool = False,
) -> dict[str, Any]:
    """Shares of streets, people and demand within driving minutes of available units, by kind.

    `without_units` (callsigns): also after those have gone, with the areas that fall out of the 15
    minutes and moves that would bring them back. `incident_id`: the same for the units that are on
    an incident, which are counted before at their stations; only their kinds are looked at. A unit
    that was ordered to stand in at a station counts there from the order on (before an incident:
    where it is), and is named in `ordered`. Times are exact by road, with the closures in force;
    what is counted is pieces of street of at most 50 m, by their middles. Raises `Unavailable`
    where the engine gives no answer.
    """
    started = time.monotonic()
    _require(kind, minutes)
    units, rules = fleet(user=user)
    leaving = _named(units, without_units)
    stations = list(
        restrict(user, Station.objects.all()) if user is not None else Station.objects.all()
    )
    kinds = [kind] if kind else sorted({unit.kind for unit in units})
    if incident_id is not None:
        on_it = _on_incident(incident_id, user)
        homes = {station.pk: station for station in stations}
        units = [_at_home(unit, homes) if unit.id in on_it else unit for unit in units]
        leaving |= on_it
        kinds = sorted({unit.kind for unit in units if unit.id in on_it})
    stations = [s for s in stations if s.status == AssetStatus.ACTIVE]
    network = network_at(_middle(units, stations), build=build)
    ground = ground_of(network.router, wait=build)
    limit_s = max(*minutes, LIMIT_MINUTES) * 60.0
    found = {}
    for one in kinds:
        standing = [u for u in units if u.kind == one and counts_for_cover(u, rules)]
        posts = [station for station in stations if station.kind == one]
        found[one] = engine_run(
            lambda standing=standing, posts=posts: _of_kind(  # type: ignore[misc]
                standing,
                posts,
                leaving,
                minutes,
                rules,
                network,
                ground,
                limit_s,
                as_sent=incident_id is None,
            )
        )
        found[one]["not_available"] = sum(u.kind == one for u in units) - len(standing)
    return {
        "at": timezone.now().isoformat(),
        "minutes": list(minutes),
        "limit_minutes": LIMIT_MINUTES,
        "within_share": WITHIN_SHARE,
        "graph_current": network.current,
        "totals": {
            "street_m": round(float(ground.street_m.sum()), 1),
            "people": round(float(ground.people.sum())),
            "demand": None if ground.demand is None else round(float(ground.demand.sum()), 1),
        },
        "without": sorted(unit.callsign for unit in units if unit.id in leaving),
        "kinds": found,
        "seconds": round(time.monotonic() - started, 3),
    }


def _of_kind(
    standing: list[FleetUnit], posts: list[Station], leaving: set[int], minutes: Sequence[float],
    rules: AgencyRules, network: Network, ground: Ground, limit_s: float, *, as_sent: bool,
) -> dict[str, Any]:  # fmt: skip
    """Figures of one kind; touches no database. `as_sent`: units count where they were ordered to
    already before somebody leaves."""
    router, closed = network.router, network.closed
    starts = [_start(unit.at_post(), rules) for unit in standing]
    times = times_from(router, closed, ground, starts, limit_s=limit_s)
    before = times
    if not as_sent:
        here = [_start(unit, rules) for unit in standing]
        before = times_from(router, closed, ground, here, limit_s=limit_s)
    now = Cover.of(ground, before)
    default = rules.costing(None, posts[0].kind) if posts else None
    from_posts = [Start(s.geom.x, s.geom.y, default) for s in posts] if default else []
    at_posts = Cover.of(ground, times_from(router, closed, ground, from_posts, limit_s=limit_s))
    answer: dict[str, Any] = {
        "units": len(standing),
        "stations": len(posts),
        "now": now.shares(minutes),
        "from_stations": at_posts.shares(minutes),
        "areas": now.areas(minutes),
        "after": None,
        "lost": [],
        "moves": [],
        "ordered": [
            _order(unit, rules, network)
            for unit in standing
            if unit.post and unit.id not in leaving
        ],
    }
    gone = [number for number, unit in enumerate(standing) if unit.id in leaving]
    if not gone:
        return answer
    stay = [unit for unit in standing if unit.id not in leaving]
    left = without(times, gone)
    after = Cover.of(ground, left)
    lost = after.outside() - now.outside()
    answer["after"] = after.shares(minutes)
    for row, later in zip(answer["areas"], after.areas(minutes), strict=True):
        row["share_after"], row["within_after"] = later["share"], later["within"]
    answer["lost"] = [ground.areas[number][0] for number in sorted(lost)]
    if lost and stay and posts:
        costings = [rules.costing(unit.agency_id, unit.kind) for unit in stay]
        by_costing = {
            costing: times_from(
                router, closed, ground, [Start(s.geom.x, s.geom.y, costing) for s in posts],
                limit_s=limit_s,
            )
            for costing in set(costings)
        }  # fmt: skip
        from_each = np.stack([by_costing[costing] for costing in costings])
        kept = [number for number, unit in enumerate(stay) if unit.post]
        for move in moves_up(ground, left, from_each, wanted=lost, fixed=kept):
            answer["moves"].append(_move(move, stay, posts, rules, network))
    return answer


def _move(
    move: Move, units: list[FleetUnit], posts: list[Station], rules: AgencyRules, network: Network
) -> dict[str, Any]:
    """One proposal in words and numbers."""
    unit, post = units[move.unit], posts[move.station]
    eta = _eta_s(unit, (post.geom.x, post.geom.y), rules, network)
    areas = move.before.ground.areas
    back = sorted(move.before.outside() - move.after.outside())
    limit = [LIMIT_MINUTES]
    return {
        "unit": unit.callsign,
        "from": unit.station,
        "to": {"station": post.name, "code": post.code, "lon": post.geom.x, "lat": post.geom.y},
        "eta_s": None if eta is None else round(eta, 1),
        "brings_back": [{"code": areas[n][0], "name": areas[n][1]} for n in back],
        "before": move.before.shares(limit),
        "after": move.after.shares(limit),
    }


def _order(unit: FleetUnit, rules: AgencyRules, network: Network) -> dict[str, Any]:
    """A unit that is on its way to stand in, or there."""
    place = (unit.post_lon or 0.0, unit.post_lat or 0.0)
    eta = _eta_s(unit, place, rules, network)
    return {
        "unit": unit.callsign,
        "to": {"station": unit.post_name, "code": unit.post, "lon": place[0], "lat": place[1]},
        "eta_s": None if eta is None else round(eta, 1),
    }


def _eta_s(
    unit: FleetUnit, place: tuple[float, float], rules: AgencyRules, network: Network
) -> float | None:
    """Seconds by road from where the unit is; None where no road leads there."""
    start = _start(unit, rules)
    try:
        return network.router.route(
            (start.lon, start.lat), place, costing=start.costing, closed=network.closed
        ).eta_s
    except Unroutable:
        return None


def _start(unit: FleetUnit, rules: AgencyRules) -> Start:
    return Start(unit.lon or 0.0, unit.lat or 0.0, rules.costing(unit.agency_id, unit.kind))


def _on_incident(incident_id: int, user: Any) -> set[int]:
    """Units with an open assignment to an incident that the user may see."""
    rows = Incident.objects.all() if user is None else visible_queryset(user, Incident)
    if not rows.filter(pk=incident_id).exists():
        raise NotFound(
            _("there is no incident {incident_id}").format(incident_id=incident_id),
            value=incident_id,
        )
    active = Assignment.objects.filter(
        incident=incident_id, cleared_at__isnull=True, cancelled_at__isnull=True
    )
    return set(active.values_list("unit_id", flat=True))


def _at_home(unit: FleetUnit, homes: dict[int, Station]) -> FleetUnit:
    """The unit as it was before it was sent: free, at its station where that is known."""
    home = homes.get(unit.station_id or 0)
    free = unit._replace(status_class=StatusClass.AVAILABLE, age_s=None)
    return free if home is None else free._replace(lon=home.geom.x, lat=home.geom.y)


def _named(units: list[FleetUnit], callsigns: Sequence[str]) -> set[int]:
    """Ids of the units of these callsigns, told without regard to case."""
    by_name = {unit.callsign.casefold(): unit.id for unit in units}
    found = set()
    for name in callsigns:
        if name.casefold() not in by_name:
            raise NotFound(
                _("there is no unit {name}").format(name=name),
                value=name,
                remedy=_("give its callsign"),
            )
        found.add(by_name[name.casefold()])
    return found


def _middle(units: list[FleetUnit], stations: list[Station]) -> tuple[float, float]:
    """Where the units stand, in the median; it says which network is meant."""
    places = [(u.lon, u.lat) for u in units if u.lon is not None and u.lat is not None]
    places = places or [(s.geom.x, s.geom.y) for s in stations]
    if not places:
        raise NotFound(
            _("there is no unit and no station to cover from"),
            remedy=_("load units or stations, or ask for a role that sees them"),
        )
    # The one place nearest to both medians: a median of its own may lie between two cities.
    points = np.array(places)
    far = np.abs(points - np.median(points, axis=0)).sum(axis=1)
    lon, lat = points[int(far.argmin())]
    return float(lon), float(lat)


def _require(kind: str | None, minutes: Sequence[float]) -> None:
    if kind is not None and kind not in StationKind.values:
        raise InvalidInput(
            _("no kind of unit {kind}").format(kind=kind),
            value=kind,
            remedy=_("choose one of {list}").format(list=", ".join(StationKind.values)),
        )
    good = all(math.isfinite(m) and 0 < m <= MOST_MINUTES for m in minutes)
    if not good or not 1 <= len(minutes) <= MOST_RINGS:
        raise InvalidInput(
            _("minutes must be above 0 and at most 60, six at most"),
            value=list(minutes),
            remedy=_("ask for instance for 5, 10 and 15"),
        )
