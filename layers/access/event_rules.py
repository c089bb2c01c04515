"""Which events a visitor may hear of: the same rights as for the rows they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps

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
    "plans": Can.SEE_PLANS,
    "drafts": Can.PLAN_SITES,
    "requests": Can.PLAN_SITES,
    "jobs": Can.SEE_COVERAGE,
    "calls": Can.SEE_CALLERS,
    "triage": Can.TAKE_CALLS,
    "access": Can.ADMINISTER,
    "audit": Can.AUDIT,
}


@dataclass(frozen=True)
class EventScope:
    """What one visitor may hear of, decided once and asked for every event without a query."""

    rights: Rights
    governments: Mapping[int, str] = field(default_factory=dict)
    #: Of a crew's account: its unit, and the numbers of the incidents that unit is on.
    callsign: str = ""
    jobs: set[str] = field(default_factory=set)

    def allows(self, event: EventRow) -> bool:
        """Whether the visitor may see the event."""
        rights = self.rights
        if event.visibility == Visibility.PUBLIC:
            return rights.can(Can.SEE_PUBLIC)
        if rights.user_id is None:
            return False
        if event.layer == "jobs" and event.payload.get("requested_by") == rights.user_id:
            return True
        if self.callsign and self._own(event):
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

    def _own(self, event: EventRow) -> bool:
        """Whether an event is about the crew's own unit or an incident that it is on."""
        if event.layer == "incidents":
            return event.payload.get("number") in self.jobs
        if event.layer != "units":
            return False
        if self.callsign not in (event.payload.get("callsign"), event.payload.get("unit")):
            return False
        number = str(event.payload.get("incident") or "")
        if number and event.payload.get("step") in _LEFT:
            self.jobs.discard(number)
        elif number:
            self.jobs.add(number)
        return True


#: Steps after which a unit is not on its incident any more.
_LEFT = frozenset({"clear", "cancel"})


def event_scope(user: Any) -> EventScope:
    """The scope of a user at this moment; two queries, two more for the account of a crew."""
    rights = rights_of(user)
    if rights.user_id is None:
        return EventScope(rights)
    governments = dict(Agency.objects.values_list("pk", "government"))
    if not rights.can(Can.DRIVE_UNIT) or rights.can(Can.SEE_OPERATIONS):
        return EventScope(rights, governments)
    # Units stand above this room: their tables are asked by name.
    accounts, assignments = (apps.get_model(f"layers.{name}") for name in ("UnitAccount", "Assignment"))  # fmt: skip
    own = accounts.objects.filter(user_id=rights.user_id).values_list("unit_id", "unit__callsign").first()  # fmt: skip
    if own is None:
        return EventScope(rights, governments)
    active = assignments.objects.filter(
        unit_id=own[0], dispatched_at__isnull=False, cleared_at__isnull=True, cancelled_at__isnull=True
    )  # fmt: skip
    jobs = set(active.values_list("incident__number", flat=True))
    return EventScope(rights, governments, own[1], jobs)
