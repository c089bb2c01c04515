"""Money, numbers, required and forbidden sites: kept always, and explained where they clash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from benchmarks.siting.instances import instance
from layers.coverage.siting import CoverageProblem, Progress, solve_coverage
from layers.errors import Infeasible, InvalidInput
from tests.oracles.siting import is_feasible, random_problem


def three_sites(**limits: object) -> CoverageProblem:
    """Sites 0, 1, 2 seeing points {0,1}, {1,2}, {3}; each pole 10, each camera 5."""
    return CoverageProblem(
        covers=sparse.csr_matrix(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]], dtype=bool)),
        weights=np.array([4.0, 2.0, 3.0, 1.0]),
        option_site=np.array([0, 1, 2]),
        site_cost_idr=np.array([10, 10, 10]),
        option_cost_idr=np.array([5, 5, 5]),
        **limits,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("block", range(4))
def test_no_budget_is_ever_exceeded(block: int) -> None:
    rng = np.random.default_rng(block)
    for number in range(250):
        problem = random_problem(rng, CoverageProblem, sites=8, options=16, points=20, money=True)
        # Odd prices up to Rp 15 billion, so that a rounded budget row would let one rupiah slip.
        price = rng.integers(1, 15_000_000_000, problem.n_options)
        pole = rng.integers(0, 900_000_007, problem.n_sites)
        least = sum(
            int(pole[s]) + int(price[problem.option_site == s].min())
            for s in problem.required_sites
        )
        budget = least + int(rng.integers(0, 60_000_000_000))
        problem = replace(problem, option_cost_idr=price, site_cost_idr=pole, budget_idr=budget)
        solution = solve_coverage(problem, gap=float(rng.choice([0.0, 0.05])), seed=number)
        assert is_feasible(problem, solution.options)
        assert solution.cost_idr == problem.cost_idr(solution.options) <= budget
        assert solution.bound >= solution.objective


def test_exactly_the_budget_is_allowed_and_one_rupiah_less_is_not() -> None:
    assert solve_coverage(three_sites(budget_idr=30), gap=0.0).objective == 9.0
    assert solve_coverage(three_sites(budget_idr=29), gap=0.0).objective == 6.0


def test_empty_and_generous_limits_have_sensible_answers() -> None:
    for limits in ({"budget_idr": 0}, {"budget_idr": 14}, {"max_sites": 0}):
        nothing = solve_coverage(three_sites(**limits))
        assert (len(nothing.sites), nothing.objective, nothing.cost_idr) == (0, 0.0, 0)
        assert (nothing.status, nothing.bound, nothing.gap) == ("optimal", 0.0, 0.0)
    for limits in ({"max_sites": 99}, {"budget_idr": 10**15}):
        everything = solve_coverage(three_sites(**limits))
        assert sorted(everything.sites) == [0, 1, 2]
        assert everything.objective == everything.bound == 10.0
    with pytest.raises(InvalidInput, match="limit"):
        solve_coverage(three_sites())


def test_no_candidates_and_no_demand() -> None:
    none = CoverageProblem(
        covers=sparse.csr_matrix((0, 3), dtype=bool),
        weights=np.ones(3),
        option_site=np.array([], dtype=np.int64),
        site_cost_idr=np.array([], dtype=np.int64),
        option_cost_idr=np.array([], dtype=np.int64),
        max_sites=3,
    )
    assert solve_coverage(none).objective == 0.0
    idle = replace(three_sites(max_sites=2), weights=np.zeros(4))
    assert len(solve_coverage(idle).sites) == 0


def test_gains_follow_the_building_order_and_add_up() -> None:
    solution = solve_coverage(three_sites(max_sites=3), gap=0.0)
    assert solution.sites.tolist() == [0, 1, 2]
    assert solution.gains.tolist() == [6.0, 3.0, 1.0]


def test_required_and_forbidden_sites_hold() -> None:
    solution = solve_coverage(three_sites(max_sites=1, required_sites=[2]), gap=0.0)
    assert solution.sites.tolist() == [2]
    solution = solve_coverage(three_sites(max_sites=1, forbidden_sites=[0]), gap=0.0)
    assert solution.sites.tolist() == [1]
    blind = replace(three_sites(max_sites=1, required_sites=[2]), weights=np.array([1.0, 1, 1, 0]))
    assert solve_coverage(blind).sites.tolist() == [2]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"budget_idr": 29, "required_sites": [0, 1]}, "Rp 30 .*Rp 29.*raise the budget by Rp 1 "),
        ({"max_sites": 1, "required_sites": [0, 1]}, "2 sites are required but at most 1"),
        ({"max_sites": 2, "required_sites": [1], "forbidden_sites": [1]}, "both required and"),
    ],
)
def test_what_cannot_be_is_explained_with_numbers(limits: dict[str, object], words: str) -> None:
    with pytest.raises(Infeasible) as caught:
        solve_coverage(three_sites(**limits))
    assert caught.match(words) or __import__("re").search(words, str(caught.value))


def test_a_required_site_without_a_camera_is_named() -> None:
    problem = replace(three_sites(max_sites=2), option_site=np.array([0, 1, 1]), required_sites=[2])
    problem = replace(problem, site_ids=["A", "B", "C"])
    with pytest.raises(Infeasible, match=r"no camera option to mount: C"):
        solve_coverage(problem)


@pytest.mark.parametrize("headings", [False, True])
def test_limits_hold_under_every_time_out_and_the_bound_stays_true(headings: bool) -> None:
    problem = instance(
        candidates=300,
        points=6000,
        seed=2,
        headings=headings,
        models=2,
        budget_idr=900_000_000,
        required_sites=[7, 250],
        forbidden_sites=[11, 12, 13],
    )
    optimum = solve_coverage(problem, gap=0.0)
    assert optimum.status == "optimal"
    for limit_s in (0.0, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16):
        solution = solve_coverage(problem, gap=0.0, time_limit_s=limit_s)
        assert is_feasible(problem, solution.options)
        assert solution.objective <= optimum.objective + 1e-6
        assert solution.bound >= optimum.objective - 1e-6
        if solution.gap > 1e-6:
            assert solution.status == "time_limit"
    assert solve_coverage(problem, gap=0.0, time_limit_s=0.0).status == "time_limit"


def test_cancelling_returns_the_best_found_and_never_optimal() -> None:
    problem = instance(candidates=300, points=6000, seed=2, headings=True, models=2, max_sites=20)
    optimum = solve_coverage(problem, gap=0.0).objective
    seen: list[Progress] = []
    for calls in (0, 1, 3, 30):
        count = iter(range(10**9))
        solution = solve_coverage(
            problem,
            gap=0.0,
            should_stop=lambda count=count, calls=calls: next(count) >= calls,  # type: ignore[misc]
            on_progress=seen.append,
        )
        assert solution.status == "cancelled"
        assert is_feasible(problem, solution.options)
        assert solution.objective <= optimum + 1e-6 <= solution.bound + 2e-6
    assert all(p.bound >= p.objective for p in seen)


def test_status_names_what_was_asked_for() -> None:
    problem = instance(candidates=300, points=6000, seed=2, max_sites=20)
    loose = solve_coverage(problem, gap=0.2)
    assert loose.status in ("gap_reached", "optimal")
    assert loose.gap <= 0.2
    assert loose.gap == pytest.approx((loose.bound - loose.objective) / loose.bound)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": [1.0, np.nan, 1, 1]}, "missing or not finite.*point 1"),
        ({"weights": [1.0, 1, -2, 1]}, "negative.*point 2"),
        ({"weights": [1.0, None, 1, 1]}, "missing|no number"),
        ({"weights": [1.0]}, "one weight for each"),
        ({"site_cost_idr": np.array([1.5, 2, 3])}, "whole rupiah"),
        ({"option_cost_idr": np.array([-1, 2, 3])}, "out of range"),
        ({"budget_idr": 1.5}, "whole number"),
        ({"budget_idr": -1}, "out of range"),
        ({"required_sites": [3]}, "not there"),
        ({"site_ids": ["a", "a", "b"]}, "repeats"),
        ({"cameras_per_site": 0}, "at least 1"),
        ({"backup_share": 1.5}, "between 0 and 1"),
    ],
)
def test_unusable_input_is_refused_with_the_value(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        replace(three_sites(max_sites=1), **change)  # type: ignore[arg-type]
