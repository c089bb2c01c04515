"""The units as a recommendation sees them: one query, with whereabouts, crew and their agency's rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import F, FloatField, Func
from django.utils import timezone

from layers.access.policies import restrict
from layers.dispatch.models import StatusClass, Unit
from layers.dispatch.rules import AgencyRule, Sending, driving_of
from layers.network.costing import Costing, costing_for
from layers.network.router import UnitAt

#: A fix dated farther ahead than this is not believed, seconds.
AHEAD_S = 60.0
#: Reasons why a unit is left out, as codes; pages translate them.
REASONS = (
    "out_of_service", "committed", "delayed", "status_unknown", "wrong_kind", "missing_capability",
    "no_position", "stale_position", "short_crew", "mutual_aid", "not_sent", "no_road", "no_route",
    "farther",
)  # fmt: skip
_CLASS_REASONS = {
    StatusClass.UNAVAILABLE: "out_of_service",
    StatusClass.COMMITTED: "committed",
    StatusClass.DELAYED: "delayed",
    StatusClass.UNKNOWN: "status_unknown",
}


@dataclass(frozen=True, slots=True)
class FleetUnit:
    """One unit now. `age_s` is None where the position has no fix time and never goes stale;
    `lon` and `lat` are None where neither a fix nor a station is known."""

    id: int
    callsign: str
    kind: str
    capabilities: tuple[str, ...]
    agency_id: int | None
    agency: str | None
    agency_name: str | None
    station_id: int | None
    station: str | None
    status: str
    status_class: str
    crew: int | None
    lon: float | None
    lat: float | None
    age_s: float | None
    from_station: bool
    max_age_s: int | None = None

    @property
    def skills(self) -> frozenset[str]:
        """Its capabilities without regard to case."""
        return frozenset(word.casefold() for word in self.capabilities)


class AgencyRules:
    """The rules of all agencies, read once for a request."""

    def __init__(self) -> None:
        self._costings: dict[tuple[int | None, str], Costing] = {}
        self._rules = {
            (rule.agency_id, rule.kind): rule
            for rule in AgencyRule.objects.select_related("agency")
        }

    def of(self, agency_id: int | None, kind: str) -> AgencyRule | None:
        """The rule for a kind of unit of an agency: its own, else the agency's, else none."""
        if agency_id is None:
            return None
        return self._rules.get((agency_id, kind)) or self._rules.get((agency_id, ""))

    def costing(self, agency_id: int | None, kind: str) -> Costing:
        """How a kind of unit of an agency drives."""
        found = self._costings.get((agency_id, kind))
        if found is None:
            overrides = json.dumps(driving_of(self.of(agency_id, kind)), sort_keys=True)
            found = self._costings[agency_id, kind] = _costing(kind, overrides)
        return found

    def helpers(self, kind: str) -> list[AgencyRule]:
        """Rules of the agencies that lend a kind of unit, in the order in which they are asked."""
        found = [
            rule
            for (agency_id, own), rule in self._rules.items()
            if rule.sending != Sending.FIRST
            and (own == kind or (not own and (agency_id, kind) not in self._rules))
        ]
        return sorted(found, key=lambda r: (r.sending != Sending.AID, r.aid_order, r.agency.code))


@lru_cache(maxsize=512)
def _costing(kind: str, overrides: str) -> Costing:
    """One object for each costing, so that units that drive alike are told by identity."""
    return costing_for(kind, json.loads(overrides))


def driving_shown(units: list[FleetUnit], rules: AgencyRules) -> list[dict[str, Any]]:
    """The ways in which the units of an answer drive, one for each agency and kind."""
    found = {}
    for unit in units:
        key = (unit.agency or "", unit.kind)
        if key not in found:
            costing = rules.costing(unit.agency_id, unit.kind)
            found[key] = {
                "agency": unit.agency,
                "kind": unit.kind,
                "against_oneway": costing.against_oneway,
                "against_oneway_kph": costing.against_oneway_kph
                if costing.against_oneway
                else None,
                "obeys_turn_restrictions": costing.obeys_turn_restrictions,
                "u_turn_s": costing.u_turn_s,
                "speed_factor": costing.speed_factor,
                "limit_factor": costing.limit_factor,
                "own_rule": bool(driving_of(rules.of(unit.agency_id, unit.kind))),
            }
    return [found[key] for key in sorted(found)]


