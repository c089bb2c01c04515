"""The life of plans and of requests: each one table of steps that may be taken, and what must hold first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from layers.access.policies import Can
from layers.coverage.plans.models import STANDING, Plan, RequestState, Review
from layers.errors import Conflict, Infeasible

Check = Callable[[Plan], None]
State = Plan.State


def _has_sites(plan: Plan) -> None:
    parts = (plan.sites, plan.turns)
    if not any(rows.filter(review__in=STANDING).exists() for rows in parts):
        raise Infeasible(
            _("no site is left in the plan"),
            value=plan.pk,
            remedy=_("add a site, or reject the plan"),
        )


def _all_reviewed(plan: Plan) -> None:
    _has_sites(plan)
    left = sum(rows.filter(review=Review.PENDING).count() for rows in (plan.sites, plan.turns))
    if left:
        raise Infeasible(
            _("{n} sites and turned cameras are not reviewed yet").format(n=left),
            value=left,
            remedy=_("wait for the police, or take these out of the plan"),
        )


def _nothing_built(plan: Plan) -> None:
    built = plan.sites.filter(built_site__isnull=False).count()
    turned = plan.turns.filter(done_at__isnull=False).count()
    if turned:
        raise Conflict(
            _("{n} cameras are turned already").format(n=turned),
            value=turned,
            remedy=_("finish the rest of the plan"),
        )
    if built:
        raise Conflict(
            _("{n} sites are in the inventory already").format(n=built),
            value=built,
            remedy=_("confirm the rest, or retire these sites first"),
        )


def _all_confirmed(plan: Plan) -> None:
    _has_sites(plan)
    turns = plan.turns.filter(review__in=STANDING, done_at__isnull=True).count()
    if turns:
        raise Infeasible(
            _("{n} cameras are not turned yet").format(n=turns),
            value=turns,
            remedy=_("confirm each once the crew has been there"),
        )
    left = plan.sites.filter(review__in=STANDING, confirmed_at__isnull=True).count()
    if left:
        raise Infeasible(
            _("{n} sites are not in service yet").format(n=left),
            value=left,
            remedy=_("confirm each site once its cameras deliver"),
        )


@dataclass(frozen=True)
class Transition:
    """One step a plan may take: who may take it, and what must hold (each check raises)."""

    before: str
    after: str
    title: object
    ability: Can = Can.PLAN_SITES
    checks: tuple[Check, ...] = ()


#: Every step there is; what is not listed is refused. Each carries its author, time and reason.
TRANSITIONS: tuple[Transition, ...] = (
    Transition(State.DRAFT, State.SENT, gettext_lazy("Send to the police"), checks=(_has_sites,)),
    Transition(State.DRAFT, State.REJECTED, gettext_lazy("Reject")),
    Transition(State.SENT, State.DRAFT, gettext_lazy("Take back")),
    Transition(State.SENT, State.STUDY, gettext_lazy("To the study"), checks=(_all_reviewed,)),
    Transition(State.SENT, State.REJECTED, gettext_lazy("Reject")),
    Transition(State.STUDY, State.SENT, gettext_lazy("Back to the police")),
    Transition(State.STUDY, State.BUDGETED, gettext_lazy("Put in the budget"), checks=(_has_sites,)),
    Transition(State.STUDY, State.REJECTED, gettext_lazy("Reject")),
    Transition(State.BUDGETED, State.STUDY, gettext_lazy("Back to the study")),
    Transition(State.BUDGETED, State.APPROVED, gettext_lazy("Approve"), checks=(_has_sites,)),
    Transition(State.BUDGETED, State.REJECTED, gettext_lazy("Reject")),
    Transition(State.APPROVED, State.INSTALLED, gettext_lazy("Close: all in service"), checks=(_all_confirmed,)),
    Transition(State.APPROVED, State.REJECTED, gettext_lazy("Reject"), checks=(_nothing_built,)),
)  # fmt: skip

#: States in which planners may change the sites: draft anything, later only take sites out.
EDITABLE = (State.DRAFT,)
THINNED = (State.DRAFT, State.STUDY, State.BUDGETED)
#: States in which a decision stands that may be released to the public.
DECIDED = (State.APPROVED, State.INSTALLED, State.REJECTED)

#: Request: state → states it may go to.
REQUEST_STEPS: dict[str, frozenset[str]] = {
    RequestState.NEW: frozenset({RequestState.PLANNED, RequestState.DECLINED, RequestState.WITHDRAWN}),
    RequestState.PLANNED: frozenset({RequestState.NEW, RequestState.APPROVED, RequestState.DECLINED}),
    RequestState.APPROVED: frozenset({RequestState.INSTALLED, RequestState.DECLINED}),
    RequestState.INSTALLED: frozenset(),
    RequestState.DECLINED: frozenset(),
    RequestState.WITHDRAWN: frozenset(),
}  # fmt: skip


def transition_for(before: str, after: str) -> Transition:
    """The step from one state to another; raises `Conflict` where there is none."""
    for step in TRANSITIONS:
        if (step.before, step.after) == (before, after):
            return step
    named = dict(State.choices)
    open_to = [str(named[step.after]) for step in TRANSITIONS if step.before == before]
    raise Conflict(
        _("a plan does not go from “{before}” to “{after}”").format(
            before=named.get(before, before), after=named.get(after, after)
        ),
        value=before,
        remedy=_("possible now: {states}").format(states=", ".join(open_to) or "–"),
    )


def transitions_from(state: str, abilities: frozenset[Can]) -> list[Transition]:
    """Steps that somebody with these abilities may take from a state."""
    return [step for step in TRANSITIONS if step.before == state and step.ability in abilities]
