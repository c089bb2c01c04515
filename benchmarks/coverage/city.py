"""A synthetic city of party-wall rows, courtyards and detached houses, the same for one seed."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

BLOCK_X_M, BLOCK_Y_M, STREET_M = 90.0, 56.0, 9.0


def city_footprints(
    buildings: int, *, seed: int = 7
) -> tuple[NDArray[np.object_], NDArray[np.float64], float]:
    """About `buildings` footprints in local metres, their heights, and the city's side (m).

    Blocks of 90 × 56 m between streets of 9 m: two rows of houses, back yards between, a
    quarter of the lots with side gaps, a fifth with a notch. Heights are 1 to 5 levels.
    """
    rng = np.random.default_rng(seed)
    lots = 2 * int(BLOCK_X_M // 9.0)
    blocks = max(1, round((buildings / lots) ** 0.5))
    shapes: list[object] = []
    for i in range(blocks):
        for j in range(blocks):
            x0, y0 = i * (BLOCK_X_M + STREET_M), j * (BLOCK_Y_M + STREET_M)
            for row in range(2):
                for lot in range(lots // 2):
                    left, right = x0 + 9.0 * lot, x0 + 9.0 * (lot + 1)
                    if rng.random() < 0.25:
                        left, right = left + rng.uniform(0.3, 1.5), right - rng.uniform(0.3, 1.5)
                    deep = rng.uniform(9, 22)
                    back = rng.uniform(0, 3) if rng.random() < 0.4 else 0.0
                    low, high = (
                        (y0 + back, y0 + deep)
                        if row == 0
                        else (y0 + BLOCK_Y_M - deep, y0 + BLOCK_Y_M - back)
                    )
                    corners = [(left, low), (right, low), (right, high), (left, high)]
                    if rng.random() < 0.2:
                        mid_x, mid_y = (left + right) / 2, (low + high) / 2
                        corners = [
                            (left, low), (right, low), (right, mid_y), (mid_x, mid_y),
                            (mid_x, high), (left, high),
                        ]  # fmt: skip
                    shapes.append(shapely.Polygon(corners))
    levels = rng.choice([1, 1, 2, 2, 2, 3, 4, 5], len(shapes))
    side = blocks * (BLOCK_X_M + STREET_M)
    return np.array(shapes, dtype=object), 3.0 * levels + rng.uniform(0, 1, len(shapes)), side


def street_places(rng: np.random.Generator, buildings: int, count: int) -> NDArray[np.float64]:
    """`count` places on the streets of `city_footprints(buildings)`."""
    lots = 2 * int(BLOCK_X_M // 9.0)
    blocks = max(1, round((buildings / lots) ** 0.5))
    along = rng.random(count) < 0.5
    i, j = rng.integers(1, blocks, (2, count))
    x = np.where(
        along, i * (BLOCK_X_M + STREET_M) - rng.uniform(1, STREET_M - 1, count),
        rng.uniform(0, blocks * (BLOCK_X_M + STREET_M), count),
    )  # fmt: skip
    y = np.where(
        along, rng.uniform(0, blocks * (BLOCK_Y_M + STREET_M), count),
        j * (BLOCK_Y_M + STREET_M) - rng.uniform(1, STREET_M - 1, count),
    )  # fmt: skip
    return np.column_stack([x, y])
