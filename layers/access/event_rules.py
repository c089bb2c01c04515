"""Which events a visitor may hear of: the same rights as for the rows they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from layers.access.policies import Can, Rights, rights_of
from layers.events.models import Visibility
from layers.events.selectors import EventRow
from layers.places.models import Agency

#: Layer of an event → the ability that hears of it. A layer not named here needs SEE_OPERATIONS.
_HEARS: dict[str, Can] = {
    "cctv": Can.SEE_ASSETS,
    "sites": Can.SEE_ASSETS,
    "wifi": Can.SEE_ASSETS,
    "stations": Can.SEE_ASSETS,
    "agencies": Can.SEE_ASSETS,
    "areas": Can.SEE_ASSETS,
    "osm": Can.SEE_ASSETS,
    "imports": Can.EDIT_ASSETS,
    "coverage": Can.SEE_COVERAGE,
    "sights": Can.SEE_COVERAGE,
    "gaps": Can.SEE_COVERAGE,
    "plans": Can.SEE_COVERAGE,
    "jobs": Can.SEE_COVERAGE,
    "calls": Can.SEE_CALLERS,
    "access": Can.ADMINISTER,
    "audit": Can.AUDIT,
}


@dataclass(frozen=True)
class EventScope:
    """What one visitor may hear of, decided once and asked for every event without a query."""

    rights: Rights
    governments: Mapping[int, str] = field(default_factory=dict)

    def allows(self, event: EventRow) -> bool:
        """Whether the visitor may see the event."""
        rights = self.rights
        if event.visibility == Visibility.PUBLIC:
            return rights.can(Can.SEE_PUBLIC)
        if rights.user_id is None:
            return False
        if event.layer == "jobs" and event.payload.get("requested_by") == rights.user_id:
            return True
        if not rights.can(_HEARS.get(event.layer, Can.SEE_OPERATIONS)):
            return False
        if rights.everywhere:
            return True
        if event.agency_id is None:
            return event.visibility == Visibility.OPS
        if event.agency_id in rights.agencies:
            return True
        government = self.governments.get(event.agency_id)
        if event.visibility == Visibility.AGENCY or government is None:
            return False
        return government == "" or government in rights.governments


def event_scope(user: Any) -> EventScope:
    """The scope of a user at this moment; two queries."""
    rights = rights_of(user)
    if rights.user_id is None:
        return EventScope(rights)
    return EventScope(rights, dict(Agency.objects.values_list("pk", "government")))
