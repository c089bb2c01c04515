"""One run of the siting optimiser: what it knows so far, and the order in which it tries things."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.coverage.siting.certificate import (
    OPTIMAL_GAP,
    Solution,
    Status,
    building_order,
    certify,
    proven_bound,
)
from layers.coverage.siting.dual import Dual, DualPoint
from layers.coverage.siting.exact import Programme
from layers.coverage.siting.kernels import Plan, instance_of
from layers.coverage.siting.merge import Reduced, class_sums, narrowed
from layers.coverage.siting.poles import dearest_classes, keep_few
from layers.coverage.siting.problem import CoverageProblem, IntArray
from layers.coverage.siting.search import Search

#: A goal this little above all there is to see means all of it (weights are rounded in merging).
GOAL_TOLERANCE = 1e-7

#: Options up to which the programmes are so quick that little is done before them.
SMALL = 400

#: Descent rounds; tries of the random search; options above which the linear programme starts from the promising ones.
DESCENT_ROUNDS = 400
RANDOM_TRIES = 60
COLUMN_LIMIT = 2000
PRICING_ROUNDS = 6

#: Entries of the matrix above which the programmes are slow: more search comes before them.
HEAVY = 100_000
HEAVY_ROUNDS = 20

#: Options above which prices are sought over some of the sites, tried on all and corrected: how
#: many sites to begin with, rounds, descent rounds of each, how near (as a part) a site must come to
#: being built to be let in, and of how many alike and in all in one round.
MANY = 30_000
SIFT_SITES = 4000
SIFT_ROUNDS = 30
SIFT_DESCENT = 250
SIFT_NEARLY = 0.97
SIFT_ALIKE = 2
SIFT_MOST = 1500

#: Part of the options up to which the run goes on with the promising ones alone, and how much
#: looser than theirs the exported certificate may stay.
NARROW_SHARE = 0.5
CERTIFICATE_SLACK = 1e-3


@dataclass(frozen=True)
class Progress:
    """What is known so far: best objective and bound in weight units, seconds since the start."""

    phase: str
    objective: float
    bound: float
    gap: float
    seconds: float


class Clock:
    """Time left and the caller's wish to stop; once stopped it stays stopped."""

    def __init__(self, time_limit_s: float, should_stop: Callable[[], bool] | None) -> None:
        self.started = time.perf_counter()
        self._limit_s = time_limit_s
        self._should_stop = should_stop
        self.reason: Status | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @property
    def left_s(self) -> float:
        """Seconds until the limit."""
        return max(0.0, self._limit_s - self.seconds)

    def expire(self) -> None:
        """Note that the solver ran into the time limit."""
        self.reason = self.reason or "time_limit"

    def stopped(self) -> bool:
        """True once the time is up or the caller asked to stop."""
        if self.reason is None:
            now = self.seconds
            if now >= self._limit_s:
                self.reason = "time_limit"
            elif self._should_stop is not None and self._should_stop():
                self.reason = "cancelled"
        return self.reason is not None


