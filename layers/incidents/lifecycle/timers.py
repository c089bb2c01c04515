"""Limits that open incidents must keep, and telling once, late if need be, that one was passed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from layers.events.services import events_publish
from layers.incidents.lifecycle.limits import FIRE_GROUP, TARGETS, Limits
from layers.incidents.lifecycle.table import OPEN_STATES
from layers.incidents.models import Incident, IncidentState
from layers.incidents.outbox import incident_event
from layers.incidents.records import IncidentTimer
from layers.jobs.periodic import periodic


def deadlines(incident: Incident, limits: Limits) -> dict[str, datetime]:
    """Kind → when the limit is passed, for the limits that run now. Only open incidents have any."""
    if incident.state not in OPEN_STATES or incident.state == IncidentState.ON_HOLD:
        return {}
    start = incident.scheduled_for or incident.reported_at
    found: dict[str, datetime] = {}
    if incident.state in (IncidentState.NEW, IncidentState.PENDING):
        since = start if incident.first_dispatch_at is None else incident.state_since
        found["pending"] = since + timedelta(seconds=limits.seconds("pending", incident))
    elif incident.state == IncidentState.DISPATCHED:
        since = incident.first_dispatch_at or incident.state_since
        if incident.first_on_scene_at is not None:
            since = incident.state_since
        found["dispatched"] = since + timedelta(seconds=limits.seconds("dispatched", incident))
    if incident.type.group == FIRE_GROUP and incident.first_on_scene_at is None:
        found["waktu_tanggap"] = start + timedelta(
            seconds=limits.seconds("waktu_tanggap", incident)
        )
    return found


def overdue(incident: Incident, limits: Limits, *, now: datetime) -> str | None:
    """The most serious limit that is passed at `now` (a limit is passed when it is reached), or None."""
    passed = deadlines(incident, limits)
    return next((kind for kind in TARGETS if kind in passed and passed[kind] <= now), None)


def due_at(incident: Incident, limits: Limits) -> datetime | None:
    """When the next limit is passed, or the first one was."""
    return min(deadlines(incident, limits).values(), default=None)


@periodic(5, name="incidents.timers")
def timers_fire() -> int:
    """Tell of every limit passed since, each once, with how late the telling is; returns how many."""
    now = timezone.now()
    told = 0
    rows = Incident.objects.filter(state__in=OPEN_STATES).select_related("type")
    limits = Limits()
    passed = [
        (incident, kind, due)
        for incident in rows
        for kind, due in deadlines(incident, limits).items()
        if due <= now
    ]
    if not passed:
        return 0
    known = set(
        IncidentTimer.objects.filter(incident__in=[row[0] for row in passed]).values_list(
            "incident_id", "kind", "due_at"
        )
    )
    for incident, kind, due in passed:
        if (incident.pk, kind, due) not in known:
            told += _fire(incident, kind, due, now)
    return told


def _fire(incident: Incident, kind: str, due: datetime, now: datetime) -> int:
    lag_s = (now - due).total_seconds()
    with transaction.atomic():
        made = IncidentTimer.objects.bulk_create(
            [IncidentTimer(incident=incident, kind=kind, due_at=due, fired_at=now, lag_s=lag_s)],
            ignore_conflicts=True,
        )
        row = IncidentTimer.objects.filter(incident=incident, kind=kind, due_at=due).first()
        if row is None or row.fired_at != now or not made:
            return 0
        events_publish(
            [incident_event(incident, "incident.overdue", limit=kind, due_at=due, lag_s=round(lag_s, 1))]
        )  # fmt: skip
    return 1
