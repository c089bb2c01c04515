"""What happens to the sites of a plan: the police's review, and the planner's own changes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, require, rights_of
from layers.assets.models import CameraModel
from layers.audit.actor import recorded
from layers.coverage.plans.gains import gain_at, gains_refresh
from layers.coverage.plans.lifecycle import EDITABLE, THINNED
from layers.coverage.plans.models import (
    Plan,
    PlanCamera,
    PlanSite,
    RequestState,
    Review,
    SiteRequest,
    StepKind,
)
from layers.coverage.plans.places import area_at, place_of, street_near
from layers.coverage.plans.requests import request_locked, request_step
from layers.coverage.plans.steps import (
    plan_changed,
    plan_locked,
    refuse_state,
    site_locked,
    step_add,
    text_of,
)
from layers.coverage.plans.turns import turns_endorse
from layers.errors import Conflict, Forbidden
from layers.geo.crs import geodesic_m

State = Plan.State
#: Put back this near to where it was proposed, a site counts as not moved (m).
_SAME_PLACE_M = 0.5


def _site_saved(plan: Plan, site: PlanSite, *fields: str) -> None:
    site.version += 1
    plan.version += 1
    site.save(update_fields=["version", *fields])
    plan.save(update_fields=["version"])


def site_endorse(plan_id: int, site_id: int, *, version: int, user: Any, reason: str = "") -> PlanSite:  # fmt: skip
    """The police agree with a site where it stands."""
    return _reviewed(plan_id, site_id, Review.ENDORSED, version=version, user=user, reason=reason)


def site_refuse(plan_id: int, site_id: int, *, version: int, user: Any, reason: str) -> PlanSite:
    """The police refuse a site, with the reason; it is out of the plan and the others' gains follow."""
    return _reviewed(plan_id, site_id, Review.REFUSED, version=version, user=user, reason=reason)


def site_reopen(plan_id: int, site_id: int, *, version: int, user: Any, reason: str = "") -> PlanSite:  # fmt: skip
    """Take a review back: the site waits again."""
    return _reviewed(plan_id, site_id, Review.PENDING, version=version, user=user, reason=reason)


def _reviewed(
    plan_id: int, site_id: int, review: Review, *, version: int, user: Any, reason: str
) -> PlanSite:
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.REVIEW_SITES)
        refuse_state(plan, (State.SENT,), _("a review"))
        site = site_locked(plan, site_id, version=version)
        if site.review == Review.WITHDRAWN:
            raise Conflict(_("the site was taken out of the plan"), value=site.order)
        text = text_of(reason, needed=review == Review.REFUSED)
        if site.review == review and site.review_reason == text:
            return site
        stood = site.standing
        before, site.review, site.review_reason = site.review, review, text
        site.reviewed_at = None if review == Review.PENDING else timezone.now()
        _site_saved(plan, site, "review", "review_reason", "reviewed_at")
        if stood != site.standing:
            gains_refresh(plan)
        kind = {Review.ENDORSED: StepKind.ENDORSED, Review.REFUSED: StepKind.REFUSED}.get(review, StepKind.REOPENED)  # fmt: skip
        step_add(kind, plan=plan, site=site, user=user, text=text, before=before, after=review, place=site.geom)  # fmt: skip
        if review == Review.REFUSED:
            _request_follows(site, RequestState.DECLINED, user=user, text=text, plan=plan)
        plan_changed(plan, "site", site=site.pk, review=review)
    site.refresh_from_db()
    return site


def sites_endorse(plan_id: int, *, user: Any, reason: str = "") -> int:
    """Endorse every site and turned camera nobody has reviewed yet; how many they were."""
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.REVIEW_SITES)
        refuse_state(plan, (State.SENT,), _("a review"))
        text = text_of(reason, needed=False)
        sites = list(plan.sites.filter(review=Review.PENDING).order_by("order"))
        for site in sites:
            site.review, site.review_reason, site.reviewed_at = Review.ENDORSED, text, timezone.now()  # fmt: skip
            site.version += 1
            step_add(StepKind.ENDORSED, plan=plan, site=site, user=user, text=text, before=Review.PENDING, after=Review.ENDORSED, place=site.geom)  # fmt: skip
        PlanSite.objects.bulk_update(sites, ["review", "review_reason", "reviewed_at", "version"])
        turns = turns_endorse(plan, text=text, user=user)
        if sites or turns:
            plan.version += 1
            plan.save(update_fields=["version"])
            plan_changed(plan, "site")
    return len(sites) + turns


