"""The certificate, checked by the separate script on the unmerged matrix, whole and spoiled."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.siting.instances import instance
from layers.coverage.siting import (
    CoverageProblem,
    certificate_export,
    certify,
    proven_bound,
    solve_coverage,
)
from tests.oracles.siting import best_by_enumeration, objective_of, random_problem


def verdict(root: Path, path: Path) -> dict[str, object]:
    """What the separate script prints about an exported certificate."""
    run = subprocess.run(
        [sys.executable, str(root / "docs" / "verify_certificate.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    answer: dict[str, object] = json.loads(run.stdout)
    assert run.returncode == (0 if answer["ok"] else 1)
    return answer


@pytest.mark.parametrize(
    ("headings", "limits"),
    [
        (False, {"max_sites": 12}),
        (False, {"budget_idr": 700_000_000}),
        (True, {"budget_idr": 500_000_000, "required_sites": [3], "forbidden_sites": [4, 5]}),
        (True, {"max_sites": 6, "backup_share": 0.4}),
    ],
)
def test_separate_script_verifies_on_the_unmerged_matrix(
    project_root: Path, tmp_path: Path, headings: bool, limits: dict[str, object]
) -> None:
    problem = instance(candidates=120, points=2000, seed=3, headings=headings, models=2, **limits)
    solution = solve_coverage(problem, gap=0.0)
    path = tmp_path / "plan.npz"
    certificate_export(solution.certificate, problem, path)
    answer = verdict(project_root, path)
    assert answer["ok"] is True
    assert answer["feasible"] is True
    assert answer["objective"] == pytest.approx(solution.objective, rel=1e-12)
    assert answer["bound"] == pytest.approx(solution.certificate.bound, rel=1e-9)
    assert solution.certificate.bound <= solution.objective * 1.02
    assert solution.classes < problem.n_points


def test_the_script_catches_false_claims(project_root: Path, tmp_path: Path) -> None:
    problem = instance(candidates=80, points=1000, seed=1, budget_idr=400_000_000)
    certificate = solve_coverage(problem).certificate
    spared = np.setdiff1d(np.arange(problem.n_options), certificate.options)
    for lie in (
        replace(certificate, objective=certificate.objective * 1.01),
        replace(certificate, bound=certificate.bound * 0.99),
        replace(certificate, options=spared[:40]),
        replace(certificate, options=certificate.options[1:]),
    ):
        path = tmp_path / "lie.npz"
        certificate_export(lie, problem, path)
        assert verdict(project_root, path)["ok"] is False


def test_a_spoiled_certificate_is_weaker_and_still_valid() -> None:
    rng = np.random.default_rng(8)
    weaker = 0
    for number in range(60):
        problem = random_problem(
            rng, CoverageProblem, sites=5, options=7, points=14, money=bool(number % 2)
        )
        best = best_by_enumeration(problem)
        assert best is not None
        good = solve_coverage(problem, gap=0.0).certificate
        assert good.bound >= best - 1e-9
        for _ in range(8):
            prices = good.point_prices * rng.uniform(0, 2, problem.n_points)
            prices[rng.random(problem.n_points) < 0.2] = rng.choice([np.nan, -5.0, 1e9, np.inf])
            mu = good.rupiah_price * float(rng.choice([0.0, 0.5, 3.0, np.nan]))
            spoiled = proven_bound(problem, prices, mu)
            assert spoiled >= best - 1e-9
            weaker += spoiled > good.bound + 1e-9
    assert weaker > 240


def test_the_script_finds_a_spoiled_certificate_weaker_and_still_valid(
    project_root: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    problem = instance(candidates=90, points=1500, seed=2, headings=True, budget_idr=400_000_000)
    solution = solve_coverage(problem, gap=0.0)
    assert solution.status == "optimal"
    for spoil in ("noise", "zero", "nan", "money"):
        prices, money = solution.certificate.point_prices.copy(), solution.certificate.rupiah_price
        if spoil == "noise":
            prices *= rng.uniform(0.3, 1.7, len(prices))
        elif spoil == "zero":
            prices[::3] = 0.0
        elif spoil == "nan":
            prices[::5] = np.nan
        else:
            money *= 3.0
        spoiled = replace(
            solution.certificate, point_prices=prices, rupiah_price=money, bound=float("inf")
        )
        path = tmp_path / f"{spoil}.npz"
        certificate_export(spoiled, problem, path)
        answer = verdict(project_root, path)
        assert answer["ok"] is True
        assert float(str(answer["bound"])) > solution.certificate.bound * (1 + 1e-9)
        assert float(str(answer["bound"])) >= solution.objective


def test_certificate_counts_backup_and_distinct_sites() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        problem = random_problem(rng, CoverageProblem, sites=4, options=8, points=10, money=False)
        options = rng.permutation(8)[:5]
        found = certify(problem, options, problem.weights, 0.0).objective
        assert found == pytest.approx(objective_of(problem, options), abs=1e-9)


def test_the_bound_of_a_pole_pays_overlapping_cameras_once() -> None:
    # Two headings of one pole see the same three points: the pole is worth 3, never 6.
    covers = np.ones((2, 3), dtype=bool)
    from scipy import sparse

    problem = CoverageProblem(
        covers=sparse.csr_matrix(covers),
        weights=np.ones(3),
        option_site=np.array([0, 0]),
        site_cost_idr=np.array([10]),
        option_cost_idr=np.array([1, 1]),
        max_sites=1,
    )
    assert proven_bound(problem, np.ones(3)) == 3.0
    assert proven_bound(problem, np.full(3, 0.5)) == 3.0
    assert proven_bound(problem, np.zeros(3)) == 3.0
