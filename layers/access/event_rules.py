"""Which events a visitor may hear of: the same rights as for the rows they speak of."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.apps import apps

from layers.access.policies import Can, Rights, rights_of, sees_unowned
from layers.events.models import Visibility
from layers.events.selectors import EventRow
from layers.places.home import home_government
from layers.places.models import Agency

#: Layer of an event → the ability that hears of it. A layer not named here needs SEE_OPERATIONS.
#: Layers whose rows belong to agencies; an event of one without an agency is about a row of none.
_OF_AGENCIES = frozenset({"incidents", "units"})
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


#: Marks of equal rights, one object for each, so that they are told by identity.
_alike: dict[Hashable, Hashable] = {}
_ALIKE_KEPT = 1000


@dataclass(frozen=True)
class EventScope:
    """What one visitor may hear of, decided once and asked for every event without a query."""

    rights: Rights
    governments: Mapping[int, str] = field(default_factory=dict)
    #: Of a crew's account: its unit, and the numbers of the incidents that unit is on.
    callsign: str = ""
    jobs: set[str] = field(default_factory=set)
    #: The home government, whose are the rows of no agency; None where it is not known.
    home: str | None = None

    @cached_property
    def alike(self) -> Hashable:
        """The same object for all visitors who may hear of the same events, apart from those on jobs
        they asked for themselves; None for a crew, who hear of their own incidents."""
        if self.callsign:
            return None
        rights = self.rights
        mark = (rights.user_id is None, rights.everywhere, rights.abilities, rights.agencies,
                rights.governments, tuple(sorted(self.governments.items())), self.home)  # fmt: skip
        while len(_alike) > _ALIKE_KEPT:
            _alike.clear()
        return _alike.setdefault(mark, mark)

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
            unowned = event.layer not in _OF_AGENCIES or sees_unowned(rights, self.home)
            return event.visibility == Visibility.OPS and unowned
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


class Verdict:
    """Who may hear of one event, decided once for all visitors with equal rights."""

    def __init__(self, event: EventRow) -> None:
        self.event = event
        self._personal = event.layer == "jobs"
        self._said: dict[int, bool] = {}

    def for_scope(self, scope: EventScope) -> bool:
        """Whether a visitor may see the event."""
        alike = scope.alike
        if alike is None or self._personal:
            return scope.allows(self.event)
        said = self._said.get(id(alike))
        if said is None:
            said = self._said[id(alike)] = scope.allows(self.event)
        return said


#: Steps after which a unit is not on its incident any more.
_LEFT = frozenset({"clear", "cancel"})


def event_scope(user: Any) -> EventScope:
    """The scope of a user at this moment; three queries, two more for the account of a crew."""
    rights = rights_of(user)
    if rights.user_id is None:
        return EventScope(rights)
    governments = dict(Agency.objects.values_list("pk", "government"))
    home = home_government()
    if not rights.can(Can.DRIVE_UNIT) or rights.can(Can.SEE_OPERATIONS):
        return EventScope(rights, governments, home=home)
    # Units stand above this room: their tables are asked by name.
    accounts, assignments = (apps.get_model(f"layers.{name}") for name in ("UnitAccount", "Assignment"))  # fmt: skip
    own = accounts.objects.filter(user_id=rights.user_id).values_list("unit_id", "unit__callsign").first()  # fmt: skip
    if own is None:
        return EventScope(rights, governments, home=home)
    active = assignments.objects.filter(
        unit_id=own[0], dispatched_at__isnull=False, cleared_at__isnull=True, cancelled_at__isnull=True
    )  # fmt: skip
    jobs = set(active.values_list("incident__number", flat=True))
    return EventScope(rights, governments, own[1], jobs, home)