def site_move(
    plan_id: int, site_id: int, *, lon: float, lat: float, version: int, user: Any, reason: str = ""
) -> PlanSite:
    """Put a site elsewhere; gains follow. Planners move in a draft, the police in review with a reason."""
    rights = rights_of(user)
    point = place_of(lon, lat)
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.SEE_PLANS)
        reviewing = plan.state == State.SENT
        require(user, Can.REVIEW_SITES if reviewing else Can.PLAN_SITES)
        refuse_state(plan, (*EDITABLE, State.SENT), _("moving a site"))
        if not rights.abilities & {Can.PLAN_SITES, Can.REVIEW_SITES}:
            raise Forbidden(_("your account may not move sites"))
        site = site_locked(plan, site_id, version=version)
        if not site.standing:
            raise Conflict(_("the site is not in the plan any more"), value=site.order)
        text = text_of(reason, needed=reviewing)
        old, gain = site.geom, site.gain
        origin = site.proposed_geom or old
        back = geodesic_m(origin.x, origin.y, lon, lat) < _SAME_PLACE_M
        site.proposed_geom = None if back else origin
        before = site.review
        site.geom, site.area, site.street = point, area_at(lon, lat), street_near(lon, lat)
        site.review = Review.MOVED if reviewing else Review.PENDING
        site.review_reason = text if reviewing else ""
        site.reviewed_at = timezone.now() if reviewing else None
        _site_saved(plan, site, "geom", "proposed_geom", "area", "street", "review", "review_reason", "reviewed_at")  # fmt: skip
        gains = gains_refresh(plan)
        step_add(
            StepKind.MOVED, plan=plan, site=site, user=user, text=text or _("moved in the draft"), before=before, after=site.review,
            place=point, details={"from": [old.x, old.y], "to": [lon, lat], "gain_before": gain, "gain": gains[site.pk]},
        )  # fmt: skip
        plan_changed(plan, "site", site=site.pk)
    site.refresh_from_db()
    return site


def site_take_out(plan_id: int, site_id: int, *, version: int, user: Any, reason: str) -> PlanSite:
    """The planner takes a site out of the plan, with the reason."""
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES)
        refuse_state(plan, THINNED, _("taking a site out"))
        site = site_locked(plan, site_id, version=version)
        if not site.standing:
            raise Conflict(_("the site is not in the plan any more"), value=site.order)
        text = text_of(reason, needed=True)
        before, site.review, site.review_reason, site.reviewed_at = site.review, Review.WITHDRAWN, text, timezone.now()  # fmt: skip
        _site_saved(plan, site, "review", "review_reason", "reviewed_at")
        gains_refresh(plan)
        step_add(StepKind.TAKEN_OUT, plan=plan, site=site, user=user, text=text, before=before, after=site.review, place=site.geom)  # fmt: skip
        _request_follows(site, RequestState.NEW, user=user, text=text, plan=plan)
        plan_changed(plan, "site", site=site.pk)
    site.refresh_from_db()
    return site


def site_add(
    plan_id: int, *, lon: float, lat: float, version: int, user: Any, request_id: int | None = None
) -> PlanSite:
    """Put one more site into a draft: the planner's own point, or a request's, with the best cameras."""
    point = place_of(lon, lat)
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES, version=version)
        refuse_state(plan, EDITABLE, _("adding a site"))
        request = None
        if request_id is not None:
            request = request_locked(request_id, user=user)
            point = request.geom
        found = gain_at(point.x, point.y, plan_id=plan.pk)
        last = plan.sites.order_by("-order").values_list("order", flat=True).first() or 0
        site = PlanSite.objects.create(
            plan=plan, order=last + 1, gain=found["gain"], cost_idr=found["cost_idr"], geom=point,
            area=area_at(point.x, point.y), street=(found.get("street") or "")[:200], request=request,
            source=PlanSite.Source.REQUEST if request else PlanSite.Source.PLANNER,
        )  # fmt: skip
        models = {model.name: model for model in CameraModel.objects.all()}
        PlanCamera.objects.bulk_create(
            PlanCamera(site=site, model=models.get(row["model"]), heading_deg=row["heading_deg"], fov_deg=row["fov_deg"], mount_height_m=row["mount_height_m"])
            for row in found["cameras"]
        )  # fmt: skip
        plan.version += 1
        plan.save(update_fields=["version"])
        gains_refresh(plan)
        step_add(StepKind.ADDED, plan=plan, site=site, user=user, place=point, after=site.review)
        if request is not None:
            request_step(request, RequestState.PLANNED, user=user, text=_("taken into plan {n}").format(n=plan.pk), plan=plan)  # fmt: skip
        plan_changed(plan, "site", site=site.pk)
    site.refresh_from_db()
    return site


def _request_follows(site: PlanSite, state: RequestState, *, user: Any, text: str, plan: Plan) -> None:  # fmt: skip
    if site.request_id is None:
        return
    request = SiteRequest.objects.select_for_update().get(plan_sites=site)
    if request.state == RequestState.PLANNED:
        request_step(request, state, user=user, text=text, plan=plan)
