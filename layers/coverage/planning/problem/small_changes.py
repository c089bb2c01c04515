"""Leaving existing cameras as they hang where changing them brings next to nothing."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np

from layers.coverage.planning.problem.zones import Ask
from layers.coverage.siting import Solution, certify
from layers.coverage.siting.certificate import OPTIMAL_GAP


def without_small_changes(ask: Ask, solved: Solution, *, least: float, gap: float) -> Solution:
    """The plan without the changed cameras that bring less than (<) `least` demand beside all the rest.

    The one that brings least goes first, until every one left brings enough; a change that brings
    nothing always goes. The bound stays: it holds for every plan, these among them. `optimal` is
    claimed only where it is still met, and otherwise what `gap` (the one asked for) allows.
    """
    problem = ask.problem
    today: dict[int, int] = {}
    for option in np.flatnonzero(problem.option_site >= ask.poles).tolist():
        today.setdefault(int(problem.option_site[option]), option)
    chosen = solved.options.copy()
    changed = [
        place
        for place, option in enumerate(chosen.tolist())
        if (site := int(problem.option_site[option])) >= ask.poles and today[site] != option
    ]
    times = np.zeros(problem.n_points, dtype=np.int64)
    for option in chosen.tolist():
        times[problem.covers[option].indices] += 1

    def brings(place: int) -> float:
        """Demand that is lost when the camera stays as it hangs."""
        new = problem.covers[chosen[place]].indices
        old = problem.covers[today[int(problem.option_site[chosen[place]])]].indices
        lost = new[times[new] == 1]
        return float(
            problem.weights[np.setdiff1d(lost, old)].sum()
            - problem.weights[np.setdiff1d(old[times[old] == 0], new)].sum()
        )

    enough = max(least, 1e-9 * float(problem.weights.sum()))
    dropped = True
    while dropped:
        # What one brings rises and falls as others go: go through all again until none is too small.
        heap = [(brings(place), place) for place in changed]
        heapq.heapify(heap)
        dropped = False
        while heap and heap[0][0] < enough:
            _stale, place = heapq.heappop(heap)
            now = brings(place)
            if now >= enough or (heap and now > heap[0][0]):
                heapq.heappush(heap, (now, place))
                continue
            new, old = chosen[place], today[int(problem.option_site[chosen[place]])]
            times[problem.covers[new].indices] -= 1
            times[problem.covers[old].indices] += 1
            chosen[place] = old
            changed.remove(place)
            dropped = True
    if np.array_equal(chosen, solved.options):
        return solved
    proof = solved.certificate
    certificate = certify(problem, chosen, proof.point_prices, proof.rupiah_price)
    objective = certificate.objective
    # As the answer tells it: of what the plan brings, not of what the cameras see as they hang.
    left = (solved.bound - objective) / (solved.bound - ask.before()) if solved.bound > objective else 0.0  # fmt: skip
    status = solved.status
    if status in {"optimal", "gap_reached"}:
        status = "optimal" if left <= OPTIMAL_GAP else "gap_reached" if left <= gap else "stalled"
    spared = int(problem.option_cost_idr[solved.options].sum() - problem.option_cost_idr[chosen].sum())  # fmt: skip
    return replace(
        solved, options=chosen, objective=objective, gap=left, status=status, certificate=certificate,
        cost_idr=solved.cost_idr - spared,
    )  # fmt: skip
