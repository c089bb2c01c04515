"""Plans beside every plan there is: enumeration, the plain programme, published answers."""

from __future__ import annotations

import numpy as np
import pytest

from layers.coverage.siting import CoverageProblem, solve_coverage
from tests.oracles.siting import best_by_enumeration, is_feasible, objective_of, random_problem


@pytest.mark.parametrize("block", range(8))
def test_tiny_instances_equal_enumeration(block: int) -> None:
    rng = np.random.default_rng(1000 + block)
    for number in range(25):
        problem = random_problem(
            rng, CoverageProblem, sites=5, options=8, points=15, money=bool(number % 2)
        )
        best = best_by_enumeration(problem)
        assert best is not None
        solution = solve_coverage(problem, gap=0.0, seed=number)
        assert is_feasible(problem, solution.options)
        assert solution.objective == pytest.approx(best, abs=1e-9)
        assert objective_of(problem, solution.options) == pytest.approx(best, abs=1e-9)
        assert solution.bound >= best - 1e-9
        assert solution.certificate.bound >= best - 1e-9
        assert solution.status == "optimal"
        assert solution.gains.sum() == pytest.approx(solution.objective, abs=1e-9)
