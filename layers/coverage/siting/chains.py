"""Cover sets written as differences from one another, so that the programmes stay sparse."""

# Along a street the options that see a place change by one or two from each place to the next. With
# t_k = how many of the columns in row k are chosen, t_k − t_p holds only what the rows k and p do not
# share: for intervals this is the transformation by which Veinott & Wagner 1962,
# doi:10.1287/opre.10.4.518, turn consecutive ones into a network. Where every place is seen from
# hundreds of options, hundreds of non-zeros a row become three or five.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.coverage.siting.matrices import csr_parts, hash_keys
from layers.coverage.siting.problem import IntArray

#: Columns by which a row may differ from the one it is written against.
MOST_DIFFERENT = 2

#: Non-zeros that a linked row takes, its counter and its difference included, at the least.
LINKED_NON_ZEROS = 5


@dataclass(frozen=True, eq=False)
class Chains:
    """Which rows are counted, and how.

    `rows` the counted rows; for each its `parent` (a row, −1 for one that is written in full).
    The difference of row `rows[at[j]]` from its parent, or all of it where there is none, has
    `sign[j]` (±1) in column `column[j]`.
    """

    rows: IntArray
    parent: IntArray
    at: IntArray
    column: IntArray
    sign: NDArray[np.float64]


def chains_of(rows: Any) -> Chains:
    """Trees of rows of a boolean CSR matrix (sorted) that differ in one or two columns each, where
    writing them so saves more than half of the non-zeros.

    Candidates are found by 64-bit hashes and compared element by element: equal hashes are never
    taken for equal sets.
    """
    indptr, indices = csr_parts(rows)
    keys = hash_keys(rows.shape[1])
    size = np.diff(indptr)
    owner = np.repeat(np.arange(len(size)), size)
    hashes = np.zeros(len(size), dtype=np.uint64)
    full = size > 0
    if not full.any():
        nothing = np.empty(0, dtype=np.int64)
        return Chains(nothing, nothing, nothing, nothing, np.empty(0))
    hashes[full] = np.add.reduceat(keys[indices], indptr[:-1][full])
    without = hashes[owner] - keys[indices]
    first, second = _candidates(hashes, without, owner)
    first, second = _forest(indptr, indices, first, second, MOST_DIFFERENT)
    order, parent = _rooted(size, first, second)
    kept = _worthwhile(size, order, parent, LINKED_NON_ZEROS)
    order = order[kept[order]]
    at, column, sign = _differences(indptr, indices, order, parent)
    return Chains(order, parent[order], at, column, sign)


def _candidates(
    hashes: NDArray[np.uint64], without: NDArray[np.uint64], owner: IntArray
) -> tuple[IntArray, IntArray]:
    """Pairs of rows that probably differ in one column, then pairs that probably differ in two."""
    by_hash = np.argsort(hashes, kind="stable")
    ranked = hashes[by_hash]
    place = np.minimum(np.searchsorted(ranked, without), len(ranked) - 1)
    one = np.flatnonzero(ranked[place] == without)
    by_rest = np.argsort(without, kind="stable")
    two = np.flatnonzero(np.diff(without[by_rest]) == 0)
    return (
        np.concatenate([owner[one], owner[by_rest[two]]]),
        np.concatenate([by_hash[place[one]], owner[by_rest[two + 1]]]),
    )


@njit(cache=True, nogil=True)
def _distance(indptr, indices, a, b, most):  # type: ignore[no-untyped-def]
    """In how many columns two rows differ, `most` + 1 for more than `most`."""
    i, j, different = indptr[a], indptr[b], 0
    while (i < indptr[a + 1] or j < indptr[b + 1]) and different <= most:
        if j == indptr[b + 1] or (i < indptr[a + 1] and indices[i] < indices[j]):
            i += 1
            different += 1
        elif i == indptr[a + 1] or indices[j] < indices[i]:
            j += 1
            different += 1
        else:
            i += 1
            j += 1
    return different


