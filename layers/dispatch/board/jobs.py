"""What a unit is on now, for its own screen: the incident without a word of who called."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from layers.dispatch.assigning.statuses import unit_of_account, units_allowed
from layers.dispatch.assigning.table import NEXT_STEPS
from layers.dispatch.board.rows import assignment_row, incident_rows
from layers.dispatch.board.selectors import unit_row
from layers.dispatch.board.ways import unit_way
from layers.dispatch.models import Assignment, Step
from layers.errors import NotFound
from layers.incidents.models import Incident

#: Steps during which the way there is shown.
_ON_THE_WAY = (Step.DISPATCHED, Step.ACKNOWLEDGED, Step.EN_ROUTE, Step.STAGED)


def unit_job(unit_id: int | None, *, user: Any) -> dict[str, Any]:
    """The unit, its active assignments, and the incident of the one to do now.

    `unit_id` None: the unit the account drives. The one to do now is the latest that was dispatched.
    """
    if unit_id is None:
        own = unit_of_account(user)
        if own is None:
            raise NotFound(_("your account drives no unit"), remedy=_("ask the control room to bind it to your unit"))  # fmt: skip
        unit_id = own.pk
    if not units_allowed(user).filter(pk=unit_id).exists():
        raise NotFound(_("no unit {unit_id}").format(unit_id=unit_id), value=unit_id)
    parts = list(
        Assignment.objects.filter(unit=unit_id, cleared_at__isnull=True, cancelled_at__isnull=True)
        .select_related("unit__status", "incident")
        .order_by("-dispatched_at", "-pk")
    )
    sent = [part for part in parts if part.dispatched_at is not None] or parts
    now_on = sent[0] if sent else None
    incident = route = None
    if now_on is not None:
        incident = incident_rows(Incident.objects.filter(pk=now_on.incident_id))[0]
        notes = now_on.incident.notes.order_by("at", "pk")
        incident["notes"] = [{"at": note.at, "text": note.text} for note in notes]
        if now_on.step in _ON_THE_WAY:
            route = unit_way(unit_id, incident["lon"], incident["lat"])
    return {
        "unit": unit_row(unit_id),
        "route": route,
        "assignment": assignment_row(now_on) if now_on else None,
        "steps": [str(step) for step in NEXT_STEPS[now_on.step]] if now_on else [],
        "incident": incident,
        "others": [assignment_row(part) for part in parts if part is not now_on],
    }
