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
    most = 1
    for s in range(len(inst.cameras)):
        most = max(most, inst.cameras[s])
    top = np.empty(most, dtype=np.int64)
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
            if count < inst.cameras[s]:
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
def union_values(inst, prices, profit, price, which, floor, values, picked, spent, seen):  # type: ignore[no-untyped-def]
    """Sharpen the values of the sites `which`: each class a pole sees is paid once.

    Branch and bound over sets of at most m cameras (Land & Doig 1960, doi:10.2307/1910129); sets
    beyond the node limit count with their bound, so the value is never too low; values below
    `floor` are given as `floor`. `seen` is scratch
    of zeros, one a class, and is left so. `picked`, `spent` become those of the best set. Sites
    whose every camera loses money keep their value, which is exact (one camera).
    """
    most = 1
    for s in which:
        most = max(most, inst.cameras[s])
    indptr, indices = inst.indptr, inst.indices
    widest = 1
    for s in which:
        widest = max(widest, inst.site_start[s + 1] - inst.site_start[s])
    order = np.empty((most, widest), dtype=np.int64)
    gains = np.empty((most, widest))
    count = np.zeros(most, dtype=np.int64)
    place = np.zeros(most, dtype=np.int64)
    value = np.zeros(most + 1)
    path = np.empty(most, dtype=np.int64)
    best_path = np.empty(most, dtype=np.int64)
    money = price * inst.option_cost
    for s in which:
        m = inst.cameras[s]
        low, high = inst.site_start[s], inst.site_start[s + 1]
        n = 0
        for c in range(low, high):
            gain = profit[c] - money[c]
            if gain > 0.0:
                j = n
                while j > 0 and gains[0, j - 1] < gain:
                    gains[0, j] = gains[0, j - 1]
                    order[0, j] = order[0, j - 1]
                    j -= 1
                gains[0, j] = gain
                order[0, j] = c
                n += 1
        if n < 2:
            continue
        count[0], place[0] = n, 0
        best, best_count, loose = floor + price * inst.site_cost[s], 0, -np.inf
        depth, nodes = 0, 0
        while depth >= 0:
            i = place[depth]
            limit = -np.inf
            if i < count[depth]:
                limit = value[depth]
                for j in range(i, min(count[depth], i + m - depth)):
                    limit += gains[depth, j]
            if limit <= best or limit <= loose:
                depth -= 1
                if depth >= 0:
                    _mark(indptr, indices, seen, path[depth], -1)
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
            if depth + 1 == m or i + 1 == count[depth]:
                place[depth] += 1
                continue
            _mark(indptr, indices, seen, c, 1)
            nodes += 1
            came = order[depth, i + 1 : count[depth]]
            depth += 1
            count[depth] = _rank_additions(
                indptr, indices, prices, seen, came, money, order[depth], gains[depth]
            )
            place[depth] = 0
        values[s] = max(best, loose) - price * inst.site_cost[s]
        if best_count == 0:
            continue
        cost = inst.site_cost[s]
        for c in range(low, high):
            picked[c] = False
        for i in range(best_count):
            picked[best_path[i]] = True
            cost += inst.option_cost[best_path[i]]
        spent[s] = cost


@njit(cache=True, nogil=True)
def _mark(indptr, indices, seen, c, sign):  # type: ignore[no-untyped-def]
    for j in range(indptr[c], indptr[c + 1]):
        seen[indices[j]] += sign


@njit(cache=True, nogil=True)
def _rank_additions(indptr, indices, prices, seen, came, money, order, gains):  # type: ignore[no-untyped-def]
    """Put the cameras `came` that may still join in `order`, best first, what they earn in `gains`;
    returns how many."""
    n = 0
    for i in range(len(came)):
        c = came[i]
        gain = -money[c]
        for j in range(indptr[c], indptr[c + 1]):
            if seen[indices[j]] == 0:
                gain += prices[indices[j]]
        if gain <= 0.0:
            continue
        j = n
        while j > 0 and gains[j - 1] < gain:
            gains[j] = gains[j - 1]
            order[j] = order[j - 1]
            j -= 1
        gains[j] = gain
        order[j] = c
        n += 1
    return n


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


@njit(cache=True, nogil=True)
def dearest_classes(inst, prices, sites):  # type: ignore[no-untyped-def]
    """For each of these sites the class with the highest price that it can see, -1 for none."""
    out = np.full(len(sites), -1, dtype=np.int64)
    for i in range(len(sites)):
        highest = -1.0
        s = sites[i]
        for j in range(inst.indptr[inst.site_start[s]], inst.indptr[inst.site_start[s + 1]]):
            k = inst.indices[j]
            if prices[k] > highest:
                highest = prices[k]
                out[i] = k
    return out


@njit(cache=True, nogil=True)
def keep_few(groups, size, alike, most):  # type: ignore[no-untyped-def]
    """Positions kept when at most `alike` of a group and `most` in all are, first come first."""
    taken = np.zeros(size + 1, dtype=np.int64)
    kept = np.empty(min(most, len(groups)), dtype=np.int64)
    n = 0
    for i in range(len(groups)):
        if n == most:
            break
        if taken[groups[i]] < alike:
            taken[groups[i]] += 1
            kept[n] = i
            n += 1
    return kept[:n]
