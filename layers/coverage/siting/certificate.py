"""A plan and its certificate: prices that prove its bound on the caller's own matrix."""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy import sparse

from layers.coverage.siting.dual import Dual
from layers.coverage.siting.kernels import Instance
from layers.coverage.siting.matrices import csr_parts
from layers.coverage.siting.problem import CoverageProblem, FloatArray, IntArray

Status = Literal["optimal", "gap_reached", "time_limit", "cancelled", "stalled"]

#: A plan within this share of its bound is called optimal: the tolerance of the solver.
OPTIMAL_GAP = 1e-6


@dataclass(frozen=True, eq=False)
class Certificate:
    """A selection and dual prices, enough to check objective and bound without the optimiser.

    `options` are rows of the problem; `point_prices` (λ, weight units, one a demand point) and
    `rupiah_price` (μ, weight units a rupiah) prove `bound`. Any prices prove some bound: spoiled
    ones a weaker one, never a false one. `objective` is what the selection covers.
    """

    options: IntArray
    point_prices: FloatArray
    rupiah_price: float
    objective: float
    bound: float


@dataclass(frozen=True, eq=False)
class Solution:
    """A plan and what is proven about it.

    `sites` in the order of building (each next one adds most), `gains` what each adds in that
    order, adding up to `objective`; `options` the cameras, by site in that order. `bound` is the
    least bound proven on any plan and `gap` = (bound − objective) / bound (0 where the bound is 0).
    `certificate.bound` is the part of it that can be checked without the optimiser and may be
    higher. `status`: `optimal` (gap ≤ 1e-6), `gap_reached` (≤ the gap asked for), `time_limit`,
    `cancelled` or `stalled` (the solver could prove no more). Money in whole rupiah.
    """

    sites: IntArray
    options: IntArray
    gains: FloatArray
    objective: float
    bound: float
    gap: float
    status: Status
    cost_idr: int
    seconds: float
    classes: int
    certificate: Certificate


def certify(
    problem: CoverageProblem, options: IntArray, point_prices: FloatArray, rupiah_price: float
) -> Certificate:
    """Certificate of a plan, objective and bound computed on the unmerged matrix."""
    return Certificate(
        np.sort(np.asarray(options, dtype=np.int64)),
        point_prices,
        rupiah_price,
        covered_weight(problem, options),
        proven_bound(problem, point_prices, rupiah_price),
    )


def sites_seeing(problem: CoverageProblem, options: IntArray) -> IntArray:
    """For each demand point the number of distinct sites whose chosen cameras see it."""
    chosen = np.asarray(options, dtype=np.int64)
    if not len(chosen):
        return np.zeros(problem.n_points, dtype=np.int64)
    sites, row = np.unique(problem.option_site[chosen], return_inverse=True)
    gather = sparse.csr_matrix(
        (np.ones(len(chosen), dtype=bool), (row, np.arange(len(chosen)))),
        shape=(len(sites), len(chosen)),
    )
    seen = sparse.csr_matrix(gather @ problem.covers[chosen])
    return np.bincount(seen.indices, minlength=problem.n_points).astype(np.int64)


def covered_weight(problem: CoverageProblem, options: IntArray) -> float:
    """Objective of a selection: weight seen, plus the backup share of what two sites see."""
    times = sites_seeing(problem, options)
    first = float(problem.weights[times >= 1].sum())
    return first + float(problem.second_weights[times >= 2].sum())


