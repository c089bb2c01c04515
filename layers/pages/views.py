"""The map and the consoles: each page states who may open it and hands folium's parts to a template."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie

from layers.access.gate import allow, everybody
from layers.access.policies import Can
from layers.coverage.figures.release import gap_map_released, gap_maps_released
from layers.coverage.plans.selectors import decisions_released
from layers.maps.compose import View, compose_map
from layers.pages.selectors import (
    coverage_choices,
    page_notes,
    planning_choices,
    report_choices,
)


def _map_page(request: HttpRequest, template: str, view: View, **context: Any) -> HttpResponse:
    parts = compose_map(view, user=request.user, nonce=request.csp_nonce)  # type: ignore[attr-defined]
    return render(request, template, {"page": str(view), "map": parts, **page_notes(), **context})


@everybody
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    """The public map for a visitor; with more layers for someone logged in."""
    return _map_page(request, "layers/map.html", View.MAP)


@allow(Can.SEE_COVERAGE)
@ensure_csrf_cookie
def coverage(request: HttpRequest) -> HttpResponse:
    """What the cameras see, and where nobody looks."""
    return _map_page(request, "layers/coverage.html", View.COVERAGE, **coverage_choices())


@allow(Can.REPORT)
@ensure_csrf_cookie
def reports(request: HttpRequest) -> HttpResponse:
    """How fast calls were answered and places reached, with the definition of every figure."""
    return _map_page(request, "layers/reports.html", View.REPORTS, **report_choices())


@allow(Can.SEE_PLANS, Can.REQUEST_SITES)
@ensure_csrf_cookie
def planning(request: HttpRequest) -> HttpResponse:
    """Where the next cameras go: requests, plans, their review and installation."""
    return _map_page(
        request, "layers/planning.html", View.PLANNING, **planning_choices(request.user)
    )


@everybody
def decisions(request: HttpRequest) -> HttpResponse:
    """What was decided about new cameras, once formally released."""
    return render(
        request,
        "layers/decisions.html",
        {
            "page": "decisions", "decisions": decisions_released(), "gap_maps": gap_maps_released(),
            **page_notes(),
        },
    )  # fmt: skip


@everybody
@ensure_csrf_cookie
def released_gaps(request: HttpRequest, run_id: int) -> HttpResponse:
    """Where no camera looks, once that map was formally released."""
    found = gap_map_released(run_id)
    return _map_page(
        request, "layers/released_gaps.html", View.MAP, gap_map=found, page="decisions"
    )
