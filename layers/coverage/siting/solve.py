"""Solving a siting problem: the most demand for the money, or the fewest sites for a share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from layers.coverage.siting.certificate import (
    OPTIMAL_GAP,
    Certificate,
    Solution,
    Status,
    building_order,
    covered_weight,
    proven_bound,
)
from layers.coverage.siting.chains import chains_of
from layers.coverage.siting.clock import Clock, Progress
from layers.coverage.siting.kernels import instance_of
from layers.coverage.siting.merge import reduce_problem
from layers.coverage.siting.poles import dearest_classes, keep_few
from layers.coverage.siting.problem import CoverageProblem, check_feasible
from layers.coverage.siting.run import Run
from layers.errors import Infeasible, InvalidInput

#: How much of the total weight may be missing from a share that counts as reached.
SHARE_TOLERANCE = 1e-7


def solve_coverage(
    problem: CoverageProblem,
    *,
    time_limit_s: float = 60.0,
    gap: float = 0.01,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Solution:
    """Most demand weight seen within the budget and the number of sites (both ≤).

    Stops when the gap is at most `gap` (0 asks for the optimum), after `time_limit_s` seconds, or
    when `should_stop()`; whatever happens, the plan keeps every limit and the bound holds. Without
    a time-out the answer depends on the problem and `seed` alone. The method is in docs/siting.md.

    Raises InvalidInput for an unusable argument and Infeasible, with the numbers, where the
    required sites cannot all be built.
    """
    if not gap >= 0.0 or not time_limit_s >= 0.0:
        raise InvalidInput("gap and time_limit_s must be 0 or more", value=(gap, time_limit_s))
    if problem.budget_idr is None and problem.max_sites is None:
        raise InvalidInput(
            "a plan needs a limit", where="limits", remedy="give budget_idr, max_sites or both"
        )
    check_feasible(problem)
    clock = Clock(time_limit_s, should_stop)
    run = Run(reduce_problem(problem), clock, gap=gap, seed=seed, on_progress=on_progress)
    run.search_and_prove()
    return solution_of(problem, run)


def solution_of(problem: CoverageProblem, run: Run) -> Solution:
    """The best plan of a run in the caller's terms, with its certificate."""
    reduced = run.reduced
    options = reduced.option_index[run.options]
    first = np.maximum(reduced.first_weight, 1.0)
    share = np.append(np.minimum(1.0, run.point.prices / first), 1.0)
    rupiah_price = run.point.rupiah_price / reduced.scale if run.dual.priced else 0.0
    # The caller's problem holds sites that were outdone; levelled prices mostly prove more there.
    level = np.append(np.minimum(1.0, run.dual.levelled(run.point) / first), 1.0)
    prices = [problem.weights * own[reduced.point_class] for own in (share, level)]
    bounds = [proven_bound(problem, own, rupiah_price) for own in prices]
    best = int(np.argmin(bounds))
    certificate = Certificate(
        np.sort(options), prices[best], rupiah_price, covered_weight(problem, options), bounds[best]
    )
    sites, gains = building_order(problem, options)
    objective = float(gains.sum())
    bound = max(objective, min(certificate.bound, run.bound / reduced.scale))
    gap = (bound - objective) / bound if bound > objective else 0.0
    status: Status
    if gap <= OPTIMAL_GAP:
        status = "optimal"
    elif gap <= run.enough:
        status = "gap_reached"
    else:
        status = "stalled" if not run.clock.stopped() else run.clock.reason or "time_limit"
    place = {int(s): i for i, s in enumerate(sites)}
    rank = problem.option_rank
    order = sorted(options.tolist(), key=lambda c: (place[int(problem.option_site[c])], rank[c]))
    options = np.array(order, dtype=np.int64)
    return Solution(
        sites=sites,
        options=options,
        gains=gains,
        objective=objective,
        bound=bound,
        gap=gap,
        status=status,
        cost_idr=problem.cost_idr(options),
        seconds=run.clock.seconds,
        classes=len(reduced.first_weight),
        certificate=certificate,
    )


@dataclass(frozen=True, eq=False)
class FewestSites:
    """The fewest sites found for a share of the demand, and what is proven about fewer.

    `plan` has `site_count` sites and sees `share` of all demand weight. No plan with fewer than
    `least` sites reaches the target; `status` is `optimal` where the two are equal, else
    `time_limit`, `cancelled` or `stalled`. `exclusion`, where there is one, belongs to the problem with
    `max_sites` = site_count − 1 and shows by a bound below `target` that one site fewer is not
    enough; it is None where that took the integer programme.
    """

    plan: Solution
    site_count: int
    least: int
    share: float
    target: float
    status: Status
    seconds: float
    exclusion: Certificate | None


