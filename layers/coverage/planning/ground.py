"""The ground a plan works on: street pieces of a run, and which of them cameras see already."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from layers.assets.models import Camera
from layers.coverage.analysis import EDGE_DEG, Progress, RunPart, count_views, run_parts
from layers.coverage.city import scene_around
from layers.coverage.demand import Profile
from layers.errors import InvalidInput
from layers.places.models import Area


def ground_of_plan(
    *, area: Area | None, level: str, least_px_per_m: float, profile: Profile, as_of: datetime,
    progress: Progress,
) -> list[RunPart]:  # fmt: skip
    """Parts of a run, `now[level]` filled in with the number of active cameras at the level.

    The same streets, demand and cameras as `coverage_analyse` takes, so that what a plan predicts
    is what an analysis finds once it is built. Raises `InvalidInput` where there is no street.
    """
    cameras = Camera.objects.select_related("model").order_by("code")
    if area is not None:
        cameras = cameras.filter(geom__intersects=area.geom.envelope.buffer(EDGE_DEG))
    levels = {level: least_px_per_m}
    parts = run_parts(list(cameras), area, profile, as_of, levels, progress)
    if not any(len(part.streets) for part in parts):
        raise InvalidInput(
            "there are no streets to plan for" + (f" in {area}" if area is not None else ""),
            remedy="import roads first (import_osm, import_layer)",
        )
    for part in parts:
        ready = [item for item in part.ready if item.view is not None]
        views = [item.view for item in ready if item.view is not None]
        if not views or not len(part.streets):
            continue
        range_m = max(view.max_range_m for view in views)
        scene = scene_around(part.frame, [(item.lon, item.lat) for item in ready], range_m=range_m)
        count_views(part.now, scene, views, part.streets, levels)
    return parts


def unseen(part: RunPart, level: str) -> NDArray[np.int64]:
    """Pieces of a part that no active camera sees at the level and that carry demand."""
    return np.flatnonzero((part.now[level] == 0) & (part.streets.demand > 0))
