"""Rows as the API and the consoles get them; nothing that a caller said is in any of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from layers.dispatch.fleet import AHEAD_S
from layers.dispatch.models import STEP_FIELD, Assignment, Step, Unit
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


def incident_rows(incidents: Any, *, now: datetime | None = None) -> list[dict[str, Any]]:
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
    return [_incident_row(row, parts.get(row.pk, []), now) for row in rows]


def _incident_row(row: Any, units: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
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
        "overdue": overdue(row, now=now),
        "due_at": due_at(row),
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


def unit_rows(units: Any, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """Rows of a queryset of units in its order; two queries."""
    now = now or timezone.now()
    rows = list(units.select_related("status", "agency", "station", "position"))
    on: dict[int, list[str]] = {}
    held = Assignment.objects.filter(
        unit__in=[row.pk for row in rows], cleared_at__isnull=True, cancelled_at__isnull=True
    )
    for unit_id, number in held.order_by("pk").values_list("unit_id", "incident__number"):
        on.setdefault(unit_id, []).append(number)
    return [_unit_row(row, on.get(row.pk, []), now) for row in rows]


def _unit_row(unit: Unit, numbers: list[str], now: datetime) -> dict[str, Any]:
    position = getattr(unit, "position", None)
    place = position.geom if position else unit.station.geom if unit.station else None
    return {
        "id": unit.pk, "callsign": unit.callsign, "name": unit.name, "kind": unit.kind,
        "agency": unit.agency.code if unit.agency else None,
        "agency_name": unit.agency.name if unit.agency else None,
        "station": unit.station.name if unit.station else None,
        "status": unit.status.code, "status_name": unit.status.name, "status_name_en": unit.status.name_en,
        "status_class": unit.status.status_class, "status_since": unit.status_since,
        "reason": unit.status_reason, "capabilities": list(unit.capabilities),
        "lon": round(place.x, 7) if place else None, "lat": round(place.y, 7) if place else None,
        "fix_at": position.fix_at if position else None, "stale": _stale(position, place, now),
        "from_station": position is None and place is not None, "incidents": numbers,
        "multi": unit.multi_assignment, "version": unit.version,
    }  # fmt: skip


def _stale(position: Any, place: Any, now: datetime) -> bool:
    """Whether a place is too old to believe; one without a fix time never is, and no place always."""
    if place is None:
        return True
    if position is None or position.fix_at is None:
        return False
    age_s = (now - position.fix_at).total_seconds()
    limit_s = position.max_age_s or settings.NCC_POSITION_MAX_AGE_S
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