def solve_fewest_sites(
    problem: CoverageProblem,
    *,
    share: float = 1.0,
    time_limit_s: float = 60.0,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> FewestSites:
    """Fewest sites that see at least (≥) `share` of the demand weight, whatever they cost.

    With share 1 this is the location set covering problem (Toregas, Swain, ReVelle & Bergman 1971,
    doi:10.1287/opre.19.6.1363) over the points of positive weight. It is solved as a sequence of
    `solve_coverage` runs with one site fewer each time, until the bound rules the target out.

    `problem` must have no limits on money and sites and no backup share (InvalidInput). Raises
    Infeasible, with the share that can be reached, where all sites together do not suffice.
    """
    if not 0.0 < share <= 1.0:
        raise InvalidInput("share must lie above 0 and at most 1", value=share, where="share")
    if (
        problem.budget_idr is not None
        or problem.max_sites is not None
        or problem.second_weights.any()
    ):
        raise InvalidInput(
            "the fewest sites are sought without budget, number of sites and backup share",
            where="limits",
            remedy="leave them out, or ask for the best plan within them",
        )
    clock = Clock(time_limit_s, should_stop)
    total = float(problem.weights.sum())
    target = share * total
    check_feasible(problem)
    _check_reachable(problem, share, total)

    def attempt(sites: int) -> Run:
        reduced = reduce_problem(replace(problem, max_sites=sites))
        run = Run(reduced, clock, gap=0.0, seed=seed, on_progress=on_progress, goal=target)
        run.search_and_prove()
        return run

    count = _enough_by_greedy(problem, seed, target)
    best, least = attempt(count), max(1, len(problem.required_sites))
    exclusion = None
    while True:
        count = len(np.unique(best.reduced.option_site[best.options]))
        if count <= least:
            break
        run = attempt(count - 1)
        if run.settled(run.total, np.inf):
            best = run
            continue
        if run.settled(0.0, run.bound):
            least = count
            certificate = solution_of(replace(problem, max_sites=count - 1), run).certificate
            if certificate.bound < target * (1.0 - SHARE_TOLERANCE):
                exclusion = certificate
        break
    plan = solution_of(replace(problem, max_sites=count), best)
    return FewestSites(
        plan=plan,
        site_count=len(plan.sites),
        least=min(least, len(plan.sites)),
        share=plan.objective / total if total else 1.0,
        target=target,
        status="optimal" if least >= len(plan.sites) else clock.reason or "stalled",
        seconds=clock.seconds,
        exclusion=exclusion,
    )


def _enough_by_greedy(problem: CoverageProblem, seed: int, target: float) -> int:
    """A number of sites with which the greedy plan reaches the target."""
    whole = reduce_problem(replace(problem, max_sites=problem.n_sites))
    endless = Clock(np.inf, None)
    run = Run(whole, endless, gap=0.0, seed=seed, on_progress=None, goal=target)
    plan = run.search.required_plan()
    while plan.total[0] < (run.goal or 0.0):
        before = float(plan.total[0])
        run.search.refill(plan, limit=1)
        if plan.total[0] <= before:
            break
    return max(1, int((plan.cameras_at > 0).sum()))


def _check_reachable(problem: CoverageProblem, share: float, total: float) -> None:
    """Raise Infeasible where all allowed sites together see less than the share."""
    allowed = np.ones(problem.n_sites, dtype=bool)
    allowed[problem.forbidden_sites] = False
    everything = np.flatnonzero(allowed[problem.option_site])
    reachable = covered_weight(problem, everything)
    if reachable < share * total * (1.0 - SHARE_TOLERANCE):
        raise Infeasible(
            f"all {int(allowed.sum())} allowed sites together see {reachable / total:.4%} of the"
            f" demand, less than the {share:.4%} asked for",
            value=reachable / total,
            where="share",
            remedy="add candidates or ask for a smaller share",
        )


def warm_up() -> None:
    """Compile the kernels, or load them compiled, before a time limit runs: over one tiny plan."""
    covers = sparse.csr_matrix(np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=np.int8))
    tiny = CoverageProblem(
        covers=covers,
        weights=np.array([1.0, 2.0, 3.0]),
        option_site=np.array([0, 0, 1]),
        site_cost_idr=np.array([5, 5]),
        option_cost_idr=np.array([1, 1, 1]),
        budget_idr=7,
        max_sites=1,
    )
    solve_coverage(tiny, gap=0.0)
    solve_coverage(replace(tiny, budget_idr=None, backup_share=0.5), gap=0.0)
    # What only larger problems need.
    chains_of(sparse.csr_matrix(covers, dtype=bool))
    reduced = reduce_problem(tiny)
    sites = np.arange(len(reduced.site_index))
    dearest = dearest_classes(instance_of(reduced), reduced.first_weight, sites)
    keep_few(dearest, len(reduced.first_weight), 1, len(sites))
