"""Sending units, their steps and statuses, and the job of one unit."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.api.desk import done_once, with_current
from layers.api.desk_forms import CorrectIn, DispatchIn, RowId, StepIn, UnitStatusIn
from layers.dispatch.assigning.services import units_dispatch
from layers.dispatch.assigning.statuses import unit_status_set, units_allowed
from layers.dispatch.assigning.stepping import assignment_correct, assignment_step
from layers.dispatch.board.jobs import unit_job
from layers.dispatch.board.rows import assignment_row
from layers.dispatch.board.selectors import incident_row, unit_row
from layers.dispatch.models import Assignment
from layers.errors import NotFound

router = new_router("assignments")


def _assignment(assignment_id: int) -> dict[str, Any]:
    row = (
        Assignment.objects.filter(pk=assignment_id)
        .select_related("unit__status", "incident")
        .first()
    )
    if row is None:
        raise NotFound(
            _("no assignment {assignment_id}").format(assignment_id=assignment_id),
            value=assignment_id,
        )
    return assignment_row(row)


@router.post("/incidents/{incident_id}/dispatch")
@open_to(Can.DISPATCH)
def dispatch(request: HttpRequest, incident_id: RowId, body: DispatchIn) -> dict[str, Any]:
    """Send units; 409 says of every unit that was not taken who holds it and where."""
    with with_current(lambda: incident_row(incident_id, user=request.user)):
        return done_once(
            request,
            f"incident {incident_id} dispatch",
            body.model_dump(mode="json"),
            lambda: units_dispatch(
                incident_id, user=request.user, callsigns=body.units, version=body.version,
                multi=body.multi, reason=body.reason, partial=body.partial, eta_s=body.eta_s,
            ).as_dict(),
        )  # fmt: skip


@router.post("/assignments/{assignment_id}/step")
@open_to(Can.DISPATCH, Can.DRIVE_UNIT)
def step(request: HttpRequest, assignment_id: RowId, body: StepIn) -> dict[str, Any]:
    """Take a step of a unit's part in a response."""

    def work() -> dict[str, Any]:
        assignment_step(
            assignment_id, user=request.user, step=body.step, at=body.at, reason=body.reason, override=body.override
        )  # fmt: skip
        return {"assignment": assignment_id}

    done_once(request, f"assignment {assignment_id} step", body.model_dump(mode="json"), work)
    return _assignment(assignment_id)


@router.post("/assignments/{assignment_id}/correct")
@open_to(Can.DISPATCH, Can.DRIVE_UNIT)
def correct(request: HttpRequest, assignment_id: RowId, body: CorrectIn) -> dict[str, Any]:
    """Correct the time of a step; what was first recorded stays."""

    def work() -> dict[str, Any]:
        row = assignment_correct(
            assignment_id, user=request.user, step=body.field, at=body.at, reason=body.reason
        )
        return {
            "correction": row.pk, "corrects": row.corrects_id, "step": row.step, "at": row.at.isoformat(),
            "author": request.user.get_username(), "reason": row.reason,
        }  # fmt: skip

    result = done_once(request, f"assignment {assignment_id} correct", body.model_dump(mode="json"), work)  # fmt: skip
    return {**result, "assignment": _assignment(assignment_id)}


@router.post("/units/{unit_id}/status")
@open_to(Can.DISPATCH, Can.DRIVE_UNIT)
def unit_status(request: HttpRequest, unit_id: RowId, body: UnitStatusIn) -> dict[str, Any]:
    """Set a unit's status by hand: by the control room, or by the unit itself."""

    def current() -> dict[str, Any]:
        allowed = units_allowed(request.user).filter(pk=unit_id).exists()
        return unit_row(unit_id) if allowed else {}

    with with_current(current):
        done_once(
            request,
            f"unit {unit_id} status",
            body.model_dump(mode="json"),
            lambda: {
                "unit": unit_status_set(
                    unit_id, user=request.user, code=body.status, reason=body.reason, version=body.version,
                    override=body.override, post=body.post,
                ).pk
            },
        )  # fmt: skip
    return unit_row(unit_id)


@router.get("/units/mine/job")
@open_to(Can.DRIVE_UNIT)
def my_job(request: HttpRequest) -> dict[str, Any]:
    """What the unit of this account is on now."""
    return unit_job(None, user=request.user)


@router.get("/units/{unit_id}/job")
@open_to(Can.DISPATCH, Can.DRIVE_UNIT)
def job(request: HttpRequest, unit_id: RowId) -> dict[str, Any]:
    """What a unit is on now; an account of a crew sees its own unit only."""
    return unit_job(unit_id, user=request.user)
