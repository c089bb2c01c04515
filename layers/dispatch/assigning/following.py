"""What follows for an incident from its assignments, in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from layers.dispatch.assigning.table import AT_SCENE
from layers.dispatch.models import Assignment, Step
from layers.incidents.lifecycle.services import incident_follow
from layers.incidents.models import Incident

#: Column of the incident ← column of its assignments whose earliest value it holds.
_FIRSTS = {
    "first_dispatch_at": "dispatched_at",
    "first_en_route_at": "en_route_at",
    "first_on_scene_at": "on_scene_at",
}


def follow_assignments(incident: Incident, *, at: datetime, user: Any) -> bool:
    """State and first times of a locked incident as its assignments say; whether anything changed."""
    parts = list(Assignment.objects.filter(incident=incident))
    active = [part.step for part in parts if part.active]
    first: dict[str, datetime | None] = {}
    for ours, theirs in _FIRSTS.items():
        stamps = [stamp for part in parts if (stamp := getattr(part, theirs)) is not None]
        first[ours] = min(stamps, default=None)
    return incident_follow(
        incident,
        committed=any(step != Step.RESERVED for step in active),
        at_scene=any(step in AT_SCENE for step in active),
        first=first,
        at=at,
        user=user,
    )
