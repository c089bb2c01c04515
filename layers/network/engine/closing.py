"""Closed stretches of road as masks and intervals that a search can take with each request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.network.engine.graph import Graph


@dataclass(frozen=True)
class ClosedRoads:
    """Stretches closed to vehicles in both directions.

    `edge` (2L,) uint8 is 1 where an edge cannot be driven from end to end; `of_link` (L,) int32 is
    the number of a link's closed stretch or -1; `from_m`, `to_m` (c,) bound the stretches, metres
    from the link's start. Who stands on a closed link beside the stretch may still leave it.
    """

    edge: NDArray[np.uint8]
    of_link: NDArray[np.int32]
    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]

    def stretch_m(self, link: int) -> tuple[float, float] | None:
        """Closed stretch of a link, or None."""
        number = int(self.of_link[link])
        return None if number < 0 else (float(self.from_m[number]), float(self.to_m[number]))

    @property
    def count(self) -> int:
        """Number of links with a closed stretch."""
        return len(self.from_m)


def close_roads(graph: Graph, stretches: Iterable[tuple[int, float, float]] = ()) -> ClosedRoads:
    """Close (link, from metres, to metres); several on one link close all that lies between them."""
    merged: dict[int, tuple[float, float]] = {}
    for link, low, high in stretches:
        low, high = max(0.0, low), min(float(graph.length_m[link]), high)
        if link in merged:
            low, high = min(low, merged[link][0]), max(high, merged[link][1])
        merged[link] = (low, high)
    edge = np.zeros(graph.edge_count, dtype=np.uint8)
    of_link = np.full(graph.link_count, -1, dtype=np.int32)
    links = np.array(list(merged), dtype=np.int64)
    edge[2 * links] = 1
    edge[2 * links + 1] = 1
    of_link[links] = np.arange(len(links))
    bounds = np.array(list(merged.values()), dtype=np.float64).reshape(-1, 2)
    return ClosedRoads(edge, of_link, bounds[:, 0].copy(), bounds[:, 1].copy())