@njit(cache=True, nogil=True)
def _forest(indptr, indices, first, second, most):  # type: ignore[no-untyped-def]
    """The pairs that really are alike and close no circle (Kruskal 1956,
    doi:10.1090/S0002-9939-1956-0078686-7)."""
    head = np.arange(len(indptr) - 1)
    kept = np.zeros(len(first), dtype=np.bool_)
    for i in range(len(first)):
        a, b = first[i], second[i]
        while head[a] != a:
            head[a] = head[head[a]]
            a = head[a]
        while head[b] != b:
            head[b] = head[head[b]]
            b = head[b]
        if a != b and _distance(indptr, indices, first[i], second[i], most) <= most:
            head[max(a, b)] = min(a, b)
            kept[i] = True
    return first[kept], second[kept]


@njit(cache=True, nogil=True)
def _rooted(size, first, second):  # type: ignore[no-untyped-def]
    """Rows in an order in which parents come first, each tree rooted at its smallest row, and the
    parents (−1 for roots)."""
    n = len(size)
    start = np.zeros(n + 1, dtype=np.int64)
    for i in range(len(first)):
        start[first[i] + 1] += 1
        start[second[i] + 1] += 1
    start = np.cumsum(start)
    fill = start[:-1].copy()
    near = np.empty(2 * len(first), dtype=np.int64)
    for i in range(len(first)):
        near[fill[first[i]]] = second[i]
        fill[first[i]] += 1
        near[fill[second[i]]] = first[i]
        fill[second[i]] += 1
    parent = np.full(n, -1, dtype=np.int64)
    done = np.zeros(n, dtype=np.bool_)
    order = np.empty(n, dtype=np.int64)
    count = 0
    for root in np.argsort(size, kind="mergesort"):
        if done[root]:
            continue
        done[root] = True
        order[count] = root
        reached = count
        count += 1
        while reached < count:
            a = order[reached]
            reached += 1
            for j in range(start[a], start[a + 1]):
                b = near[j]
                if not done[b]:
                    done[b] = True
                    parent[b] = a
                    order[count] = b
                    count += 1
    return order, parent


@njit(cache=True, nogil=True)
def _worthwhile(size, order, parent, linked):  # type: ignore[no-untyped-def]
    """Rows of the trees that take less than half as many non-zeros written as differences."""
    n = len(size)
    root = np.empty(n, dtype=np.int64)
    plain = np.zeros(n, dtype=np.int64)
    apart = np.zeros(n, dtype=np.int64)
    for k in order:
        root[k] = k if parent[k] < 0 else root[parent[k]]
        plain[root[k]] += size[k]
        apart[root[k]] += linked + (size[k] if parent[k] < 0 else 0)
    out = np.empty(n, dtype=np.bool_)
    for k in range(n):
        out[k] = 2 * apart[root[k]] < plain[root[k]]
    return out


@njit(cache=True, nogil=True)
def _differences(indptr, indices, order, parent):  # type: ignore[no-untyped-def]
    room = 0
    for k in order:
        room += 2 if parent[k] >= 0 else indptr[k + 1] - indptr[k]
    at = np.empty(room, dtype=np.int64)
    column = np.empty(room, dtype=np.int64)
    sign = np.empty(room)
    count = 0
    for position in range(len(order)):
        k = order[position]
        p = parent[k]
        i, last = indptr[k], indptr[k + 1]
        j, end = (indptr[p], indptr[p + 1]) if p >= 0 else (0, 0)
        while i < last or j < end:
            if j == end or (i < last and indices[i] < indices[j]):
                at[count], column[count], sign[count] = position, indices[i], 1.0
                i += 1
                count += 1
            elif i == last or indices[j] < indices[i]:
                at[count], column[count], sign[count] = position, indices[j], -1.0
                j += 1
                count += 1
            else:
                i += 1
                j += 1
    return at[:count], column[:count], sign[:count]
