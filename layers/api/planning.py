"""Requests, plans of new sites, their review and installation, and documents of them."""

from __future__ import annotations

from typing import Any

import shapely
from django.http import HttpRequest, HttpResponse
from ninja import Field, Schema

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.coverage.plans import installation, requests, review, selectors, services
from layers.coverage.plans.gains import gain_at, gains_try
from layers.coverage.plans.tasks import plan_order
from layers.coverage.plans.views import plan_views
from layers.errors import InvalidInput
from layers.exporters.documents.plan import plan_document
from layers.jobs.health import job_status
from layers.maps.offline import plan_offline_map

router = new_router("planning")


class PlanIn(Schema):
    """What to plan: sites, budget or both, or the fewest sites for a share; points that must, may or
    must not carry a pole; what is left out is as `PlanAsked` has it."""

    name: str = Field("", max_length=160)
    sites: int | None = Field(None, ge=0, le=10_000)
    budget_idr: int | None = Field(None, ge=0, le=10**15)
    share: float | None = Field(None, gt=0, le=1)
    area: str | None = Field(None, max_length=40)
    level: str = Field("detect", max_length=20)
    profile: str | None = Field(None, max_length=80)
    required: list[tuple[float, float]] = Field(default_factory=list, max_length=1000)
    extra: list[tuple[float, float]] = Field(default_factory=list, max_length=1000)
    forbidden: list[list[tuple[float, float]]] = Field(default_factory=list, max_length=200)
    requests_required: list[int] = Field(default_factory=list, max_length=1000)
    requests_extra: list[int] = Field(default_factory=list, max_length=1000)
    corners: bool = True
    min_distance_m: float | None = Field(None, ge=0.1, le=20_000)
    site_distance_m: float | None = Field(None, ge=0, le=20_000)
    backup_share: float = Field(0.0, ge=0, le=1)
    re_aim: bool = False
    swap: bool = False
    re_aim_cost_idr: int | None = Field(None, ge=0, le=10**12)
    re_aim_least_share: float | None = Field(None, ge=0, le=1)
    models: list[str] = Field(default_factory=list, max_length=50)
    headings_deg: list[float] | None = Field(None, max_length=72)
    cameras_per_site: int | None = Field(None, ge=1, le=16)
    mount_height_m: float | None = Field(None, ge=0.5, le=500)
    site_cost_idr: int | None = Field(None, ge=0, le=10**12)
    site_yearly_cost_idr: int | None = Field(None, ge=0, le=10**12)
    camera_cost_idr: int | None = Field(None, ge=0, le=10**12)
    most_candidates: int | None = Field(None, ge=1, le=10**7)
    gap: float = Field(0.01, ge=0, le=1)
    time_limit_s: float = Field(60.0, ge=1, le=600)
    key: str = Field("", max_length=80)


class Change(Schema):
    """A change to what was shown as `version`, with its reason."""

    version: int = Field(ge=1, lt=2**31)
    reason: str = Field("", max_length=2000)


class StateIn(Change):
    """The state to go to."""

    to: str = Field(max_length=20)


class NameIn(Schema):
    """A new name."""

    version: int = Field(ge=1, lt=2**31)
    name: str = Field(max_length=160)


class MoveIn(Change):
    """Where to; degrees."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-84, le=84)


class PlaceIn(Schema):
    """A place in degrees."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-84, le=84)


class AddIn(PlaceIn):
    """A site to add: a place, or that of a request."""

    version: int = Field(ge=1, lt=2**31)
    request: int | None = None


class CommentIn(Schema):
    """Something said, at a place or about a site."""

    text: str = Field(max_length=2000)
    site: int | None = None
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-84, le=84)


class SitesIn(Schema):
    """Some of the plan's sites; all without a list."""

    sites: list[int] | None = Field(None, max_length=10_000)
    reason: str = Field("", max_length=2000)


class RequestIn(PlaceIn):
    """A request for a camera."""

    source: str = Field(max_length=12)
    requester: str = Field(max_length=160)
    reason: str = Field(max_length=2000)


def _site(user: Any, plan_id: int, site: Any) -> dict[str, Any]:
    """The plan as it is after a change of one of its sites."""
    return {**selectors.plan_detail(plan_id, user=user), "changed_site": site.pk}


@router.get("/planning/plans")
@open_to(Can.SEE_PLANS)
def plans(request: HttpRequest) -> dict[str, Any]:
    """Plans the visitor may see, the newest first."""
    return {"plans": selectors.plan_list(user=request.user)}


@router.post("/planning/plans")
@open_to(Can.PLAN_SITES)
def plan_new(request: HttpRequest, order: PlanIn) -> dict[str, Any]:
    """Queue a plan; asking twice for the same gives the same job."""
    return job_status(plan_order(order.dict(), user=request.user))


