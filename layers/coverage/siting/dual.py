"""Lagrangian bound of a siting problem: prices on demand classes and on the rupiah."""

# Notation of docs/siting.md: u = prices (lambda), price = mu. Any u >= 0 and mu >= 0 give a valid
# bound; everything here only looks for good ones.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.coverage.siting.kernels import Instance, column_counts, row_sums, site_values
from layers.coverage.siting.merge import Reduced
from layers.coverage.siting.problem import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class DualPoint:
    """Prices, the bound they prove (class units) and what the relaxed planner would build.

    `profit` options, `values` and `built` sites, `picked` options; `threshold` is the value that a
    site must beat to displace one that is built (0 where the number of sites does not bind).
    """

    prices: FloatArray
    rupiah_price: float
    bound: float
    profit: FloatArray
    values: FloatArray
    built: NDArray[np.bool_]
    picked: NDArray[np.bool_]
    threshold: float


class Dual:
    """Evaluates and improves the Lagrangian bound of one reduced problem."""

    def __init__(self, reduced: Reduced, instance: Instance) -> None:
        self.reduced = reduced
        self.instance = instance
        options, self.classes = reduced.covers.shape
        sites = len(reduced.site_index)
        self.required: IntArray = np.flatnonzero(reduced.required)
        self.free_sites = max(0, reduced.max_sites - len(self.required))
        most = int(reduced.site_cost_idr.sum()) + int(reduced.option_cost_idr.sum())
        self.priced = reduced.budget_idr < most
        self._values = np.empty(sites)
        self._spent: IntArray = np.empty(sites, dtype=np.int64)
        self._picked = np.empty(options, dtype=np.bool_)

    def at(
        self, prices: FloatArray, *, rupiah_price: float = 0.0, exact_price: bool = True
    ) -> DualPoint:
        """The bound at these class prices (clipped to [0, weight]), with the best rupiah price.

        `rupiah_price` is where the search for it starts; with `exact_price` false it is coarse.
        """
        prices = np.clip(np.nan_to_num(prices), 0.0, self.reduced.first_weight)
        profit = row_sums(self.instance.indptr, self.instance.indices, prices)
        price = self._best_price(profit, rupiah_price, 40 if exact_price else 5)
        return self._point(prices, profit, price)

    def at_exactly(self, prices: FloatArray, rupiah_price: float) -> DualPoint:
        """The bound at these class prices and this rupiah price."""
        prices = np.clip(np.nan_to_num(prices), 0.0, self.reduced.first_weight)
        profit = row_sums(self.instance.indptr, self.instance.indices, prices)
        return self._point(prices, profit, max(0.0, rupiah_price))

    def descend(
        self,
        start: DualPoint,
        *,
        target: float,
        rounds: int,
        enough: float,
        stopped: Callable[[], bool],
    ) -> DualPoint:
        """Subgradient descent with deflection (Held, Wolfe & Crowder 1974,
        doi:10.1007/BF01580223; Camerini, Fratta & Maffioli 1975, doi:10.1007/BFb0120697).

        `target` is the objective of a known plan; ends after `rounds`, when the bound is within
        the factor 1 + `enough` of the target, or when `stopped()`.
        """
        best = point = start
        first, second = self.reduced.first_weight, self.reduced.second_weight
        step, idle = 1.0, 0
        direction = np.zeros(self.classes)
        for _ in range(rounds):
            if best.bound <= target * (1.0 + enough) or stopped() or step < 1e-4:
                break
            seen = column_counts(
                self.instance.indptr,
                self.instance.indices,
                point.picked & point.built[self.reduced.option_site],
                self.classes,
            )
            slope = seen - (first > point.prices) - (second > point.prices)
            slope[(point.prices >= first) & (slope < 0)] = 0.0
            slope[(point.prices <= 0.0) & (slope > 0)] = 0.0
            direction = slope + 0.5 * direction
            norm = float(np.sum(direction * direction))
            if norm <= 0.0:
                break
            length = step * max(point.bound - target, 1e-9 * point.bound) / norm
            point = self.at(
                point.prices - length * direction,
                rupiah_price=point.rupiah_price,
                exact_price=False,
            )
            if point.bound < best.bound * (1 - 1e-7):
                best, idle = point, 0
            else:
                best = min(best, point, key=lambda p: p.bound)
                idle += 1
                if idle >= 12:
                    step, idle, point = step * 0.5, 0, best
                    direction = np.zeros(self.classes)
        if self.priced:
            best = min(
                best,
                self.at(best.prices, rupiah_price=best.rupiah_price),
                key=lambda p: p.bound,
            )
        return best

    def hopeless_options(self, point: DualPoint, target: float) -> NDArray[np.bool_]:
        """Options that no plan better than `target` mounts (reduced-cost fixing, Geoffrion 1974,
        doi:10.1007/BFb0120690): with one of them forced in, the bound falls to the target."""
        reduced = self.reduced
        site = reduced.option_site
        earns = point.profit - point.rupiah_price * reduced.option_cost_idr
        value = point.values[site]
        # Forced beside the picked ones, or in place of the weakest of them where the pole is full.
        count = (
            np.add.reduceat(point.picked.astype(np.int64), reduced.site_start[:-1])
            if len(value)
            else value
        )
        weakest = (
            np.minimum.reduceat(np.where(point.picked, earns, np.inf), reduced.site_start[:-1])
            if len(value)
            else value
        )
        replaces = (count[site] >= reduced.cameras_per_site) | (weakest[site] < 0)
        with_it = value + earns - np.where(replaces, weakest[site], 0.0)
        with_it = np.where(point.picked, value, with_it)
        loss = np.where(point.built[site], value, point.threshold) - with_it
        limit = target * (1.0 + 1e-12)
        return point.bound - loss <= limit

    def needed_sites(self, point: DualPoint, target: float) -> NDArray[np.bool_]:
        """Sites that every plan better than `target` builds."""
        spare = point.values[~point.built & (point.values > 0)]
        instead = float(spare.max()) if len(spare) else 0.0
        loss = point.values - instead
        return point.built & (point.bound - loss <= target * (1.0 + 1e-12))

    def _best_price(self, profit: FloatArray, start: float, rounds: int) -> float:
        """A price of the rupiah at which the relaxed planner just keeps within the budget."""
        if not self.priced or self._overspend(profit, 0.0) <= 0:
            return 0.0
        low, high = 0.0, start if start > 0 else max(1e-300, self._scale_of_price(profit))
        if self._overspend(profit, high) > 0:
            for _ in range(200):
                low, high = high, high * 1.3
                if self._overspend(profit, high) <= 0:
                    break
        elif start > 0:
            for _ in range(200):
                if self._overspend(profit, high / 1.3) > 0:
                    low = high / 1.3
                    break
                high /= 1.3
        for _ in range(rounds):
            middle = 0.5 * (low + high)
            if self._overspend(profit, middle) > 0:
                low = middle
            else:
                high = middle
        return high

    def _scale_of_price(self, profit: FloatArray) -> float:
        cost = self.reduced.option_cost_idr + self.reduced.site_cost_idr[self.reduced.option_site]
        ratio = profit / np.maximum(1, cost)
        return float(ratio.max()) if len(ratio) else 1.0

    def _overspend(self, profit: FloatArray, price: float) -> int:
        site_values(self.instance, profit, price, self._values, self._picked, self._spent)
        built, _ = self._select(self._values)
        return int(self._spent[built].sum()) - self.reduced.budget_idr

    def _select(self, values: FloatArray) -> tuple[NDArray[np.bool_], float]:
        """The best sites within the number allowed, required ones first, and the threshold."""
        built = values > 0
        built[self.required] = False
        threshold = 0.0
        if int(built.sum()) >= self.free_sites:
            open_ = np.flatnonzero(built)
            rank = np.argsort(-values[open_], kind="stable")
            kept = open_[rank[: self.free_sites]]
            threshold = float(values[kept[-1]]) if self.free_sites else np.inf
            built[:] = False
            built[kept] = True
        built[self.required] = True
        return built, threshold

    def _point(self, prices: FloatArray, profit: FloatArray, price: float) -> DualPoint:
        reduced = self.reduced
        values, spent = np.empty_like(self._values), np.empty_like(self._spent)
        picked = np.empty_like(self._picked)
        site_values(self.instance, profit, price, values, picked, spent)
        built, threshold = self._select(values)
        bound = (
            float(np.maximum(reduced.first_weight - prices, 0.0).sum())
            + float(np.maximum(reduced.second_weight - prices, 0.0).sum())
            + float(values[built].sum())
            + (price * reduced.budget_idr if self.priced else 0.0)
        )
        return DualPoint(prices, price, bound, profit, values, built, picked, threshold)
