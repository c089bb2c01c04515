"""Compiled inner loops of siting: gains kept exact while sites open and close, and dual values."""

# Every quantity summed here in the plan kernels is a whole number held in float64 (see merge.py),
# so gains can be kept up by additions and subtractions without drift, in any order.

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from layers.coverage.siting.matrices import csr_parts
from layers.coverage.siting.merge import Reduced

#: Above every price.
MOST_IDR = np.int64(2**62)


class Instance(NamedTuple):
    """The arrays of a `Reduced` problem that the kernels read."""

    indptr: Any
    indices: Any
    seen_indptr: Any
    seen_indices: Any
    w1: Any
    w2: Any
    option_site: Any
    site_start: Any
    option_cost: Any
    site_cost: Any
    required: Any
    cameras: Any


class Plan(NamedTuple):
    """A selection and what follows from it; arrays so that kernels can change it in place.

    `times[k]` sites seeing class k; `gain[c]` what option c would add now; `left` = rupiah and
    sites still free; `total` = objective in class units; `stamp`/`clock` scratch.
    """

    chosen: Any
    cameras_at: Any
    times: Any
    gain: Any
    left: Any
    total: Any
    whole: Any
    stale: Any
    stamp: Any
    clock: Any


def instance_of(reduced: Reduced) -> Instance:
    """Arrays for the kernels."""
    indptr, indices = csr_parts(reduced.covers)
    seen_indptr, seen_indices = csr_parts(reduced.seen_by)
    return Instance(
        indptr,
        indices,
        seen_indptr,
        seen_indices,
        reduced.first_weight,
        reduced.second_weight,
        reduced.option_site,
        reduced.site_start,
        reduced.option_cost_idr,
        reduced.site_cost_idr,
        reduced.required,
        reduced.cameras,
    )


