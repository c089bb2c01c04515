"""The steps of a plan: states, comments, release. Each locks, checks, changes, writes its step, then tells."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, require, rights_of
from layers.audit.actor import recorded
from layers.coverage.plans.lifecycle import DECIDED, transition_for
from layers.coverage.plans.models import (
    STANDING,
    Plan,
    PlanSite,
    PlanStep,
    RequestState,
    SiteRequest,
    StepKind,
)
from layers.coverage.plans.places import government_of, place_of
from layers.coverage.plans.requests import request_step
from layers.coverage.plans.steps import (
    plan_changed,
    plan_locked,
    site_locked,
    step_add,
    taken_back,
    text_of,
)
from layers.errors import Conflict, Forbidden
from layers.geo.crs import geodesic_m

#: A site of a new plan this near to a point that was asked for stands for it (m).
SAME_PLACE_M = 1.0


def plan_created(
    plan_id: int, *, user: Any, requests: list[int] | None = None, points: list[list[float]] | None = None
) -> Plan:  # fmt: skip
    """Give a fresh plan its government, its first step, and tie its sites to what was asked for.

    `requests` are those whose place was required or offered, `points` the planner's own in degrees.
    """
    with recorded():
        plan = Plan.objects.select_for_update().get(pk=plan_id)
        plan.government = plan.government or government_of(user, plan.area)
        plan.save(update_fields=["government"])
        step_add(StepKind.CREATED, plan=plan, user=user, after=plan.state)
        sites = list(plan.sites.all())
        for lon, lat in points or []:
            for site in sites:
                if geodesic_m(lon, lat, site.geom.x, site.geom.y) <= SAME_PLACE_M:
                    site.source = PlanSite.Source.PLANNER
        asked = SiteRequest.objects.select_for_update().filter(pk__in=requests or [], state=RequestState.NEW)  # fmt: skip
        for request in asked.order_by("pk"):
            near = [s for s in sites if s.request_id is None and geodesic_m(request.geom.x, request.geom.y, s.geom.x, s.geom.y) <= SAME_PLACE_M]  # fmt: skip
            if near:
                near[0].source, near[0].request = PlanSite.Source.REQUEST, request
                request_step(request, RequestState.PLANNED, user=user, text=_("taken into plan {n}").format(n=plan.pk), plan=plan)  # fmt: skip
        PlanSite.objects.bulk_update(sites, ["source", "request"])
        plan_changed(plan, "created")
    return plan


def plan_move_on(plan_id: int, *, to: str, version: int, reason: str, user: Any) -> Plan:
    """Take a plan to another state, with the reason; requests in it follow."""
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.SEE_PLANS, version=version)
        step = transition_for(plan.state, to)
        require(user, step.ability)
        text = text_of(reason, needed=True)
        for check in step.checks:
            check(plan)
        before = plan.state
        plan.state = to
        plan.version += 1
        if to == Plan.State.SENT:
            plan.sent_at = timezone.now()
        plan.save(update_fields=["state", "version", "sent_at"])
        step_add(StepKind.STATE, plan=plan, user=user, text=text, before=before, after=to)
        _requests_follow(plan, text=text, user=user)
        plan_changed(plan, "state")
        if before == Plan.State.SENT and to == Plan.State.DRAFT:
            taken_back(plan)
    return plan


def _requests_follow(plan: Plan, *, text: str, user: Any) -> None:
    """Bring requests tied to the plan's sites to where the plan is."""
    tied = plan.sites.filter(request__isnull=False).select_related("request")
    for site in tied.order_by("order"):
        request = SiteRequest.objects.select_for_update().get(plan_sites=site)
        if plan.state == Plan.State.REJECTED and request.state in {RequestState.PLANNED, RequestState.APPROVED} and site.standing:  # fmt: skip
            request_step(request, RequestState.DECLINED, user=user, text=text, plan=plan)
        elif (
            plan.state == Plan.State.APPROVED
            and request.state == RequestState.PLANNED
            and site.standing
        ):
            request_step(request, RequestState.APPROVED, user=user, text=text, plan=plan)


def plan_rename(plan_id: int, *, name: str, version: int, user: Any) -> Plan:
    """Give a plan another name; one that the public reads keeps its own."""
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES, version=version)
        if plan.released_at is not None:
            raise Conflict(_("the plan is released already"), value=plan.released_at)
        before, plan.name = plan.name, text_of(name, needed=True)[:160]
        plan.version += 1
        plan.save(update_fields=["name", "version"])
        step_add(StepKind.RENAMED, plan=plan, user=user, text=_("renamed from “{before}”").format(before=before or plan.pk))  # fmt: skip
        plan_changed(plan, "renamed")
    return plan


def plan_comment(
    plan_id: int, *, text: str, user: Any, site_id: int | None = None,
    place: tuple[float, float] | None = None,
) -> PlanStep:  # fmt: skip
    """Say something about a plan, at a place on the map or about one of its sites."""
    rights = rights_of(user)
    if not rights.abilities & {Can.PLAN_SITES, Can.REVIEW_SITES}:
        raise Forbidden(_("your account may not comment on plans"))
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.SEE_PLANS)
        site = None if site_id is None else site_locked(plan, site_id, version=None)
        point: Point | None = None
        if place is not None:
            point = place_of(*place)
        elif site is not None:
            point = site.geom
        said = step_add(
            StepKind.COMMENT, plan=plan, site=site, user=user, text=text_of(text, needed=True), place=point
        )  # fmt: skip
        plan_changed(plan, "comment")
    return said


def plan_release(plan_id: int, *, version: int, reason: str, user: Any) -> Plan:
    """Release a decided plan's decisions with their reasons to the public, for good."""
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES, version=version)
        text = text_of(reason, needed=True)
        if plan.state not in DECIDED:
            raise Conflict(
                _("the plan is not decided yet"),
                value=plan.state,
                remedy=_("approve or reject it first"),
            )
        if plan.released_at is not None:
            raise Conflict(_("the plan is released already"), value=plan.released_at)
        plan.released_at = timezone.now()
        plan.version += 1
        plan.save(update_fields=["released_at", "version"])
        step_add(StepKind.RELEASED, plan=plan, user=user, text=text, after=plan.state)
        plan_changed(plan, "released")
    return plan


def standing_sites(plan: Plan) -> Any:
    """Sites that still belong to a plan, in its order."""
    return plan.sites.filter(review__in=STANDING).order_by("order")