@router.get("/planning/plans/{plan_id}")
@open_to(Can.SEE_PLANS)
def plan(request: HttpRequest, plan_id: int) -> dict[str, Any]:
    """One plan: figures, sites, cameras, steps, and what the visitor may do."""
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/state")
@open_to(Can.PLAN_SITES)
def plan_state(request: HttpRequest, plan_id: int, change: StateIn) -> dict[str, Any]:
    """Take the plan to another state."""
    services.plan_move_on(
        plan_id, to=change.to, version=change.version, reason=change.reason, user=request.user
    )
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/name")
@open_to(Can.PLAN_SITES)
def plan_name(request: HttpRequest, plan_id: int, change: NameIn) -> dict[str, Any]:
    """Rename a plan."""
    services.plan_rename(plan_id, name=change.name, version=change.version, user=request.user)
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/release")
@open_to(Can.PLAN_SITES)
def plan_release(request: HttpRequest, plan_id: int, change: Change) -> dict[str, Any]:
    """Release the decisions to the public."""
    services.plan_release(plan_id, version=change.version, reason=change.reason, user=request.user)
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/comments")
@open_to(Can.PLAN_SITES, Can.REVIEW_SITES)
def plan_comment(request: HttpRequest, plan_id: int, said: CommentIn) -> dict[str, Any]:
    """Say something about the plan."""
    place = None if said.lon is None or said.lat is None else (said.lon, said.lat)
    services.plan_comment(
        plan_id, text=said.text, site_id=said.site, place=place, user=request.user
    )
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/sites")
@open_to(Can.PLAN_SITES)
def site_add(request: HttpRequest, plan_id: int, added: AddIn) -> dict[str, Any]:
    """Add a site with the best cameras for its place."""
    site = review.site_add(
        plan_id, lon=added.lon, lat=added.lat, version=added.version, request_id=added.request,
        user=request.user,
    )  # fmt: skip
    return _site(request.user, plan_id, site)


@router.post("/planning/plans/{plan_id}/sites/{site_id}/try")
@open_to(Can.PLAN_SITES, Can.REVIEW_SITES)
def site_try(request: HttpRequest, plan_id: int, site_id: int, place: PlaceIn) -> dict[str, Any]:
    """What the plan would gain with a site elsewhere; nothing is stored."""
    seen = selectors.plan_seen(plan_id, user=request.user)
    found = gains_try(seen, moved={site_id: (place.lon, place.lat)})
    return {"sites": {str(key): gain for key, gain in found["sites"].items()}, "gain": found["objective"]}  # fmt: skip


@router.post("/planning/plans/{plan_id}/sites/{site_id}/move")
@open_to(Can.PLAN_SITES, Can.REVIEW_SITES)
def site_move(request: HttpRequest, plan_id: int, site_id: int, change: MoveIn) -> dict[str, Any]:
    """Put a site elsewhere; all gains follow."""
    site = review.site_move(
        plan_id, site_id, lon=change.lon, lat=change.lat, version=change.version,
        reason=change.reason, user=request.user,
    )  # fmt: skip
    return _site(request.user, plan_id, site)


@router.post("/planning/plans/{plan_id}/sites/{site_id}/endorse")
@open_to(Can.REVIEW_SITES)
def site_endorse(request: HttpRequest, plan_id: int, site_id: int, change: Change) -> dict[str, Any]:  # fmt: skip
    """Agree with a site."""
    site = review.site_endorse(
        plan_id, site_id, version=change.version, reason=change.reason, user=request.user
    )
    return _site(request.user, plan_id, site)


@router.post("/planning/plans/{plan_id}/sites/{site_id}/refuse")
@open_to(Can.REVIEW_SITES)
def site_refuse(request: HttpRequest, plan_id: int, site_id: int, change: Change) -> dict[str, Any]:
    """Refuse a site, with the reason."""
    site = review.site_refuse(
        plan_id, site_id, version=change.version, reason=change.reason, user=request.user
    )
    return _site(request.user, plan_id, site)


@router.post("/planning/plans/{plan_id}/sites/{site_id}/reopen")
@open_to(Can.REVIEW_SITES)
def site_reopen(request: HttpRequest, plan_id: int, site_id: int, change: Change) -> dict[str, Any]:
    """Take one's review of a site back."""
    site = review.site_reopen(
        plan_id, site_id, version=change.version, reason=change.reason, user=request.user
    )
    return _site(request.user, plan_id, site)


@router.post("/planning/plans/{plan_id}/sites/{site_id}/take-out")
@open_to(Can.PLAN_SITES)
def site_take_out(
    request: HttpRequest, plan_id: int, site_id: int, change: Change
) -> dict[str, Any]:
    """Take a site out of the plan, with the reason."""
    site = review.site_take_out(
        plan_id, site_id, version=change.version, reason=change.reason, user=request.user
    )
    return _site(request.user, plan_id, site)


