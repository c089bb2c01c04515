"""The dispatch console, its map apart, the incident's sheet and the unit's phone page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie

from layers.access.gate import allow
from layers.access.policies import Can, rights_of
from layers.assets.models import StationKind
from layers.dispatch.board.selectors import incident_detail
from layers.incidents.models import Call
from layers.maps.compose import View, compose_map
from layers.pages.choices import dispatch_choices, sheet_of, unit_choices
from layers.pages.selectors import page_notes


def _desks() -> list[tuple[str, str]]:
    return [("all", _("call centre")), ("fire", _("fire")), ("police", _("police")), ("medical", _("medical"))]  # fmt: skip


@allow(Can.SEE_OPERATIONS)
@ensure_csrf_cookie
def console(request: HttpRequest) -> HttpResponse:
    """Queue, units, map, incident, call form and command line."""
    parts = compose_map(View.DISPATCH, user=request.user, nonce=request.csp_nonce)  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "page": "dispatch",
        "map": parts,
        "desks": _desks(),
        "kinds": StationKind.choices,
        "channels": Call.Channel.choices,
        "call_kinds": [choice for choice in Call.Kind.choices if choice[0] != Call.Kind.DUPLICATE],
        "choices": dispatch_choices(rights_of(request.user)),
        **page_notes(),
    }
    return render(request, "layers/dispatch.html", context)


@allow(Can.SEE_OPERATIONS)
@ensure_csrf_cookie
def map_apart(request: HttpRequest) -> HttpResponse:
    """The console's map in a window of its own."""
    parts = compose_map(View.DISPATCH, user=request.user, nonce=request.csp_nonce)  # type: ignore[attr-defined]
    return render(
        request, "layers/dispatch_map.html", {"page": "dispatch", "map": parts, **page_notes()}
    )


@allow(Can.SEE_OPERATIONS)
def sheet(request: HttpRequest, incident_id: int) -> HttpResponse:
    """One incident on paper, without who called."""
    incident = incident_detail(incident_id, user=request.user)
    return render(request, "layers/dispatch_print.html", {"page": "dispatch", **sheet_of(incident)})


@allow(Can.DRIVE_UNIT, Can.DISPATCH)
@ensure_csrf_cookie
def unit(request: HttpRequest) -> HttpResponse:
    """The phone page of a unit's crew; the control room may look at one by `?unit=`."""
    asked = request.GET.get("unit", "")
    parts = compose_map(
        View.DISPATCH, user=request.user, nonce=request.csp_nonce, layers=("stations", "closures")  # type: ignore[attr-defined]
    )  # fmt: skip
    context = {"page": "unit", "map": parts, "choices": unit_choices(int(asked) if asked.isdecimal() and len(asked) < 18 else None)}  # fmt: skip
    return render(request, "layers/unit.html", {**context, **page_notes()})


@allow(Can.DRIVE_UNIT, Can.DISPATCH)
def unit_worker(request: HttpRequest) -> HttpResponse:
    """The script that keeps the unit's page on the phone; at an address that covers the page."""
    path = finders.find("layers/js/unit/worker.js")
    assert isinstance(path, str)
    body = Path(path).read_text(encoding="utf-8")
    return HttpResponse(body, content_type="text/javascript", headers={"Cache-Control": "no-cache"})
