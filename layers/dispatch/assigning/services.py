"""Sending units: all or nothing, locked in one order, every refusal naming who holds the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from layers.audit.actor import recorded
from layers.dispatch.assigning.following import follow_assignments
from layers.dispatch.assigning.statuses import status_follow, units_lock
from layers.dispatch.models import Assignment, AssignmentStep, StatusClass, Step, Unit
from layers.dispatch.outbox import assignment_event, unit_event
from layers.errors import Conflict, InvalidInput
from layers.events.services import events_publish
from layers.incidents.lifecycle.services import incident_lock, seen_by
from layers.incidents.lifecycle.table import OPEN_STATES
from layers.incidents.models import Incident
from layers.incidents.outbox import author_of, incident_event, log_add

#: Units of one request.
UNITS_MAX = 50
#: Why a unit was not sent, as codes; pages translate them.
REFUSALS = ("assigned", "already_here", "out_of_service", "not_available", "unknown_unit")
_REFUSAL_WORDS: dict[str, Any] = {
    "assigned": gettext_lazy("is on {incident}, sent"),
    "already_here": gettext_lazy("is on {incident} already, sent"),
    "out_of_service": gettext_lazy("is out of service ({status}), set"),
    "not_available": gettext_lazy("is not available ({status}), set"),
    "unknown_unit": gettext_lazy("there is no such unit"),
}


@dataclass
class Outcome:
    """What a dispatch did: the assignments made, and each unit it did not get with its reason."""

    incident: Incident
    assigned: list[Assignment] = field(default_factory=list)
    conflicts: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The answer of the API."""
        return {
            "incident": self.incident.number,
            "incident_id": self.incident.pk,
            "assigned": [
                {"callsign": part.unit.callsign, "assignment": part.pk, "step": str(part.step)}
                for part in self.assigned
            ],
            "conflicts": self.conflicts,
        }


def units_dispatch(
    incident_id: int,
    *,
    user: Any,
    callsigns: Sequence[str],
    version: int | None = None,
    multi: bool = False,
    reason: str = "",
    partial: bool = False,
    eta_s: dict[str, float] | None = None,
    at: datetime | None = None,
) -> Outcome:
    """Send units to an incident, or reserve them for one that is scheduled.

    All or nothing unless `partial`; `Conflict` with every refusal when nothing was assigned. A unit
    that holds another incident is taken only when it may hold several (the unit's flag, or `multi`
    with a reason); one that is delayed, committed otherwise or unknown only with a reason; one
    that is out of service never. `at` is when they were sent, where that is not now.
    """
    wanted = list(dict.fromkeys(sign.strip() for sign in callsigns if sign.strip()))
    if not 1 <= len(wanted) <= UNITS_MAX:
        raise InvalidInput(_("{n} units named").format(n=len(wanted)), value=len(wanted), where="units", remedy=_("name 1 to {most}").format(most=UNITS_MAX))  # fmt: skip
    if multi and not reason.strip():
        raise InvalidInput(_("a second incident for a unit needs a reason"), where="reason", remedy=_("say why in a word"))  # fmt: skip
    ids = dict(seen_by(user, Unit.objects.filter(callsign__in=wanted)).values_list("callsign", "pk"))  # fmt: skip
    with recorded():
        incident = incident_lock(incident_id, user=user, version=version)
        if incident.state not in OPEN_STATES:
            raise Conflict(_("{number} is {state}").format(number=incident.number, state=incident.get_state_display()), value=incident.state, remedy=_("reopen it, or choose another incident"))  # fmt: skip
        outcome = Outcome(incident)
        outcome.conflicts = [
            {"callsign": sign, "reason": "unknown_unit", "holder": None, "incident": None}
            for sign in wanted
            if sign not in ids
        ]
        units = units_lock(ids.values())
        held = _held_by(units)
        takable: list[tuple[Unit, bool]] = []
        for unit in units:
            refusal, beside = _refusal(unit, held.get(unit.pk, []), incident, multi, reason)
            if refusal:
                outcome.conflicts.append(refusal)
            else:
                takable.append((unit, beside))
        if outcome.conflicts and not (partial and takable):
            raise refused(outcome.conflicts)
        now = at or timezone.now()
        scheduled = incident.scheduled_for is not None and incident.scheduled_for > now
        for unit, beside in takable:
            part = _assign(unit, incident, user=user, at=now, beside=beside, reserve=scheduled, reason=reason)  # fmt: skip
            part.eta_s = (eta_s or {}).get(unit.callsign)
            if part.eta_s is not None:
                part.save(update_fields=["eta_s"])
            outcome.assigned.append(part)
        follow_assignments(incident, at=now, user=user)
        events = [incident_event(incident)]
        for part in outcome.assigned:
            events += [unit_event(part.unit), assignment_event(part)]
        events_publish(events)
    return outcome


