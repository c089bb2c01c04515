"""The certificate of a plan: prices that prove its bound on the caller's own matrix."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from layers.coverage.siting.problem import CoverageProblem, FloatArray, IntArray


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
    return first + problem.backup_share * float(problem.weights[times >= 2].sum())


def proven_bound(
    problem: CoverageProblem, point_prices: FloatArray, rupiah_price: float = 0.0
) -> float:
    """Upper bound on the objective of every feasible plan, from any prices.

    Lagrangian relaxation of the covering rows and the budget (Geoffrion 1974,
    doi:10.1007/BFb0120690): what is left over of each weight, plus the best that the poles can earn
    at these prices within the number of sites, plus the priced budget. Prices are clipped to
    [0, weight] (missing ones to 0), so that no input can make the bound invalid.
    """
    weights = problem.weights
    prices = np.clip(np.nan_to_num(np.asarray(point_prices, dtype=np.float64)), 0.0, weights)
    mu = max(0.0, float(rupiah_price)) if problem.budget_idr is not None else 0.0
    mu = mu if np.isfinite(mu) else 0.0
    bound = float((weights - prices).sum())
    bound += float(np.maximum(problem.backup_share * weights - prices, 0.0).sum())
    earns = problem.covers @ prices - mu * problem.option_cost_idr
    order = np.lexsort((-earns, problem.option_site))
    site, earns = problem.option_site[order], earns[order]
    rank = np.arange(len(order)) - np.searchsorted(site, site)
    kept = rank < problem.cameras_per_site
    kept &= (earns > 0) | (rank == 0)
    value = np.bincount(site[kept], weights=earns[kept], minlength=problem.n_sites)
    value = value - mu * problem.site_cost_idr
    required = np.zeros(problem.n_sites, dtype=bool)
    required[problem.required_sites] = True
    free = ~required
    free[problem.forbidden_sites] = False
    others = np.sort(np.maximum(value[free], 0.0))[::-1]
    if problem.max_sites is not None:
        others = others[: max(0, problem.max_sites - int(required.sum()))]
    bound += float(value[required].sum()) + float(others.sum())
    return bound + (mu * problem.budget_idr if problem.budget_idr is not None else 0.0)


def certificate_export(certificate: Certificate, problem: CoverageProblem, path: Path) -> None:
    """Write certificate and unmerged problem as one .npz that docs/verify_certificate.py reads."""
    limits = {
        "budget_idr": problem.budget_idr,
        "max_sites": problem.max_sites,
        "cameras_per_site": problem.cameras_per_site,
        "backup_share": problem.backup_share,
        "objective": certificate.objective,
        "bound": certificate.bound,
    }
    arrays: dict[str, Any] = {
        "indptr": problem.covers.indptr,
        "indices": problem.covers.indices,
        "weights": problem.weights,
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
