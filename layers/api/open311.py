"""Open311 GeoReport v2: kinds, reports in, and what the public may know of them, as JSON or XML."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from layers.access.gate import everybody
from layers.errors import InvalidInput, NccError, NotFound, http_status
from layers.incidents.models import IncidentType
from layers.incidents.reports.models import CitizenReport
from layers.incidents.reports.selectors import (
    open311_status,
    progress_of,
    public_place,
    report_by_token,
    reports_public,
    type_name,
)
from layers.incidents.reports.service import report_create, services
from layers.places.models import Area

#: Name of the root and of the items of a list in XML.
_ROOTS = {"services": "service", "service_requests": "request", "errors": "error"}
_NOTICE = "Laporan ditinjau petugas sebelum ditindaklanjuti. Keadaan darurat: hubungi 112."
View = Callable[..., HttpResponse]


def _element(parent: Element, name: str, value: Any) -> None:
    child = SubElement(parent, name)
    if isinstance(value, dict):
        for key, inner in value.items():
            _element(child, key, inner)
    elif isinstance(value, list):
        for inner in value:
            _element(child, name.removesuffix("s"), inner)
    elif value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        # Characters that XML 1.0 cannot hold are left out.
        child.text = "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)


def _answer(form: str, root: str, rows: Any, status: int = 200) -> HttpResponse:
    """The rows in the format asked for; `root` names them in XML."""
    if form == "json":
        return JsonResponse(rows, safe=False, status=status)
    top = Element(root)
    if isinstance(rows, list):
        for row in rows:
            _element(top, _ROOTS[root], row)
    else:
        for name, value in rows.items():
            _element(top, name, value)
    body = b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(top, encoding="utf-8")
    return HttpResponse(body, content_type="text/xml; charset=utf-8", status=status)


def _error(form: str, status: int, words: str) -> HttpResponse:
    return _answer(form, "errors", [{"code": status, "description": words}], status)


def _public(view: View) -> View:
    """Open to everybody and to other sites' programs; named errors in GeoReport's own form."""

    @wraps(view)
    def guarded(request: HttpRequest, form: str, **more: Any) -> HttpResponse:
        if form not in {"json", "xml"}:
            return _error("json", 404, "the format is json or xml")
        try:
            _check_jurisdiction(request)
            return view(request, form, **more)
        except NccError as error:
            status = http_status(error)
            return _error(form, 400 if status == 422 else status, str(error))

    return everybody(csrf_exempt(guarded))


def _check_jurisdiction(request: HttpRequest) -> None:
    wanted = request.GET.get("jurisdiction_id") or request.POST.get("jurisdiction_id") or ""
    wanted = wanted.replace("\x00", "?")
    if wanted and not Area.objects.filter(level=Area.Level.CITY, code=wanted[:40]).exists():
        raise NotFound("the jurisdiction_id is not known here", remedy="leave it out")


@_public
def discovery(request: HttpRequest, form: str) -> HttpResponse:
    """Where this endpoint is and what it speaks."""
    base = request.build_absolute_uri("/open311/v2")
    return _answer(form, "discovery", {
        "changeset": "2026-01-01T00:00:00Z", "contact": "112", "key_service": "",
        "endpoints": [{
            "specification": "http://wiki.open311.org/GeoReport_v2", "url": base, "changeset": "2026-01-01T00:00:00Z",
            "type": "production", "formats": ["text/xml", "application/json"],
        }],
    })  # fmt: skip


def _service(kind: IncidentType) -> dict[str, Any]:
    return {
        "service_code": kind.code, "service_name": type_name(kind), "description": type_name(kind),
        "metadata": False, "type": "realtime", "keywords": kind.group, "group": kind.group,
    }  # fmt: skip


@_public
def service_list(request: HttpRequest, form: str) -> HttpResponse:
    """Kinds of reports."""
    return _answer(form, "services", [_service(kind) for kind in services()])


@_public
def service_definition(request: HttpRequest, form: str, service_code: str) -> HttpResponse:
    """A kind has no questions of its own; a kind that does not exist is said."""
    if service_code not in {kind.code for kind in services()}:
        raise NotFound("no such service_code", value=service_code[:40])
    return _answer(form, "service_definition", {"service_code": service_code, "attributes": []})


@_public
def requests(request: HttpRequest, form: str) -> HttpResponse:
    """GET: reports of the last 90 days as the public may know them. POST: a new report for triage."""
    if request.method == "POST":
        return _post(request, form)
    if request.method not in {"GET", "HEAD"}:
        return _error(form, 405, "GET or POST")
    values = request.GET
    asked = values.get("service_request_id")
    pks = None if asked is None else [pk for part in asked.split(",") if (pk := _pk(part))]
    found = reports_public(
        pks=pks, type_code=values.get("service_code", ""), status=values.get("status", ""),
        since=_moment(values.get("start_date")), until=_moment(values.get("end_date")),
    )  # fmt: skip
    return _answer(form, "service_requests", [_shown(row) for row in found])


def _post(request: HttpRequest, form: str) -> HttpResponse:
    values = request.POST
    name = " ".join(part for part in (values.get("first_name"), values.get("last_name")) if part)
    report = report_create(
        channel=CitizenReport.Channel.OPEN311, type_code=values.get("service_code", ""),
        source=str(request.META.get("REMOTE_ADDR", "")), description=values.get("description", ""),
        lon=_number(values.get("long")), lat=_number(values.get("lat")), address=values.get("address_string", ""),
        name=name, number=values.get("phone", ""), email=values.get("email", ""),
    )  # fmt: skip
    row = {
        "service_request_id": report.code, "token": report.token, "service_notice": _NOTICE,
        "status_url": request.build_absolute_uri(f"/report/{report.token}/"), "account_id": "",
    }  # fmt: skip
    return _answer(form, "service_requests", [row], 201)


@_public
def one_request(request: HttpRequest, form: str, request_id: str) -> HttpResponse:
    """One report as the public may know it."""
    pk = _pk(request_id)
    rows = reports_public(pks=[pk]) if pk else []
    if not rows:
        raise NotFound("no such service_request_id", value=request_id[:40])
    return _answer(form, "service_requests", [_shown(rows[0])])


@_public
def token(request: HttpRequest, form: str, token: str) -> HttpResponse:
    """The number of a report by its token."""
    row = report_by_token(token)
    if row is None:
        raise NotFound("no such token")
    return _answer(form, "service_requests", [{"service_request_id": row.code, "token": row.token}])


def _shown(row: CitizenReport) -> dict[str, Any]:
    """What everybody may know: kind, state, ward and a rounded place; nothing that somebody wrote."""
    lat, lon = public_place(row)
    _progress, changed = progress_of(row)
    return {
        "service_request_id": row.code, "status": open311_status(row), "status_notes": row.reason,
        "service_name": type_name(row.type), "service_code": row.type.code, "description": "",
        "agency_responsible": "", "service_notice": "", "requested_datetime": _stamp(row.created_at),
        "updated_datetime": _stamp(changed), "expected_datetime": "", "address": row.area_name, "address_id": "",
        "zipcode": "", "lat": lat, "long": lon, "media_url": "",
    }  # fmt: skip


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _pk(text: str) -> int | None:
    digits = text.strip().upper().removeprefix("L-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None


def _number(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise InvalidInput("lat and long are numbers in degrees", value=text[:40]) from error


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("a date is written 2026-01-31T00:00:00Z", value=text[:40]) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
