"""The citizen's door: a report from the phone, and how far it is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from layers.access.gate import everybody
from layers.errors import NccError, NotFound, http_status
from layers.incidents.reports.models import CitizenReport
from layers.incidents.reports.photos import PHOTO_MAX_BYTES
from layers.incidents.reports.selectors import progress_of, report_by_token, type_name
from layers.incidents.reports.service import report_create, services
from layers.maps.compose import View, compose_map
from layers.pages.selectors import page_notes

_TEXTS = ("type", "description", "address", "lon", "lat", "name", "number")


@everybody
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form; a report that is taken leads to its own page."""
    error, status = "", 200
    if request.method == "POST":
        try:
            made = _take(request)
            return redirect("report_status", token=made.token)
        except (NccError, ValueError) as refusal:
            status = http_status(refusal) if isinstance(refusal, NccError) else 422
            error = _words(refusal)
    values = {name: request.POST.get(name, "") for name in _TEXTS}
    parts = compose_map(View.MAP, user=None, nonce=request.csp_nonce, layers=())  # type: ignore[attr-defined]
    kinds = [(kind.code, type_name(kind)) for kind in services()]
    context: dict[str, Any] = {"page": "report", "map": parts, "kinds": kinds, "values": values, "error": error, **page_notes()}  # fmt: skip
    return render(request, "layers/report.html", context, status=status)


def _take(request: HttpRequest) -> CitizenReport:
    if request.POST.get("website"):  # a field that people do not see
        raise ValueError("robot")
    upload = request.FILES.get("photo")
    if upload is not None and (upload.size or 0) > PHOTO_MAX_BYTES:
        raise ValueError("photo")
    lon, lat = (float(request.POST[name]) if request.POST.get(name) else None for name in ("lon", "lat"))  # fmt: skip
    return report_create(
        channel=CitizenReport.Channel.PAGE, type_code=request.POST.get("type", ""),
        source=str(request.META.get("REMOTE_ADDR", "")), description=request.POST.get("description", ""),
        lon=lon, lat=lat, address=request.POST.get("address", ""), name=request.POST.get("name", ""),
        number=request.POST.get("number", ""), photo=upload.read() if upload is not None else None,
    )  # fmt: skip


def _words(refusal: Exception) -> str:
    """What a citizen can do about a refusal."""
    if isinstance(refusal, NccError):
        words = {
            "too_many": _("Too many reports in a short time. Wait a while; in an emergency call 112."),
            "place": _("Choose the place on the map, or write the address."),
            "type": _("Choose what it is about."),
        }  # fmt: skip
        found = words.get(refusal.code) or words.get(refusal.where)
        if found:
            return found
        if "photo" in refusal.message:
            return _("The photo cannot be used. Send a JPEG, PNG or WebP of at most 8 MB.")
    elif str(refusal) == "photo":
        return _("The photo cannot be used. Send a JPEG, PNG or WebP of at most 8 MB.")
    return _("The report could not be taken. Check what you entered and send it again.")


@everybody
def report_status(request: HttpRequest, token: str) -> HttpResponse:
    """How far a report is, for whoever holds its address; nothing of what was written in it."""
    row = report_by_token(token)
    if row is None:
        raise NotFound(_("There is no such report."), remedy=_("check the address"))
    progress, changed = progress_of(row)
    words = {
        "received": _("Received, waiting for a person to look at it"),
        "underway": _("Accepted, somebody is seeing to it"),
        "done": _("Done"),
        "rejected": _("Not taken up"),
    }
    context = {
        "page": "report", "code": row.code, "kind": type_name(row.type), "area": row.area_name,
        "created_at": row.created_at, "changed_at": changed, "progress": progress, "words": words[progress],
        "reason": row.reason, **page_notes(),
    }  # fmt: skip
    answer = render(request, "layers/report_status.html", context)
    answer["Referrer-Policy"] = "no-referrer"
    return answer
