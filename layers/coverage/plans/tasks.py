"""Making a plan in the background: asked for once, followed by its progress, cancelled when told."""

from __future__ import annotations

import inspect
import json
import time
from typing import Any

from django.utils.translation import gettext as _

from layers.access.models import User
from layers.access.policies import Can, require, restrict
from layers.coverage.plans.models import RequestState, SiteRequest
from layers.errors import InvalidInput, NotFound
from layers.jobs.models import Job
from layers.jobs.registry import job_kind
from layers.jobs.services import job_cancelled, job_checkpoint, job_enqueue, job_progress

PLAN = "coverage.plan"
#: Units of the job's progress bar: hundredths, the ground first, then sight lines, then the search.
_UNITS = 100
_STAGES = (("sight lines", 20), ("gain", 45))


def plan_order(asked: dict[str, Any], *, user: Any) -> Job:
    """Queue a plan; asking twice for the same gives the same job.

    `requests_required` and `requests_extra` are requests the planner sees: their places must, or
    may, carry a pole. Raises `InvalidInput` without a limit, `NotFound` for a request that is not
    open to the planner or not new any more.
    """
    require(user, Can.PLAN_SITES)
    if asked.get("sites") is None and asked.get("budget_idr") is None:
        raise InvalidInput(
            _("a plan needs a limit"), remedy=_("give a number of sites, a budget, or both")
        )
    params = {name: value for name, value in asked.items() if name != "key"}
    params["user"] = user.pk
    wanted = {*params.get("requests_required", []), *params.get("requests_extra", [])}
    found = set(
        restrict(user, SiteRequest.objects.filter(pk__in=wanted, state=RequestState.NEW))
        .values_list("pk", flat=True)
    )  # fmt: skip
    if wanted - found:
        raise NotFound(
            _("request {n} is not open any more").format(n=min(wanted - found)),
            value=sorted(wanted - found),
            remedy=_("load the list again"),
        )
    return job_enqueue(PLAN, params=params, total=_UNITS, user=user)


@job_kind(PLAN, timeout_s=1200)
def plan(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """One plan of new sites, as `plan_sites` makes it, with the requests and points it was asked for."""
    import numpy as np

    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.planning.service import plan_sites
    from layers.coverage.plans.services import plan_created

    places = {
        row.pk: (row.geom.x, row.geom.y)
        for row in SiteRequest.objects.filter(
            pk__in=[*payload.get("requests_required", []), *payload.get("requests_extra", [])]
        )
    }
    must = [*payload.get("required", []), *(places[pk] for pk in payload.get("requests_required", []) if pk in places)]  # fmt: skip
    may = [*payload.get("extra", []), *(places[pk] for pk in payload.get("requests_extra", []) if pk in places)]  # fmt: skip
    limit_s = min(float(payload.get("time_limit_s", 60.0)), 600.0)
    more: dict[str, Any] = {}
    if may and "candidates_extra" in inspect.signature(plan_sites).parameters:
        more["candidates_extra"] = np.array(may, dtype=np.float64).reshape(-1, 2)
    user = User.objects.filter(pk=payload.get("user") or 0).first()
    made = plan_sites(
        sites=payload.get("sites"),
        budget_idr=payload.get("budget_idr"),
        area_code=payload.get("area"),
        level=payload.get("level") or "detect",
        required=np.array(must, dtype=np.float64).reshape(-1, 2),
        forbidden=np.array([_polygon(shape) for shape in payload.get("forbidden", [])], dtype=object),
        gap=payload.get("gap", 0.01),
        time_limit_s=limit_s,
        profile_name=payload.get("profile"),
        name=payload.get("name", ""),
        requested_by=user,
        progress=_reporter(job, limit_s),
        should_stop=lambda: job_cancelled(job),
        **more,
    )  # fmt: skip
    # What a cancelled search still found is not kept: nobody waits for it.
    job_checkpoint(job)
    plan_created(made["plan"], user=user, requests=list(places), points=payload.get("required", []))
    return {"plan": made["plan"]}


def _polygon(shape: Any) -> Any:
    """A forbidden zone: GeoJSON, or the ring of its corners; `InvalidInput` where it is none."""
    import shapely

    if isinstance(shape, dict):
        return shapely.from_geojson(json.dumps(shape))
    if len(shape) < 3:
        raise InvalidInput(_("a forbidden zone has fewer than three corners"), value=len(shape))
    ring = shapely.Polygon(shape)
    if not ring.is_valid:
        raise InvalidInput(
            _("a forbidden zone crosses itself"),
            value=shapely.is_valid_reason(ring),
            remedy=_("draw it again without crossing lines"),
        )
    return ring


def _reporter(job: Job, limit_s: float) -> Any:
    """What the planner's lines say, as a bar; and the place where a cancelled job stops."""
    started = time.monotonic()

    def report(line: str) -> None:
        job_checkpoint(job)
        spent = min(1.0, (time.monotonic() - started) / max(limit_s, 1.0))
        done = 5
        for prefix, units in _STAGES:
            if line.startswith(prefix):
                done = units
        if done == _STAGES[-1][1]:
            done += round(50 * spent)
        job_progress(job, message=line, done=done, total=_UNITS)

    return report
