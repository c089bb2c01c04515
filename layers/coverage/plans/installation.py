"""From an approved plan to standing poles: sites and cameras enter the inventory as planned, then go into service."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, rights_of
from layers.assets.models import AssetStatus, Camera, CameraKind, Site
from layers.audit.actor import recorded
from layers.coverage.plans.models import (
    STANDING,
    Plan,
    PlanCamera,
    PlanSite,
    RequestState,
    SiteRequest,
    StepKind,
)
from layers.coverage.plans.requests import request_step
from layers.coverage.plans.steps import plan_changed, plan_locked, step_add, text_of
from layers.coverage.plans.turn_model import PlanTurn
from layers.coverage.plans.turns import turns_carry_out
from layers.errors import Conflict, NotFound
from layers.places.models import Agency, Origin


def _require_approved(plan: Plan) -> None:
    if plan.state != Plan.State.APPROVED:
        raise Conflict(
            _("the plan is not approved"), value=plan.state, remedy=_("approve it first")
        )


def _chosen(plan: Plan, site_ids: list[int] | None) -> list[PlanSite]:
    """Standing sites of a locked approved plan: those named, or all."""
    _require_approved(plan)
    rows = plan.sites.filter(review__in=STANDING).order_by("order")
    if site_ids is None:
        return list(rows)
    found = list(rows.filter(pk__in=site_ids))
    missing = set(site_ids) - {site.pk for site in found}
    if missing:
        raise NotFound(
            _("the plan has no standing site {n}").format(n=min(missing)), value=min(missing)
        )
    return found


def plan_build(plan_id: int, *, user: Any, site_ids: list[int] | None = None) -> list[PlanSite]:
    """Enter sites and their cameras in the inventory as planned; those entered before stay as they are.

    Planned assets count as no coverage until they are confirmed.
    """
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES)
        agency = Agency.objects.filter(pk__in=rights_of(user).agencies).order_by("pk").first()
        built = []
        for site in _chosen(plan, site_ids):
            if site.built_site_id is not None:
                continue
            code = f"R{plan.pk}-{site.order:03d}"
            name = (f"{site.street} · {code}" if site.street else code)[:200]
            pole = Site.objects.create(
                code=code, name=name, agency=agency, status=AssetStatus.PLANNED, geom=site.geom,
                origin=Origin.PERSON, attributes={"plan": plan.pk, "plan_site": site.pk},
            )  # fmt: skip
            cameras = list(site.cameras.select_related("model").order_by("pk"))
            for number, camera in enumerate(cameras, start=1):
                camera.built_camera = Camera.objects.create(
                    code=f"{code}-{number}", name=f"{name} · {number}"[:200], site=pole, agency=agency,
                    model=camera.model, kind=CameraKind.FIXED, status=AssetStatus.PLANNED,
                    heading_deg=camera.heading_deg, heading_source=Camera.HeadingSource.STATED,
                    fov_deg=camera.fov_deg, mount_height_m=camera.mount_height_m,
                    geom=site.geom, origin=Origin.PERSON, attributes={"plan": plan.pk},
                )  # fmt: skip
            PlanCamera.objects.bulk_update(cameras, ["built_camera"])
            site.built_site = pole
            site.version += 1
            site.save(update_fields=["built_site", "version"])
            step_add(StepKind.BUILT, plan=plan, site=site, user=user, place=site.geom, details={"code": code})  # fmt: skip
            built.append(site)
        if built:
            plan.version += 1
            plan.save(update_fields=["version"])
            plan_changed(plan, "installation", sites=len(built))
    return built


def plan_confirm(
    plan_id: int, *, user: Any, site_ids: list[int] | None = None, reason: str = ""
) -> list[PlanSite]:
    """Sites whose cameras deliver go into service; with the last one the plan is installed.

    Sites that are not in the inventory yet are refused. Confirming twice changes nothing.
    """
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES)
        text = text_of(reason, needed=False)
        sites = _chosen(plan, site_ids)
        absent = [site for site in sites if site.built_site_id is None]
        if absent:
            raise Conflict(
                _("{n} sites are not in the inventory yet").format(n=len(absent)),
                value=[site.order for site in absent],
                remedy=_("enter them first"),
            )
        fresh = [site for site in sites if site.confirmed_at is None]
        for site in fresh:
            Site.objects.filter(plan_site=site).update(status=AssetStatus.ACTIVE)
            Camera.objects.filter(plan_camera__site=site, status=AssetStatus.PLANNED).update(
                status=AssetStatus.ACTIVE
            )
            site.confirmed_at = timezone.now()
            site.version += 1
            site.save(update_fields=["confirmed_at", "version"])
            step_add(StepKind.CONFIRMED, plan=plan, site=site, user=user, text=text, place=site.geom)  # fmt: skip
            if site.request_id is not None:
                request = SiteRequest.objects.select_for_update().get(plan_sites=site)
                if request.state == RequestState.APPROVED:
                    request_step(request, RequestState.INSTALLED, user=user, text=text or _("in service"), plan=plan)  # fmt: skip
        if fresh:
            _installed_when_complete(plan, text=text, user=user)
            plan_changed(plan, "installation", sites=len(fresh))
    return fresh


def plan_turned(
    plan_id: int, *, user: Any, turn_ids: list[int] | None = None, reason: str = ""
) -> list[PlanTurn]:
    """Existing cameras that the crew turned or replaced hang so in the inventory from now on.

    With the last one, and the last site, the plan is installed. Doing it twice changes nothing.
    """
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES)
        _require_approved(plan)
        text = text_of(reason, needed=False)
        done = turns_carry_out(plan, turn_ids, text=text, user=user)
        if done:
            _installed_when_complete(plan, text=text, user=user)
            plan_changed(plan, "installation", turns=len(done))
    return done


def _installed_when_complete(plan: Plan, *, text: str, user: Any) -> None:
    """A locked plan one version on; installed once nothing of it is left to build or to turn."""
    sites = plan.sites.filter(review__in=STANDING, confirmed_at__isnull=True)
    turns = plan.turns.filter(review__in=STANDING, done_at__isnull=True)
    if not sites.exists() and not turns.exists():
        plan.state = Plan.State.INSTALLED
        step_add(
            StepKind.STATE, plan=plan, user=user, before=Plan.State.APPROVED,
            after=Plan.State.INSTALLED, text=text or _("everything is in service"),
        )  # fmt: skip
    plan.version += 1
    plan.save(update_fields=["version", "state"])
