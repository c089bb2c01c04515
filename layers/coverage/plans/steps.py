"""What every change of a plan shares: rows a person may see, locked; the step written; the event told."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from layers.access.policies import Can, require, restrict
from layers.coverage.plans.models import Plan, PlanSite, PlanStep, SiteRequest, StepKind
from layers.coverage.plans.turn_model import PlanTurn
from layers.errors import Conflict, InvalidInput, NotFound
from layers.events.services import event_publish
from layers.places.models import Agency

#: Longest reason or comment (characters).
MOST_TEXT = 2000


def text_of(text: str, *, needed: bool) -> str:
    """A reason as it is kept; `InvalidInput` where one is needed and none was given."""
    kept = text.replace("\x00", "").strip()
    if needed and not kept:
        raise InvalidInput(_("a reason is needed"), remedy=_("say in a few words why"))
    if len(kept) > MOST_TEXT:
        raise InvalidInput(
            _("the text has {n} characters").format(n=len(kept)),
            value=len(kept),
            remedy=_("at most {n}").format(n=MOST_TEXT),
        )
    return kept


def plan_locked(plan_id: int, *, user: Any, ability: Can, version: int | None = None) -> Plan:
    """A plan the user may see, locked for the transaction; `Conflict` when it is not the one they saw."""
    require(user, ability)
    if abs(plan_id) > 2**62:
        raise NotFound(_("there is no plan {n}").format(n=plan_id), value=plan_id)
    # Rows are chosen by rights first: what somebody may not see does not exist for them.
    plan = restrict(user, Plan.objects.filter(pk=plan_id)).select_for_update(of=("self",)).first()
    if plan is None:
        raise NotFound(_("there is no plan {n}").format(n=plan_id), value=plan_id)
    if version is not None:
        check_version(plan, version)
    return plan


def site_locked(plan: Plan, site_id: int, *, version: int | None) -> PlanSite:
    """A site of a locked plan; `Conflict` when somebody changed it since it was shown."""
    site = plan.sites.filter(pk=site_id).first() if abs(site_id) < 2**62 else None
    if site is None:
        raise NotFound(_("the plan has no site {n}").format(n=site_id), value=site_id)
    if version is not None:
        check_version(site, version)
    return site


def refuse_state(plan: Plan, allowed: tuple[str, ...], what: str) -> None:
    """`Conflict` naming the states it is possible in, unless the plan is in one of them."""
    if plan.state not in allowed:
        names = dict(Plan.State.choices)
        raise Conflict(
            _("the plan is “{state}”: {what} is not possible").format(
                state=names[plan.state], what=what
            ),
            value=plan.state,
            remedy=_("possible while it is: {states}").format(
                states=", ".join(str(names[name]) for name in allowed)
            ),
        )


def check_version(row: Plan | PlanSite | PlanTurn | SiteRequest, version: int) -> None:
    """`Conflict` naming who changed the row when the version is not the one that was shown."""
    if row.version == version:
        return
    steps = PlanStep.objects.order_by("-id")
    if isinstance(row, PlanSite):
        steps = steps.filter(site=row)
    elif isinstance(row, SiteRequest):
        steps = steps.filter(request=row)
    elif isinstance(row, PlanTurn):
        steps = steps.filter(plan=row.plan_id, details__camera=row.code)
    else:
        steps = steps.filter(plan=row)
    last = steps.exclude(kind=StepKind.COMMENT).first()
    raise Conflict(
        _("{who} changed this in the meantime").format(who=last.author_name if last else _("somebody")),
        value={"version": row.version, "shown": version},
        remedy=_("look at it again, then decide; nothing of yours was written"),
    )  # fmt: skip


def step_add(
    kind: StepKind,
    *,
    user: Any,
    plan: Plan | None = None,
    site: PlanSite | None = None,
    request: SiteRequest | None = None,
    text: str = "",
    before: str = "",
    after: str = "",
    details: dict[str, Any] | None = None,
    place: Point | None = None,
) -> PlanStep:
    """Write one step with its author; the database keeps the time."""
    known = getattr(user, "pk", None) is not None
    name = (user.get_full_name() or user.get_username()) if known else _("the system")
    return PlanStep.objects.create(
        kind=kind, plan=plan, site=site, request=request, text=text, state_before=before,
        state_after=after, details=details or {}, author=user if known else None,
        author_name=name[:160], geom=place,
    )  # fmt: skip


def plan_changed(plan: Plan, what: str, **payload: Any) -> None:
    """Tell of a change, drafts to planners alone. Publish last in the transaction."""
    hidden = plan.state == Plan.State.DRAFT or plan.sent_at is None
    event_publish(
        f"plan.{what}",
        layer="drafts" if hidden else "plans",
        object_id=plan.pk,
        agency_id=_agency_of(plan.government),
        payload={"plan": plan.pk, "state": plan.state, "version": plan.version, **payload},
    )


def taken_back(plan: Plan) -> None:
    """Tell those who reviewed a plan that it is out of their hands; its number and nothing else."""
    event_publish(
        "plan.taken_back",
        layer="plans",
        object_id=plan.pk,
        agency_id=_agency_of(plan.government),
        payload={"plan": plan.pk},
    )


def request_changed(request: SiteRequest, what: str) -> None:
    """Tell planners of a change to a request."""
    event_publish(
        f"request.{what}",
        layer="requests",
        object_id=request.pk,
        agency_id=request.agency_id or _agency_of(request.government),
        payload={"request": request.pk, "state": request.state},
    )


def _agency_of(government: str) -> int | None:
    """An agency of a government, so that the event stays within it."""
    if not government:
        return None
    return (
        Agency.objects.filter(government=government).order_by("pk").values_list("pk", flat=True).first()
    )  # fmt: skip
