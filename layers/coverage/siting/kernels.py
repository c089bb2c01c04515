"""Compiled inner loops of siting: gains kept exact while sites open and close, and dual values."""

# Every quantity summed here in the plan kernels is a whole number held in float64 (see merge.py),
# so gains can be kept up by additions and subtractions without drift, in any order.

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from layers.coverage.siting.merge import Reduced, csr_parts


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
    cameras: int


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
        reduced.cameras_per_site,
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
def _worth(inst, k, times):  # type: ignore[no-untyped-def]
    """What one more site seeing class k adds when `times` sites see it."""
    if times == 0:
        return inst.w1[k]
    if times == 1:
        return inst.w2[k]
    return 0.0


@njit(cache=True, nogil=True)
def _site_sees(inst, plan, s, k):  # type: ignore[no-untyped-def]
    if plan.cameras_at[s] == 0:
        return False
    for c in range(inst.site_start[s], inst.site_start[s + 1]):
        if plan.chosen[c]:
            low, high = inst.indptr[c], inst.indptr[c + 1]
            while low < high:
                middle = (low + high) // 2
                if inst.indices[middle] < k:
                    low = middle + 1
                else:
                    high = middle
            if low < inst.indptr[c + 1] and inst.indices[low] == k:
                return True
    return False


@njit(cache=True, nogil=True)
def _spread(inst, plan, s, k, sign):  # type: ignore[no-untyped-def]
    """Bring the gains of all options that see class k up to date as site s gains or loses it."""
    before = plan.times[k]
    low = before if sign > 0 else before - 1
    at_low, above = _worth(inst, k, low), _worth(inst, k, low + 1)
    plan.times[k] = before + sign
    if at_low == 0.0:
        return
    for j in range(inst.seen_indptr[k], inst.seen_indptr[k + 1]):
        c = inst.seen_indices[j]
        other = inst.option_site[c]
        if other == s:
            plan.gain[c] -= sign * at_low
        elif plan.cameras_at[other] == 0 or not _site_sees(inst, plan, other, k):
            plan.gain[c] += sign * (above - at_low)


@njit(cache=True, nogil=True)
def add_option(inst, plan, c):  # type: ignore[no-untyped-def]
    """Mount option c: pay for it, keep the gains and the objective."""
    s = inst.option_site[c]
    plan.total[0] += plan.gain[c]
    plan.left[0] -= inst.option_cost[c]
    if plan.cameras_at[s] == 0:
        plan.left[0] -= inst.site_cost[s]
        plan.left[1] -= 1
    for j in range(inst.indptr[c], inst.indptr[c + 1]):
        if not _site_sees(inst, plan, s, inst.indices[j]):
            _spread(inst, plan, s, inst.indices[j], 1)
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
    for j in range(inst.indptr[c], inst.indptr[c + 1]):
        if not _site_sees(inst, plan, s, inst.indices[j]):
            _spread(inst, plan, s, inst.indices[j], -1)
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
    while count < inst.cameras:
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
                        extra -= _worth(inst, k, plan.times[k])
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
    for s in range(first, stop):
        best, total, most = 0.0, 0.0, 0.0
        cheapest, fitting = MOST_IDR, MOST_IDR
        for c in range(inst.site_start[s], inst.site_start[s + 1]):
            cost = inst.option_cost[c]
            cheapest = min(cheapest, cost)
            if plan.chosen[c] or plan.gain[c] <= 0.0 or cost > plan.left[0]:
                continue
            total += plan.gain[c]
            most = max(most, plan.gain[c])
            fitting = min(fitting, cost)
            best = max(best, plan.gain[c] / max(1.0, float(cost)))
        entry[s] = inst.site_cost[s] + cheapest
        if total == 0.0 or plan.cameras_at[s] >= inst.cameras:
            ceiling[s] = 0.0
        elif plan.cameras_at[s] > 0:
            ceiling[s] = best if money else most
        else:
            total = min(total, inst.cameras * most)
            ceiling[s] = total
            if money:
                ceiling[s] = min(best, total / max(1.0, float(inst.site_cost[s] + fitting)))


@njit(cache=True, nogil=True)
def _best_at(inst, plan, s, money, out):  # type: ignore[no-untyped-def]
    """Best addition at site s: the number of options put in `out` and their score."""
    if plan.cameras_at[s] == 0:
        count, score, _ = _bundle(inst, plan, s, money, out)
        return count, score
    best, best_score = -1, 0.0
    if plan.cameras_at[s] < inst.cameras:
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
    out = np.empty(inst.cameras, dtype=np.int64)
    best_out = np.empty(inst.cameras, dtype=np.int64)
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
