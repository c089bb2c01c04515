"""Compiled value of a pole at given prices: what its best cameras earn, each class paid once."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Sets of cameras tried at one pole before what is left is bounded instead of tried.
NODE_LIMIT = 4000


@njit(cache=True, nogil=True)
def additive_values(inst, profit, price, values, picked, spent):  # type: ignore[no-untyped-def]
    """For each site a value its cameras cannot exceed, as if no two of them saw the same class.

    `values[s]` = max over 1..m cameras of Σ (profit − price·cost) − price·site cost; `picked` the
    cameras chosen, `spent[s]` what they and the site cost.
    """
    top = np.empty(inst.cameras, dtype=np.int64)
    for s in range(len(inst.site_cost)):
        count = 0
        best, best_value = -1, -np.inf
        for c in range(inst.site_start[s], inst.site_start[s + 1]):
            picked[c] = False
            value = profit[c] - price * inst.option_cost[c]
            if best < 0 or value > best_value:
                best, best_value = c, value
            if value <= 0.0:
                continue
            if count < inst.cameras:
                i = count
                count += 1
            else:
                last = top[count - 1]
                if value <= profit[last] - price * inst.option_cost[last]:
                    continue
                i = count - 1
            while i > 0:
                before = top[i - 1]
                if profit[before] - price * inst.option_cost[before] >= value:
                    break
                top[i] = before
                i -= 1
            top[i] = c
        if count == 0 and best >= 0:
            top[0] = best
            count = 1
        total = -price * inst.site_cost[s]
        cost = inst.site_cost[s]
        for i in range(count):
            picked[top[i]] = True
            total += profit[top[i]] - price * inst.option_cost[top[i]]
            cost += inst.option_cost[top[i]]
        values[s] = total if count > 0 else -np.inf
        spent[s] = cost


@njit(cache=True, nogil=True)
def union_values(inst, prices, price, which, values, picked, spent, seen):  # type: ignore[no-untyped-def]
    """Sharpen the values of the sites `which`: each class a pole sees is paid once.

    Branch and bound over sets of at most m cameras (Land & Doig 1960, doi:10.2307/1910129); sets
    beyond the node limit count with their bound, so the value is never too low. `seen` is scratch
    of zeros, one a class, and is left so. `picked`, `spent` become those of the best set.
    """
    m = inst.cameras
    widest = 1
    for s in which:
        widest = max(widest, inst.site_start[s + 1] - inst.site_start[s])
    order = np.empty((m, widest), dtype=np.int64)
    gains = np.empty((m, widest))
    count = np.zeros(m, dtype=np.int64)
    place = np.zeros(m, dtype=np.int64)
    value = np.zeros(m + 1)
    path = np.empty(m, dtype=np.int64)
    best_path = np.empty(m, dtype=np.int64)
    for s in which:
        low, high = inst.site_start[s], inst.site_start[s + 1]
        if high - low < 2:
            continue
        best, best_count, loose = -np.inf, 0, -np.inf
        depth, nodes, entering = 0, 0, True
        while depth >= 0:
            if entering:
                nodes += 1
                _rank_additions(inst, prices, price, seen, s, depth, order, gains, count, place)
                place[depth] = 0
                entering = False
            i = place[depth]
            limit = -np.inf
            if i < count[depth]:
                limit = value[depth]
                for j in range(i, min(count[depth], i + m - depth)):
                    if j == i or gains[depth, j] > 0.0:
                        limit += gains[depth, j]
            if limit <= best or limit <= loose:
                depth -= 1
                if depth >= 0:
                    _mark(inst, seen, path[depth], -1)
                    place[depth] += 1
                continue
            if nodes >= NODE_LIMIT:
                loose = max(loose, limit)
                continue
            c = order[depth, i]
            path[depth] = c
            value[depth + 1] = value[depth] + gains[depth, i]
            if value[depth + 1] > best:
                best, best_count = value[depth + 1], depth + 1
                best_path[:best_count] = path[:best_count]
            if depth + 1 < m:
                _mark(inst, seen, c, 1)
                depth += 1
                entering = True
            else:
                place[depth] += 1
        cost = inst.site_cost[s]
        for c in range(low, high):
            picked[c] = False
        for i in range(best_count):
            picked[best_path[i]] = True
            cost += inst.option_cost[best_path[i]]
        values[s] = max(best, loose) - price * inst.site_cost[s]
        spent[s] = cost


@njit(cache=True, nogil=True)
def _mark(inst, seen, c, sign):  # type: ignore[no-untyped-def]
    for j in range(inst.indptr[c], inst.indptr[c + 1]):
        seen[inst.indices[j]] += sign


@njit(cache=True, nogil=True)
def _rank_additions(inst, prices, price, seen, s, depth, order, gains, count, place):  # type: ignore[no-untyped-def]
    """Cameras that may still join, best first: at the first level all, deeper those after the one
    just taken that add something."""
    n = 0
    start = 0 if depth == 0 else place[depth - 1] + 1
    stop = inst.site_start[s + 1] - inst.site_start[s] if depth == 0 else count[depth - 1]
    for i in range(start, stop):
        c = inst.site_start[s] + i if depth == 0 else order[depth - 1, i]
        gain = -price * inst.option_cost[c]
        for j in range(inst.indptr[c], inst.indptr[c + 1]):
            if seen[inst.indices[j]] == 0:
                gain += prices[inst.indices[j]]
        if depth > 0 and gain <= 0.0:
            continue
        j = n
        while j > 0 and gains[depth, j - 1] < gain:
            gains[depth, j] = gains[depth, j - 1]
            order[depth, j] = order[depth, j - 1]
            j -= 1
        gains[depth, j] = gain
        order[depth, j] = c
        n += 1
    count[depth] = n


@njit(cache=True, nogil=True)
def built_counts(inst, picked, built, classes):  # type: ignore[no-untyped-def]
    """For each class the number of built sites whose picked cameras see it."""
    out = np.zeros(classes)
    last = np.full(classes, -1, dtype=np.int64)
    for s in range(len(built)):
        if built[s]:
            for c in range(inst.site_start[s], inst.site_start[s + 1]):
                if picked[c]:
                    for j in range(inst.indptr[c], inst.indptr[c + 1]):
                        k = inst.indices[j]
                        if last[k] != s:
                            last[k] = s
                            out[k] += 1.0
    return out
