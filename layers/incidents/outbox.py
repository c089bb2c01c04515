"""What the consoles hear of calls and incidents: ids, states and versions, nothing a caller said."""

from __future__ import annotations

from typing import Any

from layers.events.services import NewEvent
from layers.incidents.models import Call, Incident
from layers.incidents.records import IncidentLog


def incident_event(incident: Incident, kind: str = "incident.changed", **more: Any) -> NewEvent:
    """An event about an incident; its readers fetch the row."""
    return NewEvent(
        kind,
        layer="incidents",
        object_id=incident.pk,
        agency_id=incident.agency_id,
        area_id=incident.area_id,
        payload={
            "id": incident.pk,
            "number": incident.number,
            "state": incident.state,
            "version": incident.version,
            **more,
        },
    )


def call_event(call: Call) -> NewEvent:
    """An event about a call, for those who may see callers."""
    return NewEvent(
        "call.changed",
        layer="calls",
        object_id=call.pk,
        agency_id=call.agency_id,
        payload={"id": call.pk, "kind": call.kind, "version": call.version},
    )


def log_add(
    incident: Incident, what: str, *, user: Any, at: Any = None, **detail: Any
) -> IncidentLog:
    """A line in the timeline; `at` is when it happened, where that is not now."""
    entry = IncidentLog(incident=incident, what=what, detail=detail, author=author_of(user))
    entry.at = at or entry.recorded_at
    entry.save(force_insert=True)
    return entry


def author_of(user: Any) -> Any:
    """The account to name as author, or None for the system and for visitors."""
    return user if getattr(user, "pk", None) else None