@router.post("/planning/plans/{plan_id}/endorse-rest")
@open_to(Can.REVIEW_SITES)
def endorse_rest(request: HttpRequest, plan_id: int, sites: SitesIn) -> dict[str, Any]:
    """Endorse every site and turned camera that waits."""
    review.sites_endorse(plan_id, reason=sites.reason, user=request.user)
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/build")
@open_to(Can.PLAN_SITES)
def build(request: HttpRequest, plan_id: int, sites: SitesIn) -> dict[str, Any]:
    """Enter sites in the inventory as planned."""
    installation.plan_build(plan_id, site_ids=sites.sites, user=request.user)
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/confirm")
@open_to(Can.PLAN_SITES)
def confirm(request: HttpRequest, plan_id: int, sites: SitesIn) -> dict[str, Any]:
    """Put sites in service."""
    installation.plan_confirm(plan_id, site_ids=sites.sites, reason=sites.reason, user=request.user)
    return selectors.plan_detail(plan_id, user=request.user)


@router.get("/planning/compare")
@open_to(Can.SEE_PLANS)
def compare(request: HttpRequest, first: int = 0, second: int = 0) -> dict[str, Any]:
    """Two plans side by side."""
    return selectors.plans_compared(first, second, user=request.user)


@router.get("/planning/plans/{plan_id}/document/{kind}")
@open_to(Can.SEE_PLANS)
def document(request: HttpRequest, plan_id: int, kind: str) -> HttpResponse:
    """The plan as a file: `pdf`, `xlsx`, `geojson`, `gpkg`, or `html`, a map that works offline."""
    seen = selectors.plan_seen(plan_id, user=request.user)
    if kind == "html":
        body, media = plan_offline_map(seen).encode(), "text/html; charset=utf-8"
    else:
        body, media = plan_document(seen, kind=kind, user=request.user)
    answer = HttpResponse(body, content_type=media)
    answer["Content-Disposition"] = f'attachment; filename="rencana-{seen.pk}.{kind}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@router.get("/planning/plans/{plan_id}/views")
@open_to(Can.SEE_PLANS)
def views(request: HttpRequest, plan_id: int, site: int = 0) -> dict[str, Any]:
    """What the proposed cameras would see at the plan's level, as GeoJSON; of one site, or of all."""
    seen = selectors.plan_seen(plan_id, user=request.user)
    found = plan_views(seen, site_ids=[site] if site else None)
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"camera": row["camera"], "site": row["site"]},
                "geometry": shapely.geometry.mapping(row["region"]),
            }
            for row in found
        ],
    }


@router.get("/planning/gain")
@open_to(Can.PLAN_SITES, Can.REQUEST_SITES)
def gain(request: HttpRequest, lon: float, lat: float, level: str = "detect") -> dict[str, Any]:
    """What a camera site at a point would add to what is seen today."""
    found = gain_at(lon, lat, level=level[:20])
    return {key: found.get(key) for key in ("lon", "lat", "gain", "cost_idr", "cameras", "street", "area")}  # fmt: skip


@router.get("/planning/requests")
@open_to(Can.SEE_PLANS, Can.REQUEST_SITES)
def request_rows(request: HttpRequest) -> dict[str, Any]:
    """Requests the visitor may see."""
    return {"requests": selectors.request_list(user=request.user)}


@router.post("/planning/requests")
@open_to(Can.REQUEST_SITES)
def request_new(request: HttpRequest, asked: RequestIn) -> dict[str, Any]:
    """Ask for a camera."""
    made = requests.request_create(
        lon=asked.lon, lat=asked.lat, source=asked.source, requester=asked.requester,
        reason=asked.reason, user=request.user,
    )  # fmt: skip
    return selectors.request_detail(made.pk, user=request.user)


@router.get("/planning/requests/{request_id}")
@open_to(Can.SEE_PLANS, Can.REQUEST_SITES)
def request_one(request: HttpRequest, request_id: int) -> dict[str, Any]:
    """One request with its steps."""
    return selectors.request_detail(request_id, user=request.user)


@router.post("/planning/requests/{request_id}/{act}")
@open_to(Can.PLAN_SITES, Can.REQUEST_SITES)
def request_act(request: HttpRequest, request_id: int, act: str, change: Change) -> dict[str, Any]:
    """`decline` a request, `withdraw` it, or compute its `gain`."""
    acts = {"decline": requests.request_decline, "withdraw": requests.request_withdraw}
    if act == "gain":
        requests.request_gain_refresh(request_id, user=request.user)
    elif act in acts:
        acts[act](request_id, version=change.version, reason=change.reason, user=request.user)
    else:
        raise InvalidInput(
            f"a request cannot {act!r}", value=act, remedy="decline, withdraw or gain"
        )
    return selectors.request_detail(request_id, user=request.user)


@router.get("/planning/decisions")
@open_to(Can.SEE_PUBLIC)
def decisions(request: HttpRequest) -> dict[str, Any]:
    """Decisions on new sites with their reasons, once formally released."""
    return {"decisions": selectors.decisions_released()}