def refused(conflicts: list[dict[str, Any]]) -> Conflict:
    """The one error that says of every unit why it was not sent."""
    parts = []
    for one in conflicts:
        words = _REFUSAL_WORDS[one["reason"]].format(
            incident=one["incident"], status=one.get("status_name") or "–"
        )
        who = _("by {who}").format(who=one["holder"]) if one["holder"] else ""
        parts.append(f"{one['callsign']}: {words} {who}".strip())
    return Conflict(
        "; ".join(parts),
        value=conflicts,
        remedy=_("choose other units"),
        details={"conflicts": conflicts, "assigned": []},
    )


def _held_by(units: list[Unit]) -> dict[int, list[Assignment]]:
    held: dict[int, list[Assignment]] = {}
    rows = Assignment.objects.filter(
        unit__in=units, cleared_at__isnull=True, cancelled_at__isnull=True
    ).select_related("incident", "author")
    for row in rows:
        held.setdefault(row.unit_id, []).append(row)
    return held


def _refusal(
    unit: Unit, held: list[Assignment], incident: Incident, multi: bool, reason: str
) -> tuple[dict[str, Any] | None, bool]:
    """Why a locked unit cannot be taken, and whether it would stand beside another assignment."""
    here = next((part for part in held if part.incident_id == incident.pk), None)
    if here is not None:
        return _conflict(unit, "already_here", here), False
    if unit.status.status_class == StatusClass.UNAVAILABLE:
        return _conflict(unit, "out_of_service", None, text=unit.status_reason), False
    if held and not (unit.multi_assignment or multi):
        return _conflict(unit, "assigned", held[0]), False
    if not held and unit.status.status_class != StatusClass.AVAILABLE and not reason.strip():
        return _conflict(unit, "not_available", None), False
    return None, bool(held)


def _conflict(
    unit: Unit, reason: str, holder: Assignment | None, *, text: str = ""
) -> dict[str, Any]:
    """One unit's refusal: who holds it, or set the status that keeps it, and since when."""
    if holder is not None:
        author, since = holder.author, holder.dispatched_at or holder.created_at
    else:
        last = unit.status_changes.select_related("author").order_by("-id").first()
        author, since = last.author if last else None, unit.status_since
    return {
        "callsign": unit.callsign,
        "reason": reason,
        "status": unit.status.code,
        "status_name": unit.status.called,
        "text": text,
        "holder": author.get_username() if author else None,
        "incident": holder.incident.number if holder else None,
        "assignment": holder.pk if holder else None,
        "since": since.isoformat() if since else None,
    }


def _assign(
    unit: Unit,
    incident: Incident,
    *,
    user: Any,
    at: datetime,
    beside: bool,
    reserve: bool,
    reason: str,
) -> Assignment:
    """One assignment with its first stamp, the unit's status and the line in the timeline."""
    author = author_of(user)
    try:
        with transaction.atomic():
            part = Assignment.objects.create(
                unit=unit, incident=incident, multi=beside, created_at=at, author=author, reason=reason[:200],
                dispatched_at=None if reserve else at,
            )  # fmt: skip
    except IntegrityError as error:
        # Only a writer that takes no lock gets here; the constraint is what counts.
        holder = next(iter(_held_by([unit]).get(unit.pk, [])), None)
        raise refused([_conflict(unit, "assigned", holder)]) from error
    step = Step.RESERVED if reserve else Step.DISPATCHED
    AssignmentStep.objects.create(
        assignment=part, step=step, at=at, author=author, reason=reason[:200]
    )
    status_follow(unit, user=user, at=at, left=None, incident=incident)
    log_add(incident, str(step), user=user, at=at, unit=unit.callsign, **({"reason": reason} if reason else {}))  # fmt: skip
    return part
