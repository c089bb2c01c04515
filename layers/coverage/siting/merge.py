"""From the caller's matrix to the small one that is solved: merged demand, useful options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from layers.coverage.siting.matrices import (
    column_counts,
    contains,
    csr_parts,
    hash_keys,
    transposed,
)
from layers.coverage.siting.outdone import distinct_options, needed_sites
from layers.coverage.siting.problem import CoverageProblem, FloatArray, IntArray

#: Class weights are counted in units of total weight / 2**(39..40), so that every sum of them is
#: an exact integer in float64 and no answer depends on the order in which demand is listed.
WEIGHT_BITS = 40

#: Options at one site above which the quadratic search for dominated ones is skipped.
DOMINANCE_LIMIT = 256


@dataclass(frozen=True, eq=False)
class Reduced:
    """The problem in canonical order: sites by id, options by site and id, demand classes by
    their cover set. Nothing in it depends on the order of the caller's rows or columns.

    `covers` is options × classes (CSR, int32 indices, sorted), `seen_by` its transpose.
    `first_weight` and `second_weight` are whole numbers in float64, in units of 1/`scale`.
    `site_start[s]:site_start[s + 1]` are the options of site `s`, `cameras[s]` its most cameras. `option_index`, `site_index`
    give the caller's row; `point_class` the class of each demand point, −1 for none.
    """

    covers: Any
    seen_by: Any
    first_weight: FloatArray
    second_weight: FloatArray
    scale: float
    option_site: IntArray
    site_start: IntArray
    option_cost_idr: IntArray
    site_cost_idr: IntArray
    required: NDArray[np.bool_]
    budget_idr: int
    max_sites: int
    cameras: IntArray
    option_index: IntArray
    site_index: IntArray
    point_class: IntArray


def reduce_problem(problem: CoverageProblem) -> Reduced:
    """Merge demand points with equal cover sets and drop what no good plan needs.

    Dropped: forbidden sites, options that cost more than the budget leaves beside the required
    sites, options that see no demand, options dominated at their own site (another one there sees
    at least as much and costs no more), and sites with one option that another such site outdoes
    (where no second site earns anything). A required site always keeps its cheapest option.
    Points nobody sees or of no weight belong to no class. Cover sets are grouped by a 64-bit hash
    and then compared element by element: equal hashes are never taken for equal sets.
    """
    required = np.zeros(problem.n_sites, dtype=bool)
    required[problem.required_sites] = True
    options = distinct_options(problem, _usable_options(problem, required), required)
    covers = problem.covers[options]
    weighed = np.flatnonzero((problem.weights > 0) & (column_counts(covers) > 0))
    if len(weighed) < problem.n_points:
        covers = covers[:, weighed]
    labels, merged = merge_columns(covers)
    for needed in (_needed_options, needed_sites):
        keep = needed(problem, options, merged, required)
        if len(keep) < len(options):
            options = options[keep]
            relabel, merged = merge_columns(merged[keep])
            labels = relabel[labels]
    point_class = np.full(problem.n_points, -1, dtype=np.int64)
    point_class[weighed] = labels
    sums = class_sums(labels, problem.weights[weighed], merged.shape[1])
    total = float(sums.sum())
    scale = float(2.0 ** (WEIGHT_BITS - np.ceil(np.log2(total)))) if total > 0 else 1.0
    first = np.rint(sums * scale)
    second = class_sums(labels, problem.second_weights[weighed], merged.shape[1])
    sites = np.unique(problem.option_site[options])
    sites = sites[np.argsort(problem.site_rank[sites])]
    position = np.full(problem.n_sites, -1, dtype=np.int64)
    position[sites] = np.arange(len(sites))
    option_site = position[problem.option_site[options]]
    total_idr = int(problem.site_cost_idr.sum() + problem.option_cost_idr.sum())
    return Reduced(
        covers=merged,
        seen_by=transposed(merged),
        first_weight=first,
        second_weight=np.minimum(first, np.rint(second * scale)),
        scale=scale,
        option_site=option_site,
        site_start=np.searchsorted(option_site, np.arange(len(sites) + 1)).astype(np.int64),
        option_cost_idr=problem.option_cost_idr[options],
        site_cost_idr=problem.site_cost_idr[sites],
        required=required[sites],
        budget_idr=total_idr if problem.budget_idr is None else min(problem.budget_idr, total_idr),
        max_sites=len(sites) if problem.max_sites is None else min(problem.max_sites, len(sites)),
        cameras=np.minimum(problem.most_cameras[sites], max(1, len(options))),
        option_index=options,
        site_index=sites,
        point_class=point_class,
    )


def narrowed(reduced: Reduced, active: NDArray[np.bool_]) -> tuple[Reduced, IntArray]:
    """The problem over some of its options, merged anew, and the new class of each class (−1 for
    one that none of them sees). `option_index`, `site_index` point into `reduced`."""
    options = np.flatnonzero(active)
    covers = reduced.covers[options]
    seen = np.flatnonzero(column_counts(covers))
    groups, merged = merge_columns(covers[:, seen])
    labels = np.full(len(reduced.first_weight), -1, dtype=np.int64)
    labels[seen] = groups
    size = merged.shape[1]
    sites, option_site = np.unique(reduced.option_site[options], return_inverse=True)
    part = replace(
        reduced,
        covers=merged,
        seen_by=transposed(merged),
        first_weight=class_sums(groups, reduced.first_weight[seen], size),
        second_weight=class_sums(groups, reduced.second_weight[seen], size),
        option_site=option_site.astype(np.int64),
        site_start=np.searchsorted(option_site, np.arange(len(sites) + 1)).astype(np.int64),
        option_cost_idr=reduced.option_cost_idr[options],
        site_cost_idr=reduced.site_cost_idr[sites],
        required=reduced.required[sites],
        cameras=reduced.cameras[sites],
        option_index=options,
        site_index=sites,
        point_class=labels,
    )
    return part, labels


def merge_columns(covers: Any) -> tuple[IntArray, Any]:
    """Group equal columns of a boolean CSR matrix; empty columns form a group like any other.

    Returns the group of each column and the matrix with one column a group (CSR, sorted). Groups
    are ordered by hash, within equal hashes by their cover set: the order of columns is immaterial.
    """
    covers = sparse.csr_matrix(covers)
    covers.sort_indices()
    indptr, indices = csr_parts(covers)
    hashes = _column_hashes(indptr, indices, hash_keys(covers.shape[0]), covers.shape[1])
    columns = transposed(covers)
    order = np.argsort(hashes, kind="stable")
    starts, items = csr_parts(columns)
    groups, firsts, mixed = _group_columns(starts, items, hashes, order)
    if mixed:
        keys = [
            (int(hashes[f]), items[starts[f] : starts[f + 1]].tolist()) for f in firsts.tolist()
        ]
        ranked = np.asarray(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
        place = np.empty(len(ranked), dtype=np.int64)
        place[ranked] = np.arange(len(ranked))
        groups, firsts = place[groups], firsts[ranked]
    return groups, transposed(columns[firsts])


def class_sums(groups: IntArray, values: FloatArray, size: int) -> FloatArray:
    """For each of `size` groups the sum of its members' values."""
    return np.bincount(groups, weights=values, minlength=size).astype(np.float64, copy=False)


