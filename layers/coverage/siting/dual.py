"""Lagrangian bound of a siting problem: prices on demand classes and on the rupiah."""

# Notation of docs/siting.md: u = prices (lambda), price = mu. Any u >= 0 and mu >= 0 give a valid
# bound; everything here only looks for good ones.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.siting.kernels import Instance, row_sums
from layers.coverage.siting.poles import additive_values, built_counts, union_values
from layers.coverage.siting.problem import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class DualPoint:
    """Prices, the bound they prove (class units) and what the relaxed planner would build.

    `profit` options; `values` and `built` sites, `picked` options, `spent_idr` all of it;
    `loose_values` and `loose_picked` as if no two cameras of a pole saw the same class;
    `threshold` is the value that a site must beat to displace one that is built (0 where the
    number of sites does not bind).
    """

    prices: FloatArray
    rupiah_price: float
    bound: float
    profit: FloatArray
    values: FloatArray
    built: NDArray[np.bool_]
    picked: NDArray[np.bool_]
    spent_idr: int
    loose_values: FloatArray
    loose_picked: NDArray[np.bool_]
    threshold: float


class Dual:
    """Evaluates and improves the Lagrangian bound of one problem."""

    def __init__(self, instance: Instance, *, budget_idr: int | None, max_sites: int) -> None:
        self.instance = instance
        self.classes = len(instance.w1)
        self.required: IntArray = np.flatnonzero(instance.required)
        self.free_sites = max(0, max_sites - len(self.required))
        most = int(instance.site_cost.sum()) + int(instance.option_cost.sum())
        self.priced = budget_idr is not None and budget_idr < most
        self.budget_idr = most if budget_idr is None else min(budget_idr, most)
        self.stacked = bool((instance.cameras > 1).any()) and (
            len(instance.option_site) > len(instance.site_cost)
        )
        self._seen = np.zeros(self.classes, dtype=np.int32)

    def at(self, prices: FloatArray, *, rupiah_price: float = 0.0) -> DualPoint:
        """The bound at these class prices (clipped to [0, weight]), with the best rupiah price,
        sought from `rupiah_price` on."""
        prices, profit = self._profit(prices)
        point = self._point(prices, profit, 0.0)
        if self.priced and point.spent_idr > self.budget_idr:
            price = self._best_price(prices, profit, rupiah_price)
            point = self._point(prices, profit, price)
        return point

    def at_exactly(self, prices: FloatArray, rupiah_price: float) -> DualPoint:
        """The bound at these class prices and this rupiah price."""
        prices, profit = self._profit(prices)
        usable = self.priced and np.isfinite(rupiah_price)
        return self._point(prices, profit, max(0.0, float(rupiah_price)) if usable else 0.0)

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
        first, second = self.instance.w1, self.instance.w2
        step, idle = 1.0, 0
        direction = np.zeros(self.classes)
        for _ in range(rounds):
            if best.bound <= target * (1.0 + enough) or stopped() or step < 1e-4:
                break
            seen = built_counts(self.instance, point.picked, point.built, self.classes)
            slope = seen - (first > point.prices) - (second > point.prices)
            slope[(point.prices >= first) & (slope < 0)] = 0.0
            slope[(point.prices <= 0.0) & (slope > 0)] = 0.0
            direction = slope + 0.5 * direction
            norm = float(np.sum(direction * direction))
            if norm <= 0.0:
                break
            length = step * max(point.bound - target, 1e-9 * point.bound) / norm
            prices = point.prices - length * direction
            if self.priced and point.rupiah_price > 0.0:
                excess = (point.spent_idr - self.budget_idr) / max(1, self.budget_idr)
                turn = min(1.3, max(0.75, 1.0 + 0.4 * step * excess))
                point = self.at_exactly(prices, point.rupiah_price * turn)
            else:
                point = self.at(prices)
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

    def levelled(self, point: DualPoint) -> FloatArray:
        """Prices lowered until no built site is worth more than the threshold.

        What a site loses is kept as demand left over, so that the bound of these very sites stays
        (where a pole has one camera); but sites like them, left out of this problem, can no longer
        stand beside them and loosen the bound of the whole one.
        """
        factor = np.ones(self.classes)
        least = point.threshold if np.isfinite(point.threshold) else 0.0
        _level(
            self.instance, point.values, point.built, point.picked, point.rupiah_price, least, factor
        )  # fmt: skip
        return point.prices * factor

    def hopeless_options(self, point: DualPoint, target: float) -> NDArray[np.bool_]:
        """Options that no plan better than `target` mounts (reduced-cost fixing, Geoffrion 1974,
        doi:10.1007/BFb0120690): with one of them forced in, the bound falls to the target."""
        inst = self.instance
        site = inst.option_site
        point = self.sharpened(point)
        if not len(site):
            return np.zeros(0, dtype=np.bool_)
        earns = point.profit - point.rupiah_price * inst.option_cost
        starts = inst.site_start[:-1]
        count = np.add.reduceat(point.loose_picked.astype(np.int64), starts)
        weakest = np.minimum.reduceat(np.where(point.loose_picked, earns, np.inf), starts)
        # Forced beside the picked ones, or in place of the weakest of them where the pole is full.
        replaces = (count >= inst.cameras) | (weakest < 0)
        forced = point.loose_values[site] + earns - np.where(replaces, weakest, 0.0)[site]
        forced = np.where(point.loose_picked, point.loose_values[site], forced)
        forced = np.minimum(forced, point.values[site])
        loss = np.where(point.built[site], point.values[site], point.threshold) - forced
        return np.asarray(point.bound - loss <= target * (1.0 + 1e-12))

    def needed_sites(self, point: DualPoint, target: float) -> NDArray[np.bool_]:
        """Sites that every plan better than `target` builds."""
        point = self.sharpened(point)
        spare = point.values[~point.built & (point.values > 0)]
        instead = float(spare.max()) if len(spare) else 0.0
        loss = point.values - instead
        return np.asarray(point.built & (point.bound - loss <= target * (1.0 + 1e-12)))

    def sharpened(self, point: DualPoint) -> DualPoint:
        """The same prices with the exact value of every pole, not only of those near being built."""
        if not self.stacked:
            return point
        return self._point(point.prices, point.profit, point.rupiah_price, everywhere=True)

    def _profit(self, prices: FloatArray) -> tuple[FloatArray, FloatArray]:
        prices = np.clip(np.nan_to_num(prices), 0.0, self.instance.w1)
        return prices, row_sums(self.instance.indptr, self.instance.indices, prices)

    def _best_price(self, prices: FloatArray, profit: FloatArray, start: float) -> float:
        """A price of the rupiah at which the relaxed planner just keeps within the budget."""
        low, high = 0.0, start if start > 0 else max(1e-300, self._scale_of_price(profit))
        if self._overspend(prices, profit, high) > 0:
            for _ in range(200):
                low, high = high, high * 1.3
                if self._overspend(prices, profit, high) <= 0:
                    break
        elif start > 0:
            for _ in range(200):
                if self._overspend(prices, profit, high / 1.3) > 0:
                    low = high / 1.3
                    break
                high /= 1.3
        for _ in range(30):
            middle = 0.5 * (low + high)
            if self._overspend(prices, profit, middle) > 0:
                low = middle
            else:
                high = middle
        return high

    def _scale_of_price(self, profit: FloatArray) -> float:
        inst = self.instance
        ratio = profit / np.maximum(1, inst.option_cost + inst.site_cost[inst.option_site])
        return float(ratio.max()) if len(ratio) else 1.0

    def _overspend(self, prices: FloatArray, profit: FloatArray, price: float) -> int:
        return self._point(prices, profit, price).spent_idr - self.budget_idr

    def _select(self, values: FloatArray) -> tuple[NDArray[np.bool_], float]:
        """The best sites within the number allowed, required ones first, and the threshold."""
        built = values > 0
        built[self.required] = False
        threshold = 0.0
        if int(built.sum()) >= self.free_sites:
            open_ = np.flatnonzero(built)
            kept = open_[:0]
            threshold = np.inf
            if self.free_sites:
                last = len(open_) - self.free_sites
                kept = open_[np.argpartition(values[open_], last)[last:]]
                threshold = float(values[kept].min())
            built[:] = False
            built[kept] = True
        built[self.required] = True
        return built, threshold

    def _point(
        self, prices: FloatArray, profit: FloatArray, price: float, *, everywhere: bool = False
    ) -> DualPoint:
        inst = self.instance
        sites = len(inst.site_cost)
        values, spent = np.empty(sites), np.empty(sites, dtype=np.int64)
        picked = np.empty(len(profit), dtype=np.bool_)
        additive_values(inst, profit, price, values, picked, spent)
        built, threshold = self._select(values)
        loose_values, loose_picked = values, picked
        if self.stacked:
            # Poles that the loose values build, then those that could still displace one of them.
            values, picked = values.copy(), picked.copy()
            done = built.copy()
            self._sharpen(prices, profit, price, done, -np.inf, values, picked, spent)
            free = values[built & ~inst.required]
            limit = float(free.min()) if self.free_sites <= len(free) and len(free) else 0.0
            limit = max(0.0, limit)
            rest = ~done if everywhere else ~done & (values > limit)
            floor = -np.inf if everywhere else limit
            self._sharpen(prices, profit, price, rest, floor, values, picked, spent)
            built, threshold = self._select(values)
        bound = (
            float(np.maximum(inst.w1 - prices, 0.0).sum())
            + float(np.maximum(inst.w2 - prices, 0.0).sum())
            + float(values[built].sum())
            + (price * self.budget_idr if self.priced else 0.0)
        )
        return DualPoint(
            prices,
            price,
            bound,
            profit,
            values,
            built,
            picked,
            int(spent[built].sum()),
            loose_values,
            loose_picked,
            threshold,
        )

    def _sharpen(
        self,
        prices: FloatArray,
        profit: FloatArray,
        price: float,
        sites: NDArray[np.bool_],
        floor: float,
        values: FloatArray,
        picked: NDArray[np.bool_],
        spent: IntArray,
    ) -> None:
        which = np.flatnonzero(sites)
        union_values(
            self.instance, prices, profit, price, which, floor, values, picked, spent, self._seen
        )


