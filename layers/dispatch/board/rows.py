"""Rows as the API and the consoles get them; nothing that a caller said is in any of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, F, FloatField, Func
from django.utils import timezone

from layers.dispatch.fleet import AHEAD_S
from layers.dispatch.models import STEP_FIELD, Assignment, Step
from layers.incidents.lifecycle.limits import Limits
from layers.incidents.lifecycle.timers import due_at, overdue
from layers.incidents.models import Call, IncidentType

#: Columns an incident's row shows as they are.
_PLAIN = (
    "id", "number", "state", "priority", "alarm_level", "address", "summary", "reported_at", "state_since",
    "scheduled_for", "first_dispatch_at", "first_en_route_at", "first_on_scene_at", "under_control_at",
    "closed_at", "first_closed_at", "disposition", "version", "location_source",
)  # fmt: skip


def type_row(kind: IncidentType) -> dict[str, Any]:
    """An incident type."""
    return {
        "code": kind.code, "name": kind.name, "name_en": kind.name_en or kind.name, "group": kind.group,
        "sensitive": kind.sensitive,
    }  # fmt: skip


def incident_rows(
    incidents: Any, *, now: datetime | None = None, limits: Limits | None = None
) -> list[dict[str, Any]]:
    """Rows of a queryset of incidents in its order; three queries however many there are."""
    now = now or timezone.now()
    rows = list(
        incidents.select_related("type", "initial_type", "agency", "area", "merged_into").annotate(
            calls_n=Count("calls", distinct=True)
        )
    )
    parts: dict[int, list[dict[str, Any]]] = {}
    active = (
        Assignment.objects.filter(
            incident__in=[row.pk for row in rows], cleared_at__isnull=True, cancelled_at__isnull=True
        )
        .select_related("unit__status")
        .order_by("pk")
    )  # fmt: skip
    for part in active if rows else ():
        parts.setdefault(part.incident_id, []).append(part_row(part))
    limits = limits or Limits()
    return [_incident_row(row, parts.get(row.pk, []), now, limits) for row in rows]


def _incident_row(
    row: Any, units: list[dict[str, Any]], now: datetime, limits: Limits
) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _PLAIN},
        "type": type_row(row.type),
        "initial_type": row.initial_type.code,
        "agency": row.agency.code if row.agency else None,
        "agency_name": row.agency.name if row.agency else None,
        "area": row.area.code if row.area else None,
        "area_name": row.area.name if row.area else None,
        "lon": round(row.geom.x, 7),
        "lat": round(row.geom.y, 7),
        "accuracy_m": row.location_accuracy_m,
        "merged_into": row.merged_into.number if row.merged_into else None,
        "calls": row.calls_n,
        "overdue": overdue(row, limits, now=now),
        "due_at": due_at(row, limits),
        "units": units,
    }


def part_row(part: Assignment) -> dict[str, Any]:
    """One unit's part in a response as an incident's row shows it."""
    step = part.step
    since = part.created_at if step == Step.RESERVED else getattr(part, STEP_FIELD[step])
    return {
        "assignment": part.pk, "unit": part.unit_id, "callsign": part.unit.callsign, "kind": part.unit.kind,
        "status": part.unit.status.code, "step": str(step), "since": since, "version": part.version,
        "eta_s": part.eta_s, "disordered": part.disordered,
    }  # fmt: skip


def assignment_row(part: Assignment) -> dict[str, Any]:
    """One assignment with every time of it."""
    return {
        **part_row(part),
        "incident": part.incident.number,
        "incident_id": part.incident_id,
        "multi": part.multi,
        "active": part.active,
        "reason": part.reason,
        "created_at": part.created_at,
        **{name: getattr(part, name) for name in STEP_FIELD.values()},
    }


class _UnitNow(NamedTuple):
    """What the board shows of a unit, as the columns of one query: 260 units are read in a few
    milliseconds so, which as objects with their relations take thirty."""

    id: int
    callsign: str
    name: str
    kind: str
    agency: str | None
    agency_name: str | None
    station: str | None
    status: str
    status_name: str
    status_name_en: str
    status_class: str
    status_since: datetime
    reason: str
    capabilities: list[str]
    post: str | None
    multi: bool
    version: int
    lon: float | None
    lat: float | None
    station_lon: float | None
    station_lat: float | None
    fix_at: datetime | None
    max_age_s: int | None


_UNIT_COLUMNS = (
    "pk", "callsign", "name", "kind", "agency__code", "agency__name", "station__name", "status__code",
    "status__name", "status__name_en", "status__status_class", "status_since", "status_reason",
    "capabilities", "post__code", "multi_assignment", "version",
)  # fmt: skip


def _coordinate(path: str, axis: str) -> Func:
    return Func(F(path), function=f"ST_{axis}", output_field=FloatField())


def unit_rows(units: Any, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """Rows of a queryset of units in its order; two queries."""
    now = now or timezone.now()
    found = units.values_list(
        *_UNIT_COLUMNS,
        *(_coordinate(f"{at}__geom", axis) for at in ("position", "station") for axis in "XY"),
        "position__fix_at", "position__max_age_s",
    )  # fmt: skip
    rows = [_UnitNow._make(row) for row in found]
    on: dict[int, list[str]] = {}
    held = Assignment.objects.filter(cleared_at__isnull=True, cancelled_at__isnull=True)
    if len(rows) == 1:
        held = held.filter(unit=rows[0].id)
    for unit_id, number in held.order_by("pk").values_list("unit_id", "incident__number"):
        on.setdefault(unit_id, []).append(number)
    return [_unit_row(row, on.get(row.id, []), now) for row in rows]


def _unit_row(unit: _UnitNow, numbers: list[str], now: datetime) -> dict[str, Any]:
    from_station = unit.lon is None
    lon, lat = (unit.station_lon, unit.station_lat) if from_station else (unit.lon, unit.lat)
    placed = lon is not None and lat is not None
    return {
        "id": unit.id, "callsign": unit.callsign, "name": unit.name, "kind": unit.kind,
        "agency": unit.agency, "agency_name": unit.agency_name, "station": unit.station,
        "status": unit.status, "status_name": unit.status_name, "status_name_en": unit.status_name_en,
        "status_class": unit.status_class, "status_since": unit.status_since,
        "reason": unit.reason, "capabilities": unit.capabilities, "post": unit.post,
        "lon": None if lon is None else round(lon, 7), "lat": None if lat is None else round(lat, 7),
        "fix_at": unit.fix_at, "stale": not placed or _stale(unit, now),
        "from_station": from_station and placed, "incidents": numbers,
        "multi": unit.multi, "version": unit.version,
    }  # fmt: skip


def _stale(unit: _UnitNow, now: datetime) -> bool:
    """Whether a place is too old to believe; one without a fix time never is."""
    if unit.fix_at is None:
        return False
    age_s = (now - unit.fix_at).total_seconds()
    limit_s = unit.max_age_s or settings.NCC_POSITION_MAX_AGE_S
    return not -AHEAD_S <= age_s <= limit_s


def call_row(call: Call) -> dict[str, Any]:
    """A call without who called; `has_caller` says that there is something to open."""
    return {
        "id": call.pk, "code": call.code, "channel": call.channel, "kind": call.kind,
        "arrived_at": call.arrived_at, "answered_at": call.answered_at, "ended_at": call.ended_at,
        "taken_by": call.taken_by.get_username() if call.taken_by else None,
        "incident": call.incident.number if call.incident else None,
        "has_caller": bool(call.caller_name or call.caller_number),
        "note": call.note, "place_text": call.place_text,
        "lon": round(call.geom.x, 7) if call.geom else None,
        "lat": round(call.geom.y, 7) if call.geom else None,
        "accuracy_m": call.location_accuracy_m, "location_source": call.location_source,
        "version": call.version,
    }  # fmt: skip


def call_rows(calls: Iterable[Call]) -> list[dict[str, Any]]:
    """Rows of calls in their order."""
    return [call_row(call) for call in calls]
