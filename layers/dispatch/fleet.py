"""The units as a recommendation sees them: one query, with whereabouts, crew and their agency's rule."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils import timezone

from layers.access.policies import rights_of, sees_row_of
from layers.dispatch.models import StatusClass
from layers.dispatch.rules import AgencyRule, Sending, driving_of
from layers.geo.sql import load_sql
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


class FleetUnit(NamedTuple):
    """One unit now. `age_s` is None where the position has no fix time and never goes stale;
    `lon` and `lat` are None where neither a fix nor a station is known; `max_age_s` is the age at
    which its source makes a fix stale, None for that of the settings."""

    id: int
    callsign: str
    kind: str
    capabilities: list[str]
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
    max_age_s: float | None = None
    #: Station that the unit was ordered to stand in at: its code, name and place in degrees.
    post: str | None = None
    post_name: str | None = None
    post_lon: float | None = None
    post_lat: float | None = None

    def at_post(self) -> FleetUnit:
        """The unit as its order has it: at the station where it stands in, else where it is."""
        if self.post is None:
            return self
        return self._replace(lon=self.post_lon, lat=self.post_lat)

    @property
    def skills(self) -> frozenset[str]:
        """Its capabilities without regard to case."""
        return frozenset(word.casefold() for word in self.capabilities)


class AgencyRules:
    """The rules of all agencies as they were when this was made."""

    def __init__(self) -> None:
        self._costings: dict[tuple[int | None, str], Costing] = {}
        rows = AgencyRule.objects.select_related("agency").order_by()
        self._rules = {(rule.agency_id, rule.kind): rule for rule in rows}

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


class Fleet(NamedTuple):
    """Units in the order of callsigns, and the rules in force when they were read."""

    units: list[FleetUnit]
    rules: AgencyRules


#: The rules last read, and the mark of the state they were read in.
_rules_read: tuple[str, AgencyRules] | None = None


def fleet(*, user: Any = None, now: datetime | None = None) -> Fleet:
    """Every unit the user may see (None: all) at its last fix, or at its station where it never
    sent one, with the agencies' rules; one query while the rules stay what they were."""
    rights = None if user is None else rights_of(user)
    with connection.cursor() as cursor:
        cursor.execute(load_sql("dispatch", "fleet"), {"now": now or timezone.now()})
        rows = cursor.fetchall()
    rules = _rules_marked(rows[0][-1]) if rows else AgencyRules()
    if rights is None:
        return Fleet([FleetUnit._make(row[:-2]) for row in rows], rules)
    # Rights are a matter of the agency: asked once for each, not for each unit.
    owners = {(row[_AGENCY], row[-2]) for row in rows}
    seen = {owner: sees_row_of(rights, "unit", *owner) for owner in owners}
    return Fleet([FleetUnit._make(row[:-2]) for row in rows if seen[row[_AGENCY], row[-2]]], rules)


_AGENCY = FleetUnit._fields.index("agency_id")


def _rules_marked(mark: str) -> AgencyRules:
    """The rules in the state that a mark names. They are read after it: newer rules under an older
    mark do no harm, for the next mark is another."""
    global _rules_read
    held = _rules_read
    if held is None or held[0] != mark:
        held = _rules_read = (mark, AgencyRules())
    return held[1]


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
    alike = {(unit.agency_id, unit.kind) for unit in units}
    costings = {each: rules.costing(*each) for each in alike}
    return [
        UnitAt(unit.id, unit.lon, unit.lat, costings[unit.agency_id, unit.kind])
        for unit in units
        if unit.lon is not None and unit.lat is not None
    ]
