"""The triage queue as a page: citizens' reports, each accepted or declined by a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from layers.access.gate import allow
from layers.access.policies import Can
from layers.audit.looks import look_record
from layers.errors import NccError
from layers.incidents.models import IncidentType
from layers.incidents.reports.selectors import triage_row, triage_rows, type_name
from layers.incidents.reports.service import report_accept, report_reject, report_visible
from layers.pages.selectors import page_notes


@allow(Can.TAKE_CALLS)
@require_http_methods(["GET", "HEAD"])
def triage(request: HttpRequest) -> HttpResponse:
    """Reports that wait, oldest first. `?open=ID` shows who sent one."""
    opened = request.GET.get("open", "")
    sender: dict[str, Any] = {}
    if opened.isascii() and opened.isdigit() and len(opened) < 16:
        report = report_visible(int(opened), user=request.user)
        look_record(user=request.user, table="layers_citizenreport", row_id=report.pk, what="reporter")  # fmt: skip
        sender = {"id": report.pk, "name": report.reporter_name, "number": report.reporter_number, "email": report.reporter_email}  # fmt: skip
    kinds = [(kind.code, type_name(kind)) for kind in IncidentType.objects.order_by("name")]
    reports = triage_rows(request.user)
    for row in reports:
        row["created_at_shown"] = datetime.fromisoformat(row["created_at"])
        row["map_url"] = f"/#18/{row['lat']:.6f}/{row['lon']:.6f}" if row["lon"] is not None else ""
    context = {
        "page": "triage", "reports": reports, "kinds": kinds, "sender": sender,
        "priorities": range(1, 6), **page_notes(),
    }  # fmt: skip
    return render(request, "layers/triage.html", context)


@allow(Can.TAKE_CALLS)
@require_http_methods(["POST"])
def decide(request: HttpRequest, report_id: int) -> HttpResponse:
    """Accept or decline one report; what stood in the way is said on the page."""
    try:
        if request.POST.get("decision") == "accept":
            priority = request.POST.get("priority", "")
            incident = report_accept(
                report_id, user=request.user, type_code=request.POST.get("type", ""),
                priority=int(priority) if priority in {"1", "2", "3", "4", "5"} else None,
            )  # fmt: skip
            messages.success(request, _("%(number)s waits in the incident queue.") % {"number": incident.number})  # fmt: skip
        else:
            report = report_reject(report_id, user=request.user, reason=request.POST.get("reason", ""))  # fmt: skip
            messages.info(request, _("%(code)s was declined.") % triage_row(report))
    except NccError as error:
        messages.error(request, str(error))
    return redirect("triage")
