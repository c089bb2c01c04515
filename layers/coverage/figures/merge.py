"""Tiles brought together: the same numbers whatever the order they come in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.coverage.figures.ground import PartGround
from layers.coverage.figures.tiles import TileSeen


@dataclass(frozen=True)
class PartSeen:
    """What is seen of a part's n street pieces and m areas.

    `count` how many see a piece at the run's level; `best`, `reach` how many levels are held there
    now and within reach; `pairs` (p, 2) piece and looker, by piece; `m2` (m + 1, levels + 1)
    ground seen, in all first; out to the range first.
    """

    count: NDArray[np.int64]
    best: NDArray[np.int8]
    reach: NDArray[np.int8]
    pairs: NDArray[np.int64]
    m2: NDArray[np.float64]


def tiles_merge(part: PartGround, levels: int, seen: Iterable[TileSeen]) -> PartSeen:
    """Every tile's answer in one. Sums are exact (Shewchuk 1997), so their order does not matter."""
    n = len(part)
    best, reach = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int8)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    ground: dict[tuple[int, int], list[float]] = {}
    for tile in seen:
        best[tile.piece] = tile.best
        reach[tile.piece] = tile.reach
        pairs.append(tile.pairs)
        for row, area in enumerate([0, *(tile.area + 1).tolist()]):
            for column in range(levels + 1):
                ground.setdefault((area, column), []).append(float(tile.m2[row, column]))
    m2 = np.zeros((len(part.areas) + 1, levels + 1))
    for (area, column), values in ground.items():
        m2[area, column] = math.fsum(values)
    found = np.concatenate(pairs).astype(np.int64)
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    return PartSeen(np.bincount(found[:, 0], minlength=n), best, reach, found, m2)
