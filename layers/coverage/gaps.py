"""Gaps: connected stretches of unseen demand, worst first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A gap is as much street as one or two sites could serve, so that a rank means a place to act on.
MOST_STREET_M = 400.0


@dataclass(frozen=True)
class Gap:
    """One connected stretch: its pieces in the order in which it grew, the worst first."""

    pieces: NDArray[np.int64]
    demand: float
    street_m: float


def rank_gaps(
    unseen: NDArray[np.bool_],
    *,
    demand: NDArray[np.float64],
    length_m: NDArray[np.float64],
    links: NDArray[np.int64],
    count: int = 100,
    most_street_m: float = MOST_STREET_M,
) -> list[Gap]:
    """The worst `count` gaps, by unseen demand, ties by the first piece.

    From the unseen piece with most demand for each metre a stretch grows along touching unseen
    pieces, always taking the one with most demand for each metre, up to `most_street_m` of street;
    then the next from what is left. No piece is in two gaps; one without demand is in none. `links` (k, 2): pieces that touch.
    """
    density = np.where(length_m > 0, demand / np.maximum(length_m, 1e-9), 0.0)
    start, other = _neighbours(links, len(unseen))
    unseen = unseen & (demand > 0)
    free = unseen.copy()
    order = np.lexsort((np.arange(len(unseen)), -density))
    gaps: list[Gap] = []
    for seed in order[unseen[order]].tolist():
        if len(gaps) >= 4 * count:
            break
        if not free[seed]:
            continue
        pieces: list[int] = []
        street = 0.0
        waiting = [(-density[seed], seed)]
        free[seed] = False
        while waiting:
            _, piece = heapq.heappop(waiting)
            if pieces and street + length_m[piece] > most_street_m:
                free[piece] = True
                continue
            pieces.append(piece)
            street += float(length_m[piece])
            for near in other[start[piece] : start[piece + 1]].tolist():
                if free[near]:
                    free[near] = False
                    heapq.heappush(waiting, (-density[near], near))
        chosen = np.array(pieces, dtype=np.int64)
        gaps.append(Gap(chosen, float(demand[chosen].sum()), street))
    gaps.sort(key=lambda gap: (-gap.demand, int(gap.pieces[0])))
    return gaps[:count]


def _neighbours(
    links: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    both = (
        np.concatenate([links, links[:, ::-1]]) if len(links) else np.empty((0, 2), dtype=np.int64)
    )
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    start = np.searchsorted(both[:, 0], np.arange(count + 1))
    return start.astype(np.int64), both[:, 1]
