"""Moving an incident through its life: by a person's action, or because its assignments moved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import restrict
from layers.audit.changes import change_details
from layers.errors import Conflict, InvalidInput, NotFound
from layers.incidents.lifecycle.table import (
    TRANSITIONS,
    Action,
    action_allowed,
    actions_in,
    followed_state,
)
from layers.incidents.models import Disposition, Incident, IncidentState
from layers.incidents.outbox import log_add


def rows_lock(model: type[Model], ids: Iterable[int]) -> None:
    """Lock rows in the order of their ids to the end of the transaction; read them afterwards.

    Two statements on purpose: a locking SELECT with a join drops a row whose foreign key somebody
    else changed while it waited, because the join is judged by the old partner.
    """
    rows = model._default_manager.filter(pk__in=sorted(set(ids))).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def seen_by(user: Any, rows: Any) -> Any:
    """Rows a user may see; all of them for the system (None)."""
    return rows if user is None else restrict(user, rows)


def incident_lock(incident_id: int, *, user: Any, version: int | None = None) -> Incident:
    """The incident, locked to the end of the transaction, if the user may see it.

    A `version` that is not the row's means the form is stale: `Conflict`. `user` None: the system.
    Locks are always taken in this order: incidents by id, units by id, assignments.
    """
    rows_lock(Incident, [incident_id])
    rows = Incident.objects.select_related("type", "agency", "area")
    incident = seen_by(user, rows).filter(pk=incident_id).first()
    if incident is None:
        raise NotFound(
            _("no incident {incident_id}").format(incident_id=incident_id), value=incident_id
        )
    version_check(incident, version, what=incident.number)
    return incident


def version_check(row: Any, version: int | None, *, what: str) -> None:
    """`Conflict`, naming who and when, when the row was changed since the form was filled in."""
    if version is not None and version != row.version:
        changed = change_details(row)
        who = changed["changed_by"] or _("somebody else")
        raise Conflict(
            _("{what} was changed meanwhile by {who}").format(what=what, who=who),
            value=row.version,
            remedy=_("look at the current values and send yours again"),
            details={"stale": True, "current_version": row.version, **changed},
        )


def incident_save(incident: Incident, *fields: str) -> None:
    """Write the fields and count the version."""
    incident.version += 1
    incident.save(update_fields=[*fields, "version", "updated_at"])


def transition_check(incident: Incident, action: Action) -> IncidentState:
    """The state the action leads to, or `Conflict` naming what is possible instead."""
    if not action_allowed(incident.state, action):
        possible = ", ".join(str(Action(one).label) for one in actions_in(incident.state))
        raise Conflict(
            _("{number} is {state}: not possible is {action}").format(
                number=incident.number, state=incident.get_state_display(), action=action.label
            ),
            value=incident.state,
            remedy=_("possible now: {list}").format(list=possible or "–"),
            details={"state": incident.state, "actions": actions_in(incident.state)},
        )
    return TRANSITIONS[action][IncidentState(incident.state)][0]


def incident_enter(incident: Incident, state: IncidentState, *, at: datetime) -> list[str]:
    """Set the state and what belongs to it; the fields that changed. The caller saves."""
    incident.state = state
    incident.state_since = at
    fields = ["state", "state_since"]
    if state in (IncidentState.CLOSED, IncidentState.CANCELLED, IncidentState.MERGED):
        incident.closed_at = at
        fields.append("closed_at")
        if incident.first_closed_at is None:
            incident.first_closed_at = at
            fields.append("first_closed_at")
    return fields


def incident_act(
    incident: Incident,
    action: Action,
    *,
    user: Any,
    disposition: str = "",
    reason: str = "",
    at: datetime | None = None,
) -> None:
    """Carry out a person's action on a locked incident that has no unit in the way."""
    state = transition_check(incident, action)
    now = timezone.now()
    at = at or now
    if action == Action.CLOSE and disposition not in Disposition.values:
        raise InvalidInput(
            _("closing needs a disposition"),
            value=disposition,
            where="disposition",
            remedy=_("choose one of {list}").format(
                list=", ".join(str(one) for one in Disposition.labels)
            ),
        )
    if action in (Action.CANCEL, Action.HOLD, Action.REOPEN) and not reason.strip():
        raise InvalidInput(
            _("{what} needs a reason").format(what=action.label),
            where="reason",
            remedy=_("say why in a word"),
        )
    before = incident.state
    fields = incident_enter(incident, state, at=at)
    if action == Action.CLOSE:
        incident.disposition = disposition
        fields.append("disposition")
    elif action == Action.CANCEL:
        incident.disposition = Disposition.CANCELLED
        fields.append("disposition")
    elif action == Action.UNDER_CONTROL:
        if incident.under_control_at is None:
            incident.under_control_at = at
            fields.append("under_control_at")
    elif action == Action.REOPEN:
        incident.closed_at = None
        incident.disposition = ""
        fields += ["closed_at", "disposition"]
    incident_save(incident, *fields)
    detail: dict[str, Any] = {"from": before, "to": str(state)}
    if disposition:
        detail["disposition"] = disposition
    if reason:
        detail["reason"] = reason
    log_add(incident, str(action), user=user, at=at, **detail)


def incident_follow(
    incident: Incident,
    *,
    committed: bool,
    at_scene: bool,
    first: dict[str, datetime | None],
    at: datetime,
    user: Any,
) -> bool:
    """Let a locked incident follow its assignments; whether anything changed.

    `first` holds the earliest dispatch, en route and on scene of its assignments under the names
    of the incident's columns; None leaves what an import brought.
    """
    fields = []
    for name, value in first.items():
        if value is not None and getattr(incident, name) != value:
            setattr(incident, name, value)
            fields.append(name)
    before = incident.state
    state = followed_state(before, committed=committed, at_scene=at_scene)
    if state != before:
        fields += incident_enter(incident, state, at=at)
        log_add(
            incident, str(Action.FOLLOW), user=user, at=at, **{"from": before, "to": str(state)}
        )
    if fields:
        incident_save(incident, *fields)
    return bool(fields)
