"""Making a plan in the background: asked for once, followed by its progress, stopped early when told."""

from __future__ import annotations

import json
import re
import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from layers.access.models import User
from layers.access.policies import Can, require, restrict
from layers.coverage.plans.models import RequestState, SiteRequest
from layers.errors import InvalidInput, NotFound
from layers.jobs.models import Job
from layers.jobs.registry import JobCancelled, job_kind
from layers.jobs.services import job_cancelled, job_checkpoint, job_enqueue, job_progress

if TYPE_CHECKING:
    from layers.coverage.planning.asked import PlanAsked

PLAN = "coverage.plan"
#: The sample plan of the demonstration city (layers/coverage/plans/demo.py).
SAMPLE_PLAN = "coverage.sample_plan"
#: Units of the job's progress bar: hundredths of the time as a city takes it, the ground first, then
#: sight lines as they are counted, then the search, which may take what is left of the limit.
_UNITS = 100
_GROUND, _LINES, _SEARCHING = 15, 40, 90
_SEARCH = "gain"
_COUNTED = re.compile(r"([\d,]+) of ([\d,]+) candidates")


def plan_order(asked: dict[str, Any], *, user: Any) -> Job:
    """Queue a plan; asking twice for the same gives the same job.

    `requests_required` and `requests_extra` are requests the planner sees: their places must, or
    may, carry a pole. Raises `InvalidInput` without a limit, `NotFound` for a request that is not
    open to the planner or not new any more, and what `plan_sites` would refuse before any work.
    """
    require(user, Can.PLAN_SITES)
    if all(asked.get(name) is None for name in ("sites", "budget_idr", "share")):
        raise InvalidInput(
            _("a plan needs a limit"),
            remedy=_("give a number of sites, a budget, both of them, or a share"),
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
    _check(params)
    return job_enqueue(PLAN, params=params, total=_UNITS, user=user)


@job_kind(PLAN, timeout_s=1200)
def plan(job: Job, payload: dict[str, Any]) -> dict[str, Any]:
    """One plan of new sites, as `plan_sites` makes it, with the requests and points it was asked for.

    The payload may hold every field of `PlanAsked`, read by `PlanAsked.from_params`. What is refused
    is said in the language of the one who asked. Cancelled while it searches, the best plan found
    until then is kept, with its bound; cancelled earlier there is none, and nothing is stored.
    """
    user = User.objects.filter(pk=payload.get("user") or 0).first()
    with translation.override(user.language if user else settings.LANGUAGE_CODE):
        return _plan_made(job, payload, user)


def _plan_made(job: Job, payload: dict[str, Any], user: User | None) -> dict[str, Any]:
    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.planning.service import plan_sites
    from layers.coverage.plans.services import plan_created

    asked = _asked(payload)
    places = [*payload.get("requests_required", []), *payload.get("requests_extra", [])]
    made = plan_sites(
        requested_by=user,
        progress=_reporter(job, asked.time_limit_s),
        should_stop=lambda: job_cancelled(job),
        **{item.name: getattr(asked, item.name) for item in fields(asked)},
    )
    stopped = job_cancelled(job)
    if stopped and not made["sites"] and not made.get("re_aimed"):
        raise JobCancelled
    plan_created(made["plan"], user=user, requests=places, points=payload.get("required", []))
    return {"plan": made["plan"], "stopped_early": stopped and made["status"] == "cancelled"}


def _asked(payload: dict[str, Any]) -> PlanAsked:
    """The question of an order, its requests as places and its zones as polygons."""
    import numpy as np

    from layers.coverage.planning.asked import PlanAsked

    places = {
        row.pk: (row.geom.x, row.geom.y)
        for row in SiteRequest.objects.filter(
            pk__in=[*payload.get("requests_required", []), *payload.get("requests_extra", [])]
        )
    }
    must = [*payload.get("required", []), *(places[pk] for pk in payload.get("requests_required", []) if pk in places)]  # fmt: skip
    may = [*payload.get("extra", []), *payload.get("candidates_extra", []), *(places[pk] for pk in payload.get("requests_extra", []) if pk in places)]  # fmt: skip
    limit_s = min(float(payload.get("time_limit_s") or 60.0), 600.0)
    return replace(
        PlanAsked.from_params({**payload, "forbidden": None, "time_limit_s": limit_s}),
        required=np.array(must, dtype=np.float64).reshape(-1, 2),
        candidates_extra=np.array(may, dtype=np.float64).reshape(-1, 2),
        forbidden=np.array(
            [_polygon(shape) for shape in payload.get("forbidden", [])], dtype=object
        ),
    )


def _check(payload: dict[str, Any]) -> None:
    """Refuse at once what the job would refuse before any work; raises as `plan_sites` does."""
    from layers.coverage.analysis import area_with_code
    from layers.coverage.city import levels_of
    from layers.coverage.demand import profile_named
    from layers.coverage.planning.options import lens_named

    asked = _asked(payload).checked()
    edition, levels = levels_of(asked.edition)
    if asked.level not in levels:
        raise InvalidInput(
            _("no level {level} in {edition}").format(level=repr(asked.level), edition=edition),
            value=asked.level,
            remedy=_("choose one of {names}").format(names=", ".join(levels)),
        )
    area_with_code(asked.area_code)
    profile_named(asked.profile_name)
    for name in asked.models or ():
        lens_named(name)


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
    """What the planner's lines say, as a bar; and where a job stops that is cancelled before the search."""
    started = time.monotonic()

    def report(line: str) -> None:
        if not line.startswith(_SEARCH):
            job_checkpoint(job)
        spent = min(1.0, (time.monotonic() - started) / max(limit_s, 1.0))
        counted = _COUNTED.search(line)
        done = float(_GROUND)
        if line.startswith(_SEARCH):
            done = _SEARCHING + 9 * spent
        elif counted:
            some, every = (int(number.replace(",", "")) for number in counted.groups())
            done = _LINES + (_SEARCHING - _LINES) * some / max(1, every)
        elif line.startswith("sight lines"):
            done = _LINES
        elif " candidates, " in line:
            done = _SEARCHING
        job_progress(job, message=line, done=round(done), total=_UNITS)

    return report