def empty_plan(reduced: Reduced, instance: Instance) -> Plan:
    """The plan that builds nothing."""
    options, classes = reduced.covers.shape
    return Plan(
        np.zeros(options, dtype=np.bool_),
        np.zeros(len(reduced.site_index), dtype=np.int64),
        np.zeros(classes, dtype=np.int32),
        row_sums(instance.indptr, instance.indices, instance.w1),
        np.array([reduced.budget_idr, reduced.max_sites], dtype=np.int64),
        np.zeros(1),
        np.zeros(len(reduced.site_index)),
        np.ones(len(reduced.site_index), dtype=np.bool_),
        np.zeros(classes, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def row_sums(indptr, indices, values):  # type: ignore[no-untyped-def]
    """For each row the sum of `values` over its columns."""
    out = np.empty(len(indptr) - 1)
    for row in range(len(out)):
        total = 0.0
        for j in range(indptr[row], indptr[row + 1]):
            total += values[indices[j]]
        out[row] = total
    return out


@njit(cache=True, nogil=True)
def _worth(w1, w2, k, times):  # type: ignore[no-untyped-def]
    """What one more site seeing class k adds when `times` sites see it."""
    if times == 0:
        return w1[k]
    if times == 1:
        return w2[k]
    return 0.0


# The small kernels take arrays, not the named tuples: those cost more to pass than to use.
@njit(cache=True, nogil=True)
def _site_sees(indptr, indices, start, stop, chosen, k):  # type: ignore[no-untyped-def]
    for c in range(start, stop):
        if chosen[c]:
            low, high = indptr[c], indptr[c + 1]
            while low < high:
                middle = (low + high) // 2
                if indices[middle] < k:
                    low = middle + 1
                else:
                    high = middle
            if low < indptr[c + 1] and indices[low] == k:
                return True
    return False


@njit(cache=True, nogil=True)
def _spread(inst, plan, c, sign):  # type: ignore[no-untyped-def]
    """Bring all gains up to date as the site of option c gains or loses what c alone sees there."""
    indptr, indices, start = inst.indptr, inst.indices, inst.site_start
    seen_indptr, seen_indices, option_site = inst.seen_indptr, inst.seen_indices, inst.option_site
    chosen, cameras_at, gain, stale = plan.chosen, plan.cameras_at, plan.gain, plan.stale
    s = option_site[c]
    for j in range(indptr[c], indptr[c + 1]):
        k = indices[j]
        if cameras_at[s] > 0 and _site_sees(indptr, indices, start[s], start[s + 1], chosen, k):
            continue
        before = plan.times[k]
        low = before if sign > 0 else before - 1
        plan.times[k] = before + sign
        at_low = _worth(inst.w1, inst.w2, k, low)
        if at_low == 0.0:
            continue
        change = sign * (_worth(inst.w1, inst.w2, k, low + 1) - at_low)
        for i in range(seen_indptr[k], seen_indptr[k + 1]):
            other = seen_indices[i]
            there = option_site[other]
            if there == s:
                gain[other] -= sign * at_low
            elif cameras_at[there] == 0 or not _site_sees(
                indptr, indices, start[there], start[there + 1], chosen, k
            ):
                gain[other] += change
            stale[there] = True


@njit(cache=True, nogil=True)
def add_option(inst, plan, c):  # type: ignore[no-untyped-def]
    """Mount option c: pay for it, keep the gains and the objective."""
    s = inst.option_site[c]
    plan.total[0] += plan.gain[c]
    plan.left[0] -= inst.option_cost[c]
    if plan.cameras_at[s] == 0:
        plan.left[0] -= inst.site_cost[s]
        plan.left[1] -= 1
    _spread(inst, plan, c, 1)
    plan.chosen[c] = True
    plan.cameras_at[s] += 1


@njit(cache=True, nogil=True)
def drop_option(inst, plan, c):  # type: ignore[no-untyped-def]
    """Take option c down again, the reverse of `add_option`."""
    s = inst.option_site[c]
    plan.chosen[c] = False
    plan.cameras_at[s] -= 1
    plan.left[0] += inst.option_cost[c]
    if plan.cameras_at[s] == 0:
        plan.left[0] += inst.site_cost[s]
        plan.left[1] += 1
    _spread(inst, plan, c, -1)
    plan.total[0] -= plan.gain[c]


@njit(cache=True, nogil=True)
def _bundle(inst, plan, s, money, out):  # type: ignore[no-untyped-def]
    """Best cameras to open site s with, greedily; returns how many, their score and gain.

    The score is gain per rupiah where money counts (`money`), else the gain.
    """
    left = plan.left[0] - inst.site_cost[s]
    if left < 0 or plan.left[1] < 1:
        return 0, 0.0, 0.0
    plan.clock[0] += 1
    mark = plan.clock[0]
    cost = inst.site_cost[s]
    gain, score, count = 0.0, 0.0, 0
    w1, w2 = inst.w1, inst.w2
    while count < inst.cameras[s]:
        best, best_score, best_gain = -1, score, 0.0
        for c in range(inst.site_start[s], inst.site_start[s + 1]):
            if inst.option_cost[c] > left or plan.gain[c] <= 0.0:
                continue
            taken = False
            for i in range(count):
                taken = taken or out[i] == c
            if taken:
                continue
            extra = plan.gain[c]
            if count > 0:
                for j in range(inst.indptr[c], inst.indptr[c + 1]):
                    k = inst.indices[j]
                    if plan.stamp[k] == mark:
                        extra -= _worth(w1, w2, k, plan.times[k])
            if extra <= 0.0:
                continue
            new = gain + extra
            if money:
                new = new / max(1.0, float(cost + inst.option_cost[c]))
            if new > best_score:
                best, best_score, best_gain = c, new, extra
        if best < 0:
            break
        out[count] = best
        count += 1
        gain += best_gain
        score = best_score
        cost += inst.option_cost[best]
        left -= inst.option_cost[best]
        for j in range(inst.indptr[best], inst.indptr[best + 1]):
            plan.stamp[inst.indices[j]] = mark
    return count, score, gain


@njit(cache=True, nogil=True)
def _ceilings(inst, plan, first, stop, money, ceiling, entry):  # type: ignore[no-untyped-def]
    """For sites first ≤ s < stop: `ceiling`, a score no addition there can exceed now (0: nothing
    to add), and `entry`, what the cheapest way to open it costs."""
    indptr, indices, times, stamp = inst.indptr, inst.indices, plan.times, plan.stamp
    for s in range(first, stop):
        m = inst.cameras[s]
        low, high = inst.site_start[s], inst.site_start[s + 1]
        best, total, most = 0.0, 0.0, 0.0
        cheapest, fitting = MOST_IDR, MOST_IDR
        for c in range(low, high):
            cost = inst.option_cost[c]
            cheapest = min(cheapest, cost)
            if plan.chosen[c] or plan.gain[c] <= 0.0 or cost > plan.left[0]:
                continue
            total += plan.gain[c]
            most = max(most, plan.gain[c])
            fitting = min(fitting, cost)
            best = max(best, plan.gain[c] / max(1.0, float(cost)))
        entry[s] = inst.site_cost[s] + cheapest
        if total == 0.0 or plan.cameras_at[s] >= m:
            ceiling[s] = 0.0
            continue
        if plan.cameras_at[s] > 0:
            ceiling[s] = best if money else most
            continue
        if high - low > 1:
            if plan.stale[s]:
                plan.clock[0] += 1
                whole = 0.0
                for j in range(indptr[low], indptr[high]):
                    k = indices[j]
                    if stamp[k] != plan.clock[0]:
                        stamp[k] = plan.clock[0]
                        whole += _worth(inst.w1, inst.w2, k, times[k])
                plan.whole[s] = whole
                plan.stale[s] = False
            total = min(total, plan.whole[s])
        ceiling[s] = min(total, m * most)
        if money:
            score = 0.0
            for n in range(1, m + 1):
                cost_n = max(1.0, float(inst.site_cost[s] + n * fitting))
                score = max(score, min(total, n * most) / cost_n)
            ceiling[s] = score


@njit(cache=True, nogil=True)
def _best_at(inst, plan, s, money, out):  # type: ignore[no-untyped-def]
    """Best addition at site s: the number of options put in `out` and their score."""
    if plan.cameras_at[s] == 0:
        count, score, _ = _bundle(inst, plan, s, money, out)
        return count, score
    best, best_score = -1, 0.0
    if plan.cameras_at[s] < inst.cameras[s]:
        for c in range(inst.site_start[s], inst.site_start[s + 1]):
            if plan.chosen[c] or plan.gain[c] <= 0.0 or inst.option_cost[c] > plan.left[0]:
                continue
            score = plan.gain[c] / max(1.0, float(inst.option_cost[c])) if money else plan.gain[c]
            if score > best_score:
                best, best_score = c, score
    if best < 0:
        return 0, 0.0
    out[0] = best
    return 1, best_score


@njit(cache=True, nogil=True)
def fill(inst, plan, allowed, money, limit):  # type: ignore[no-untyped-def]
    """Lazy greedy (Minoux 1978, doi:10.1007/BFb0006528): add the best-scoring site or camera at
    sites in `allowed` until nothing that fits adds anything, or `limit` times. Ties: lowest id."""
    sites = len(inst.site_cost)
    ceiling = np.zeros(sites)
    entry = np.zeros(sites, dtype=np.int64)
    _ceilings(inst, plan, 0, sites, money, ceiling, entry)
    for s in range(sites):
        if not allowed[s]:
            ceiling[s] = 0.0
    most = 1
    for s in range(sites):
        most = max(most, inst.cameras[s])
    out = np.empty(most, dtype=np.int64)
    best_out = np.empty(most, dtype=np.int64)
    for _ in range(limit):
        best, best_score, best_count = -1, 0.0, 0
        while True:
            top = -1
            value = 0.0
            for s in range(sites):
                if ceiling[s] > value:
                    closed = plan.cameras_at[s] == 0
                    if closed and (plan.left[1] < 1 or entry[s] > plan.left[0]):
                        ceiling[s] = 0.0
                        continue
                    top, value = s, ceiling[s]
            if top < 0 or value < best_score or (value == best_score and top > best >= 0):
                break
            if top == best:
                break
            count, score = _best_at(inst, plan, top, money, out)
            ceiling[top] = score
            if count > 0 and (score > best_score or (score == best_score and top < best)):
                best, best_score, best_count = top, score, count
                best_out[:count] = out[:count]
        if best < 0:
            return
        for i in range(best_count):
            add_option(inst, plan, best_out[i])
        _ceilings(inst, plan, best, best + 1, money, ceiling, entry)


@njit(cache=True, nogil=True)
def open_sites_near(inst, plan, site):  # type: ignore[no-untyped-def]
    """The other open sites that have an option seeing a class which an option of `site` sees."""
    found = np.zeros(len(inst.site_cost), dtype=np.bool_)
    for j in range(inst.indptr[inst.site_start[site]], inst.indptr[inst.site_start[site + 1]]):
        k = inst.indices[j]
        for i in range(inst.seen_indptr[k], inst.seen_indptr[k + 1]):
            found[inst.option_site[inst.seen_indices[i]]] = True
    found[site] = False
    for s in range(len(found)):
        found[s] = found[s] and plan.cameras_at[s] > 0
    return np.flatnonzero(found)
