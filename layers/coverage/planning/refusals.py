"""Why a plan cannot be had, with the numbers, in the reader's language and in a planner's terms."""

from __future__ import annotations

import math

import numpy as np
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from layers.coverage.planning.asked import PlanAsked
from layers.coverage.planning.problem.zones import Ask
from layers.errors import Infeasible


def refusal_of(error: Infeasible, ask: Ask, asked: PlanAsked, *, demand: float) -> Infeasible:
    """The solver's refusal of a problem as one of the question that was asked.

    The solver counts existing cameras that may change among its sites; a planner does not.
    `demand`: all there is, seen or not.
    """
    if error.where == "share":
        return _share_refused(error, ask, asked, demand=demand)
    if error.where != "required sites" or isinstance(error.value, list):
        return error
    required = int((np.asarray(ask.problem.required_sites) < ask.poles).sum())
    if asked.sites is not None and required > asked.sites:
        return Infeasible(
            _("{n} sites are required but at most {most} may be built").format(
                n=whole(required), most=whole(asked.sites)
            ),
            value=required,
            where=error.where,
            remedy=_("allow at least {n} sites or release {left}").format(
                n=whole(required), left=whole(required - asked.sites)
            ),
        )
    need, budget = int(error.value), int(asked.budget_idr or 0)
    return Infeasible(
        _("the {n} required sites cost at least Rp {need} but the budget is Rp {budget}").format(
            n=whole(required), need=whole(need), budget=whole(budget)
        ),
        value=need,
        where=error.where,
        remedy=_("raise the budget by Rp {n} or release some of them").format(
            n=whole(need - budget)
        ),
    )


def _share_refused(error: Infeasible, ask: Ask, asked: PlanAsked, *, demand: float) -> Infeasible:
    """With every candidate built less is seen than was asked for."""
    left = float(ask.problem.weights.sum())
    reached = (demand - left + float(error.value) * left) / demand
    seen = np.unique(ask.problem.covers.indices)
    return Infeasible(
        _(
            "with a camera at every one of the {poles} candidates {reached} of the demand is seen,"
            " less than the {asked} asked for; {blind} of {all} unseen street pieces are in view of none"
        ).format(
            poles=whole(ask.poles),
            reached=_percent(reached),
            asked=_percent(asked.share or 0.0),
            blind=whole(ask.problem.n_points - len(seen)),
            all=whole(ask.problem.n_points),
        ),
        value=reached,
        where="share",
        remedy=_("ask for at most {share}, allow more candidates or plan for a lower level").format(
            share=_percent(math.floor(reached * 10_000) / 10_000)
        ),
    )


def whole(value: float) -> str:
    """A whole number as the reader's language groups it."""
    return str(number_format(round(value), force_grouping=True))


def _percent(part: float) -> str:
    return f"{number_format(100.0 * part, decimal_pos=2)}%"
