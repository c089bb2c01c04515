"""Plans beside every plan there is: enumeration, the plain programme, published answers."""

from __future__ import annotations

import csv
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, sparse

from benchmarks.siting.instances import instance
from layers.coverage.siting import (
    CoverageProblem,
    merge,
    run,
    sifting,
    solve_coverage,
    solve_fewest_sites,
)
from layers.errors import Infeasible
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


def plain_programme(problem: CoverageProblem) -> float:
    """Optimum of the textbook programme, a row for each point, by scipy's own solver interface."""
    options, points = problem.covers.shape
    sites = problem.n_sites
    y, z, x = options, options + sites, options + sites + points
    cost = np.concatenate([np.zeros(z), -problem.weights])
    eye = sparse.identity
    pole = sparse.csr_matrix(
        (np.ones(options), (np.arange(options), problem.option_site)), shape=(options, sites)
    )
    rows = [
        (
            sparse.hstack(
                [
                    problem.covers.T.astype(float) * -1,
                    sparse.csr_matrix((points, sites)),
                    eye(points),
                ]
            ),
            0.0,
        ),
        (sparse.hstack([eye(options), -pole, sparse.csr_matrix((options, points))]), 0.0),
        (
            sparse.hstack(
                [pole.T, -problem.cameras_per_site * eye(sites), sparse.csr_matrix((sites, points))]
            ),
            0.0,
        ),
    ]
    money = np.concatenate([problem.option_cost_idr, problem.site_cost_idr, np.zeros(points)])
    if problem.budget_idr is not None:
        rows.append((sparse.csr_matrix(money / 1e6), problem.budget_idr / 1e6))
    if problem.max_sites is not None:
        count = np.concatenate([np.zeros(y), np.ones(sites), np.zeros(points)])
        rows.append((sparse.csr_matrix(count), float(problem.max_sites)))
    result = optimize.milp(
        cost,
        constraints=[optimize.LinearConstraint(a, -np.inf, b) for a, b in rows],
        integrality=np.concatenate([np.ones(z), np.zeros(points)]),
        bounds=optimize.Bounds(np.zeros(x), np.ones(x)),
        options={"mip_rel_gap": 0.0},
    )
    return float(-result.fun)


@pytest.mark.parametrize(
    ("headings", "limits"),
    [
        (False, {"max_sites": 7}),
        (False, {"budget_idr": 400_000_000}),
        (True, {"max_sites": 5, "cameras_per_site": 3}),
        (True, {"budget_idr": 350_000_000, "max_sites": 9}),
    ],
)
def test_larger_instances_equal_a_plain_solver_run(headings: bool, limits: dict[str, int]) -> None:
    problem = instance(candidates=60, points=600, seed=5, headings=headings, models=2, **limits)
    solution = solve_coverage(problem, gap=0.0)
    assert solution.status == "optimal"
    assert is_feasible(problem, solution.options)
    assert solution.objective == pytest.approx(plain_programme(problem), rel=1e-6)


def test_fewest_sites_equal_enumeration() -> None:
    rng = np.random.default_rng(11)
    for number in range(25):
        problem = random_problem(
            rng,
            CoverageProblem,
            sites=6,
            options=8,
            points=12,
            money=False,
            density=0.35,
            backup=False,
        )
        problem = replace(problem, max_sites=None, backup_share=0.0)
        reachable = solve_coverage(replace(problem, max_sites=problem.n_sites), gap=0.0).objective
        total = float(problem.weights.sum())
        share = float(rng.choice([0.5, 0.8, 1.0])) * reachable / total
        if share == 0.0:
            continue
        # A share between two reachable values: rounding cannot decide.
        share *= 1.0 - 1e-6
        answer = solve_fewest_sites(problem, share=share, seed=number)
        best = next(
            p
            for p in range(problem.n_sites + 1)
            if (best_by_enumeration(replace(problem, max_sites=p)) or 0.0) >= share * total
            and p >= len(problem.required_sites)
        )
        assert answer.site_count == answer.least == max(1, best)
        assert answer.status == "optimal"
        assert answer.share >= share - 1e-9
        assert is_feasible(problem, answer.plan.options)
        if answer.exclusion is not None:
            fewer = replace(problem, max_sites=answer.site_count - 1)
            assert answer.exclusion.bound < share * total
            assert (best_by_enumeration(fewer) or 0.0) <= answer.exclusion.bound + 1e-9


def test_a_share_out_of_reach_is_refused_with_the_share_that_can_be_had() -> None:
    problem = CoverageProblem(
        covers=sparse.csr_matrix(np.array([[1, 1, 0]], dtype=bool)),
        weights=np.array([1.0, 2.0, 1.0]),
        option_site=np.array([0]),
        site_cost_idr=np.array([1]),
        option_cost_idr=np.array([1]),
    )
    with pytest.raises(Infeasible, match=r"75\.0000%.*100\.0000%"):
        solve_fewest_sites(problem)
    assert solve_fewest_sites(problem, share=0.75).site_count == 1


