"""Ending incidents that may still have units: blocked, or all cleared and stamped in one go; merging."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import restrict
from layers.audit.actor import recorded
from layers.dispatch.assigning.following import follow_assignments
from layers.dispatch.assigning.statuses import status_follow, units_lock
from layers.dispatch.assigning.stepping import Held, step_take
from layers.dispatch.assigning.table import NEXT_STEPS
from layers.dispatch.models import Assignment, Step
from layers.dispatch.outbox import assignment_event, unit_event
from layers.errors import Conflict, InvalidInput
from layers.events.services import NewEvent, events_publish
from layers.incidents.desk.creating import incident_by_number
from layers.incidents.lifecycle.services import (
    incident_act,
    incident_enter,
    incident_lock,
    incident_save,
    transition_check,
)
from layers.incidents.lifecycle.table import OPEN_STATES, Action
from layers.incidents.models import Call, Disposition, Incident
from layers.incidents.outbox import call_event, incident_event, log_add

#: Actions that leave no unit behind.
_ENDING = (Action.CLOSE, Action.CANCEL, Action.HOLD)


def incident_state_set(
    incident_id: int,
    *,
    user: Any,
    action: str,
    version: int | None = None,
    disposition: str = "",
    reason: str = "",
    clear_units: bool = False,
) -> Incident:
    """Take a person's action on an incident.

    With active units, closing, cancelling and holding are refused with their names, unless
    `clear_units`: then each is cleared (or cancelled, where it never arrived) and stamped.
    """
    wanted = Action(action)
    if wanted in (Action.FOLLOW, Action.MERGE):
        raise InvalidInput(_("{action} is not set by hand").format(action=wanted.label), value=action, where="action", remedy=_("dispatch units, or merge into another incident"))  # fmt: skip
    with recorded():
        incident = incident_lock(incident_id, user=user, version=version)
        transition_check(incident, wanted)
        events: list[NewEvent] = []
        if wanted in _ENDING:
            active = active_parts(incident)
            if active and not clear_units:
                raise still_active(incident, active)
            events = _clear_all(incident, active, user=user, reason=reason or f"{incident.number} {wanted}")  # fmt: skip
        incident_act(incident, wanted, user=user, disposition=disposition, reason=reason)
        if wanted == Action.RESUME:
            follow_assignments(incident, at=timezone.now(), user=user)
        events_publish([*events, incident_event(incident)])
    return incident


def active_parts(incident: Incident) -> list[Assignment]:
    """Active assignments of a locked incident; no new ones can come while it is locked."""
    return list(
        Assignment.objects.filter(incident=incident, cleared_at__isnull=True, cancelled_at__isnull=True)
        .select_related("unit")
        .order_by("unit_id")
    )  # fmt: skip


def still_active(incident: Incident, active: list[Assignment]) -> Conflict:
    """The refusal that names the units in the way."""
    signs = [part.unit.callsign for part in active]
    return Conflict(
        _("still on {number}: {list}").format(number=incident.number, list=", ".join(signs)),
        value=signs,
        remedy=_("clear them first, or clear and stamp them all"),
        details={"units": signs},
    )


def _clear_all(
    incident: Incident, active: list[Assignment], *, user: Any, reason: str
) -> list[NewEvent]:
    units = {unit.pk: unit for unit in units_lock([part.unit_id for part in active])}
    parts = Assignment.objects.select_for_update(no_key=True).filter(pk__in=[part.pk for part in active])  # fmt: skip
    events: list[NewEvent] = []
    for part in parts.order_by("pk"):
        if not part.active:
            continue
        step = Step.CLEAR if part.on_scene_at is not None else Step.CANCEL
        usual = step in NEXT_STEPS[part.step]
        events += step_take(
            Held(part, incident, units[part.unit_id]), user=user, step=step, at=None,
            reason="" if usual else reason, override=not usual,
        )  # fmt: skip
    return events


def incident_merge(
    incident_id: int, *, user: Any, into: str, version: int | None = None, reason: str = ""
) -> Incident:
    """Merge an incident into another that goes on: its calls and its active units go along."""
    target_id = incident_by_number(into, user=user).pk
    if target_id == incident_id:
        raise InvalidInput(_("an incident cannot be merged into itself"), value=into, where="into", remedy=_("name the other one"))  # fmt: skip
    with recorded():
        locked = {pk: incident_lock(pk, user=user) for pk in sorted((incident_id, target_id))}
        incident, target = locked[incident_id], locked[target_id]
        if version is not None:
            incident_lock(incident_id, user=user, version=version)
        transition_check(incident, Action.MERGE)
        if target.state not in OPEN_STATES:
            raise Conflict(_("{number} is {state}").format(number=target.number, state=target.get_state_display()), value=target.state, remedy=_("merge into an incident that goes on, or reopen it"))  # fmt: skip
        now = timezone.now()
        events = _move_units(incident, target, user=user)
        events += _move_calls(incident, target)
        fields = incident_enter(incident, transition_check(incident, Action.MERGE), at=now)
        incident.merged_into = target
        incident.disposition = Disposition.DUPLICATE
        incident_save(incident, *fields, "merged_into", "disposition")
        if incident.reported_at < target.reported_at:
            target.reported_at = incident.reported_at
        incident_save(target, "reported_at")
        follow_assignments(target, at=now, user=user)
        more = {"reason": reason} if reason else {}
        log_add(incident, "merge", user=user, into=target.number, **more)
        log_add(target, "merged_in", user=user, number=incident.number, **more)
        events_publish([*events, incident_event(incident), incident_event(target)])
    return incident


def _move_units(incident: Incident, target: Incident, *, user: Any) -> list[NewEvent]:
    """Active assignments go along with their times; a unit that is on both keeps the target's."""
    active = active_parts(incident)
    units = {unit.pk: unit for unit in units_lock([part.unit_id for part in active])}
    there = set(
        Assignment.objects.filter(
            incident=target, cleared_at__isnull=True, cancelled_at__isnull=True
        ).values_list("unit_id", flat=True)
    )
    events: list[NewEvent] = []
    for part in active:
        unit = units[part.unit_id]
        if part.unit_id in there:
            events += step_take(
                Held(part, incident, unit), user=user, step=Step.CANCEL, at=None,
                reason=f"merged into {target.number}", override=True,
            )  # fmt: skip
            continue
        part.incident = target
        part.version += 1
        part.save(update_fields=["incident", "version"])
        part.unit = unit
        status_follow(unit, user=user, at=timezone.now(), left=None, incident=target)
        log_add(target, "unit_joined", user=user, unit=unit.callsign, number=incident.number)
        events += [unit_event(unit), assignment_event(part)]
    return events


def _move_calls(incident: Incident, target: Incident) -> list[NewEvent]:
    events = []
    for call in Call.objects.filter(incident=incident).select_for_update(no_key=True).order_by("pk"):  # fmt: skip
        call.incident = target
        if call.kind == Call.Kind.NORMAL:
            call.kind = Call.Kind.DUPLICATE
        call.version += 1
        call.save(update_fields=["incident", "kind", "version", "updated_at"])
        events.append(call_event(call))
    return events


def incidents_open(user: Any) -> Any:
    """Open incidents the user may see."""
    return restrict(user, Incident.objects.filter(state__in=OPEN_STATES))
