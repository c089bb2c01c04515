"""The triage queue: what citizens reported, and the decision of a person on each."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Schema, Status
from pydantic import Field

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.api.desk_forms import RowId
from layers.audit.looks import look_record
from layers.dispatch.board.selectors import incident_row
from layers.errors import NotFound
from layers.incidents.reports.photos import photo_read
from layers.incidents.reports.selectors import triage_row, triage_rows
from layers.incidents.reports.service import report_accept, report_reject, report_visible

router = new_router("triage")


class AcceptIn(Schema):
    """What the person of the queue adds or corrects."""

    type: str = Field("", max_length=40)
    summary: str = Field("", max_length=500)
    priority: int | None = Field(None, ge=1, le=5)


class RejectIn(Schema):
    """Why a report is not taken up, for its reporter to read."""

    reason: str = Field(min_length=1, max_length=300)


@router.get("/triage")
@open_to(Can.TAKE_CALLS)
def queue(
    request: HttpRequest, state: Literal["new", "accepted", "rejected"] = "new"
) -> dict[str, Any]:
    """Reports that wait for a decision, oldest first."""
    return {"reports": triage_rows(request.user, state=state)}


@router.get("/triage/{report_id}")
@open_to(Can.TAKE_CALLS)
def one(request: HttpRequest, report_id: RowId) -> dict[str, Any]:
    """A report with who sent it. That it was opened, and by whom, is written down first."""
    row = report_visible(report_id, user=request.user)
    look_record(user=request.user, table="layers_citizenreport", row_id=row.pk, what="reporter")
    return {
        **triage_row(row), "reporter_name": row.reporter_name, "reporter_number": row.reporter_number,
        "reporter_email": row.reporter_email,
    }  # fmt: skip


@router.get("/triage/{report_id}/photo")
@open_to(Can.TAKE_CALLS)
def photo(request: HttpRequest, report_id: RowId) -> HttpResponse:
    """The photo of a report."""
    data = photo_read(report_visible(report_id, user=request.user).photo)
    if data is None:
        raise NotFound(_("the report has no photo"), remedy=_("open the report itself"))
    answer = HttpResponse(data, content_type="image/jpeg")
    answer["Cache-Control"] = "private, no-store"
    return answer


@router.post("/triage/{report_id}/accept", response={201: dict[str, Any]})
@open_to(Can.TAKE_CALLS)
def accept(request: HttpRequest, report_id: RowId, body: AcceptIn) -> Any:
    """Make a call and its incident out of a report; it waits in the incident queue, nobody is sent."""
    incident = report_accept(
        report_id, user=request.user, type_code=body.type, summary=body.summary, priority=body.priority
    )  # fmt: skip
    return Status(201, incident_row(incident.pk, user=request.user))


@router.post("/triage/{report_id}/reject")
@open_to(Can.TAKE_CALLS)
def reject(request: HttpRequest, report_id: RowId, body: RejectIn) -> dict[str, Any]:
    """Decline a report with a reason that its reporter reads."""
    return triage_row(report_reject(report_id, user=request.user, reason=body.reason))