def proven_bound(
    problem: CoverageProblem, point_prices: FloatArray, rupiah_price: float = 0.0
) -> float:
    """Upper bound on the objective of every feasible plan, from any prices.

    Lagrangian relaxation of the covering rows and the budget (Geoffrion 1974,
    doi:10.1007/BFb0120690): what is left over of each weight, plus the best that the poles can earn
    at these prices within the number of sites, plus the priced budget. Prices are clipped to
    [0, weight] (missing ones to 0), so that no input can make the bound invalid.
    """
    allowed = np.ones(problem.n_sites, dtype=bool)
    allowed[problem.forbidden_sites] = False
    allowed[np.setdiff1d(np.arange(problem.n_sites), problem.option_site)] = False
    usable = allowed[problem.option_site]
    if problem.budget_idr is not None:
        price = problem.option_cost_idr + problem.site_cost_idr[problem.option_site]
        usable &= price <= problem.budget_idr
    order = np.flatnonzero(usable)
    order = order[np.argsort(problem.option_site[order], kind="stable")]
    sites, option_site = np.unique(problem.option_site[order], return_inverse=True)
    straight = len(order) == problem.n_options and bool((np.diff(order) == 1).all())
    covers = problem.covers if straight else problem.covers[order]
    required = np.zeros(problem.n_sites, dtype=bool)
    required[problem.required_sites] = True
    nothing = np.empty(0, dtype=np.int64)
    instance = Instance(
        *csr_parts(covers),
        nothing,
        np.empty(0, dtype=np.int32),
        problem.weights,
        problem.second_weights,
        option_site.astype(np.int64),
        np.searchsorted(option_site, np.arange(len(sites) + 1)).astype(np.int64),
        problem.option_cost_idr[order],
        problem.site_cost_idr[sites],
        required[sites],
        np.minimum(problem.most_cameras[sites], max(1, len(order))),
    )
    dual = Dual(
        instance,
        budget_idr=problem.budget_idr,
        max_sites=len(sites) if problem.max_sites is None else problem.max_sites,
    )
    return dual.at_exactly(np.asarray(point_prices, dtype=np.float64), rupiah_price).bound


def certificate_export(certificate: Certificate, problem: CoverageProblem, path: Path) -> None:
    """Write certificate and unmerged problem as one .npz that docs/verify_certificate.py reads."""
    limits = {
        "budget_idr": problem.budget_idr,
        "max_sites": problem.max_sites,
        "objective": certificate.objective,
        "bound": certificate.bound,
    }
    arrays: dict[str, Any] = {
        "indptr": problem.covers.indptr,
        "indices": problem.covers.indices,
        "weights": problem.weights,
        "second_weights": problem.second_weights,
        "site_cameras": problem.most_cameras,
        "option_site": problem.option_site,
        "option_cost_idr": problem.option_cost_idr,
        "site_cost_idr": problem.site_cost_idr,
        "required_sites": np.asarray(problem.required_sites, dtype=np.int64),
        "forbidden_sites": np.asarray(problem.forbidden_sites, dtype=np.int64),
        "options": certificate.options,
        "point_prices": certificate.point_prices,
        "rupiah_price": np.array(certificate.rupiah_price),
        "limits": np.array(json.dumps(limits)),
    }
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def building_order(problem: CoverageProblem, options: IntArray) -> tuple[IntArray, FloatArray]:
    """The sites of a plan, each next one adding most (ties by id), and what each adds."""
    seen = {}
    for site in np.unique(problem.option_site[options]).tolist():
        rows = options[problem.option_site[options] == site]
        seen[site] = np.unique(problem.covers[rows].indices)
    times = np.zeros(problem.n_points, dtype=np.int64)
    first, second = problem.weights, problem.second_weights

    def gain(site: int) -> float:
        points = seen[site]
        already = times[points]
        return float(first[points[already == 0]].sum() + second[points[already == 1]].sum())

    queue = [(-gain(s), int(problem.site_rank[s]), s, 0) for s in seen]
    heapq.heapify(queue)
    sites: list[int] = []
    gains: list[float] = []
    while queue:
        value, rank, site, when = heapq.heappop(queue)
        if when < len(sites):
            heapq.heappush(queue, (-gain(site), rank, site, len(sites)))
            continue
        sites.append(site)
        gains.append(-value)
        times[seen[site]] += 1
    return np.asarray(sites, dtype=np.int64), np.asarray(gains)
