"""Candidates that another one outdoes, and that no good plan needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.siting.matrices import contains, csr_parts, hash_keys, transposed
from layers.coverage.siting.problem import CoverageProblem, IntArray

#: Other sites a lone option is compared with before it is kept.
OUTDONE_TRIES = 200


def distinct_options(
    problem: CoverageProblem, options: IntArray, required: NDArray[np.bool_]
) -> IntArray:
    """Options but those alone at their site that see exactly what a lone, no dearer one sees: a
    short cut through `needed_sites` while the matrix is large."""
    if problem.second_weights.any() or not len(options):
        return options
    site = problem.option_site[options]
    alone = np.bincount(site, minlength=problem.n_sites)[site] == 1
    price = problem.option_cost_idr[options] + problem.site_cost_idr[site]
    rows = options[alone]
    indptr, indices = csr_parts(problem.covers)
    hashes = _row_hashes(indptr, indices, hash_keys(problem.n_points), rows)
    order = np.argsort(hashes, kind="stable")
    out = _repeated(indptr, indices, rows, hashes, order, required[site[alone]], price[alone])
    keep = np.ones(len(options), dtype=bool)
    keep[np.flatnonzero(alone)[out]] = False
    return options[keep]


@njit(cache=True, nogil=True)
def _row_hashes(indptr, indices, keys, rows):  # type: ignore[no-untyped-def]
    hashes = np.zeros(len(rows), dtype=np.uint64)
    for i in range(len(rows)):
        total = np.uint64(0)
        for j in range(indptr[rows[i]], indptr[rows[i] + 1]):
            total += keys[indices[j]]
        hashes[i] = total
    return hashes


@njit(cache=True, nogil=True)
def _repeated(indptr, indices, rows, hashes, order, fixed, price):  # type: ignore[no-untyped-def]
    """Rows equal, element by element, to one that stays: the cheapest of them, then the first."""
    n = len(order)
    out = np.zeros(n, dtype=np.bool_)
    i = 0
    while i < n:
        j = i
        while j < n and hashes[order[j]] == hashes[order[i]]:
            a = order[j]
            low, high = indptr[rows[a]], indptr[rows[a] + 1]
            for k in range(i, j):
                b = order[k]
                first = indptr[rows[b]]
                if out[b] or indptr[rows[b] + 1] - first != high - low:
                    continue
                equal = True
                for e in range(high - low):
                    if indices[low + e] != indices[first + e]:
                        equal = False
                        break
                if not equal:
                    continue
                if not fixed[a] and price[b] <= price[a]:
                    out[a] = True
                    break
                if not fixed[b] and price[a] < price[b]:
                    out[b] = True
            j += 1
        i = j
    return out


def needed_sites(
    problem: CoverageProblem, options: IntArray, merged: Any, required: NDArray[np.bool_]
) -> IntArray:
    """Options but those alone at their site which another such one outdoes: to build that instead,
    or to leave the site out where both were built, is as good in every plan."""
    everything = np.arange(len(options))
    if problem.second_weights.any() or not len(options):
        return everything
    site = problem.option_site[options]
    alone = np.bincount(site, minlength=problem.n_sites)[site] == 1
    price = problem.option_cost_idr[options] + problem.site_cost_idr[site]
    out = _outdone(
        *csr_parts(merged), *csr_parts(transposed(merged)), alone, required[site], price,
        problem.budget_idr is not None, OUTDONE_TRIES,
    )  # fmt: skip
    return everything[~out]


@njit(cache=True, nogil=True)
def _outdone(indptr, indices, seen_indptr, seen_indices, alone, fixed, price, money, tries):  # type: ignore[no-untyped-def]
    """Lone options whose cover set another lone one contains, at no higher price where money
    counts; of equal ones the cheapest stays, then the first. Gives up on one after `tries`."""
    out = np.zeros(len(price), dtype=np.bool_)
    for a in range(len(price)):
        low, high = indptr[a], indptr[a + 1]
        if not alone[a] or fixed[a] or low == high:
            continue
        rarest, fewest = -1, len(price) + 1
        for j in range(low, high):
            count = seen_indptr[indices[j] + 1] - seen_indptr[indices[j]]
            if count < fewest:
                rarest, fewest = indices[j], count
        tried = 0
        for i in range(seen_indptr[rarest], seen_indptr[rarest + 1]):
            b = seen_indices[i]
            more = (indptr[b + 1] - indptr[b]) - (high - low)
            if b == a or not alone[b] or out[b] or more < 0 or (money and price[b] > price[a]):
                continue
            if more == 0 and (price[b] > price[a] or (price[b] == price[a] and b > a)):
                continue
            tried += 1
            if tried > tries:
                break
            if contains(indptr, indices, b, a):
                out[a] = True
                break
    return out
