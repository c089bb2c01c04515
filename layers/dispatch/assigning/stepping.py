"""Steps of an assignment: in order, or against it with a reason; corrections keep what was first said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import restrict
from layers.audit.actor import recorded
from layers.dispatch.assigning.following import follow_assignments
from layers.dispatch.assigning.statuses import require_own_or_dispatch, status_follow, units_lock
from layers.dispatch.assigning.table import FINAL, NEXT_STEPS
from layers.dispatch.models import STEP_FIELD, Assignment, AssignmentStep, Step, Unit
from layers.dispatch.outbox import assignment_event, unit_event
from layers.errors import Conflict, InvalidInput, NotFound
from layers.events.services import NewEvent, events_publish
from layers.incidents.desk.times import time_checked
from layers.incidents.lifecycle.services import incident_lock
from layers.incidents.models import Incident
from layers.incidents.outbox import author_of, incident_event, log_add

#: How far back a stamp or a correction may be dated.
BACKDATE_MAX = timedelta(days=30)


@dataclass
class Held:
    """An assignment with its incident and unit, all three locked in the order of locks."""

    assignment: Assignment
    incident: Incident
    unit: Unit


def assignment_lock(assignment_id: int, *, user: Any) -> Held:
    """Lock incident, unit and assignment; `NotFound` where the user may see neither."""
    for _attempt in range(5):
        known = Assignment.objects.filter(pk=assignment_id).values("incident_id", "unit_id").first()
        if known is None:
            break
        incident = incident_lock(known["incident_id"], user=None)
        unit = next(iter(units_lock([known["unit_id"]])), None)
        assignment = (
            Assignment.objects.select_for_update(no_key=True).filter(pk=assignment_id).first()
        )
        if unit is None or assignment is None:
            break
        if assignment.incident_id == incident.pk:
            assignment.unit, assignment.incident = unit, incident
            return Held(assignment, incident, unit)
        # A merge moved it to another incident meanwhile: its lock is the one that counts.
    raise NotFound(
        _("no assignment {assignment_id}").format(assignment_id=assignment_id), value=assignment_id
    )


def require_visible(assignment_id: int, *, user: Any) -> bool:
    """Whether the user acts as the unit itself; refuses whoever may not act on the assignment."""
    row = Assignment.objects.filter(pk=assignment_id).values_list("unit_id", flat=True).first()
    if row is None:
        raise NotFound(
            _("no assignment {assignment_id}").format(assignment_id=assignment_id),
            value=assignment_id,
        )
    if user is None:
        return False
    by_unit = require_own_or_dispatch(user, row)
    if not by_unit and not restrict(user, Assignment.objects.filter(pk=assignment_id)).exists():
        raise NotFound(
            _("no assignment {assignment_id}").format(assignment_id=assignment_id),
            value=assignment_id,
        )
    return by_unit


def assignment_step(
    assignment_id: int,
    *,
    user: Any,
    step: str,
    at: datetime | None = None,
    reason: str = "",
    override: bool = False,
) -> Assignment:
    """Take a step. Repeating the last one changes nothing; one out of order needs override and reason.

    `at` may lie back; what is kept beside it is when it was recorded and by whom.
    """
    by_unit = require_visible(assignment_id, user=user)
    with recorded():
        held = assignment_lock(assignment_id, user=user)
        events = step_take(held, user=user, step=Step(step), at=at, reason=reason, override=override, by_unit=by_unit)  # fmt: skip
        if events:
            follow_assignments(held.incident, at=at or timezone.now(), user=user)
            events_publish([*events, incident_event(held.incident)])
    return held.assignment


def step_take(
    held: Held,
    *,
    user: Any,
    step: Step,
    at: datetime | None,
    reason: str = "",
    override: bool = False,
    by_unit: bool = False,
) -> list[NewEvent]:
    """Stamp a locked assignment; the events to publish, none when it had the step already."""
    part, now = held.assignment, timezone.now()
    moment = time_checked(at, now=now, oldest=BACKDATE_MAX) or now
    before = part.step
    if step == before:
        return []
    usual = step in NEXT_STEPS[before]
    if not part.active:
        raise Conflict(
            _("{callsign} is no longer on {number}").format(
                callsign=held.unit.callsign, number=held.incident.number
            ),
            value=str(before),
            remedy=_("correct its times instead, or dispatch it again"),
            details={"step": str(before)},
        )
    if step == Step.RESERVED or (before == Step.RESERVED and step not in NEXT_STEPS[before]):
        raise Conflict(
            _("{callsign} is {step}").format(callsign=held.unit.callsign, step=before.label), value=str(before), remedy=_("it is sent when its time comes, or now by the step dispatched")
        )  # fmt: skip
    if not usual and not (override and reason.strip()):
        possible = [str(one) for one in NEXT_STEPS[before]]
        raise Conflict(
            _("{step} does not follow {before}").format(step=step.label, before=before.label),
            value=str(before),
            remedy=_("usual now: {list}; or override with a reason").format(
                list=", ".join(str(Step(one).label) for one in possible) or "–"
            ),
            details={"step": str(before), "possible": possible, "override": True},
        )
    name = STEP_FIELD[step]
    if getattr(part, name) is None or step in FINAL:
        setattr(part, name, moment)
    _take_back_later(part, step)
    part.version += 1
    part.save()
    AssignmentStep.objects.create(
        assignment=part, step=step, at=moment, author=author_of(user), by_unit=by_unit,
        reason=reason[:200], override=not usual,
    )  # fmt: skip
    status_follow(held.unit, user=user, at=moment, left=_left(part, step), incident=held.incident)
    detail: dict[str, Any] = {"unit": held.unit.callsign}
    if reason:
        detail["reason"] = reason
    if not usual:
        detail["override"] = True
    if by_unit:
        detail["by_unit"] = True
    log_add(held.incident, str(step), user=user, at=moment, **detail)
    part.unit, part.incident = held.unit, held.incident
    return [unit_event(held.unit), assignment_event(part)]


def _take_back_later(part: Assignment, step: Step) -> None:
    """Going back a step takes back the stamps after it; they stay in the list of stamps."""
    if step in FINAL:
        return
    order = [one for one in STEP_FIELD if one not in FINAL]
    for later in order[order.index(step) + 1 :]:
        setattr(part, STEP_FIELD[later], None)


def _left(part: Assignment, step: Step) -> Step | None:
    """How the unit leaves: it returns when it had set out, and is where it was when it had not."""
    if step not in FINAL:
        return None
    went = part.en_route_at or part.on_scene_at
    return Step.CLEAR if went or step == Step.CLEAR else Step.CANCEL


def assignment_correct(
    assignment_id: int, *, user: Any, step: str, at: datetime, reason: str
) -> AssignmentStep:
    """Correct the time of a step that was taken: a new row by an author with a reason; the first stays."""
    if not reason.strip():
        raise InvalidInput(_("a correction needs a reason"), where="reason", remedy=_("say why in a word"))  # fmt: skip
    wanted = Step(step)
    if wanted not in STEP_FIELD:
        raise InvalidInput(_("{step} has no time to correct").format(step=wanted.label), value=step, where="step", remedy=_("choose one of {list}").format(list=", ".join(str(Step(one).label) for one in STEP_FIELD)))  # fmt: skip
    by_unit = require_visible(assignment_id, user=user)
    with recorded():
        held = assignment_lock(assignment_id, user=user)
        part, name = held.assignment, STEP_FIELD[wanted]
        before = getattr(part, name)
        if before is None:
            raise Conflict(_("{callsign} was never {step} on {number}").format(callsign=held.unit.callsign, step=wanted.label, number=held.incident.number), value=step, remedy=_("take the step instead"))  # fmt: skip
        moment = time_checked(at, now=timezone.now(), oldest=BACKDATE_MAX) or before
        first = part.steps.filter(step=wanted).order_by("pk").last()
        if first is None:
            # Imported assignments have no stamps: what stood there becomes the first one.
            first = AssignmentStep.objects.create(assignment=part, step=wanted, at=before)
        row = AssignmentStep.objects.create(
            assignment=part, step=wanted, at=moment, author=author_of(user), by_unit=by_unit,
            reason=reason[:200], corrects=first,
        )  # fmt: skip
        setattr(part, name, moment)
        part.version += 1
        part.save()
        log_add(
            held.incident, "corrected", user=user, unit=held.unit.callsign, step=str(wanted),
            before=before.isoformat(), after=moment.isoformat(), reason=reason,
        )  # fmt: skip
        follow_assignments(held.incident, at=timezone.now(), user=user)
        part.unit, part.incident = held.unit, held.incident
        events_publish([assignment_event(part), incident_event(held.incident)])
    return row
