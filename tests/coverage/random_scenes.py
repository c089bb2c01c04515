"""Seeded scenes of touching, overlapping, holed and turned footprints for the engine's tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import shapely.affinity


def random_footprints(
    rng: np.random.Generator, count: int, *, side_m: float = 240.0, on_grid: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """`count` footprints with heights from below a person to far above any pole.

    On the grid all corners are multiples of 5 m, so that walls and corners are shared.
    """
    shapes: list[Any] = []
    for _ in range(count):
        x, y = rng.uniform(-side_m / 2, side_m / 2, 2)
        w, h = rng.uniform(3, 25, 2)
        if on_grid:
            x, y, w, h = (round(v / 5) * 5 for v in (x, y, w + 5, h + 5))
        shape = shapely.box(x, y, x + w, y + h)
        kind = rng.integers(4)
        if kind == 1 and min(w, h) > 6:
            shape = shape.difference(shapely.box(x + 2, y + 2, x + w - 2, y + h - 2))
        elif kind == 2:
            shape = shape.difference(shapely.box(x + w / 3, y + h / 2, x + 2 * w / 3, y + h))
        if not on_grid:
            shape = shapely.affinity.rotate(shape, rng.uniform(0, 360))
        shapes.append(shape)
    return np.array(shapes), rng.choice([1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 30.0], count)


def free_places(
    rng: np.random.Generator, footprints: np.ndarray, count: int, *, within_m: float = 60.0
) -> np.ndarray:
    """`count` places outside all footprints."""
    places: list[np.ndarray] = []
    while len(places) < count:
        place = rng.uniform(-within_m, within_m, 2)
        if not shapely.dwithin(footprints, shapely.Point(place), 0.01).any():
            places.append(place)
    return np.array(places)
