"""Demand still to be earned, while sites are taken in one after another."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from layers.coverage.planning.ground import Ground


class Worth:
    """Demand still to be earned piece by piece, while sites are taken in one after another.

    `times` counts the sites that see a piece, an active camera as one; the first earns its demand,
    the second `backup` of it once more.
    """

    def __init__(self, ground: Ground, backup: float) -> None:
        self.demand = [part.streets.demand for part in ground.parts]
        self.times = [times.copy() for times in (ground.sites_seeing if backup else ground.seen)]
        self.shares = np.array([1.0, backup, 0.0])

    def left(self, part: int) -> NDArray[np.float64]:
        """What one more site would earn on each piece of a part."""
        return np.asarray(self.demand[part] * self.shares[np.minimum(self.times[part], 2)])

    def value(self, views: Iterable[tuple[int, NDArray[np.int32]]]) -> float:
        """What a site with these views would earn now."""
        return sum(
            float((self.demand[part][pieces] * self.shares[np.minimum(self.times[part][pieces], 2)]).sum())
            for part, pieces in joined(views)
        )  # fmt: skip

    def take(self, views: Iterable[tuple[int, NDArray[np.int32]]]) -> float:
        """Take a site in; what it earned."""
        union = joined(views)
        earned = self.value(union)
        for part, pieces in union:
            self.times[part][pieces] += 1
        return earned

    def drop(self, views: Iterable[tuple[int, NDArray[np.int32]]]) -> float:
        """Take a site that was taken in out again; what is lost with it."""
        union = joined(views)
        for part, pieces in union:
            self.times[part][pieces] -= 1
        return self.value(union)

    def loss(self, views: Iterable[tuple[int, NDArray[np.int32]]]) -> float:
        """What would be lost with a site that was taken in."""
        union = joined(views)
        lost = self.drop(union)
        self.take(union)
        return lost


def joined(
    views: Iterable[tuple[int, NDArray[np.int32]]],
) -> list[tuple[int, NDArray[np.int32]]]:
    """The pieces that cameras of one pole see, each once."""
    by_part: dict[int, list[NDArray[np.int32]]] = {}
    for part, pieces in views:
        by_part.setdefault(part, []).append(pieces)
    return [(part, np.unique(np.concatenate(pieces))) for part, pieces in sorted(by_part.items())]
