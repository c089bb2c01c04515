"""Compiling the siting kernels ahead of their first use, so that no plan's time limit pays for it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import sparse

from layers.coverage.siting import CoverageProblem, solve_coverage, warm_up
from layers.coverage.siting.run import SMALL


@lru_cache(maxsize=1)
def siting_compile() -> None:
    """Take one made-up problem through greedy, prices and search, then stop; the kernels that
    only other problems need after that."""
    random = np.random.default_rng(1)
    sites, points = SMALL // 4 + 20, 300
    options = np.repeat(np.arange(sites), 5)
    place = random.integers(0, points, (len(options), 6))
    covers = sparse.csr_matrix(
        (np.ones(place.size, dtype=bool), (np.repeat(np.arange(len(options)), 6), place.ravel())),
        shape=(len(options), points),
    )
    problem = CoverageProblem(
        covers=covers,
        weights=random.random(points),
        option_site=options,
        site_cost_idr=np.full(sites, 25, dtype=np.int64),
        option_cost_idr=random.integers(3, 20, len(options)),
        budget_idr=800,
        max_sites=20,
    )
    phases: list[str] = []
    solve_coverage(
        problem,
        time_limit_s=600.0,
        on_progress=lambda step: phases.append(step.phase),
        should_stop=lambda: "search" in phases,
    )
    warm_up()
