"""What every camera on every candidate pole would see: the rows of the siting problem."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from scipy import sparse

from layers.coverage.city import scene_around
from layers.coverage.kernels.slicing import slices_kernel
from layers.coverage.optics import view_table
from layers.coverage.planning.options import Lens
from layers.coverage.planning.problem.candidates import Poles
from layers.coverage.visibility import PointGrid, chunks_of, in_threads, pole_sight
from layers.places.frames import Frame

#: Poles whose sight lines are held at once.
BATCH = 2048


@dataclass(frozen=True, eq=False)
class Options:
    """Camera options of one zone: `covers` (options × points), and what each option is.

    `pole` index into the zone's poles, `heading_deg` true bearing, `lens` index into the models;
    `complete` False where it was stopped before every pole was looked at.
    """

    covers: Any
    pole: NDArray[np.int64]
    heading_deg: NDArray[np.float64]
    lens: NDArray[np.int64]
    complete: bool = True


def options_of_poles(
    frame: Frame,
    poles: Poles,
    points: PointGrid,
    lenses: Sequence[Lens],
    *,
    least_px_per_m: float,
    headings_deg: Sequence[float],
    mount_height_m: float,
    stopped: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda poles: None,
) -> Options:
    """Every heading and model on every pole, with the points it sees at the level (px/m >=).

    Sight lines past the buildings are cast once for each pole; headings and models are cut out of
    them. Options that see nothing are kept only where the pole is required, its cheapest one.
    Once `stopped()`, poles not looked at yet have none but that. `told` hears how many are done.
    """
    range_m = max(lens.reach_m(least_px_per_m) for lens in lenses)
    target_height_m = float(settings.NCC_TARGET_HEIGHT_M)
    table = view_table(
        [
            lens.view(range_m=range_m, target_height_m=target_height_m, height_m=mount_height_m)
            for lens in lenses
        ]
    )
    cheapest = min(range(len(lenses)), key=lambda i: (lenses[i].price_idr, lenses[i].name))
    turn = _headings(frame, poles, headings_deg)
    per_pole = len(lenses) * len(headings_deg)
    counts, seen, complete = [], [], True
    for first in range(0, len(poles), BATCH):
        batch = slice(first, min(first + BATCH, len(poles)))
        if stopped():
            complete = False
            counts.append(np.zeros((batch.stop - first) * per_pole, dtype=np.int64))
            continue
        places = poles.lonlat[batch]
        scene = scene_around(frame, [tuple(place) for place in places.tolist()], range_m=range_m)
        sight = pole_sight(
            scene, poles.xy[batch], mount_height_m, points, range_m, target_height_m=target_height_m
        )
        sines, cosines = (part[batch] for part in turn)

        def cut(low: int, high: int, sight: Any = sight, sines: Any = sines, cosines: Any = cosines) -> Any:  # fmt: skip
            return slices_kernel(
                sight.indptr, sight.point, sight.lines.cameras_xy, points.points_xy, table, sines,
                cosines, least_px_per_m, low, high,
            )  # fmt: skip

        for own, found in in_threads(cut, chunks_of(np.zeros(batch.stop - first), None), None):
            counts.append(own)
            seen.append(found)
        told(batch.stop)
    number = np.concatenate([*counts, np.empty(0, dtype=np.int64)])
    bare = poles.required & (number.reshape(len(poles), per_pole).sum(axis=1) == 0)
    kept = number > 0
    kept[np.flatnonzero(bare) * per_pole + cheapest * len(headings_deg)] = True
    row = np.flatnonzero(kept)
    indptr = np.concatenate([[0], np.cumsum(number[row])]).astype(np.int64)
    indices = np.concatenate([*seen, np.empty(0, dtype=np.int32)])
    covers = sparse.csr_matrix(
        (np.ones(len(indices), dtype=bool), indices, indptr),
        shape=(len(row), len(points.points_xy)),
    )
    within = row % per_pole
    return Options(
        covers,
        row // per_pole,
        np.asarray(headings_deg, dtype=np.float64)[within % len(headings_deg)],
        within // len(headings_deg),
        complete,
    )


def _headings(
    frame: Frame, poles: Poles, headings_deg: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sine and cosine of the grid bearings of true headings at every pole, as `view_table` has them."""
    bearing = np.empty((len(poles), len(headings_deg)))
    for pole, (lon, lat) in enumerate(poles.lonlat.tolist()):
        convergence_deg = frame.projection.convergence_deg(lon, lat)
        for number, heading in enumerate(headings_deg):
            bearing[pole, number] = math.radians((heading - convergence_deg) % 360.0 % 360.0)
    flat = bearing.ravel().tolist()
    shape = bearing.shape
    return (
        np.array([math.sin(angle) for angle in flat]).reshape(shape),
        np.array([math.cos(angle) for angle in flat]).reshape(shape),
    )
