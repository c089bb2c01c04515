"""Units reserved for later are sent when the time comes: once, late if the worker was down."""

from __future__ import annotations

from functools import partial

from django.db.models import Q
from django.utils import timezone

from layers.audit.actor import patiently, recorded
from layers.dispatch.assigning.following import follow_assignments
from layers.dispatch.assigning.statuses import units_lock
from layers.dispatch.assigning.stepping import Held, step_take
from layers.dispatch.models import Assignment, Step
from layers.events.services import NewEvent, events_publish
from layers.incidents.lifecycle.services import incident_lock
from layers.incidents.lifecycle.table import OPEN_STATES
from layers.incidents.models import Incident
from layers.incidents.outbox import incident_event, log_add
from layers.incidents.records import IncidentTimer
from layers.jobs.periodic import periodic

#: Kind of the timer that says a scheduled incident came due.
SCHEDULED = "scheduled"


@periodic(5, name="dispatch.scheduled")
def scheduled_due() -> int:
    """Bring every scheduled incident whose time has come to the board; returns how many."""
    now = timezone.now()
    reserved = Assignment.objects.filter(
        dispatched_at__isnull=True, cancelled_at__isnull=True, cleared_at__isnull=True
    ).values("incident")
    told = IncidentTimer.objects.filter(kind=SCHEDULED).values("incident", "due_at")
    rows = Incident.objects.filter(state__in=OPEN_STATES).filter(
        Q(scheduled_for__lte=now) | Q(scheduled_for__isnull=True, pk__in=reserved)
    )
    known = {(row["incident"], row["due_at"]) for row in told.filter(incident__in=rows)}
    waiting = set(reserved.values_list("incident", flat=True))
    count = 0
    for pk, due in rows.values_list("pk", "scheduled_for"):
        if pk in waiting or (due is not None and (pk, due) not in known):
            count += patiently(partial(_come_due, pk))
    return count


def _come_due(incident_id: int) -> int:
    """Send the reserved units of one incident and say so; 0 when somebody else did meanwhile."""
    now = timezone.now()
    with recorded():
        incident = incident_lock(incident_id, user=None)
        due = incident.scheduled_for
        if incident.state not in OPEN_STATES or (due is not None and due > now):
            return 0
        events: list[NewEvent] = []
        lag_s = 0.0 if due is None else (now - due).total_seconds()
        fresh = False
        if due is not None:
            _timer, fresh = IncidentTimer.objects.get_or_create(
                incident=incident, kind=SCHEDULED, due_at=due, defaults={"fired_at": now, "lag_s": lag_s}
            )  # fmt: skip
        parts = list(
            Assignment.objects.filter(
                incident=incident, dispatched_at__isnull=True, cancelled_at__isnull=True
            ).order_by("unit_id")
        )
        units = {unit.pk: unit for unit in units_lock([part.unit_id for part in parts])}
        for part in parts:
            events += step_take(
                Held(part, incident, units[part.unit_id]), user=None, step=Step.DISPATCHED, at=None
            )
        if not fresh and not events:
            return 0
        if fresh:
            log_add(incident, "came_due", user=None, lag_s=round(lag_s, 1))
        follow_assignments(incident, at=now, user=None)
        events.append(incident_event(incident, "incident.due", lag_s=round(lag_s, 1)))
        events_publish(events)
    return 1