@njit(cache=True, nogil=True)
def _level(inst, values, built, picked, rupiah_price, least, factor):  # type: ignore[no-untyped-def]
    for s in range(len(values)):
        if not built[s] or inst.required[s] or values[s] <= least:
            continue
        spent = float(inst.site_cost[s])
        for c in range(inst.site_start[s], inst.site_start[s + 1]):
            if picked[c]:
                spent += inst.option_cost[c]
        owed = rupiah_price * spent
        share = (least + owed) / max(1e-300, values[s] + owed)
        for c in range(inst.site_start[s], inst.site_start[s + 1]):
            if picked[c]:
                for j in range(inst.indptr[c], inst.indptr[c + 1]):
                    k = inst.indices[j]
                    factor[k] = min(factor[k], share)


def best_cameras(
    seen: Sequence[NDArray[np.int32]],
    weights: FloatArray,
    option_cost_idr: Sequence[int],
    *,
    rupiah_price: float = 0.0,
    cameras: int,
) -> list[int]:
    """Which 1 to `cameras` options of one pole earn most, each demand point once, less their price.

    `seen` the points each option sees, in order. None where no option earns more than it costs.
    Beyond the node limit of `union_values` the best set found.
    """
    counts = np.array([len(points) for points in seen], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    used, indices = np.unique(np.concatenate([*seen, np.empty(0, np.int32)]), return_inverse=True)
    prices = np.asarray(weights[used], dtype=np.float64)
    instance = Instance(
        indptr, indices.astype(np.int32), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32),
        prices, np.zeros(len(used)), np.zeros(len(seen), dtype=np.int64),
        np.array([0, len(seen)], dtype=np.int64), np.asarray(option_cost_idr, dtype=np.int64),
        np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.bool_),
        np.array([min(cameras, max(1, len(seen)))], dtype=np.int64),
    )  # fmt: skip
    profit = row_sums(indptr, instance.indices, prices)
    values, spent = np.empty(1), np.empty(1, dtype=np.int64)
    picked = np.empty(len(seen), dtype=np.bool_)
    additive_values(instance, profit, rupiah_price, values, picked, spent)
    union_values(
        instance, prices, profit, rupiah_price, np.zeros(1, dtype=np.int64), -np.inf, values, picked,
        spent, np.zeros(len(used), dtype=np.int32),
    )  # fmt: skip
    return np.flatnonzero(picked).tolist() if values[0] > 0.0 else []
