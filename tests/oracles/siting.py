"""Slow independent answers for siting: every plan tried, and the plain programme by HiGHS."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def objective_of(problem: Any, options: Any) -> float:
    """Covered weight, point by point in plain Python."""
    dense = problem.covers.toarray()
    second = problem.backup_weights
    if second is None:
        second = [problem.backup_share * weight for weight in problem.weights]
    total = 0.0
    for i, weight in enumerate(problem.weights):
        sites = {int(problem.option_site[c]) for c in options if dense[c, i]}
        total += weight * (len(sites) >= 1) + second[i] * (len(sites) >= 2)
    return float(total)


def is_feasible(problem: Any, options: Any) -> bool:
    """True where a selection keeps every limit, counted in Python integers."""
    at: dict[int, int] = {}
    cost = 0
    for c in options:
        site = int(problem.option_site[c])
        if site not in at:
            cost += int(problem.site_cost_idr[site])
        at[site] = at.get(site, 0) + 1
        cost += int(problem.option_cost_idr[c])
    return (
        len(set(map(int, options))) == len(options)
        and (problem.budget_idr is None or cost <= problem.budget_idr)
        and (problem.max_sites is None or len(at) <= problem.max_sites)
        and all(
            n
            <= (
                problem.cameras_per_site
                if problem.site_cameras is None
                else problem.site_cameras[s]
            )
            for s, n in at.items()
        )
        and {int(s) for s in problem.required_sites} <= set(at)
        and not {int(s) for s in problem.forbidden_sites} & set(at)
    )


def best_by_enumeration(problem: Any) -> float | None:
    """Best objective over every subset of options, None where none is feasible."""
    best = None
    n = problem.n_options
    for size in range(n + 1):
        for options in itertools.combinations(range(n), size):
            if is_feasible(problem, options):
                value = objective_of(problem, options)
                best = value if best is None else max(best, value)
    return best


def random_problem(
    rng: np.random.Generator,
    make: Any,
    *,
    sites: int,
    options: int,
    points: int,
    money: bool,
    density: float = 0.25,
    backup: bool = True,
) -> Any:
    """A small random problem; `make` is the problem class."""
    from scipy import sparse

    covers = sparse.csr_matrix(rng.random((options, points)) < density)
    required = rng.permutation(sites)[: rng.integers(0, 2)]
    forbidden = np.setdiff1d(rng.permutation(sites)[: rng.integers(0, 2)], required)
    option_site = rng.integers(0, sites, options)
    required = np.intersect1d(required, option_site)
    site_cost = rng.integers(0, 60, sites) * 1_000_000
    option_cost = rng.integers(1, 25, options) * 500_000
    budget = None
    if money:
        floor = sum(int(site_cost[s]) + int(option_cost[option_site == s].min()) for s in required)
        budget = floor + int(rng.integers(0, 250)) * 1_000_000 + int(rng.integers(0, 3))
    weights = np.where(rng.random(points) < 0.1, 0, rng.integers(1, 50, points)) * 0.5
    apart = rng.random() < 0.4
    return make(
        covers=covers,
        weights=weights,
        option_site=option_site,
        site_cost_idr=site_cost,
        option_cost_idr=option_cost,
        budget_idr=budget,
        max_sites=None if money and rng.random() < 0.5 else int(rng.integers(1, sites + 1)),
        cameras_per_site=int(rng.integers(1, 4)),
        required_sites=required,
        forbidden_sites=forbidden,
        backup_share=float(rng.choice([0.0, 0.0, 0.3])) if backup else 0.0,
        site_cameras=rng.integers(1, 4, sites) if apart else None,
        backup_weights=weights * rng.choice([0.0, 0.3, 1.0], points)
        if backup and rng.random() < 0.3
        else None,
    )