@njit(cache=True, nogil=True)
def _column_hashes(indptr, indices, keys, columns):  # type: ignore[no-untyped-def]
    hashes = np.zeros(columns, dtype=np.uint64)
    for row in range(len(indptr) - 1):
        for j in range(indptr[row], indptr[row + 1]):
            hashes[indices[j]] += keys[row]
    return hashes


@njit(cache=True, nogil=True)
def _group_columns(starts, items, hashes, order):  # type: ignore[no-untyped-def]
    n = len(order)
    groups = np.empty(n, dtype=np.int64)
    firsts = np.empty(n, dtype=np.int64)
    count = 0
    mixed = False
    i = 0
    while i < n:
        first_group = count
        j = i
        while j < n and hashes[order[j]] == hashes[order[i]]:
            column = order[j]
            length = starts[column + 1] - starts[column]
            found = -1
            for g in range(first_group, count):
                other = firsts[g]
                if starts[other + 1] - starts[other] != length:
                    continue
                equal = True
                for k in range(length):
                    if items[starts[other] + k] != items[starts[column] + k]:
                        equal = False
                        break
                if equal:
                    found = g
                    break
            if found < 0:
                found = count
                firsts[count] = column
                count += 1
            groups[column] = found
            j += 1
        mixed = mixed or count - first_group > 1
        i = j
    return groups, firsts[:count].copy(), mixed


@njit(cache=True, nogil=True)
def _dominated(indptr, indices, site_start, cost_idr, limit):  # type: ignore[no-untyped-def]
    """Options whose cover set another option of the site contains at no higher cost."""
    out = np.zeros(len(cost_idr), dtype=np.bool_)
    for s in range(len(site_start) - 1):
        low, high = site_start[s], site_start[s + 1]
        if high - low > limit:
            continue
        for a in range(low, high):
            size_a = indptr[a + 1] - indptr[a]
            for b in range(low, high):
                if a == b or out[b] or cost_idr[b] > cost_idr[a]:
                    continue
                size_b = indptr[b + 1] - indptr[b]
                if size_b < size_a:
                    continue
                if size_b == size_a and cost_idr[b] == cost_idr[a] and b > a:
                    continue
                if contains(indptr, indices, b, a):
                    out[a] = True
                    break
    return out


def _usable_options(problem: CoverageProblem, required: NDArray[np.bool_]) -> IntArray:
    """Options of allowed sites that the limits leave room for, in canonical order."""
    forbidden = np.zeros(problem.n_sites, dtype=bool)
    forbidden[problem.forbidden_sites] = True
    order = np.lexsort((problem.option_rank, problem.site_rank[problem.option_site]))
    order = order[~forbidden[problem.option_site[order]]]
    site = problem.option_site[order]
    if problem.budget_idr is not None:
        price = problem.option_cost_idr[order] + problem.site_cost_idr[site]
        order = order[(price <= problem.budget_idr) | required[site]]
        site = problem.option_site[order]
    if problem.max_sites is not None and problem.max_sites <= len(problem.required_sites):
        order = order[required[site]]
    return order.astype(np.int64)


def _needed_options(
    problem: CoverageProblem, options: IntArray, merged: Any, required: NDArray[np.bool_]
) -> IntArray:
    site = problem.option_site[options]
    fresh = np.flatnonzero(np.diff(site, prepend=-1))
    starts = np.append(fresh, len(options)).astype(np.int64)
    cost = problem.option_cost_idr[options]
    drop = _dominated(*csr_parts(merged), starts, cost, DOMINANCE_LIMIT)
    drop |= np.diff(merged.indptr) == 0
    for s in np.flatnonzero(required[site[fresh]]) if len(fresh) else ():
        group = np.arange(starts[s], starts[s + 1])
        drop[group[np.argmin(cost[group])]] = False
    return np.flatnonzero(~drop)