class Run:
    """One run of the optimiser: the best plan and the best prices found so far.

    With a `goal` (weight units) it ends as soon as a plan reaches it or the bound rules it out.
    """

    def __init__(
        self,
        reduced: Reduced,
        clock: Clock,
        *,
        gap: float,
        seed: int,
        on_progress: Callable[[Progress], None] | None,
        goal: float | None = None,
    ) -> None:
        self.clock = clock
        self.enough = max(gap, 0.0)
        self.seed = seed
        self.on_progress = on_progress
        self.random = np.random.default_rng(seed)
        self.reduced = reduced
        self.instance = instance_of(reduced)
        self.dual = Dual(
            self.instance,
            budget_idr=self.reduced.budget_idr,
            max_sites=self.reduced.max_sites,
        )
        self.search = Search(self.reduced, self.instance, self.dual.priced, clock.stopped)
        plan = self.search.required_plan()
        self.options: IntArray = np.flatnonzero(plan.chosen)
        self.total = float(plan.total[0])
        full = self.dual.at(self.reduced.first_weight)
        bare = self.dual.at(np.zeros_like(self.reduced.first_weight))
        self.point: DualPoint = min(full, bare, key=lambda p: p.bound)
        self.bound = self.point.bound
        self.goal = None if goal is None else float(np.rint(goal * self.reduced.scale))
        most = float(self.reduced.first_weight.sum())
        if self.goal is not None and most < self.goal <= most * (1.0 + GOAL_TOLERANCE):
            self.goal = most

    @property
    def gap(self) -> float:
        """Relative distance from plan to bound."""
        return (self.bound - self.total) / self.bound if self.bound > self.total else 0.0

    def done(self, gap: float | None = None) -> bool:
        """True when the gap asked for or the goal is settled or the clock has stopped the run."""
        if self.goal is not None and self.settled(self.total, self.bound):
            return True
        return self.gap <= max(OPTIMAL_GAP, self.enough if gap is None else gap) or (
            self.clock.stopped()
        )

    def settled(self, total: float, bound: float) -> bool:
        """Whether a plan worth `total` and this bound (class units) decide about the goal."""
        slack = 1e-9 * (self.goal or 0.0)
        return self.goal is not None and (total >= self.goal - slack or bound < self.goal - slack)

    def search_and_prove(self) -> None:
        """Greedy, prices by descent, local search, then linear and integer programme."""
        self._offer(self.search.greedy())
        self._report("greedy")
        if self.done():
            return
        self.prove(descents=(DESCENT_ROUNDS // 2, DESCENT_ROUNDS))

    def prove(self, *, descents: tuple[int, ...]) -> None:
        """From the plan and prices at hand to a plan and bound within the gap."""
        if len(self.reduced.option_index) > MANY and self._sift():
            return
        if len(self.reduced.option_index) > SMALL:
            for rounds in descents:
                self._price(self._descent(rounds))
                self._report("prices")
                self._improve(self._priced_plan())
                self._report("search")
                if self.done() or self._narrow():
                    return
        self._improve(self.search.plan_of(self.options))
        self._report("search")
        if self.done():
            return
        if len(self.reduced.covers.indices) > HEAVY:
            for _ in range(HEAVY_ROUNDS):
                self._improve(self.search.plan_of(self.options))
                if self.done() or self._narrow():
                    return
            self._report("search")
        self._linear()
        self._report("linear programme")
        if self.done():
            return
        self._integer()
        self._report("integer programme")

    def _sift(self) -> bool:
        """Prices over the promising sites, tried on all of them, and those that show up let in, until
        nothing does: first by descent, then by linear programme (sifting: Bixby, Gregory, Lustig,
        Marsten & Shanno 1992, doi:10.1287/opre.40.5.885). Then `_narrow`. True when all is done."""
        active = self._sample()
        point, linear = self.point, False
        for _ in range(SIFT_ROUNDS):
            active[self.options] = True
            part, labels = narrowed(self.reduced, active)
            child = self._child(part, labels, point)
            child._price(child._descent(SIFT_DESCENT))
            child._improve(child._priced_plan())
            if linear and not child.done():
                child._linear()
            self._adopt(child, part)
            point = self._lifted(child, part, labels, point)
            fresh = self._showing_up(point, active)
            self._price(point)
            if linear:
                # Prices of a corner jump about: half way to the best ones known is often better
                # (Wentges 1997, doi:10.1016/S0969-6016(97)00001-4).
                middle = self.dual.at_exactly(
                    0.5 * (point.prices + self.point.prices),
                    0.5 * (point.rupiah_price + self.point.rupiah_price),
                )
                fresh |= self._showing_up(middle, active)
                self._price(middle)
            self._report("sifting")
            if self.done():
                return True
            loose = self.point.bound > child.point.bound * (1.0 + 0.1 * max(self.enough, 1e-4))
            if not (loose and fresh.any()):
                if linear:
                    break
                linear = True
            active |= fresh
        return self._narrow()

    def _sample(self) -> NDArray[np.bool_]:
        """Options of some sites all over, more where there is more to see."""
        first, last = self.reduced.site_start[:-1], self.reduced.site_start[1:]
        worth = self.search.worth_of_sites()
        chance = np.minimum(1.0, SIFT_SITES * worth / max(1e-300, float(worth.sum())))
        sites = self.random.random(len(worth)) < chance
        return np.repeat(sites, last - first)

    def _showing_up(self, point: DualPoint, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Options of sites left out that these prices build, or nearly would, best first; of those
        alike (the same dearest class) a few."""
        reduced = self.reduced
        inside = np.zeros(len(point.values), dtype=bool)
        inside[reduced.option_site[active]] = True
        least = max(0.0, SIFT_NEARLY * point.threshold) if np.isfinite(point.threshold) else 0.0
        sites = np.flatnonzero(~inside & ((point.values > least) | point.built))
        sites = sites[np.argsort(-point.values[sites], kind="stable")]
        dearest = dearest_classes(self.instance, point.prices, sites)
        kept = keep_few(dearest, len(reduced.first_weight), SIFT_ALIKE, SIFT_MOST)
        wanted = np.zeros(len(point.values), dtype=bool)
        wanted[sites[kept]] = True
        return np.asarray(wanted[reduced.option_site])

    def _child(self, part: Reduced, labels: IntArray, point: DualPoint) -> Run:
        """A run over some of the options, from the plan at hand and these prices."""
        child = Run(part, self.clock, gap=self.enough, seed=self.seed, on_progress=self.on_progress)
        child.goal = self.goal
        child.options = np.searchsorted(part.option_index, self.options)
        child.total = self.total
        seen = labels >= 0
        prices = class_sums(labels[seen], point.prices[seen], len(part.first_weight))
        child._price(child.dual.at(prices, rupiah_price=point.rupiah_price))
        return child

    def _adopt(self, child: Run, part: Reduced) -> None:
        """Take over a child's plan where it is better."""
        if child.total > self.total:
            self.total, self.options = child.total, part.option_index[child.options]

    def _lifted(self, child: Run, part: Reduced, labels: IntArray, point: DualPoint) -> DualPoint:
        """A child's prices tried on the whole problem; classes it does not see keep theirs."""
        seen = labels >= 0
        found = []
        for own in (child.point.prices, child.dual.levelled(child.point)):
            share = own / np.maximum(part.first_weight, 1.0)
            prices = point.prices.copy()
            prices[seen] = self.reduced.first_weight[seen] * share[labels[seen]]
            found.append(self.dual.at_exactly(prices, child.point.rupiah_price))
        return min(found, key=lambda p: p.bound)

    def _narrow(self) -> bool:
        """Where reduced-cost fixing leaves few options, solve over those alone, merged anew.

        A plan better than the best one has only such options, so that the bound found among them
        holds for all. Its prices are then tried on the whole problem, and options that show up are
        let in, until prices prove (nearly) as much there. False where too many are left.
        """
        active = ~self.dual.hopeless_options(self.point, self.total)
        active[self.options] = True
        if active.mean() > NARROW_SHARE:
            return False
        for _ in range(PRICING_ROUNDS):
            part, labels = narrowed(self.reduced, active)
            child = self._child(part, labels, self.point)
            child.prove(descents=(DESCENT_ROUNDS,))
            self._adopt(child, part)
            self.bound = min(self.bound, max(self.total, child.bound))
            point = self._lifted(child, part, labels, self.point)
            self._price(point)
            missed = point.picked & point.built[self.reduced.option_site] & ~active
            slack = max(self.enough, CERTIFICATE_SLACK)
            loose = self.point.bound > child.point.bound * (1.0 + slack)
            if self.clock.stopped() or not (missed.any() and loose):
                break
            active |= missed
        return True

    def _descent(self, rounds: int) -> DualPoint:
        return self.dual.descend(
            self.point,
            target=self.total,
            rounds=rounds,
            enough=self.enough * 0.5,
            stopped=self.clock.stopped,
        )

    def _improve(self, plan: Plan | None) -> None:
        """Local search from a plan."""
        if plan is not None and not self.done():
            tries = RANDOM_TRIES if len(self.reduced.option_index) > SMALL else 0
            self._offer(self.search.improve(plan, random=self.random, tries=tries))

    def _priced_plan(self) -> Plan:
        """Required sites, then those the relaxed planner builds, best first, as far as they fit."""
        point, reduced = self.point, self.reduced
        plan = self.search.required_plan()
        favoured = np.flatnonzero(point.built & ~reduced.required)
        order = favoured[np.argsort(-point.values[favoured], kind="stable")]
        options = list(np.flatnonzero(plan.chosen))
        spent = 0
        for s in order[: int(plan.left[1])]:
            own = np.arange(reduced.site_start[s], reduced.site_start[s + 1])
            own = own[point.picked[own]]
            cost = int(reduced.site_cost_idr[s] + reduced.option_cost_idr[own].sum())
            if spent + cost <= int(plan.left[0]):
                spent += cost
                options.extend(own)
        chosen = self.search.plan_of(np.asarray(options, dtype=np.int64))
        plan = plan if chosen is None else chosen
        self.search.refill(plan)
        return plan

    def _linear(self) -> None:
        """Prices of the linear relaxation, by column generation over the promising options."""
        reduced = self.reduced
        options = len(reduced.option_index)
        active = ~self.dual.hopeless_options(self.point, self.total)
        active[self.options] = True
        if options <= COLUMN_LIMIT:
            active[:] = True
        nothing = np.zeros(len(reduced.site_index), dtype=bool)
        for _ in range(PRICING_ROUNDS):
            if self.done():
                return
            programme = Programme(reduced, active, nothing)
            answer = programme.relax(seconds=self.clock.left_s, stopped=self.clock.stopped)
            if answer.timed_out:
                self.clock.expire()
            if answer.prices is None:
                return
            prices = np.where(np.isnan(answer.prices), self.point.prices, answer.prices)
            point = self.dual.at(prices, rupiah_price=answer.rupiah_price)
            exact = self.dual.at_exactly(prices, answer.rupiah_price)
            point = min(point, exact, key=lambda p: p.bound)
            self._price(point)
            missed = point.picked & point.built[reduced.option_site] & ~active
            if not missed.any() or point.bound <= answer.bound * (1 + 1e-9):
                return
            active |= missed

    def _integer(self) -> None:
        """The integer programme over what reduced-cost fixing leaves."""
        active = ~self.dual.hopeless_options(self.point, self.total)
        active[self.options] = True
        built = self.dual.needed_sites(self.point, self.total)
        built[~np.isin(np.arange(len(built)), self.reduced.option_site[self.options])] = False
        programme = Programme(self.reduced, active, built)
        while not self.done():
            answer = programme.solve(
                start=self.options,
                seed=self.seed,
                gap=self.enough,
                seconds=self.clock.left_s,
                stopped=self.clock.stopped,
                settled=self.settled,
            )
            if answer.timed_out:
                self.clock.expire()
            plan = None if answer.options is None else self.search.plan_of(answer.options)
            if plan is not None:
                self.search.refill(plan)
                self._offer(plan)
            if np.isfinite(answer.bound):
                self.bound = min(self.bound, max(self.total, answer.bound))
            if answer.options is None or plan is not None:
                return
            programme.exclude(answer.options)

    def _offer(self, plan: Plan) -> None:
        if plan.total[0] > self.total:
            self.search.prune(plan)
            self.total = float(plan.total[0])
            self.options = np.flatnonzero(plan.chosen)

    def _price(self, point: DualPoint) -> None:
        if point.bound < self.point.bound:
            self.point = point
            self.bound = min(self.bound, max(self.total, point.bound))

    def _report(self, phase: str) -> None:
        if self.on_progress is not None:
            scale = self.reduced.scale
            self.on_progress(
                Progress(
                    phase, self.total / scale, self.bound / scale, self.gap, self.clock.seconds
                )
            )


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
    certificate = certify(problem, options, prices[int(np.argmin(bounds))], rupiah_price)
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