class _Ordinate(Func):
    output_field = FloatField()

    def __init__(self, column: str, axis: str) -> None:
        super().__init__(F(column), function=f"ST_{axis}")


_COLUMNS = (
    "id", "callsign", "kind", "capabilities", "agency_id", "agency__code", "agency__name", "station_id",
    "station__name", "status__code", "status__status_class", "attributes__crew", "position__fix_at",
    "position__max_age_s",
)  # fmt: skip


def fleet(*, user: Any = None, now: datetime | None = None) -> list[FleetUnit]:
    """Every unit the user may see (None: all) at its last fix, or at its station where it never
    sent one, in the order of callsigns; one query."""
    now = now or timezone.now()
    rows = Unit.objects.all() if user is None else restrict(user, Unit.objects.all())
    rows = rows.order_by("callsign").annotate(
        px=_Ordinate("position__geom", "X"), py=_Ordinate("position__geom", "Y"),
        sx=_Ordinate("station__geom", "X"), sy=_Ordinate("station__geom", "Y"),
    )  # fmt: skip
    return [_unit(row, now) for row in rows.values_list(*_COLUMNS, "px", "py", "sx", "sy")]


def _unit(row: tuple[Any, ...], now: datetime) -> FleetUnit:
    number, callsign, kind, capabilities, agency_id, agency, agency_name, station_id, station = row[
        :9
    ]
    status, status_class, crew, fix_at, max_age_s, px, py, sx, sy = row[9:]
    from_station = px is None and sx is not None
    return FleetUnit(
        id=number, callsign=callsign, kind=kind, capabilities=tuple(capabilities), agency_id=agency_id,
        agency=agency, agency_name=agency_name, station_id=station_id, station=station, status=status,
        status_class=status_class, crew=_people(crew), lon=sx if from_station else px,
        lat=sy if from_station else py,
        age_s=None if fix_at is None or px is None else (now - fix_at).total_seconds(),
        from_station=from_station, max_age_s=max_age_s,
    )  # fmt: skip


def _people(crew: Any) -> int | None:
    """Number of people aboard, where a source gives it as a number or as a list."""
    if isinstance(crew, bool):
        return None
    if isinstance(crew, int | float):
        return int(crew)
    return len(crew) if isinstance(crew, list) else None


def reason_out(
    unit: FleetUnit, rules: AgencyRules, *, kind: str | None = None, capability: str | None = None
) -> str | None:
    """Why a unit is not considered, or None. A fix older than the limit, or dated ahead, is stale."""
    if kind is not None and unit.kind != kind:
        return "wrong_kind"
    if capability and capability.casefold() not in unit.skills:
        return "missing_capability"
    if unit.status_class != StatusClass.AVAILABLE:
        return _CLASS_REASONS.get(StatusClass(unit.status_class), "status_unknown")
    if unit.lon is None:
        return "no_position"
    limit_s = unit.max_age_s or settings.NCC_POSITION_MAX_AGE_S
    if unit.age_s is not None and not -AHEAD_S <= unit.age_s <= limit_s:
        return "stale_position"
    rule = rules.of(unit.agency_id, unit.kind)
    if rule is not None and unit.crew is not None and unit.crew < rule.min_crew:
        return "short_crew"
    return None


def points_of(units: list[FleetUnit], rules: AgencyRules) -> list[UnitAt]:
    """Where units with a position stand and how they drive, keyed by their ids."""
    return [
        UnitAt(unit.id, unit.lon, unit.lat, rules.costing(unit.agency_id, unit.kind))
        for unit in units
        if unit.lon is not None and unit.lat is not None
    ]
