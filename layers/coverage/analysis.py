"""A coverage run: what the city's cameras see of its streets and demand, and where nobody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from layers.assets.models import Camera
from layers.coverage.city import Watcher, watchers
from layers.coverage.demand import Profile, Streets, build_streets
from layers.coverage.figures.ground import run_ground, zone_centres
from layers.coverage.figures.lookers import EDGE_DEG
from layers.coverage.figures.merge import tiles_merge
from layers.coverage.figures.order import RunOrder, area_with_code, run_order
from layers.coverage.figures.record import run_begin, run_record
from layers.coverage.figures.tiles import look_at
from layers.coverage.models import CoverageRun
from layers.coverage.optics import CameraView
from layers.coverage.visibility import sight_lines
from layers.geo.crs import utm_srid
from layers.places.frames import Frame, frame_at
from layers.places.models import Area

__all__ = [
    "EDGE_DEG", "Progress", "RunPart", "area_with_code", "count_views", "coverage_analyse", "run_parts",
]  # fmt: skip
Progress = Callable[[str], None]


def coverage_analyse(
    *,
    area_code: str | None = None,
    level: str = "detect",
    profile_name: str | None = None,
    edition: str | None = None,
    as_of: datetime | None = None,
    subject: str = CoverageRun.Subject.CAMERAS,
    order: RunOrder | None = None,
    requested_by: Any = None,
    repeats: CoverageRun | None = None,
    progress: Progress = lambda line: None,
) -> dict[str, Any]:
    """Analyse coverage, store the run and return its figures. `order` says all of it at once.

    A street piece is covered at a level when a target at its middle is seen with at least that many
    pixels per metre (>=); of wifi, when it is at most (<=) the reach of a hotspot away. Covered and
    uncovered street add up to all street. PTZ cameras count by where they look now; what they could
    reach is told apart under `reachable`. Planned, failed and retired ones never count. Raises
    `NotFound` for an unknown area or profile and `InvalidInput` for an unknown level or when there
    are no streets.
    """
    started = time.monotonic()
    order = order or run_order(
        subject=subject, area_code=area_code, level=level, profile_name=profile_name, edition=edition, as_of=as_of,
    )  # fmt: skip
    parameters = order.as_parameters()
    parts = []
    for part, tiles in run_ground(order, progress):
        seen = [look_at(tile) for tile in tiles]
        parts.append((part, tiles_merge(part, len(order.levels), seen)))
    with transaction.atomic():
        run = run_begin(order, parameters=parameters, requested_by=requested_by, repeats=repeats)
        return run_record(run, order, parts, seconds=time.monotonic() - started)


class RunPart:
    """One zone's share of a run."""

    def __init__(
        self, frame: Frame, streets: Streets, ready: list[Watcher], levels: dict[str, float]
    ) -> None:
        self.frame = frame
        self.streets = streets
        self.ready = ready
        count = len(streets)
        self.now = {level: np.zeros(count, dtype=np.int32) for level in levels}
        self.reach = {level: np.zeros(count, dtype=bool) for level in levels}
        self.visible_m2 = dict.fromkeys(["visible", *levels], 0.0)
        self.cameras_of_area = np.zeros(len(streets.areas), dtype=np.int64)


def count_views(
    into: dict[str, NDArray[np.int32]],
    scene: Any,
    views: list[CameraView],
    streets: Streets,
    levels: dict[str, float],
) -> None:
    """Add to each level's counts the views that see each street piece at it (px/m >=)."""
    if not views:
        return
    lines = sight_lines(scene, views, streets.xy)
    for level, least in levels.items():
        hit = lines.px_per_m >= least
        into[level] += np.bincount(lines.point[hit], minlength=len(streets)).astype(np.int32)


def run_parts(
    rows: list[Camera],
    area: Area | None,
    profile: Profile,
    moment: datetime,
    levels: dict[str, float],
    progress: Progress,
) -> list[RunPart]:
    """The run cut by UTM zone; one part for a city."""
    parts = []
    if area is not None:
        middle = area.geom.point_on_surface
        frame = frame_at(middle.x, middle.y)
        progress("cutting streets into pieces")
        streets = build_streets(frame, profile=profile, as_of=moment, area=area)
        return [RunPart(frame, streets, watchers(rows, frame), levels)]
    for srid, lon, lat in zone_centres([(row.geom.x, row.geom.y) for row in rows]):
        frame = frame_at(lon, lat)
        progress(f"cutting the streets of EPSG:{srid} into pieces")
        streets = build_streets(frame, profile=profile, as_of=moment, zone_srid=srid)
        here = [camera for camera in rows if utm_srid(camera.geom.x, camera.geom.y) == srid]
        parts.append(RunPart(frame, streets, watchers(here, frame), levels))
    return parts
