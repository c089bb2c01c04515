"""Which units to send: the run card of a type and alarm level, filled with who gets there soonest.

Most places of the card are filled, and among such choices the sum of times to arrival is least
(`layers.dispatch.filling`). Without road times the straight distance takes their place. Units of
agencies that help only in need are considered for what others leave empty. What the city keeps
covered is said of the choice, and of another that keeps more, where there is one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from layers.access.policies import visible_queryset
from layers.assets.models import StationKind
from layers.dispatch.cover.alternatives import cover_kept
from layers.dispatch.filling import Line, fill
from layers.dispatch.fleet import (
    AgencyRules,
    FleetUnit,
    driving_shown,
    fleet,
    points_of,
    reason_out,
)
from layers.dispatch.models import Assignment, RunCard
from layers.dispatch.recommendation import Drives, drives_to, require_point, unit_row
from layers.dispatch.rules import Sending
from layers.errors import InvalidInput, NotFound
from layers.geo.crs import geodesic_m
from layers.incidents.models import Incident, IncidentType
from layers.network.answers import LonLat
from layers.places.models import Agency

#: Highest alarm level there is.
MOST_ALARM = 9
#: Units whose times are worked out for each slot that is to be filled, and at least so many.
TIMES_A_SLOT, LEAST_TIMES = 4, 12
#: Kind of unit sent first where a type has no card, by the group of the type.
_KIND_OF_GROUP = {
    "fire": StationKind.FIRE, "police": StationKind.POLICE, "traffic": StationKind.POLICE,
    "medical": StationKind.AMBULANCE, "rescue": StationKind.RESCUE, "disaster": StationKind.RESCUE,
}  # fmt: skip


@dataclass
class Filled:
    """A card filled: for each line the units chosen, in order of arrival."""

    lines: list[Line]
    chosen: list[list[FleetUnit]]
    aid: set[int] = field(default_factory=set)

    @property
    def units(self) -> list[FleetUnit]:
        """All units chosen, each once."""
        return [unit for units in self.chosen for unit in units]


def card_of(kind: IncidentType, alarm_level: int) -> tuple[list[Line], int, str]:
    """Lines of the card in force at an alarm level, the level they were written for, and a warning.

    A card says all that its level calls for, not what it adds. Without one for the level the
    highest below it holds; without any, one unit of the kind that the type's group suggests.
    """
    cards = list(
        RunCard.objects.filter(incident_type=kind, alarm_level__lte=alarm_level).order_by("pk")
    )
    level = max((card.alarm_level for card in cards), default=0)
    lines = [
        Line(card.kind, card.capability, card.count) for card in cards if card.alarm_level == level
    ]
    if lines:
        warning = "" if level == alarm_level else _("there is no card for alarm {wanted}; that of alarm {level} is shown").format(wanted=alarm_level, level=level)  # fmt: skip
        return lines, level, warning
    guess = _KIND_OF_GROUP.get(kind.group, StationKind.POLICE)
    return (
        [Line(guess, "", 1)],
        0,
        _("%(type)s has no run card: one unit of the usual kind is shown")
        % {"type": kind.name if get_language() == "id" else kind.name_en or kind.name},
    )


def recommendation_for(
    *,
    incident_id: int | None = None,
    type_code: str | None = None,
    lon: float | None = None,
    lat: float | None = None,
    alarm_level: int | None = None,
    user: Any = None,
    with_routes: bool = False,
    alternatives: bool = True,
    build: bool = False,
) -> dict[str, Any]:
    """Units to send to an incident, or to a type of incident at a place (degrees), by its run card.

    Units already on the incident count towards its lines. `user`: only what that user may see; None
    means all. Every unit seen is chosen, or in `excluded` with its reason; `shortfall` is what no
    unit can fill, `next_agency` who could be asked. `cover` is what the
    city keeps within reach, `alternatives` other sets that keep more of it. Raises `NotFound` for an incident or type that
    does not exist or may not be seen, `Unroutable` where no road is near.
    """
    started = time.monotonic()
    incident, kind, point, alarm = _subject(incident_id, type_code, lon, lat, alarm_level, user)
    lines, card_level, warning = card_of(kind, alarm)
    units, rules = fleet(user=user)
    here = _already_there(incident, units)
    open_lines, kept = _without(lines, here)
    left, out = _sorted_out(units, lines, rules, taken={unit.id for unit in here})
    wanted = sum(line.count for line in open_lines)
    count = max(LEAST_TIMES, TIMES_A_SLOT * wanted)
    drives = drives_to(point, points_of(left, rules), count=count, build=build)
    cost = _costs(drives, left, point)
    filled = _fill_in_turn(open_lines, left, cost, rules)
    if len(filled.units) < wanted and drives.by_road and len(drives.order) == count:
        # The soonest may all be of one kind: only when that leaves a slot empty are all timed.
        drives = drives_to(point, points_of(left, rules), count=None, build=build)
        cost = _costs(drives, left, point)
        filled = _fill_in_turn(open_lines, left, cost, rules)
    out |= drives.lost
    picked = {unit.id for unit in filled.units}
    for unit in left:
        if unit.id not in picked and unit.id not in out:
            rule = rules.of(unit.agency_id, unit.kind)
            aid = rule is not None and rule.sending != Sending.FIRST
            out[unit.id] = "farther" if not aid else _aid_reason(rule.sending)  # type: ignore[union-attr]
    answer: dict[str, Any] = {
        "incident": incident.number if incident else None,
        "type": kind.code,
        "alarm_level": alarm,
        "card_level": card_level,
        "at": timezone.now().isoformat(),
        "by_road": drives.by_road,
        "snapped": drives.snapped(),
        "lines": [
            _line(line, kept[i], filled.chosen[i], filled.aid, drives, point, with_routes)
            for i, line in enumerate(lines)
        ],
        "assigned": [unit.callsign for unit in here],
        "excluded": [
            {"callsign": unit.callsign, "reason": out[unit.id]} for unit in units if unit.id in out
        ],
        "driving": driving_shown(filled.units, rules),
    }
    answer |= cover_kept(
        open_lines, filled.chosen, units, left, rules, drives, point,
        gone={unit.id for unit in here}, wanted=alternatives, build=build,
    )  # fmt: skip
    for line, shown in zip(lines, answer["lines"], strict=True):
        if shown["shortfall"]:
            sent = [unit for unit in [*here, *filled.units] if unit.kind == line.kind]
            gave = {unit.agency_id for unit in sent}
            shown["next_agency"] = _next_agency(line, gave, units, rules)
    warnings = [text for text in (warning, drives.warning) if text]
    if warnings:
        answer["warning"] = "; ".join(warnings)
    answer["seconds"] = round(time.monotonic() - started, 4)
    return answer


def _subject(
    incident_id: int | None, type_code: str | None, lon: float | None, lat: float | None,
    alarm_level: int | None, user: Any,
) -> tuple[Incident | None, IncidentType, LonLat, int]:  # fmt: skip
    """The incident or the type, where it is, and the alarm level."""
    if alarm_level is not None and not 1 <= alarm_level <= MOST_ALARM:
        raise InvalidInput(
            _("alarm level {alarm_level}").format(alarm_level=alarm_level),
            value=alarm_level,
            remedy=_("choose one from 1 to {most}").format(most=MOST_ALARM),
        )
    if incident_id is not None:
        rows = Incident.objects.all() if user is None else visible_queryset(user, Incident)
        incident = rows.select_related("type").filter(pk=incident_id).first()
        if incident is None:
            raise NotFound(
                _("there is no incident {incident_id}").format(incident_id=incident_id),
                value=incident_id,
            )
        own = int(getattr(incident, "alarm_level", None) or 1)
        return incident, incident.type, (incident.geom.x, incident.geom.y), alarm_level or own
    if type_code is None or lon is None or lat is None:
        raise InvalidInput(
            _("a recommendation needs an incident, or a type and a place"),
            remedy=_("give type, lon and lat"),
        )
    require_point(lon, lat, None, 1)
    kind = IncidentType.objects.filter(code=type_code).first()
    if kind is None:
        raise NotFound(
            _("there is no type of incident {type_code}").format(type_code=type_code),
            value=type_code,
            remedy=_("use its code"),
        )
    return None, kind, (lon, lat), alarm_level or 1


def _already_there(incident: Incident | None, units: list[FleetUnit]) -> list[FleetUnit]:
    """Units with an open assignment to the incident."""
    if incident is None:
        return []
    ids = set(
        Assignment.objects.filter(
            incident=incident, cleared_at__isnull=True, cancelled_at__isnull=True
        ).values_list("unit_id", flat=True)
    )
    return [unit for unit in units if unit.id in ids]


def _without(lines: list[Line], here: list[FleetUnit]) -> tuple[list[Line], list[list[FleetUnit]]]:
    """Lines less the units that already answer them, and which units those are."""
    kept = fill(lines, here, {unit.id: 0.0 for unit in here})
    return [
        Line(line.kind, line.capability, line.count - len(units))
        for line, units in zip(lines, kept, strict=True)
    ], kept


def _sorted_out(
    units: list[FleetUnit], lines: list[Line], rules: AgencyRules, *, taken: set[int]
) -> tuple[list[FleetUnit], dict[int, str]]:
    """Units that could be sent, and the reason of each that could not."""
    left, out = [], {}
    kinds = {line.kind for line in lines}
    for unit in units:
        if unit.id in taken:
            continue
        if unit.kind not in kinds:
            out[unit.id] = "wrong_kind"
        elif not any(line.fits(unit) for line in lines):
            out[unit.id] = "missing_capability"
        elif (reason := reason_out(unit, rules)) is not None:
            out[unit.id] = reason
        elif (rule := rules.of(unit.agency_id, unit.kind)) and rule.sending == Sending.NEVER:
            out[unit.id] = "not_sent"
        else:
            left.append(unit)
    return left, out


def _costs(drives: Drives, units: list[FleetUnit], point: LonLat) -> dict[int, float]:
    """Seconds by road of the units that were timed; metres straight where there is no road time."""
    if drives.by_road:
        return {number: eta.eta_s for number, eta in drives.etas.items()}
    return {
        unit.id: geodesic_m(unit.lon, unit.lat, *point)
        for unit in units
        if unit.lon is not None and unit.lat is not None
    }


def _fill_in_turn(
    lines: list[Line], units: list[FleetUnit], cost: dict[int, float], rules: AgencyRules
) -> Filled:
    """Own units first; those who help in need only for what is then still empty, in their order."""
    tiers: dict[int, list[FleetUnit]] = {}
    for unit in units:
        rule = rules.of(unit.agency_id, unit.kind)
        aid = rule is not None and rule.sending == Sending.AID
        tiers.setdefault(1 + rule.aid_order if rule is not None and aid else 0, []).append(unit)
    filled = Filled(lines, [[] for _ in lines])
    for tier in sorted(tiers):
        missing = [
            Line(line.kind, line.capability, line.count - len(filled.chosen[i]))
            for i, line in enumerate(lines)
        ]
        for i, found in enumerate(fill(missing, tiers[tier], cost)):
            filled.chosen[i] += found
            if tier:
                filled.aid |= {unit.id for unit in found}
    return filled


def _aid_reason(sending: str) -> str:
    return "mutual_aid" if sending == Sending.AID else "not_sent"


def _line(
    line: Line, kept: list[FleetUnit], chosen: list[FleetUnit], aid: set[int], drives: Drives,
    point: LonLat, with_routes: bool,
) -> dict[str, Any]:  # fmt: skip
    """One line of the answer: its units with their reasons, and what is missing."""
    rows = []
    for place, unit in enumerate(chosen):
        row = unit_row(unit, point, drives.etas.get(unit.id), with_route=with_routes)
        soonest = "soonest" if drives.by_road else "nearest_straight"
        row["why"] = "mutual_aid" if unit.id in aid else soonest if place == 0 else "next"
        row["crew_known"] = unit.crew is not None
        rows.append(row)
    shortfall = line.count - len(kept) - len(chosen)
    return {
        "kind": line.kind,
        "capability": line.capability or None,
        "count": line.count,
        "assigned": [unit.callsign for unit in kept],
        "units": rows,
        "shortfall": shortfall,
        "next_agency": None,
    }


def _next_agency(
    line: Line, gave: set[int | None], units: list[FleetUnit], rules: AgencyRules
) -> dict[str, Any] | None:
    """Whom to ask for what is missing: the helper next in order that gave nothing yet, else a
    neighbouring government. Never the service itself: all that it has was weighed already."""
    own = {unit.agency_id for unit in units if unit.kind == line.kind and _is_own(unit, rules)}
    for rule in rules.helpers(line.kind):
        if rule.agency_id not in gave | own:
            return _asked(rule.agency)
    home = set(
        Agency.objects.filter(pk__in=[one for one in own if one is not None]).values_list(
            "government", flat=True
        )
    )
    if not home:
        return None
    neighbours = Agency.objects.exclude(government__in=home | {""}).exclude(
        pk__in=[one for one in gave if one is not None]
    )
    first = neighbours.order_by("code").first()
    return None if first is None else _asked(first)


def _is_own(unit: FleetUnit, rules: AgencyRules) -> bool:
    rule = rules.of(unit.agency_id, unit.kind)
    return rule is None or rule.sending == Sending.FIRST


def _asked(agency: Agency) -> dict[str, Any]:
    return {"code": agency.code, "name": agency.name, "phone": agency.phone or None}
