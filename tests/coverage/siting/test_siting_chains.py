"""Cover sets written as differences: the same sets, the same programme, whatever the hashes say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from layers.coverage.siting import CoverageProblem, chains, solve_coverage
from layers.coverage.siting.chains import Chains, chains_of
from layers.coverage.siting.exact import Programme
from layers.coverage.siting.merge import reduce_problem


def rebuilt(found: Chains) -> dict[int, set[int]]:
    """The rows that a set of chains stands for, added up from the roots one by one."""
    rows: dict[int, set[int]] = {}
    for position, (row, parent) in enumerate(zip(found.rows, found.parent, strict=True)):
        own = set() if parent < 0 else set(rows[int(parent)])
        for j in np.flatnonzero(found.at == position):
            column = int(found.column[j])
            assert (column in own) == (found.sign[j] < 0)
            own ^= {column}
        rows[int(row)] = own
    return rows


def intervals(rng: np.random.Generator, places: int, views: int, length: int) -> sparse.csr_matrix:
    """Places along a street (rows) and the stretches of it that views see (columns), shuffled."""
    start = rng.integers(0, places - length, views)
    dense = np.zeros((places, views), dtype=bool)
    for column, first in enumerate(start):
        dense[first : first + length, column] = True
    return sparse.csr_matrix(dense[rng.permutation(places)])


@pytest.mark.parametrize("weak", [False, True])
def test_chains_stand_for_the_very_same_rows(weak: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if weak:
        # Keys so poor that most equal hashes belong to different sets.
        monkeypatch.setattr(
            chains, "hash_keys", lambda count: np.arange(count, dtype=np.uint64) % np.uint64(3)
        )
    rng = np.random.default_rng(5)
    linked = 0
    for _ in range(20):
        rows = intervals(rng, 120, 60, 40)
        found = chains_of(rows)
        linked += int((found.parent >= 0).sum())
        for row, columns in rebuilt(found).items():
            assert columns == set(rows.indices[rows.indptr[row] : rows.indptr[row + 1]].tolist())
    assert linked > (50 if weak else 1000)


def test_rows_that_share_little_are_left_alone() -> None:
    rng = np.random.default_rng(6)
    assert not len(chains_of(sparse.csr_matrix(rng.random((80, 60)) < 0.3)).rows)
    assert not len(chains_of(sparse.csr_matrix((5, 4), dtype=bool)).rows)
    assert not len(chains_of(sparse.csr_matrix((0, 0), dtype=bool)).rows)


def relaxed(problem: CoverageProblem) -> float:
    """The optimum of the textbook relaxation, every point and camera for itself, by scipy."""
    options, points, sites = problem.n_options, problem.n_points, problem.n_sites
    pairs = sorted(
        {
            (int(problem.option_site[c]), int(i))
            for c, i in zip(*problem.covers.nonzero(), strict=True)
        }
    )
    x, x2, y, z = 0, points, 2 * points, 2 * points + options
    u = z + sites
    size = u + len(pairs)
    upper: list[dict[int, float]] = []
    limit: list[float] = []

    def row(terms: dict[int, float], most: float = 0.0) -> None:
        upper.append(terms)
        limit.append(most)

    for i in range(points):
        seen = {u + j: -1.0 for j, (_, point) in enumerate(pairs) if point == i}
        row({x + i: 1.0, x2 + i: 1.0, **seen})
    dense = problem.covers.toarray()
    for j, (site, i) in enumerate(pairs):
        own = np.flatnonzero((problem.option_site == site) & dense[:, i])
        row({u + j: 1.0, **{y + int(c): -1.0 for c in own}})
        row({u + j: 1.0, z + site: -1.0})
    for c in range(options):
        row({y + c: 1.0, z + int(problem.option_site[c]): -1.0})
    for s in range(sites):
        own = np.flatnonzero(problem.option_site == s)
        row({**{y + int(c): 1.0 for c in own}, z + s: -float(problem.most_cameras[s])})
    row({z + s: 1.0 for s in range(sites)}, float(problem.max_sites or sites))
    at = [i for i, terms in enumerate(upper) for _ in terms]
    columns = [c for terms in upper for c in terms]
    values = [v for terms in upper for v in terms.values()]
    matrix = sparse.csr_matrix((values, (at, columns)), shape=(len(upper), size))
    worth = np.zeros(size)
    worth[:points], worth[points : 2 * points] = problem.weights, problem.second_weights
    answer = linprog(-worth, A_ub=matrix, b_ub=limit, bounds=(0.0, 1.0), method="highs")
    return float(-answer.fun)


@pytest.mark.parametrize("headings", [False, True])
@pytest.mark.parametrize("backup", [0.0, 0.4])
def test_the_programme_has_the_optimum_of_the_textbook_one(headings: bool, backup: float) -> None:
    rng = np.random.default_rng(7)
    views = intervals(rng, 150, 60, 45).T
    # One camera a pole, or two of which each sees a good half of what one would.
    half = np.arange(150) < 80
    covers = sparse.vstack([views.multiply(half), views.multiply(~half)]) if headings else views
    problem = CoverageProblem(
        covers=sparse.csr_matrix(covers, dtype=bool),
        weights=rng.integers(1, 50, 150) / 8.0,
        option_site=np.tile(np.arange(60), 2 if headings else 1),
        site_cost_idr=np.zeros(60, dtype=np.int64),
        option_cost_idr=np.zeros(120 if headings else 60, dtype=np.int64),
        max_sites=3,
        backup_share=backup,
    )
    reduced = reduce_problem(problem)
    everything = np.ones(len(reduced.option_index), dtype=bool)
    nothing = np.zeros(len(reduced.site_index), dtype=bool)
    programme = Programme(reduced, everything, nothing)
    assert headings or len(programme.t) > 20
    answer = programme.relax(seconds=600.0, stopped=lambda: False)
    assert answer.bound / reduced.scale == pytest.approx(relaxed(problem), rel=1e-7)
    assert answer.prices is not None
    whole = solve_coverage(problem, gap=0.0, time_limit_s=600.0)
    assert answer.bound / reduced.scale >= whole.objective * (1 - 1e-9)
