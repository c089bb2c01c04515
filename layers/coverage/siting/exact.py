"""Linear and integer programmes of a reduced siting problem, by HiGHS."""

# HiGHS: Huangfu & Hall 2018, doi:10.1007/s12532-017-0130-5.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from layers.coverage.siting.chains import chains_of
from layers.coverage.siting.matrices import transposed
from layers.coverage.siting.merge import Reduced, merge_columns
from layers.coverage.siting.problem import FloatArray, IntArray

#: Class weights are scaled to at most this in the programmes; tolerances of HiGHS are absolute.
TOP_WEIGHT = 1000.0

#: Part of an option above which the relaxation counts as mounting it.
MOUNTED = 1e-6


@dataclass(frozen=True, eq=False)
class Answer:
    """What a run of HiGHS says, in class units. `options` mounted, of the relaxation those mounted in
    part as well, None where it found no plan;
    `prices` one a class (NaN where the programme has no row for it); `bound` is inf if unknown."""

    timed_out: bool
    bound: float
    options: IntArray | None = None
    prices: FloatArray | None = None
    rupiah_price: float = 0.0


class Programme:
    """The covering programme over some of the options; columns x, x2, y, z, u, t in that order.

    x, x2: class seen once, twice; y: option mounted; z: site built (only where a site has several
    options, else y stands for it); u: one of several options of a site is mounted that see the same
    classes (one column serves all classes that just these options of the site see);
    t: from how many sites a class is seen (only where that saves non-zeros, see chains.py).
    """

    def __init__(
        self, reduced: Reduced, active: NDArray[np.bool_], built: NDArray[np.bool_]
    ) -> None:
        self.reduced = reduced
        self.options = np.flatnonzero(active)
        sub = sparse.coo_matrix(reduced.covers[self.options])
        row, cls = sub.row.astype(np.int64), sub.col.astype(np.int64)
        self.classes, self._entry_class = np.unique(cls, return_inverse=True)
        self._entry_option = row
        site = reduced.option_site[self.options]
        self.sites, self._option_site, count = np.unique(
            site, return_inverse=True, return_counts=True
        )
        pair = self._option_site[row] * max(1, len(self.classes)) + self._entry_class
        pairs, entry_pair, times = np.unique(pair, return_inverse=True, return_counts=True)
        together = times > 1
        groups, self._group_options = self._shared_views(entry_pair, together)
        self._group_site = np.zeros(len(self._group_options.indptr) - 1, dtype=np.int64)
        self._group_site[groups] = pairs[together] // max(1, len(self.classes))
        k, n = len(self.classes), len(self.options)
        self._twice = bool(reduced.second_weight.any())
        self.x = np.arange(k)
        self.x2 = k + np.arange(k if self._twice else 0)
        self.y = k + len(self.x2) + np.arange(n)
        several = np.flatnonzero(count > 1)
        first_option = np.searchsorted(self._option_site, np.arange(len(self.sites)))
        self.z = self.y[first_option].copy() if n else np.empty(0, dtype=np.int64)
        base = k + len(self.x2) + n
        self.z[several] = base + np.arange(len(several))
        self._several = several
        self.u = base + len(several) + np.arange(len(self._group_site))
        # What sees a class: one option of a site, or one of several.
        alone = ~together[entry_pair]
        self._views = sparse.csr_matrix(
            (
                np.ones(int(alone.sum()) + len(groups), dtype=bool),
                (
                    np.concatenate([self._entry_class[alone], pairs[together] % max(1, k)]),
                    np.concatenate([row[alone], n + groups]),
                ),
            ),
            shape=(k, n + len(self.u)),
        )
        self._views.sort_indices()
        self._view = np.concatenate([self.y, self.u])
        self._chains = chains_of(self._views)
        self.t = base + len(several) + len(self.u) + np.arange(len(self._chains.rows))
        self.columns = base + len(several) + len(self.u) + len(self.t)
        self._rows: list[tuple[Any, Any, Any]] = []
        self._lower: list[FloatArray] = []
        self._upper: list[FloatArray] = []
        self._height = 0
        self._scale = TOP_WEIGHT / max(1.0, float(reduced.first_weight.max(initial=0.0)))
        self._covering_rows()
        self._pole_rows()
        self._limit_rows()
        self._built = built[self.sites]

    def _add(
        self, rows: Any, columns: Any, values: Any, lower: FloatArray, upper: FloatArray
    ) -> None:
        self._rows.append((np.asarray(rows) + self._height, columns, values))
        self._lower.append(lower)
        self._upper.append(upper)
        self._height += len(lower)

    def _shared_views(
        self, entry_pair: IntArray, together: NDArray[np.bool_]
    ) -> tuple[IntArray, Any]:
        """Pairs of site and class that the very same several options make up, grouped: the group of
        each and the options of each group (CSR)."""
        number = np.cumsum(together) - 1
        inside = together[entry_pair]
        member = sparse.csr_matrix(
            (
                np.ones(int(inside.sum()), dtype=bool),
                (self._entry_option[inside], number[entry_pair[inside]]),
            ),
            shape=(len(self.options), int(together.sum())),
        )
        groups, merged = merge_columns(member)
        return groups, transposed(merged)

    def _covering_rows(self) -> None:
        """x_k + x2_k ≤ Σ over sites of what sees k from there, or ≤ t_k where that is counted; then
        t_k = t_p + what sees k but not p − what sees p but not k."""
        k = len(self.classes)
        chains = self._chains
        plain = np.ones(k, dtype=bool)
        plain[chains.rows] = False
        views = self._views.tocoo()
        seen = plain[views.row]
        rows = [self.x, views.row[seen], chains.rows]
        columns = [self.x, self._view[views.col[seen]], self.t]
        values = [np.ones(k), -np.ones(int(seen.sum())), -np.ones(len(self.t))]
        if self._twice:
            rows.append(np.arange(k))
            columns.append(self.x2)
            values.append(np.ones(k))
        self._add(
            np.concatenate(rows),
            np.concatenate(columns),
            np.concatenate(values),
            np.full(k, -np.inf),
            np.zeros(k),
        )
        count = len(self.t)
        if not count:
            return
        counter = np.full(k, -1, dtype=np.int64)
        counter[chains.rows] = self.t
        linked = np.flatnonzero(chains.parent >= 0)
        self._add(
            np.concatenate([np.arange(count), linked, chains.at]),
            np.concatenate([self.t, counter[chains.parent[linked]], self._view[chains.column]]),
            np.concatenate([np.ones(count), -np.ones(len(linked)), -chains.sign]),
            np.zeros(count),
            np.zeros(count),
        )

    def _pole_rows(self) -> None:
        """u ≤ z, u ≤ Σ y, y ≤ z, Σ y ≤ cameras · z, and Σ y ≥ 1 at a required site."""
        shared = len(self.u)
        if shared:
            rows = np.arange(shared)
            ones = np.ones(shared)
            z = self.z[self._group_site]
            self._upper_row(
                np.tile(rows, 2), np.concatenate([self.u, z]), np.concatenate([ones, -ones]), shared
            )
            member = self._group_options.tocoo()
            self._upper_row(
                np.concatenate([rows, member.row]),
                np.concatenate([self.u, self.y[member.col]]),
                np.concatenate([ones, -np.ones(len(member.col))]),
                shared,
            )
        many = np.zeros(len(self.sites), dtype=bool)
        many[self._several] = True
        own = np.flatnonzero(many[self._option_site])
        if not len(own):
            return
        rows = np.arange(len(own))
        self._upper_row(
            np.tile(rows, 2),
            np.concatenate([self.y[own], self.z[self._option_site[own]]]),
            np.concatenate([np.ones(len(own)), -np.ones(len(own))]),
            len(own),
        )
        place = np.cumsum(many) - 1
        heads = self._several
        self._upper_row(
            np.concatenate([place[self._option_site[own]], np.arange(len(heads))]),
            np.concatenate([self.y[own], self.z[heads]]),
            np.concatenate(
                [np.ones(len(own)), -self.reduced.cameras[self.sites[heads]].astype(np.float64)]
            ),
            len(heads),
        )
        must = heads[self.reduced.required[self.sites[heads]]]
        if len(must):
            rank = np.full(len(self.sites), -1)
            rank[must] = np.arange(len(must))
            theirs = np.flatnonzero(rank[self._option_site] >= 0)
            self._add(
                rank[self._option_site[theirs]],
                self.y[theirs],
                np.ones(len(theirs)),
                np.ones(len(must)),
                np.full(len(must), np.inf),
            )

    def _upper_row(self, rows: Any, columns: Any, values: Any, count: int) -> None:
        self._add(rows, columns, values, np.full(count, -np.inf), np.zeros(count))

    def _limit_rows(self) -> None:
        """Money, in units of the prices' greatest common divisor, and the number of sites."""
        reduced = self.reduced
        self._budget_row = self._height
        option_idr = reduced.option_cost_idr[self.options]
        site_idr = reduced.site_cost_idr[self.sites]
        unit = int(np.gcd.reduce(np.concatenate([option_idr, site_idr]), initial=0)) or 1
        columns = np.concatenate([self.y, self.z])
        values = np.concatenate([option_idr // unit, site_idr // unit]).astype(np.float64)
        self._money_unit = float(unit)
        self._add(
            np.zeros(len(columns), dtype=np.int64),
            columns,
            values,
            np.array([-np.inf]),
            np.array([float(reduced.budget_idr // unit)]),
        )
        self._add(
            np.zeros(len(self.z), dtype=np.int64),
            self.z,
            np.ones(len(self.z)),
            np.array([-np.inf]),
            np.array([float(reduced.max_sites)]),
        )

    def exclude(self, options: IntArray) -> None:
        """Cut off one selection that breaks the budget by less than the solver's tolerance."""
        chosen = np.isin(self.options, options)
        open_ = np.unique(self._option_site[chosen])
        columns = np.unique(np.concatenate([self.y[chosen], self.z[open_]]))
        self._add(
            np.zeros(len(columns), dtype=np.int64),
            columns,
            np.ones(len(columns)),
            np.array([-np.inf]),
            np.array([len(columns) - 1.0]),
        )

    def _load(self, integer: bool) -> Any:
        reduced = self.reduced
        rows, columns, values = (np.concatenate(parts) for parts in zip(*self._rows, strict=True))
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(self._height, self.columns))
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.columns, self._height
        cost = np.zeros(self.columns)
        cost[self.x] = -reduced.first_weight[self.classes] * self._scale
        if self._twice:
            cost[self.x2] = -reduced.second_weight[self.classes] * self._scale
        lower = np.zeros(self.columns)
        lower[self.z[self._built | reduced.required[self.sites]]] = 1.0
        model.col_cost_, model.col_lower_ = cost, lower
        upper = np.ones(self.columns)
        upper[self.t] = np.inf
        model.col_upper_ = upper
        model.row_lower_, model.row_upper_ = (
            np.concatenate(self._lower),
            np.concatenate(self._upper),
        )
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = matrix.indptr
        model.a_matrix_.index_ = matrix.indices
        model.a_matrix_.value_ = matrix.data
        if integer:
            kinds = [highspy.HighsVarType.kContinuous] * self.columns
            for column in np.concatenate([self.y, self.z]):
                kinds[column] = highspy.HighsVarType.kInteger
            model.integrality_ = kinds
        solver = highspy.Highs()
        solver.silent()
        solver.setOptionValue("threads", 1)
        solver.passModel(model)
        return solver

    def relax(self, *, seconds: float, stopped: Callable[[], bool]) -> Answer:
        """Optimum of the linear relaxation and its prices."""
        if not self.columns:
            return Answer(False, 0.0)
        solver = self._load(False)
        _run(solver, seconds, stopped)
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return Answer(_timed_out(solver), np.inf)
        solution = solver.getSolution()
        dual = -np.asarray(solution.row_dual) / self._scale
        mounted = self.options[np.asarray(solution.col_value)[self.y] > MOUNTED]
        prices = np.full(len(self.reduced.first_weight), np.nan)
        prices[self.classes] = dual[: len(self.classes)]
        money = max(0.0, float(dual[self._budget_row])) / self._money_unit
        bound = -solver.getInfo().objective_function_value / self._scale
        return Answer(False, bound, options=mounted, prices=prices, rupiah_price=money)

    def solve(
        self,
        *,
        start: IntArray,
        seed: int,
        gap: float,
        seconds: float,
        stopped: Callable[[], bool],
        settled: Callable[[float, float], bool],
        nodes: int | None = None,
    ) -> Answer:
        """Best plan over these options, from the plan `start`, to within the relative `gap`, until
        `settled(objective, bound)` says that what is known suffices, or for so many `nodes`."""
        solver = self._load(True)
        if nodes is not None:
            solver.setOptionValue("mip_max_nodes", nodes)
        solver.setOptionValue("random_seed", int(seed) % 2**31)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", 0.0)
        solver.setOptionValue("mip_feasibility_tolerance", 1e-7)
        guess = highspy.HighsSolution()
        guess.col_value = self._values(start)
        solver.setSolution(guess)

        def look(event: Any) -> None:
            out = event.data_out
            if settled(-out.mip_primal_bound / self._scale, -out.mip_dual_bound / self._scale):
                event.interrupt()

        solver.cbMipInterrupt += look
        _run(solver, seconds, stopped)
        info = solver.getInfo()
        bound = -info.mip_dual_bound / self._scale
        if info.primal_solution_status != 2:
            return Answer(_timed_out(solver), bound)
        values = np.asarray(solver.getSolution().col_value)
        return Answer(_timed_out(solver), bound, options=self.options[values[self.y] > 0.5])

    def _values(self, options: IntArray) -> FloatArray:
        out = np.zeros(self.columns)
        chosen = np.isin(self.options, options)
        out[self.y] = chosen
        out[self.z[np.unique(self._option_site[chosen])]] = 1.0
        out[self.u] = self._group_options.astype(np.float64) @ chosen > 0
        times = np.asarray(self._views.astype(np.float64) @ out[self._view])
        out[self.t] = times[self._chains.rows]
        out[self.x] = times >= 1
        if self._twice:
            out[self.x2] = times >= 2
        return out


def _run(solver: Any, seconds: float, stopped: Callable[[], bool]) -> None:
    def interrupt(event: Any) -> None:
        if stopped():
            event.interrupt()

    solver.setOptionValue("time_limit", max(0.0, seconds))
    solver.cbSimplexInterrupt += interrupt
    solver.cbMipInterrupt += interrupt
    solver.run()


def _timed_out(solver: Any) -> bool:
    return bool(solver.getModelStatus() == highspy.HighsModelStatus.kTimeLimit)
