"""What every camera on every candidate pole would see: the rows of the siting problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from scipy import sparse

from layers.coverage.city import scene_around
from layers.coverage.planning.candidates import Poles
from layers.coverage.planning.options import HEADINGS_DEG, MOUNT_HEIGHT_M, Lens
from layers.coverage.visibility import pole_sight, slice_camera
from layers.places.frames import Frame


@dataclass(frozen=True, eq=False)
class Options:
    """Camera options of one zone: `covers` (options × points), and what each option is.

    `pole` index into the zone's poles, `heading_deg` true bearing, `lens` index into the models.
    """

    covers: Any
    pole: NDArray[np.int64]
    heading_deg: NDArray[np.float64]
    lens: NDArray[np.int64]


def options_of_poles(
    frame: Frame,
    poles: Poles,
    points_xy: NDArray[np.float64],
    lenses: Sequence[Lens],
    *,
    least_px_per_m: float,
) -> Options:
    """Every heading and model on every pole, with the points it sees at the level (px/m >=).

    Sight lines past the buildings are cast once for each pole; headings and models are cut out of
    them. Options that see nothing are kept only where the pole is required, its cheapest one.
    """
    range_m = max(lens.reach_m(least_px_per_m) for lens in lenses)
    scene = scene_around(frame, [tuple(place) for place in poles.lonlat.tolist()], range_m=range_m)
    target_height_m = float(settings.NCC_TARGET_HEIGHT_M)
    sight = pole_sight(
        scene, poles.xy, MOUNT_HEIGHT_M, points_xy, range_m, target_height_m=target_height_m
    )
    views = [lens.view(range_m=range_m, target_height_m=target_height_m) for lens in lenses]
    cheapest = min(range(len(lenses)), key=lambda i: (lenses[i].price_idr, lenses[i].name))
    seen: list[NDArray[np.int32]] = []
    rows: list[tuple[int, float, int]] = []
    for pole, (lon, lat) in enumerate(poles.lonlat.tolist()):
        empty = True
        if sight.indptr[pole] < sight.indptr[pole + 1]:
            bearings = [frame.grid_bearing_deg(heading, lon, lat) for heading in HEADINGS_DEG]
            for index, view in enumerate(views):
                for heading, bearing in zip(HEADINGS_DEG, bearings, strict=True):
                    points, px = slice_camera(sight, pole, replace(view, heading_deg=bearing))
                    points = points[px >= least_px_per_m]
                    if len(points):
                        seen.append(np.sort(points))
                        rows.append((pole, heading, index))
                        empty = False
        if empty and poles.required[pole]:
            seen.append(np.empty(0, dtype=np.int32))
            rows.append((pole, HEADINGS_DEG[0], cheapest))
    indptr = np.concatenate([[0], np.cumsum([len(item) for item in seen])]).astype(np.int64)
    indices = np.concatenate([*seen, np.empty(0, dtype=np.int32)])
    covers = sparse.csr_matrix(
        (np.ones(len(indices), dtype=bool), indices, indptr), shape=(len(rows), len(points_xy))
    )
    return Options(
        covers,
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64),
        np.array([row[2] for row in rows], dtype=np.int64),
    )
