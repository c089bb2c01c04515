"""What must not change an answer: order and splitting of demand, hashes, threads, repetition."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from benchmarks.siting.instances import instance
from layers.coverage.siting import CoverageProblem, Solution, merge, outdone, solve_coverage


def fingerprint(solution: Solution) -> str:
    """Hash of everything in a solution but the seconds."""
    digest = hashlib.sha256()
    for part in (
        solution.sites,
        solution.options,
        solution.gains,
        solution.certificate.point_prices,
    ):
        digest.update(part.tobytes())
    digest.update(repr((solution.objective, solution.bound, solution.status)).encode())
    return digest.hexdigest()


def town(**limits: object) -> CoverageProblem:
    return instance(candidates=250, points=5000, seed=9, headings=True, models=2, **limits)


def test_reordering_demand_changes_nothing() -> None:
    problem = town(max_sites=15)
    order = np.random.default_rng(1).permutation(problem.n_points)
    shuffled = replace(problem, covers=problem.covers[:, order], weights=problem.weights[order])
    before, after = solve_coverage(problem, gap=0.001), solve_coverage(shuffled, gap=0.001)
    assert before.options.tolist() == after.options.tolist()
    assert before.objective == pytest.approx(after.objective, rel=1e-12)
    assert before.bound == pytest.approx(after.bound, rel=1e-12)
    assert before.status == after.status


def test_splitting_demand_changes_nothing() -> None:
    problem = town(budget_idr=900_000_000)
    rng = np.random.default_rng(2)
    part = rng.random(problem.n_points)
    split = replace(
        problem,
        covers=sparse.hstack([problem.covers, problem.covers, problem.covers[:, :7]]).tocsr(),
        weights=np.concatenate([problem.weights * part, problem.weights * (1 - part), np.zeros(7)]),
    )
    before, after = solve_coverage(problem, gap=0.001), solve_coverage(split, gap=0.001)
    assert before.options.tolist() == after.options.tolist()
    assert before.objective == pytest.approx(after.objective, rel=1e-9)
    assert before.bound == pytest.approx(after.bound, rel=1e-9)


def test_reordering_candidates_changes_nothing_where_they_have_ids() -> None:
    problem = town(max_sites=12)
    problem = replace(
        problem,
        site_ids=[f"S{s:04d}" for s in range(problem.n_sites)],
        option_ids=[f"O{c:05d}" for c in range(problem.n_options)],
    )
    rng = np.random.default_rng(3)
    sites, options = rng.permutation(problem.n_sites), rng.permutation(problem.n_options)
    place = np.argsort(sites)
    shuffled = CoverageProblem(
        covers=problem.covers[options],
        weights=problem.weights,
        option_site=place[problem.option_site[options]],
        site_cost_idr=problem.site_cost_idr[sites],
        option_cost_idr=problem.option_cost_idr[options],
        max_sites=12,
        site_ids=[f"S{s:04d}" for s in sites],
        option_ids=[f"O{c:05d}" for c in options],
    )
    before, after = solve_coverage(problem, gap=0.001), solve_coverage(shuffled, gap=0.001)
    assert before.options.tolist() == options[after.options].tolist()
    assert before.sites.tolist() == sites[after.sites].tolist()


def test_ties_go_to_the_lowest_id() -> None:
    covers = sparse.csr_matrix(np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=bool))
    for ids, expected in (((0, 1, 2, 3), [0, 2]), ((9, 8, 7, 6), [3, 1])):
        problem = CoverageProblem(
            covers=covers,
            weights=np.array([1.0, 1.0]),
            option_site=np.arange(4),
            site_cost_idr=np.ones(4, dtype=np.int64),
            option_cost_idr=np.ones(4, dtype=np.int64),
            max_sites=2,
            site_ids=ids,
        )
        assert solve_coverage(problem, gap=0.0).sites.tolist() == expected


def test_equal_hashes_are_compared_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = instance(candidates=60, points=1200, seed=9, headings=True, models=2, max_sites=8)
    honest = solve_coverage(problem, gap=0.001)
    dense = problem.covers[:, :900]
    groups, merged = merge.merge_columns(dense)
    monkeypatch.setattr(merge, "hash_keys", lambda n: np.zeros(n, dtype=np.uint64))
    forced, forced_merged = merge.merge_columns(dense)
    assert merged.shape == forced_merged.shape
    rebuilt = forced_merged.toarray()[:, forced]
    assert (rebuilt == dense.toarray()).all()
    assert (merged.toarray()[:, groups] == dense.toarray()).all()
    order = np.random.default_rng(0).permutation(900)
    again, again_merged = merge.merge_columns(dense[:, order])
    assert (again == forced[order]).all()
    assert (again_merged != forced_merged).nnz == 0
    monkeypatch.setattr(outdone, "hash_keys", lambda n: np.zeros(n, dtype=np.uint64))
    lone = instance(candidates=90, points=1200, seed=9, max_sites=8)
    rows = merge.reduce_problem(lone).option_index
    monkeypatch.undo()
    assert merge.reduce_problem(lone).option_index.tolist() == rows.tolist()
    assert len(rows) < lone.n_options
    monkeypatch.setattr(merge, "hash_keys", lambda n: np.zeros(n, dtype=np.uint64))
    collided = solve_coverage(problem, gap=0.001)
    assert collided.classes == honest.classes
    assert collided.objective == pytest.approx(honest.objective, rel=2e-3)


def test_merged_classes_equal_a_plain_grouping() -> None:
    rng = np.random.default_rng(6)
    covers = sparse.csr_matrix(rng.random((12, 400)) < 0.12)
    groups, merged = merge.merge_columns(covers)
    plain = {}
    for column in covers.toarray().T:
        plain.setdefault(column.tobytes(), len(plain))
    assert merged.shape[1] == len(plain)
    assert (merged.toarray()[:, groups] == covers.toarray()).all()


def test_an_option_that_another_at_its_site_outdoes_is_dropped_but_ties_stay_one() -> None:
    covers = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 1]], dtype=bool)
    problem = CoverageProblem(
        covers=sparse.csr_matrix(covers),
        weights=np.ones(3),
        option_site=np.array([0, 0, 0, 1]),
        site_cost_idr=np.array([5, 5]),
        option_cost_idr=np.array([3, 3, 3, 1]),
        budget_idr=100,
    )
    assert merge.reduce_problem(problem).option_index.tolist() == [0, 3]
    cheap = replace(problem, option_cost_idr=np.array([3, 1, 3, 1]))
    assert merge.reduce_problem(cheap).option_index.tolist() == [0, 1, 3]


def test_the_same_seed_gives_the_same_bytes_on_one_thread_or_two() -> None:
    problem = town(budget_idr=900_000_000)
    alone = [fingerprint(solve_coverage(problem, gap=0.0005, seed=4)) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        together = list(
            pool.map(lambda s: fingerprint(solve_coverage(problem, gap=0.0005, seed=s)), [4, 4])
        )
    assert len({*alone, *together}) == 1


def test_the_same_seed_gives_the_same_bytes_in_another_process(project_root: Path) -> None:
    program = (
        "from tests.coverage.siting.test_siting_invariance import *\n"
        "print(fingerprint(solve_coverage(town(max_sites=10), gap=0.0005, seed=7)))"
    )
    prints = set()
    for threads in ("1", "2"):
        env = dict(
            os.environ, NUMBA_NUM_THREADS=threads, OMP_NUM_THREADS=threads, PYTHONHASHSEED=threads
        )
        run = subprocess.run(
            [sys.executable, "-c", program],
            cwd=project_root,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        prints.add(run.stdout.strip())
    assert len(prints) == 1
