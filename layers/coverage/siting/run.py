"""One run of the siting optimiser: what it knows so far, and the order in which it tries things."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layers.coverage.siting.certificate import OPTIMAL_GAP
from layers.coverage.siting.clock import Clock, Progress
from layers.coverage.siting.dual import Dual, DualPoint
from layers.coverage.siting.exact import Programme
from layers.coverage.siting.kernels import Plan, instance_of
from layers.coverage.siting.merge import Reduced, class_sums, narrowed
from layers.coverage.siting.problem import IntArray
from layers.coverage.siting.search import Search
from layers.coverage.siting.sifting import narrow, sift

#: A goal this little above all there is to see means all of it (weights are rounded in merging).
GOAL_TOLERANCE = 1e-7

#: Options up to which the programmes are so quick that little is done before them.
SMALL = 400

#: Descent rounds; tries of the random search; options above which the linear programme starts from the promising ones.
DESCENT_ROUNDS = 400
RANDOM_TRIES = 60
COLUMN_LIMIT = 2000
PRICING_ROUNDS = 6

#: Options above which prices are sought over some of the sites first, by descent, and above which
#: the linear programme is too (sifting.py).
MANY = 8_000
MANY_LINEAR = 30_000

#: The integer programme over what the linear one mounts: to what gap, in how many nodes, of at most
#: how many options.
ROUNDED_GAP = 1e-4
ROUNDED_NODES = 200
ROUNDED_MOST = 2000


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
        """Greedy, prices by descent, local search, then linear and integer programmes."""
        self.offer(self.search.greedy())
        self.report("greedy")
        if self.done():
            return
        self.prove(descents=(DESCENT_ROUNDS // 2, DESCENT_ROUNDS))

    def prove(self, *, descents: tuple[int, ...]) -> None:
        """From the plan and prices at hand to a plan and bound within the gap."""
        options = len(self.reduced.option_index)
        if options > MANY and sift(self, linear=False):
            return
        if options > SMALL:
            for rounds in descents:
                self.price(self.descent(rounds))
                self.report("prices")
                self.improve(self.priced_plan())
                self.report("search")
                if self.done() or narrow(self):
                    return
        if options > MANY_LINEAR and sift(self, linear=True):
            return
        self.improve(self.search.plan_of(self.options))
        self.report("search")
        if self.done():
            return
        mounted = self.linear()
        self.report("linear programme")
        if self.done():
            return
        if options > SMALL:
            self._round(mounted)
            self.report("rounding")
            if self.done():
                return
        self._integer()
        self.report("integer programme")

    def child(self, part: Reduced, labels: IntArray, point: DualPoint) -> Run:
        """A run over some of the options, from the plan at hand and these prices."""
        child = Run(part, self.clock, gap=self.enough, seed=self.seed, on_progress=self.on_progress)
        child.goal = self.goal
        child.options = np.searchsorted(part.option_index, self.options)
        child.total = self.total
        seen = labels >= 0
        prices = class_sums(labels[seen], point.prices[seen], len(part.first_weight))
        child.price(child.dual.at(prices, rupiah_price=point.rupiah_price))
        return child

    def adopt(self, child: Run, part: Reduced) -> None:
        """Take over a child's plan where it is better."""
        if child.total > self.total:
            self.total, self.options = child.total, part.option_index[child.options]

    def lifted(self, child: Run, part: Reduced, labels: IntArray, point: DualPoint) -> DualPoint:
        """A child's prices tried on the whole problem; classes it does not see keep theirs."""
        seen = labels >= 0
        found = []
        for own in (child.point.prices, child.dual.levelled(child.point)):
            share = own / np.maximum(part.first_weight, 1.0)
            prices = point.prices.copy()
            prices[seen] = self.reduced.first_weight[seen] * share[labels[seen]]
            found.append(self.dual.at_exactly(prices, child.point.rupiah_price))
        return min(found, key=lambda p: p.bound)

    def descent(self, rounds: int) -> DualPoint:
        return self.dual.descend(
            self.point,
            target=self.total,
            rounds=rounds,
            enough=self.enough * 0.5,
            stopped=self.clock.stopped,
        )

    def improve(self, plan: Plan | None) -> None:
        """Local search from a plan."""
        if plan is not None and not self.done():
            tries = RANDOM_TRIES if len(self.reduced.option_index) > SMALL else 0
            self.offer(self.search.improve(plan, random=self.random, tries=tries))

    def priced_plan(self) -> Plan:
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

    def linear(self) -> IntArray:
        """Prices of the linear relaxation, by column generation over the promising options; returns
        the options it mounts, in part or whole, as far as it came."""
        reduced = self.reduced
        active = ~self.dual.hopeless_options(self.point, self.total)
        active[self.options] = True
        if len(active) <= COLUMN_LIMIT:
            active[:] = True
        nothing = np.zeros(len(reduced.site_index), dtype=bool)
        mounted = self.options
        for _ in range(PRICING_ROUNDS):
            if self.done():
                break
            programme = Programme(reduced, active, nothing)
            answer = programme.relax(seconds=self.clock.left_s, stopped=self.clock.stopped)
            if answer.timed_out:
                self.clock.expire()
            if answer.prices is None or answer.options is None:
                break
            mounted = answer.options
            prices = np.where(np.isnan(answer.prices), self.point.prices, answer.prices)
            point = self.dual.at(prices, rupiah_price=answer.rupiah_price)
            exact = self.dual.at_exactly(prices, answer.rupiah_price)
            point = min(point, exact, key=lambda p: p.bound)
            self.price(point)
            missed = point.picked & point.built[reduced.option_site] & ~active
            if not missed.any() or point.bound <= answer.bound * (1 + 1e-9):
                break
            active |= missed
        return mounted

    def _round(self, mounted: IntArray) -> None:
        """The best plan of what the linear programme mounts, by integer programme over those few
        options alone, merged anew (restricted master heuristic: Joncour, Michel, Sadykov, Sverdlov &
        Vanderbeck 2010, doi:10.1016/j.endm.2010.05.088), then local search from there."""
        active = np.zeros(len(self.reduced.option_index), dtype=bool)
        active[mounted] = True
        active[self.options] = True
        if active.sum() > ROUNDED_MOST:
            return
        part, _ = narrowed(self.reduced, active)
        built = np.zeros(len(part.site_index), dtype=bool)
        near = self.bound * (1.0 - max(OPTIMAL_GAP, self.enough))
        answer = Programme(part, np.ones(len(part.option_index), dtype=bool), built).solve(
            start=np.searchsorted(part.option_index, self.options),
            seed=self.seed,
            gap=max(ROUNDED_GAP, 0.5 * self.enough),
            seconds=self.clock.left_s,
            stopped=self.clock.stopped,
            settled=lambda total, _: total >= near or self.settled(total, np.inf),
            nodes=ROUNDED_NODES,
        )
        if answer.timed_out:
            self.clock.expire()
        if answer.options is not None:
            plan = self.search.plan_of(part.option_index[answer.options])
            if plan is not None:
                self.search.refill(plan)
                self.offer(plan)
                self.improve(plan)

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
                self.offer(plan)
            if np.isfinite(answer.bound):
                self.bound = min(self.bound, max(self.total, answer.bound))
            if answer.options is None or plan is not None:
                return
            programme.exclude(answer.options)

    def offer(self, plan: Plan) -> None:
        if plan.total[0] > self.total:
            self.search.prune(plan)
            self.total = float(plan.total[0])
            self.options = np.flatnonzero(plan.chosen)

    def price(self, point: DualPoint) -> None:
        if point.bound < self.point.bound:
            self.point = point
            self.bound = min(self.bound, max(self.total, point.bound))

    def report(self, phase: str) -> None:
        if self.on_progress is not None:
            scale = self.reduced.scale
            self.on_progress(
                Progress(
                    phase, self.total / scale, self.bound / scale, self.gap, self.clock.seconds
                )
            )
