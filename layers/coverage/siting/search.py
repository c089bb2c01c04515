"""Plans by greedy and local search: good answers at once, before anything is proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from layers.coverage.siting.kernels import (
    Instance,
    Plan,
    add_option,
    drop_option,
    empty_plan,
    fill,
    open_sites_near,
)
from layers.coverage.siting.merge import Reduced
from layers.coverage.siting.problem import FloatArray, IntArray

#: Passes of the site-by-site search before it is called enough.
MAX_PASSES = 6


@dataclass
class Search:
    """Greedy construction and destroy-and-repair search on one reduced problem."""

    reduced: Reduced
    instance: Instance
    priced: bool
    stopped: Callable[[], bool]
    by_money: bool = False

    def plan_of(self, options: IntArray) -> Plan | None:
        """The plan that mounts these options, None where it breaks a limit or misses a required
        site. Limits are checked in whole rupiah."""
        plan = empty_plan(self.reduced, self.instance)
        for c in np.unique(options):
            add_option(self.instance, plan, c)
        missing = self.reduced.required & (plan.cameras_at == 0)
        if plan.left.min() < 0 or (plan.cameras_at > self.reduced.cameras).any() or missing.any():
            return None
        return plan

    def required_plan(self) -> Plan:
        """Only the required sites, each with its cheapest camera."""
        plan = empty_plan(self.reduced, self.instance)
        for s in np.flatnonzero(self.reduced.required):
            low, high = self.reduced.site_start[s : s + 2]
            add_option(
                self.instance, plan, low + int(np.argmin(self.reduced.option_cost_idr[low:high]))
            )
        return plan

    def worth_of_sites(self) -> FloatArray:
        """For each site the most that one camera of it could see alone."""
        empty = empty_plan(self.reduced, self.instance)
        if not len(self.reduced.site_index):
            return np.zeros(0)
        return np.asarray(np.maximum.reduceat(empty.gain, self.reduced.site_start[:-1]))

    def greedy(self) -> Plan:
        """The better of greedy by gain and, where money binds, by gain per rupiah (Khuller, Moss &
        Naor 1999, doi:10.1016/S0020-0190(99)00031-9), required sites first."""
        best = self.required_plan()
        for money in (True, False) if self.priced else (False,):
            if self.stopped():
                break
            plan = self.required_plan()
            self.refill(plan, money=money)
            if plan.total[0] > best.total[0]:
                best, self.by_money = plan, money
        return best

    def refill(
        self,
        plan: Plan,
        *,
        money: bool | None = None,
        limit: int = 2**31,
        barred: IntArray | None = None,
    ) -> None:
        """Spend what is left on the best additions, judged as the better greedy did."""
        everywhere = np.ones(len(self.reduced.site_index), dtype=np.bool_)
        if barred is not None:
            everywhere[barred] = False
        if self.by_money if money is None else money:
            fill(self.instance, plan, everywhere, True, limit)
        fill(self.instance, plan, everywhere, False, limit)

    def improve(self, plan: Plan, *, random: np.random.Generator, tries: int) -> Plan:
        """Interchange (Teitz & Bart 1968, doi:10.1287/opre.16.5.955) site by site, then with
        `tries` random groups of sites that see the same demand, half of the time with some of them
        barred from coming straight back (ruin and recreate, Schrimpf et al. 2000,
        doi:10.1006/jcph.1999.6413); never returns a worse plan."""
        for _ in range(MAX_PASSES):
            before = float(plan.total[0])
            for s in np.flatnonzero(plan.cameras_at):
                if self.stopped():
                    return plan
                if plan.cameras_at[s]:
                    plan = self._retry(plan, np.array([s], dtype=np.int64))
            if plan.total[0] <= before:
                break
        for _ in range(tries):
            sites = np.flatnonzero(plan.cameras_at)
            if self.stopped() or len(sites) < 2:
                break
            group = self._neighbours(plan, int(random.choice(sites)), random)
            barred = group[(random.random(len(group)) < 0.5) & (random.random() < 0.5)]
            plan = self._retry(plan, group, barred[~self.reduced.required[barred]])
        return plan

    def prune(self, plan: Plan) -> None:
        """Take down cameras that add nothing, dearest first; required sites keep one."""
        for c in np.flatnonzero(plan.chosen)[
            np.argsort(-self.reduced.option_cost_idr[plan.chosen], kind="stable")
        ]:
            s = self.reduced.option_site[c]
            if self.reduced.required[s] and plan.cameras_at[s] == 1:
                continue
            before = float(plan.total[0])
            drop_option(self.instance, plan, c)
            if plan.total[0] < before:
                add_option(self.instance, plan, c)

    def _retry(self, plan: Plan, sites: IntArray, barred: IntArray | None = None) -> Plan:
        """Take the cameras of these sites down and refill; undone where that loses."""
        before = float(plan.total[0])
        old = np.flatnonzero(plan.chosen)
        gone = old[np.isin(self.reduced.option_site[old], sites)]
        for c in gone:
            drop_option(self.instance, plan, c)
        for s in sites[self.reduced.required[sites]]:
            low, high = self.reduced.site_start[s : s + 2]
            cost = self.reduced.option_cost_idr[low:high]
            room = plan.left[0] - self.reduced.site_cost_idr[s] - self._owed(plan, sites, int(s))
            gain = np.where(cost <= room, plan.gain[low:high], -1.0)
            add_option(self.instance, plan, low + int(np.argmax(gain)))
        self.refill(plan, barred=barred)
        if plan.total[0] > before or (barred is not None and plan.total[0] == before):
            return plan
        new = plan.chosen.copy()
        new[old] = False
        for c in np.flatnonzero(new):
            drop_option(self.instance, plan, c)
        for c in old[~plan.chosen[old]]:
            add_option(self.instance, plan, c)
        return plan

    def _owed(self, plan: Plan, sites: IntArray, but: int) -> int:
        """What the other required sites among these, still bare, will cost at the least."""
        owed = 0
        for s in sites[self.reduced.required[sites]]:
            if s != but and plan.cameras_at[s] == 0:
                low, high = self.reduced.site_start[s : s + 2]
                owed += int(self.reduced.site_cost_idr[s])
                owed += int(self.reduced.option_cost_idr[low:high].min())
        return owed

    def _neighbours(self, plan: Plan, site: int, random: np.random.Generator) -> IntArray:
        """The site and up to three open ones that see demand it could see, or any others."""
        near = open_sites_near(self.instance, plan, site)
        if not len(near):
            near = np.flatnonzero(plan.cameras_at)
            near = near[near != site]
        some = random.permutation(near)[: int(random.integers(1, 4))]
        return np.concatenate([[site], np.sort(some)]).astype(np.int64)
