"""Layers, single features, search and jobs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from layers.access.policies import Can, restrict, rights_of
from layers.api.app import new_router, open_to
from layers.catalog.payload import catalogue_payload
from layers.catalog.search import search as find
from layers.catalog.selectors import feature_detail, layer_features
from layers.errors import InvalidInput, NotFound
from layers.jobs.health import job_status
from layers.jobs.models import ACTIVE_STATES, Job
from layers.jobs.services import job_cancel
from layers.places.models import Area
from layers.places.outlines import area_outlines

router = new_router("layers")
_MOST_HITS = 20


def _numbers(text: str, count: int, name: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(abs(value) <= 180 for value in values):
        raise InvalidInput(f"{name} {text!r} is not {count} numbers in degrees", value=text, remedy="write them with commas between")  # fmt: skip
    return values


@router.get("/layers")
@open_to(Can.SEE_PUBLIC)
def layers(request: HttpRequest) -> dict[str, Any]:
    """The layers the visitor may draw, with their styles and fields."""
    return catalogue_payload(request.user)


@router.get("/layers/{layer}/features")
@open_to(Can.SEE_PUBLIC)
def features(request: HttpRequest, layer: str, bbox: str = "") -> dict[str, Any]:
    """Features of a layer as GeoJSON; `bbox` is west,south,east,north in degrees."""
    box = tuple(_numbers(bbox, 4, "bbox")) if bbox else None
    return layer_features(request.user, layer, bbox=box)  # type: ignore[arg-type]


@router.get("/features/{layer}/{feature_id}")
@open_to(Can.SEE_PUBLIC)
def feature(request: HttpRequest, layer: str, feature_id: int) -> dict[str, Any]:
    """One feature with the fields the visitor may see."""
    if abs(feature_id) > 2**62:
        raise NotFound("no such object", value=feature_id)
    return feature_detail(request.user, layer, feature_id)


@router.get("/areas")
@open_to(Can.SEE_PUBLIC)
def areas(request: HttpRequest, level: str = "kelurahan") -> dict[str, Any]:
    """Simplified outlines of the areas of a level as GeoJSON, to colour a map by."""
    if level not in Area.Level.values:
        raise InvalidInput(f"no level {level!r}", value=level, remedy=f"choose one of {', '.join(Area.Level.values)}")  # fmt: skip
    return area_outlines(restrict(request.user, Area.objects.filter(level=level)))


@router.get("/search")
@open_to(Can.SEE_PUBLIC)
def search(request: HttpRequest, q: str, near: str = "", limit: int = 8) -> dict[str, Any]:
    """Places, streets, addresses, intersections and coordinates; `near` is lon,lat."""
    place = _numbers(near, 2, "near") if near else None
    return find(
        q[:200],
        user=request.user,
        near=(place[0], place[1]) if place else None,
        limit=max(1, min(limit, _MOST_HITS)),
    )


@router.get("/jobs")
@open_to(Can.SEE_ASSETS)
def jobs(request: HttpRequest, active: bool = False) -> dict[str, Any]:
    """Background jobs, newest first: all for administrators, one's own and the active ones for others."""
    rows = Job.objects.order_by("-id")
    if active:
        rows = rows.filter(state__in=ACTIVE_STATES)
    if not rights_of(request.user).can(Can.ADMINISTER):
        rows = restrict(request.user, rows) if not active else rows
    return {"jobs": [job_status(job) for job in rows[:50]]}


@router.get("/jobs/{job_id}")
@open_to(Can.SEE_ASSETS)
def job(request: HttpRequest, job_id: int) -> dict[str, Any]:
    """One job with its progress and result."""
    row = Job.objects.filter(pk=job_id).first() if abs(job_id) < 2**62 else None
    mine = row is not None and (
        row.requested_by_id == request.user.pk or rights_of(request.user).can(Can.SEE_COVERAGE)
    )
    if row is None or not mine:
        raise NotFound(f"no job {job_id}", value=job_id)
    return {**job_status(row), "result": row.result, "error": row.error}


@router.post("/jobs/{job_id}/cancel")
@open_to(Can.PLAN_SITES, Can.ADMINISTER)
def cancel(request: HttpRequest, job_id: int) -> dict[str, Any]:
    """Ask a job to stop at its next checkpoint."""
    if abs(job_id) > 2**62:
        raise NotFound(f"no job {job_id}", value=job_id)
    return job_status(job_cancel(job_id))
