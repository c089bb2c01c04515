"""Every interval of every call, incident and assignment of a period: a value, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from layers.access.policies import reportable
from layers.dispatch.models import Assignment
from layers.dispatch.performance.intervals import (
    INTERVALS,
    Excluded,
    Interval,
    Subject,
    in_order,
    seconds_between,
)
from layers.incidents.models import Call, Incident, IncidentState

_OF = {subject: [i for i in INTERVALS if i.of == subject] for subject in Subject}
_STEPS = ("dispatched_at", "acknowledged_at", "en_route_at", "staged_at", "on_scene_at", "transport_at", "at_facility_at", "cleared_at")  # fmt: skip
_FIRSTS = ("reported_at", "first_dispatch_at", "first_en_route_at", "first_on_scene_at", "under_control_at", "closed_at")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What a measurement is told apart by; `at` is the moment that puts it into an hour and month."""

    number: str
    unit: str
    agency: str
    agency_name: str
    kind: str
    type: str
    type_name: str
    area: str
    area_name: str
    priority: int | None
    channel: str
    at: datetime


@dataclass(frozen=True)
class Measurement:
    """One interval of one case: seconds from `start` to `end`, or the reason in `excluded`."""

    interval: Interval
    case: Case
    start: datetime | None
    end: datetime | None
    seconds: float | None
    excluded: str


def measurements(user: Any, start: datetime, end: datetime) -> list[Measurement]:
    """All intervals of what was reported, or rang, in [start, end), as far as the user may count it.

    An incident and its assignments belong to the period in which it was reported; a call to that in
    which it arrived. `user` None: everything (commands).
    """
    incidents = _incidents(user, start, end)
    found = list(_of_calls(user, start, end))
    firsts = _first_calls(incidents)
    kinds = _first_kinds(incidents)
    for incident in incidents.values():
        found += _of_incident(incident, firsts.get(incident.pk), kinds.get(incident.pk, ""))
    found += _of_assignments(user, incidents)
    return found


def _incidents(user: Any, start: datetime, end: datetime) -> dict[int, Incident]:
    rows = (
        reportable(user, Incident.objects.all())
        .filter(reported_at__gte=start, reported_at__lt=end)
        .select_related("type", "agency", "area")
        .defer("geom", "attributes", "area__geom", "address", "summary")
        .order_by("reported_at", "pk")
    )
    return {row.pk: row for row in rows}


def _first_calls(incidents: dict[int, Incident]) -> dict[int, Call]:
    """The call that arrived first at each incident."""
    firsts: dict[int, Call] = {}
    rows = Call.objects.filter(incident__in=list(incidents)).order_by("arrived_at", "pk")
    for call in rows.only("incident_id", "arrived_at", "answered_at", "channel"):
        if call.incident_id is not None:
            firsts.setdefault(call.incident_id, call)
    return firsts


def _first_kinds(incidents: dict[int, Incident]) -> dict[int, str]:
    """Kind of the unit that was sent first to each incident."""
    kinds: dict[int, str] = {}
    rows = (
        Assignment.objects.filter(incident__in=list(incidents))
        .order_by("dispatched_at", "pk")
        .values_list("incident_id", "unit__kind")
    )
    for incident, kind in rows:
        kinds.setdefault(incident, kind)
    return kinds


def _of_calls(user: Any, start: datetime, end: datetime) -> Iterator[Measurement]:
    rows = (
        reportable(user, Call.objects.all())
        .filter(Q(kind="normal") | Q(kind="information") | Q(kind="duplicate"))
        .filter(arrived_at__gte=start, arrived_at__lt=end)
        .select_related("incident__type", "incident__agency", "incident__area")
        .defer(
            "caller_name", "caller_number", "note", "geom", "incident__geom", "incident__area__geom"
        )
        .order_by("arrived_at", "pk")
    )
    for call in rows:
        case = _case(call.incident, number=call.code, channel=call.channel, at=call.arrived_at)
        for interval in _OF[Subject.CALL]:
            yield _measure(interval, case, call.arrived_at, call.answered_at)


def _of_incident(incident: Incident, call: Call | None, kind: str) -> Iterator[Measurement]:
    ends = {
        "processing": (call.answered_at if call else None, incident.first_dispatch_at),
        "total_response": (call.arrived_at if call else None, incident.first_on_scene_at),
        "waktu_tanggap": (incident.reported_at, incident.first_on_scene_at),
    }
    why = ""
    if incident.state == IncidentState.MERGED:
        why = Excluded.MERGED
    elif getattr(incident, "scheduled_for", None) is not None:
        why = Excluded.SCHEDULED
    elif not in_order([getattr(incident, name) for name in _FIRSTS]):
        why = Excluded.OUT_OF_ORDER
    case = _case(
        incident, number=incident.number, kind=kind, channel=call.channel if call else "", at=incident.reported_at
    )  # fmt: skip
    for interval in _OF[Subject.INCIDENT]:
        if interval.groups and incident.type.group not in interval.groups:
            continue
        start, end = ends[interval.key]
        gone = end is None and incident.state == IncidentState.CANCELLED
        yield _measure(interval, case, start, end, why or (Excluded.CANCELLED if gone else ""))


def _of_assignments(user: Any, incidents: dict[int, Incident]) -> Iterator[Measurement]:
    rows = (
        reportable(user, Assignment.objects.all())
        .filter(incident__in=list(incidents))
        .select_related("unit__agency")
        .order_by("dispatched_at", "pk")
    )
    for row in rows:
        incident = incidents[row.incident_id]
        pairs = {
            "turnout": (row.dispatched_at, row.en_route_at),
            "travel": (row.en_route_at, row.on_scene_at),
            "unit_response": (row.dispatched_at, row.on_scene_at),
        }
        scheduled = getattr(incident, "scheduled_for", None) is not None
        ordered = in_order([getattr(row, name) for name in _STEPS])
        case = _case(
            incident, number=incident.number, unit=row.unit.callsign, kind=row.unit.kind,
            agency=row.unit.agency, at=incident.reported_at,
        )  # fmt: skip
        for interval in _OF[Subject.ASSIGNMENT]:
            start, end = pairs[interval.key]
            why = ""
            if scheduled:
                why = Excluded.SCHEDULED
            elif not ordered:
                why = Excluded.OUT_OF_ORDER
            elif end is None and row.cancelled_at is not None:
                why = Excluded.CANCELLED
            yield _measure(interval, case, start, end, why)


def _case(incident: Incident | None, *, number: str, at: datetime, unit: str = "", kind: str = "", channel: str = "", agency: Any = None) -> Case:  # fmt: skip
    agency = agency or (incident.agency if incident else None)
    area = incident.area if incident else None
    return Case(
        number=number, unit=unit, kind=kind, channel=channel, at=at,
        agency=agency.code if agency else "", agency_name=agency.name if agency else "",
        type=incident.type.code if incident else "", type_name=str(incident.type) if incident else "",
        area=area.code if area else "", area_name=area.name if area else "",
        priority=incident.priority if incident else None,
    )  # fmt: skip


def _measure(
    interval: Interval, case: Case, start: datetime | None, end: datetime | None, why: str = ""
) -> Measurement:
    seconds, missing = seconds_between(start, end)
    if why:
        seconds = None
    return Measurement(interval, case, start, end, seconds, str(why or missing))
