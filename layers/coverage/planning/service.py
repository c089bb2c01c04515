"""Making a plan: the most unseen demand for so many poles or so much money, with its proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from layers.coverage.analysis import Progress, RunPart, area_with_code
from layers.coverage.city import ASSUMPTIONS, levels_of
from layers.coverage.demand import profile_named
from layers.coverage.planning.answer import plan_answer
from layers.coverage.planning.asked import PlanAsked
from layers.coverage.planning.ground import ground_of_plan
from layers.coverage.planning.options import lenses_for
from layers.coverage.planning.problem.small_changes import without_small_changes
from layers.coverage.planning.problem.zones import Ask, build_zones, problem_of
from layers.coverage.planning.record import plan_record
from layers.coverage.planning.refusals import refusal_of, whole
from layers.coverage.planning.warming import siting_compile
from layers.coverage.siting import (
    FewestSites,
    Solution,
    certificate_export,
    solve_coverage,
    solve_fewest_sites,
)
from layers.errors import Infeasible, InvalidInput

#: Share of the time limit that is the solver's, whatever the sight lines took.
_LEAST_SOLVER_SHARE = 0.25


def plan_sites(
    *,
    certificate_path: Path | None = None,
    requested_by: Any = None,
    progress: Progress = lambda line: None,
    should_stop: Callable[[], bool] | None = None,
    **asked: Any,
) -> dict[str, Any]:
    """Plan new sites, store the plan and return it. The question: the fields of `PlanAsked`.

    What active cameras see at the level is not bought again; planned, failed and retired ones count
    for nothing, a turning one (PTZ) by where it looks. The gain of a plan is what `coverage_analyse`
    finds more once its cameras are active. The method and its proof: docs/siting.md; candidates and
    options: docs/planning.md.

    Raises `InvalidInput` for input that cannot be meant, `NotFound` for an unknown area or model
    and `Infeasible`, with the numbers, where the required sites cannot all be built or the share
    cannot be reached.
    """
    started = time.monotonic()
    question = PlanAsked(**asked).checked()
    edition, levels = levels_of(question.edition)
    if question.level not in levels:
        raise InvalidInput(
            _("no level {level} in {edition}").format(level=repr(question.level), edition=edition),
            value=question.level,
            remedy=_("choose one of {names}").format(names=", ".join(levels)),
        )
    question = replace(question, edition=edition, as_of=question.as_of or timezone.now())
    assert question.as_of is not None
    area = area_with_code(question.area_code)
    profile = profile_named(question.profile_name)
    least = levels[question.level]
    lenses = lenses_for(
        least, names=question.models, camera_cost_idr=question.camera_cost_idr
    )  # fmt: skip
    stopped = should_stop or (lambda: False)
    parts = ground_of_plan(
        area=area, level=question.level, least_px_per_m=least, profile=profile,
        as_of=question.as_of, progress=progress,
    )  # fmt: skip
    zones, found = build_zones(
        parts, question, lenses, least=least, progress=progress, stopped=stopped
    )
    ask = problem_of(zones, found, lenses, question)
    progress(
        f"{ask.problem.n_sites:,} candidates, {ask.problem.n_options:,} cameras,"
        f" {ask.problem.n_points:,} demand points"
    )
    siting_compile()
    spent = time.monotonic() - started
    left_s = max(question.time_limit_s - spent, _LEAST_SOLVER_SHARE * question.time_limit_s)
    solved = _solve(ask, parts, question, left_s=left_s, progress=progress, should_stop=should_stop)
    spared = 0.0
    if ask.cameras and isinstance(solved, Solution):
        demand = sum(float(part.streets.demand.sum()) for part in parts)
        free, least_gain = solved.objective, question.re_aim_least_share * demand
        solved = without_small_changes(ask, solved, least=least_gain, gap=question.gap)
        spared = free - solved.objective
    solution = solved.plan if isinstance(solved, FewestSites) else solved
    if certificate_path is not None:
        certificate_export(solution.certificate, ask.problem, certificate_path)
    answer = plan_answer(ask, solved, parts, lenses, question)
    if spent > question.time_limit_s:
        answer["notes"].append(
            _("ground and sight lines alone took {spent} s of the {limit} s allowed; the search had {left} s").format(
                spent=whole(spent), limit=whole(question.time_limit_s), left=number_format(left_s, 1)
            )
        )  # fmt: skip
    if spared > 0.0:
        answer["notes"].append(
            _("changes of existing cameras that bring less than {least} each were left out; together they bring {gain}").format(
                least=whole(least_gain), gain=whole(spared)
            )
        )  # fmt: skip
    parameters = {
        **question.as_parameters(), "levels": levels, "profile": profile.as_dict(),
        "candidates": answer["candidates"], "candidates_found": found,
        "demand_points": answer["demand_points"], "models": answer["models"],
        "covered_before": answer["covered_before"], "assumptions": list(ASSUMPTIONS),
        "working_srid": [zone.part.frame.srid for zone in zones],
    }  # fmt: skip
    told = [*answer["notes"], *filter(None, [answer.get("candidates_note")])]
    if told:
        parameters["notes"] = told
    for name in ("share_reached", "least_sites", "seen_twice_gain"):
        if name in answer:
            parameters[name] = answer[name]
    if ask.cameras:
        parameters["re_aimed"] = answer["re_aimed"]
        parameters["re_aim_gain"] = answer["re_aim_gain"]
        parameters["re_aim_total_idr"] = sum(row["cost_idr"] for row in answer["re_aimed"])
    plan, seconds = plan_record(
        answer, name=question.name, area=area, parts=parts, lenses=lenses, parameters=parameters,
        certificate={
            "objective": solution.certificate.objective, "bound": solution.certificate.bound,
            "rupiah_price": solution.certificate.rupiah_price,
            "cameras": len(solution.certificate.options), "classes": solution.classes,
        },
        requested_by=requested_by, started=started,
    )  # fmt: skip
    return {"plan": plan, **answer, "seconds": seconds}


def _solve(
    ask: Ask, parts: list[RunPart], asked: PlanAsked, *, left_s: float, progress: Progress,
    should_stop: Callable[[], bool] | None,
) -> Solution | FewestSites:  # fmt: skip
    def told(step: Any) -> None:
        progress(f"gain {step.objective:,.0f} of at most {step.bound:,.0f}")

    demand = sum(float(part.streets.demand.sum()) for part in parts)
    try:
        if asked.share is None:
            return solve_coverage(
                ask.problem, time_limit_s=left_s, gap=asked.gap, seed=asked.seed,
                on_progress=told, should_stop=should_stop,
            )  # fmt: skip
        left = float(ask.problem.weights.sum())
        wanted = asked.share * demand - (demand - left)
        if wanted <= 0.0 or left <= 0.0:
            # Seen already: what is required, and nothing else.
            count = len(ask.problem.required_sites)
            return solve_coverage(
                replace(ask.problem, max_sites=count), time_limit_s=left_s, gap=0.0
            )
        return solve_fewest_sites(
            ask.problem, share=min(1.0, wanted / left), time_limit_s=left_s, seed=asked.seed,
            on_progress=told, should_stop=should_stop,
        )  # fmt: skip
    except Infeasible as error:
        raise refusal_of(error, ask, asked, demand=demand) from error
