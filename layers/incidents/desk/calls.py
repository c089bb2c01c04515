"""Calls: taken by one person, told apart by kind, and made into incidents or joined to one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import restrict
from layers.audit.actor import recorded
from layers.errors import Conflict, NotFound
from layers.events.services import NewEvent, events_publish
from layers.geo.crs import geodesic_m
from layers.incidents.desk.creating import (
    incident_by_number,
    incident_create,
    own_agency,
    place_missing,
    type_of_code,
)
from layers.incidents.desk.numbers import call_code_draw
from layers.incidents.desk.places import Spot, point_checked, spot_find
from layers.incidents.desk.times import time_checked
from layers.incidents.lifecycle.services import incident_lock, rows_lock, version_check
from layers.incidents.lifecycle.table import OPEN_STATES
from layers.incidents.models import Call, Incident, IncidentState, LocationSource
from layers.incidents.outbox import author_of, call_event, incident_event, log_add

#: Kinds of calls that never become incidents.
NOT_REAL = (Call.Kind.GHOST, Call.Kind.PRANK, Call.Kind.INFORMATION, Call.Kind.DROPPED)
#: A report within this distance (m) and time of another is probably about the same thing.
SIMILAR_M = 200.0
SIMILAR_S = 600.0


def call_create(
    *,
    user: Any,
    channel: str,
    kind: str = Call.Kind.NORMAL,
    arrived_at: datetime | None = None,
    take: bool = True,
    caller_name: str = "",
    caller_number: str = "",
    note: str = "",
    lon: float | None = None,
    lat: float | None = None,
    accuracy_m: float | None = None,
    location_source: str = "",
    place_text: str = "",
) -> Call:
    """A call that came in; with `take` the user has answered it. The place may follow from the words."""
    now = timezone.now()
    arrived_at = time_checked(arrived_at, now=now) or now
    spot = spot_find(lon=lon, lat=lat, accuracy_m=accuracy_m, source=location_source, text=place_text)  # fmt: skip
    with recorded():
        call = Call(
            channel=channel, kind=kind, arrived_at=arrived_at,
            answered_at=max(now, arrived_at) if take and kind != Call.Kind.DROPPED else None,
            ended_at=max(now, arrived_at) if kind in NOT_REAL else None,
            taken_by=author_of(user) if take else None, agency=own_agency(user),
            caller_name=caller_name, caller_number=caller_number, note=note, place_text=place_text,
        )  # fmt: skip
        if spot is not None:
            _place(call, spot)
        call.code = call_code_draw()
        call.save(force_insert=True)
        events_publish([call_event(call)])
    return call


def _place(call: Call, spot: Spot) -> None:
    call.geom = spot.point
    call.location_accuracy_m = spot.accuracy_m
    call.location_source = spot.source


def call_lock(call_id: int, *, user: Any, version: int | None = None) -> Call:
    """The call, locked, if the user may see it; `Conflict` when the version is stale."""
    rows_lock(Call, [call_id])
    rows = restrict(user, Call.objects.select_related("incident", "taken_by"))
    call = rows.filter(pk=call_id).first()
    if call is None:
        raise NotFound(_("no call {call_id}").format(call_id=call_id), value=call_id)
    version_check(call, version, what=call.code)
    return call


def _save(call: Call, *fields: str) -> None:
    call.version += 1
    call.save(update_fields=[*fields, "version", "updated_at"])


def call_take(call_id: int, *, user: Any) -> Call:
    """Take a call; of two who try, the second is told who has it."""
    with recorded():
        call = call_lock(call_id, user=user)
        if call.taken_by_id is not None:
            if call.taken_by_id == user.pk:
                return call
            holder = call.taken_by.get_username() if call.taken_by else ""
            raise Conflict(
                _("{code} was taken by {holder}").format(code=call.code, holder=holder),
                value=holder,
                remedy=_("take the next one"),
                details={"holder": holder},
            )
        if call.ended_at is not None:
            raise Conflict(
                _("{code} has ended").format(code=call.code), remedy=_("take the next one")
            )
        call.taken_by = user
        fields = ["taken_by"]
        if call.answered_at is None:
            call.answered_at = max(timezone.now(), call.arrived_at)
            fields.append("answered_at")
        _save(call, *fields)
        events_publish([call_event(call)])
    return call


def call_edit(call_id: int, *, user: Any, version: int, changes: dict[str, Any]) -> Call:
    """Change what is known of a call. A kind that is not real ends it, and it never has an incident."""
    with recorded():
        call = call_lock(call_id, user=user, version=version)
        fields = []
        for name in ("caller_name", "caller_number", "note", "place_text", "channel"):
            if changes.get(name) is not None and changes[name] != getattr(call, name):
                setattr(call, name, changes[name])
                fields.append(name)
        kind = changes.get("kind")
        if kind is not None and kind != call.kind:
            if kind in NOT_REAL and call.incident_id is not None:
                number = call.incident.number if call.incident else ""
                raise Conflict(
                    _("{code} belongs to {number}").format(code=call.code, number=number),
                    value=number,
                    remedy=_("close the incident as unfounded or false alarm instead"),
                )
            call.kind = kind
            fields.append("kind")
            if kind != Call.Kind.NORMAL and call.ended_at is None:
                call.ended_at = max(timezone.now(), call.answered_at or call.arrived_at)
                fields.append("ended_at")
        if changes.get("ended") and call.ended_at is None:
            call.ended_at = max(timezone.now(), call.answered_at or call.arrived_at)
            fields.append("ended_at")
        if changes.get("lon") is not None and changes.get("lat") is not None:
            _place(call, Spot(point_checked(changes["lon"], changes["lat"]), changes.get("accuracy_m"), changes.get("location_source") or LocationSource.CLICK))  # fmt: skip
            fields += ["geom", "location_accuracy_m", "location_source"]
        if fields:
            _save(call, *fields)
            events_publish([call_event(call)])
    return call


def incidents_similar(
    *, point: Any, at: datetime, user: Any, leave_out: int | None = None
) -> list[dict[str, Any]]:
    """Incidents within 200 m and 10 minutes (both inclusive) of a report, nearest first.

    The time is compared with the report of the incident and with every call about it.
    """
    if point is None:
        return []
    margin = timedelta(seconds=SIMILAR_S)
    window = (at - margin, at + margin)
    rows = restrict(user, Incident.objects.select_related("type")).exclude(
        state__in=(IncidentState.MERGED, IncidentState.CANCELLED)
    )
    by_report = rows.filter(reported_at__range=window)
    by_call = rows.filter(calls__arrived_at__range=window)
    found: dict[int, dict[str, Any]] = {}
    for row in [*by_report, *by_call]:
        if row.pk == leave_out or row.pk in found:
            continue
        distance_m = geodesic_m(point.x, point.y, row.geom.x, row.geom.y)
        if distance_m <= SIMILAR_M:
            found[row.pk] = {
                "id": row.pk, "number": row.number, "type": row.type.code, "type_name": row.type.name,
                "state": row.state, "open": row.state in OPEN_STATES, "address": row.address,
                "distance_m": round(distance_m, 1), "age_s": round((at - row.reported_at).total_seconds(), 1),
            }  # fmt: skip
    return sorted(found.values(), key=lambda one: (one["distance_m"], one["id"]))


def call_similar(call: Call, *, user: Any) -> list[dict[str, Any]]:
    """Incidents a call may be about, for offering to join; nothing is joined by itself."""
    return incidents_similar(point=call.geom, at=call.arrived_at, user=user, leave_out=call.incident_id)  # fmt: skip


def call_incident_create(call_id: int, *, user: Any, type_code: str, lon: float | None = None, lat: float | None = None, accuracy_m: float | None = None, location_source: str = "", **fields: Any) -> Incident:  # fmt: skip
    """The incident a call reports; the place is the one given, that of the call, or what its words name."""
    with recorded():
        call = call_lock(call_id, user=user)
        _require_free(call)
        if call.kind != Call.Kind.NORMAL:
            raise Conflict(
                _("{code} is counted as {kind}").format(
                    code=call.code, kind=call.get_kind_display()
                ),
                value=call.kind,
                remedy=_("a call that is not normal never becomes an incident; set its kind first"),
            )
        spot = spot_find(lon=lon, lat=lat, accuracy_m=accuracy_m, source=location_source)
        if spot is None and call.geom is not None:
            spot = Spot(call.geom, call.location_accuracy_m, call.location_source, call.place_text)
        if spot is None:
            spot = spot_find(lon=None, lat=None, text=fields.get("address") or call.place_text)
        if spot is None:
            raise place_missing()
        incident = incident_create(
            user=user, kind=type_of_code(type_code), spot=spot, reported_at=call.arrived_at,
            source=f"{call.channel} {call.code}", **fields,
        )  # fmt: skip
        events = [incident_event(incident), *_join(call, incident, user)]
        events_publish(events)
    return incident


def _require_free(call: Call) -> None:
    if call.incident_id is not None:
        number = call.incident.number if call.incident else ""
        raise Conflict(
            _("{code} belongs to {number} already").format(code=call.code, number=number),
            value=number,
            remedy=_("open that incident"),
            details={"incident": number},
        )


def _join(call: Call, incident: Incident, user: Any) -> list[NewEvent]:
    call.incident = incident
    fields = ["incident"]
    if call.taken_by_id is None:
        call.taken_by = author_of(user)
        fields.append("taken_by")
        if call.answered_at is None:
            call.answered_at = max(timezone.now(), call.arrived_at)
            fields.append("answered_at")
    _save(call, *fields, "kind")
    return [call_event(call)]


def call_link(call_id: int, *, user: Any, number: str) -> Call:
    """Join a call to an incident that is known already: it is counted as a duplicate and kept."""
    target = incident_by_number(number, user=user)
    with recorded():
        incident = incident_lock(target.pk, user=user)
        call = call_lock(call_id, user=user)
        if call.incident_id == incident.pk:
            return call
        _require_free(call)
        if call.kind in NOT_REAL:
            raise Conflict(
                _("{code} is counted as {kind}").format(
                    code=call.code, kind=call.get_kind_display()
                ),
                value=call.kind,
                remedy=_("such a call belongs to no incident; set its kind first"),
            )
        if incident.state in (IncidentState.MERGED, IncidentState.CANCELLED):
            raise Conflict(_("{number} is {state}").format(number=incident.number, state=incident.get_state_display()), value=incident.state, remedy=_("join it to the incident that goes on"))  # fmt: skip
        if incident.calls.exists():
            call.kind = Call.Kind.DUPLICATE
        events = _join(call, incident, user)
        incident.version += 1
        incident.save(update_fields=["version", "updated_at"])
        log_add(incident, "call_joined", user=user, at=call.arrived_at, call=call.code)
        events_publish([*events, incident_event(incident)])
    return call