def san_francisco(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Network distances sites × tracts in metres and the tracts' population."""
    with (folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (folder / "SF_demand_205_centroid_uniform_weight.csv").open() as file:
        people = {row["NAME"]: float(row["POP2000"]) for row in csv.DictReader(file)}
    sites = sorted({row["name"] for row in rows})
    tracts = sorted({row["DestinationName"] for row in rows})
    metres = np.full((len(sites), len(tracts)), np.inf)
    for row in rows:
        metres[sites.index(row["name"]), tracts.index(row["DestinationName"])] = float(
            row["distance"]
        )
    return metres, np.array([people[tract] for tract in tracts])


@pytest.mark.real_data
def test_published_san_francisco_case(shared_data: Path) -> None:
    """The case of Chen, Murray & Jiang 2021 (doi:10.1007/s10109-021-00350-w), 5,000 m: with four
    stores spopt's own tests state 21 tracts uncovered and 89.756 % of the tracts covered."""
    import pulp
    from spopt.locate import LSCP, MCLP

    metres, people = san_francisco(shared_data / "coverage_mclp_sf")
    assert metres.shape == (16, 205)
    stores = CoverageProblem(
        covers=sparse.csr_matrix(metres <= 5000.0),
        weights=people,
        option_site=np.arange(16),
        site_cost_idr=np.zeros(16, dtype=np.int64),
        option_cost_idr=np.zeros(16, dtype=np.int64),
    )
    four = solve_coverage(replace(stores, max_sites=4), gap=0.0)
    covered = int((metres[four.options] <= 5000.0).any(axis=0).sum())
    assert (205 - covered, covered / 205 * 100) == (21, pytest.approx(89.75609756097561))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for p in (1, 2, 3, 4, 6, 8):
            peer = MCLP.from_cost_matrix(metres.T, people, 5000.0, p)
            peer = peer.solve(pulp.PULP_CBC_CMD(msg=False))
            ours = solve_coverage(replace(stores, max_sites=p), gap=0.0)
            assert ours.status == "optimal"
            assert ours.objective == pytest.approx(peer.problem.objective.value(), rel=1e-9)
        cover = LSCP.from_cost_matrix(metres.T, 5000.0).solve(pulp.PULP_CBC_CMD(msg=False))
    fewest = solve_fewest_sites(stores)
    assert fewest.site_count == fewest.least == round(cover.problem.objective.value()) == 8
    assert fewest.exclusion is not None
    assert fewest.exclusion.bound < fewest.target


def test_sites_that_another_outdoes_are_left_out_and_change_nothing() -> None:
    rng = np.random.default_rng(21)
    fewer = 0
    for number in range(40):
        sites, points = 9, 12
        base = rng.random((4, points)) < 0.4
        rows = [base[rng.integers(4)] & (rng.random(points) < 0.8) for _ in range(sites)]
        problem = CoverageProblem(
            covers=sparse.csr_matrix(np.array(rows)),
            weights=rng.integers(1, 9, points).astype(float),
            option_site=np.arange(sites),
            site_cost_idr=rng.integers(1, 4, sites),
            option_cost_idr=rng.integers(1, 3, sites),
            max_sites=int(rng.integers(1, 4)),
            budget_idr=int(rng.integers(2, 14)) if number % 2 else None,
            required_sites=[],
        )
        reduced = merge.reduce_problem(problem)
        fewer += len(reduced.option_index) < int((problem.covers.sum(axis=1) > 0).sum())
        solution = solve_coverage(problem, gap=0.0)
        assert solution.status == "optimal"
        assert solution.objective == pytest.approx(best_by_enumeration(problem), abs=1e-9)
        assert solution.certificate.bound >= solution.objective - 1e-9
    assert fewer > 20


@pytest.mark.parametrize("limits", [{"max_sites": 12}, {"budget_idr": 700_000_000}])
def test_sifting_gives_what_the_whole_problem_gives(
    limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = instance(candidates=400, points=8000, seed=4, headings=True, models=2, **limits)
    whole = solve_coverage(problem, gap=0.0, time_limit_s=1800.0)
    monkeypatch.setattr(run, "MANY", 10)
    monkeypatch.setattr(run, "MANY_LINEAR", 10)
    monkeypatch.setattr(sifting, "SIFT_SITES", 40)
    monkeypatch.setattr(sifting, "SIFT_MOST", 20)
    steps: list[str] = []
    sifted = solve_coverage(
        problem, gap=0.0, time_limit_s=1800.0, on_progress=lambda step: steps.append(step.phase)
    )
    assert "sifting" in steps
    assert (whole.status, sifted.status) == ("optimal", "optimal")
    assert sifted.objective == pytest.approx(whole.objective, rel=1e-6)
    assert sifted.bound >= whole.objective * (1 - 1e-9)
    assert sifted.certificate.bound >= whole.objective * (1 - 1e-9)
    assert is_feasible(problem, sifted.options)
