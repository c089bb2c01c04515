"""Plans and requests as pages, API and documents read them, cut to what the reader may see."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext as _

from layers.access.policies import Can, restrict, rights_of
from layers.coverage.plans.lifecycle import DECIDED, EDITABLE, THINNED, transitions_from
from layers.coverage.plans.models import (
    STANDING,
    Plan,
    PlanSite,
    PlanStep,
    RequestState,
    Review,
    SiteRequest,
    StepKind,
)
from layers.coverage.plans.turn_model import PlanTurn
from layers.coverage.plans.turns import turn_rows
from layers.errors import NotFound

_STANDING = Q(sites__review__in=STANDING)


def plan_seen(plan_id: int, *, user: Any) -> Plan:
    """A plan the user may see; `NotFound` for any other, and for none."""
    rows = Plan.objects.filter(pk=plan_id) if abs(plan_id) < 2**62 else Plan.objects.none()
    plan = restrict(user, rows).select_related("area", "created_by").first()
    if plan is None:
        raise NotFound(_("there is no plan {n}").format(n=plan_id), value=plan_id)
    return plan


def plan_list(*, user: Any, limit: int = 200) -> list[dict[str, Any]]:
    """Plans, the newest first, with how far their review and installation are."""
    rows = (
        restrict(user, Plan.objects.all())
        .select_related("area", "created_by")
        .annotate(
            standing=Count("sites", filter=_STANDING),
            pending=Count("sites", filter=Q(sites__review=Review.PENDING)),
            refused=Count("sites", filter=Q(sites__review=Review.REFUSED)),
            built=Count("sites", filter=_STANDING & Q(sites__built_site__isnull=False)),
            confirmed=Count("sites", filter=_STANDING & Q(sites__confirmed_at__isnull=False)),
            gain_now=Sum("sites__gain", filter=_STANDING),
            cost_now_idr=Sum("sites__cost_idr", filter=_STANDING),
            turn_gain=_of_turns("gain"),
            turn_cost_idr=_of_turns("cost_idr"),
            turn_count=_turns_counted(review__in=[*STANDING, Review.REFUSED]),
            turn_pending=_turns_counted(review=Review.PENDING),
        )
        .defer("certificate", "parameters")
        .order_by("-id")[:limit]
    )
    return [
        {
            **_plan_head(row),
            "sites": row.standing, "pending": row.pending, "refused": row.refused, "built": row.built,
            "turns": row.turn_count or 0, "turns_pending": row.turn_pending or 0,
            "confirmed": row.confirmed,
            "gain": (row.gain_now or 0.0) + (row.turn_gain or 0.0),
            "cost_idr": (row.cost_now_idr or 0) + (row.turn_cost_idr or 0),
        }
        for row in rows
    ]  # fmt: skip


def _of_turns(column: str) -> Subquery:
    """Sum of a column over the turned cameras that stand in the plan of the outer row."""
    standing = PlanTurn.objects.filter(plan=OuterRef("pk"), review__in=STANDING).order_by()
    return Subquery(standing.values("plan").annotate(total=Sum(column)).values("total"))


def _turns_counted(**which: Any) -> Subquery:
    rows = PlanTurn.objects.filter(plan=OuterRef("pk"), **which).order_by()
    return Subquery(rows.values("plan").annotate(n=Count("pk")).values("n"))


def _plan_head(plan: Plan) -> dict[str, Any]:
    return {
        "plan": plan.pk,
        "name": str(plan),
        "state": plan.state,
        "state_name": plan.get_state_display(),
        "level": plan.level,
        "area": plan.area.code if plan.area else None,
        "area_name": plan.area.name if plan.area else "",
        "version": plan.version,
        "created_at": plan.created_at,
        "created_by": _name(plan.created_by),
        "sent_at": plan.sent_at,
        "released_at": plan.released_at,
    }


def _name(user: Any) -> str:
    return "" if user is None else (user.get_full_name() or user.get_username())


def plan_detail(plan_id: int, *, user: Any) -> dict[str, Any]:
    """One plan whole: figures, sites with their cameras, steps, and what the reader may do with it."""
    plan = plan_seen(plan_id, user=user)
    rights = rights_of(user)
    sites = plan_sites_of(plan)
    may = rights.abilities
    return {
        **_plan_head(plan),
        **plan_figures(plan, sites),
        "sites": sites,
        "steps": [step_row(step) for step in steps_seen(plan, user=user)],
        "models": plan.parameters.get("models", []),
        "asked": plan_asked(plan),
        "turned": turn_rows(plan),
        "notes": plan.parameters.get("notes") or [],
        "next": [
            {"state": step.after, "title": str(step.title)} for step in transitions_from(plan.state, may)
        ],
        "may": {
            "edit": Can.PLAN_SITES in may and plan.state in EDITABLE,
            "rename": Can.PLAN_SITES in may and plan.released_at is None,
            "thin": Can.PLAN_SITES in may and plan.state in THINNED,
            "review": Can.REVIEW_SITES in may and plan.state == Plan.State.SENT,
            "comment": bool(may & {Can.PLAN_SITES, Can.REVIEW_SITES}),
            "install": Can.PLAN_SITES in may and plan.state == Plan.State.APPROVED,
            "release": Can.PLAN_SITES in may and plan.state in DECIDED and plan.released_at is None,
        },
    }  # fmt: skip


def plan_asked(plan: Plan) -> dict[str, Any]:
    """What a plan was asked for: limits, quality and what else the optimiser had to respect."""
    asked = plan.parameters
    kept = ("sites", "budget_idr", "share", "share_reached", "least_sites", "backup_share", "seen_twice_gain", "min_distance_m", "site_distance_m", "re_aim", "swap")  # fmt: skip
    return {
        **{name: asked.get(name) for name in kept},
        "required": asked.get("required", []), "forbidden": asked.get("forbidden", []),
        "edition": asked.get("edition", ""), "profile": (asked.get("profile") or {}).get("name", ""),
    }  # fmt: skip


def steps_seen(plan: Plan, *, user: Any) -> list[PlanStep]:
    """Steps of a plan in order; of comments made while it was a draft, planners alone read."""
    steps = list(plan.steps.select_related("site").order_by("id"))
    if rights_of(user).can(Can.PLAN_SITES):
        return steps
    seen, state = [], str(Plan.State.DRAFT)
    for step in steps:
        if step.kind == StepKind.STATE:
            state = step.state_after
        if step.kind != StepKind.COMMENT or state != Plan.State.DRAFT:
            seen.append(step)
    return seen


def plan_figures(plan: Plan, sites: list[dict[str, Any]]) -> dict[str, Any]:
    """What the plan promises now, beside what the optimiser answered and proved.

    Existing cameras that it turns or replaces count in gain and cost.
    """
    live = [site for site in sites if site["standing"]]
    turns = list(plan.turns.all())
    turned = [turn for turn in turns if turn.standing]
    gain = sum(site["gain"] for site in live) + sum(turn.gain for turn in turned)
    changed = len(turned) < len(turns) or any(not site["standing"] or site["moved_from"] is not None or site["added"] for site in sites)  # fmt: skip
    return {
        "demand": plan.demand,
        "covered_before": plan.covered_before,
        "gain": gain,
        "cost_idr": sum(site["cost_idr"] for site in live) + sum(turn.cost_idr for turn in turned),
        "turned_cameras": len(turned),
        "turned_done": sum(turn.done_at is not None for turn in turned),
        "yearly_cost_idr": sum(site["yearly_cost_idr"] for site in live),
        "standing": len(live),
        "cameras": sum(len(site["cameras"]) for site in live),
        "built": sum(bool(site["built"]) for site in live),
        "confirmed": sum(bool(site["confirmed_at"]) for site in live),
        "proposed": {
            "objective": plan.objective, "bound": plan.bound, "gap": plan.gap, "status": plan.status,
            "cost_idr": plan.cost_idr, "yearly_cost_idr": plan.yearly_cost_idr, "seconds": plan.seconds,
            "candidates": plan.parameters.get("candidates"), "demand_points": plan.parameters.get("demand_points"),
        },
        "changed": changed,
    }  # fmt: skip


def plan_sites_of(plan: Plan) -> list[dict[str, Any]]:
    """Sites of a plan in its order, refused and taken out ones included."""
    yearly_of_site = _site_yearly(plan)
    rows = []
    for site in (
        plan.sites.select_related("area", "request", "built_site")
        .prefetch_related("cameras__model")
        .order_by("order")
    ):
        cameras: list[dict[str, Any]] = [
            {
                "id": camera.pk,
                "model": camera.model.name if camera.model else "1920x1080",
                "heading_deg": camera.heading_deg, "fov_deg": camera.fov_deg,
                "mount_height_m": camera.mount_height_m,
                "yearly_cost_idr": camera.model.yearly_cost_idr if camera.model else 0,
            }
            for camera in sorted(site.cameras.all(), key=lambda one: (one.heading_deg, one.pk))
        ]  # fmt: skip
        rows.append(
            {
                "id": site.pk, "order": site.order, "lon": site.geom.x, "lat": site.geom.y,
                "gain": site.gain, "cost_idr": site.cost_idr,
                "yearly_cost_idr": yearly_of_site + sum(c["yearly_cost_idr"] for c in cameras),
                "street": site.street, "area": site.area.code if site.area else None,
                "area_name": site.area.name if site.area else "", "source": site.source,
                "source_name": site.get_source_display(),
                "request": site.request_id, "requester": site.request.requester if site.request else "",
                "review": site.review, "review_name": site.get_review_display(),
                "reason": site.review_reason, "reviewed_at": site.reviewed_at, "standing": site.standing,
                "moved_from": _pair(site.proposed_geom), "proposed_gain": site.proposed_gain,
                "added": False,
                "version": site.version, "built": site.built_site_id is not None,
                "built_code": site.built_site.code if site.built_site else "",
                "confirmed_at": site.confirmed_at, "cameras": cameras,
            }
        )  # fmt: skip
    added = set(
        PlanStep.objects.filter(plan=plan, kind=StepKind.ADDED).values_list("site_id", flat=True)
    )
    for row in rows:
        row["added"] = row["id"] in added
    return rows


def _site_yearly(plan: Plan) -> int:
    from layers.coverage.planning.options import SITE_YEARLY_COST_IDR

    return int(plan.parameters.get("site_yearly_cost_idr", SITE_YEARLY_COST_IDR))


def _pair(point: Point | None) -> list[float] | None:
    return None if point is None else [point.x, point.y]


def step_row(step: PlanStep) -> dict[str, Any]:
    """One step of a timeline."""
    return {
        "id": step.pk, "kind": step.kind, "kind_name": step.get_kind_display(), "text": step.text,
        "before": step.state_before, "after": step.state_after, "after_name": _state_name(step),
        "author": step.author_name, "at": step.at, "site": step.site_id,
        "order": step.site.order if step.site else None, "place": _pair(step.geom), "details": step.details,
    }  # fmt: skip


def _state_name(step: PlanStep) -> str:
    names: dict[str, Any] = dict(RequestState.choices if step.request_id else Plan.State.choices)
    return str(names.get(step.state_after) or dict(Review.choices).get(step.state_after, ""))


def request_list(*, user: Any, limit: int = 500) -> list[dict[str, Any]]:
    """Requests the user may see, the newest first."""
    rows = restrict(user, SiteRequest.objects.all()).select_related("area", "agency", "created_by")
    return [request_row(row, user=user) for row in rows.order_by("-id")[:limit]]


def request_row(request: SiteRequest, *, user: Any) -> dict[str, Any]:
    """One request as its list shows it."""
    rights = rights_of(user)
    mine = request.created_by_id == rights.user_id or request.agency_id in rights.agencies
    return {
        "request": request.pk, "source": request.source, "source_name": request.get_source_display(),
        "requester": request.requester, "reason": request.reason, "state": request.state,
        "state_name": request.get_state_display(), "lon": request.geom.x, "lat": request.geom.y,
        "street": request.street, "area": request.area.code if request.area else None,
        "area_name": request.area.name if request.area else "",
        "agency": request.agency.name if request.agency else "", "gain": request.gain,
        "gain_level": request.gain_level, "version": request.version, "created_at": request.created_at,
        "created_by": _name(request.created_by),
        "may": {
            "decline": rights.can(Can.PLAN_SITES) and request.state == "new",
            "withdraw": mine and rights.can(Can.REQUEST_SITES) and request.state == "new",
        },
    }  # fmt: skip


def request_detail(request_id: int, *, user: Any) -> dict[str, Any]:
    """One request with its steps."""
    rows = SiteRequest.objects.filter(pk=request_id) if abs(request_id) < 2**62 else SiteRequest.objects.none()  # fmt: skip
    request = restrict(user, rows).select_related("area", "agency", "created_by").first()
    if request is None:
        raise NotFound(_("there is no request {n}").format(n=request_id), value=request_id)
    steps = request.steps.select_related("site").order_by("id")
    return {**request_row(request, user=user), "steps": [step_row(step) for step in steps]}


def plans_compared(first: int, second: int, *, user: Any) -> dict[str, Any]:
    """Two plans side by side: money, demand, cameras, places, and by kelurahan and street what each wins."""
    sides = [_side(plan_seen(number, user=user)) for number in (first, second)]
    areas = sorted({code for side in sides for code in side["areas"]})
    streets = sorted({name for side in sides for name in side["streets"]})
    return {
        "plans": [{key: value for key, value in side.items() if key not in {"areas", "streets"}} for side in sides],
        "areas": _paired(areas, [side["areas"] for side in sides]),
        "streets": _paired(streets, [side["streets"] for side in sides]),
    }  # fmt: skip


def _paired(keys: list[str], sides: list[dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    none = {"name": "", "sites": 0, "gain": 0.0}
    rows = []
    for key in keys:
        left, right = (side.get(key, none) for side in sides)
        rows.append(
            {
                "key": key, "name": left["name"] or right["name"], "sites": [left["sites"], right["sites"]],
                "gain": [left["gain"], right["gain"]], "difference": right["gain"] - left["gain"],
            }
        )  # fmt: skip
    rows.sort(key=lambda row: (-abs(row["difference"]), row["key"]))
    return rows


def _side(plan: Plan) -> dict[str, Any]:
    sites = plan_sites_of(plan)
    areas: dict[str, dict[str, Any]] = {}
    streets: dict[str, dict[str, Any]] = {}
    for site in (one for one in sites if one["standing"]):
        for table, key, name in (
            (areas, site["area"] or "", site["area_name"] or _("outside every area")),
            (streets, site["street"], site["street"] or _("unnamed street")),
        ):
            entry = table.setdefault(key, {"name": name, "sites": 0, "gain": 0.0})
            entry["sites"] += 1
            entry["gain"] += site["gain"]
    return {
        **_plan_head(plan), **plan_figures(plan, sites), "areas": areas, "streets": streets,
        "places": [
            {"order": site["order"], "lon": site["lon"], "lat": site["lat"], "gain": site["gain"], "street": site["street"]}
            for site in sites if site["standing"]
        ],
    }  # fmt: skip


def decisions_released(*, limit: int = 100) -> list[dict[str, Any]]:
    """What the public may know: decided plans that were formally released, site by site with reasons.

    No gains, no gaps, no reviewers' names and no comments: place, street, kelurahan, decision, reason.
    """
    plans = (
        Plan.objects.filter(released_at__isnull=False, state__in=DECIDED)
        .select_related("area")
        .defer("certificate", "parameters")
        .order_by("-released_at")[:limit]
    )
    return [
        {
            "plan": plan.pk, "name": str(plan), "decision": plan.state,
            "decision_name": plan.get_state_display(), "area": plan.area.name if plan.area else "",
            "released_at": plan.released_at,
            "reason": plan.steps.filter(kind=StepKind.STATE, state_after=plan.state).order_by("-id").values_list("text", flat=True).first() or "",
            "note": plan.steps.filter(kind=StepKind.RELEASED).order_by("-id").values_list("text", flat=True).first() or "",
            "sites": [
                {
                    "order": site.order, "lon": site.geom.x, "lat": site.geom.y, "street": site.street,
                    "area": site.area.name if site.area else "",
                    "decision": _public_decision(plan, site), "reason": site.review_reason,
                    "cameras": site.camera_count,
                }
                for site in plan.sites.select_related("area").annotate(camera_count=Count("cameras")).order_by("order")
            ],
        }
        for plan in plans
    ]  # fmt: skip


def _public_decision(plan: Plan, site: PlanSite) -> str:
    if not site.standing:
        return "taken out" if site.review == Review.WITHDRAWN else "refused"
    if plan.state == Plan.State.REJECTED:
        return "rejected"
    return "installed" if site.confirmed_at else "approved"
