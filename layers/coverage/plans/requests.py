"""Requests for cameras: made with a pin and a reason, followed until they stand or are declined."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can, require, restrict, rights_of
from layers.audit.actor import recorded
from layers.coverage.plans.gains import gain_at
from layers.coverage.plans.lifecycle import REQUEST_STEPS
from layers.coverage.plans.models import Plan, RequestState, SiteRequest, StepKind
from layers.coverage.plans.places import area_at, government_of, place_of, street_near
from layers.coverage.plans.steps import (
    check_version,
    request_changed,
    step_add,
    text_of,
)
from layers.errors import Conflict, Forbidden, InvalidInput, NotFound
from layers.places.models import Agency


def request_create(
    *, lon: float, lat: float, source: str, requester: str, reason: str, user: Any
) -> SiteRequest:
    """Ask for a camera at a place. `requester` is the body that asks, never a private person."""
    rights = require(user, Can.REQUEST_SITES)
    if source not in SiteRequest.Source.values:
        raise InvalidInput(
            _("a request does not come from “{source}”").format(source=source),
            value=source,
            remedy=_("choose one of {names}").format(names=", ".join(SiteRequest.Source.values)),
        )
    point = place_of(lon, lat)
    who = text_of(requester, needed=True)[:160]
    why = text_of(reason, needed=True)
    area = area_at(lon, lat)
    agency = Agency.objects.filter(pk__in=rights.agencies).order_by("pk").first()
    with recorded():
        request = SiteRequest.objects.create(
            source=source, requester=who, reason=why, geom=point, area=area, agency=agency,
            government=government_of(user, area), street=street_near(lon, lat), created_by=user,
        )  # fmt: skip
        step_add(StepKind.CREATED, request=request, user=user, after=request.state, text=why, place=point)  # fmt: skip
        request_changed(request, "created")
    return request


def request_locked(request_id: int, *, user: Any, version: int | None = None) -> SiteRequest:
    """A request the user may see, locked for the transaction."""
    rows = SiteRequest.objects.filter(pk=request_id) if abs(request_id) < 2**62 else SiteRequest.objects.none()  # fmt: skip
    request = restrict(user, rows).select_for_update(of=("self",)).first()
    if request is None:
        raise NotFound(_("there is no request {n}").format(n=request_id), value=request_id)
    if version is not None:
        check_version(request, version)
    return request


def request_step(
    request: SiteRequest, to: RequestState, *, user: Any, text: str, plan: Plan | None = None
) -> None:
    """Bring a locked request to another state; raises `Conflict` for a step that is not in the table."""
    if to not in REQUEST_STEPS[request.state]:
        names = dict(RequestState.choices)
        raise Conflict(
            _("a request does not go from “{before}” to “{after}”").format(
                before=names[request.state], after=names[to]
            ),
            value=request.state,
        )
    before, request.state = request.state, to
    request.version += 1
    request.save(update_fields=["state", "version"])
    step_add(
        StepKind.STATE, request=request, user=user, before=before, after=to,
        text=text or _("follows its plan"), details={"plan": plan.pk} if plan else {},
    )  # fmt: skip
    request_changed(request, "state")


def request_decline(request_id: int, *, version: int, reason: str, user: Any) -> SiteRequest:
    """The planner declines a request, with the reason the requester reads."""
    require(user, Can.PLAN_SITES)
    with recorded():
        request = request_locked(request_id, user=user, version=version)
        if request.state == RequestState.PLANNED:
            raise Conflict(
                _("the request is part of a plan"),
                value=request.pk,
                remedy=_("take its site out of the plan first"),
            )
        request_step(request, RequestState.DECLINED, user=user, text=text_of(reason, needed=True))
    return request


def request_withdraw(request_id: int, *, version: int, reason: str, user: Any) -> SiteRequest:
    """Those who asked take their request back."""
    rights = rights_of(user)
    with recorded():
        request = request_locked(request_id, user=user, version=version)
        mine = request.created_by_id == rights.user_id or request.agency_id in rights.agencies
        if not (mine and rights.can(Can.REQUEST_SITES)):
            raise Forbidden(_("only those who asked may withdraw a request"))
        request_step(request, RequestState.WITHDRAWN, user=user, text=text_of(reason, needed=True))
    return request


def request_gain_refresh(request_id: int, *, user: Any, level: str = "detect") -> SiteRequest:
    """Compute what a camera site there would add beside the active cameras, and keep the figure."""
    request = restrict(user, SiteRequest.objects.filter(pk=request_id)).first()
    if request is None:
        raise NotFound(_("there is no request {n}").format(n=request_id), value=request_id)
    found = gain_at(request.geom.x, request.geom.y, level=level)
    with recorded():
        SiteRequest.objects.filter(pk=request.pk).update(
            gain=found["gain"], gain_level=level, gain_at=timezone.now()
        )
    request.refresh_from_db()
    return request
