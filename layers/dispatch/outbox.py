"""What the consoles hear of units and assignments."""

from __future__ import annotations

from layers.dispatch.models import Assignment, Unit
from layers.events.services import NewEvent


def unit_event(unit: Unit) -> NewEvent:
    """A unit changed: its status, or what it is on."""
    return NewEvent(
        "unit.changed",
        layer="units",
        object_id=unit.pk,
        agency_id=unit.agency_id,
        payload={
            "id": unit.pk,
            "callsign": unit.callsign,
            "status": unit.status.code,
            "version": unit.version,
        },
    )


def assignment_event(assignment: Assignment) -> NewEvent:
    """A unit was assigned, or its part in an incident went a step on."""
    return NewEvent(
        "assignment.changed",
        layer="units",
        object_id=assignment.pk,
        agency_id=assignment.unit.agency_id,
        payload={
            "id": assignment.pk,
            "unit": assignment.unit.callsign,
            "incident": assignment.incident.number,
            "step": str(assignment.step),
            "version": assignment.version,
        },
    )
