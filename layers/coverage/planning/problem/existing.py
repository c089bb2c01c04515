"""Cameras that are there and may be turned or replaced: their options and what those cost."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from layers.assets.models import Camera, CameraKind
from layers.coverage.analysis import RunPart
from layers.coverage.city import Watcher, scene_around
from layers.coverage.optics import CameraView
from layers.coverage.planning.asked import PlanAsked
from layers.coverage.planning.options import Lens
from layers.coverage.siting import CoverageProblem
from layers.coverage.visibility import PointGrid, sight_lines


@dataclass(frozen=True, eq=False)
class Standing:
    """Existing cameras of one zone that a plan may change, with their options.

    `covers` options × street pieces; `camera` index into `watchers` of each option, `heading_deg`
    true bearing (NaN: as it hangs), `lens` index into the models (-1: its own), `cost_idr`. The
    first option of a camera is what it does now, for nothing.
    """

    watchers: list[Watcher]
    headings_now: NDArray[np.float64]
    covers: Any
    camera: NDArray[np.int64]
    heading_deg: NDArray[np.float64]
    lens: NDArray[np.int64]
    cost_idr: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.watchers)

    def seen_now(self) -> NDArray[np.int64]:
        """For each street piece the number of these cameras that see it as they hang."""
        now = np.flatnonzero(np.diff(self.camera, prepend=-1))
        return np.bincount(self.covers[now].indices, minlength=self.covers.shape[1])


def standing_cameras(
    part: RunPart, points: PointGrid, asked: PlanAsked, lenses: Sequence[Lens], *, least: float
) -> Standing:
    """What the fixed active cameras of a part could see if they were turned or replaced.

    Turning keeps lens, tilt and height; a new model hangs at the height of the old one, without
    tilt. Turning cameras (PTZ) and those that look all round stay as they are.
    """
    fixed = dict(
        Camera.objects.filter(pk__in=[item.camera_id for item in part.ready], kind=CameraKind.FIXED)
        .values_list("pk", "heading_deg")
    )  # fmt: skip
    watchers: list[Watcher] = []
    views: list[CameraView] = []
    rows: list[tuple[int, float, int, int]] = []
    if asked.moves_existing:
        for item in part.ready:
            if item.view is None or item.view.is_radial or item.camera_id not in fixed:
                continue
            number = len(watchers)
            watchers.append(item)
            for view, heading, lens, cost in _choices(part, item, asked, lenses):
                views.append(view)
                rows.append((number, heading, lens, cost))
    range_m = max((view.max_range_m for view in views), default=1.0)
    scene = scene_around(part.frame, [(item.lon, item.lat) for item in watchers], range_m=range_m)
    lines = sight_lines(scene, views, points)
    held = lines.px_per_m >= least
    covers = sparse.csr_matrix(
        (np.ones(int(held.sum()), dtype=bool), (lines.camera[held], lines.point[held])),
        shape=(len(views), len(points.points_xy)),
    )
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Standing(
        watchers,
        np.array([fixed[item.camera_id] for item in watchers], dtype=np.float64),
        covers,
        table[:, 0].astype(np.int64),
        table[:, 1],
        table[:, 2].astype(np.int64),
        np.array([row[3] for row in rows], dtype=np.int64),
    )


def _choices(
    part: RunPart, item: Watcher, asked: PlanAsked, lenses: Sequence[Lens]
) -> list[tuple[CameraView, float, int, int]]:
    """Views of one camera, the heading and model of each and its price; first as it hangs."""
    view = item.view
    assert view is not None
    found: list[tuple[CameraView, float, int, int]] = [(view, float("nan"), -1, 0)]
    for heading in asked.headings_deg:
        bearing = part.frame.grid_bearing_deg(heading, item.lon, item.lat)
        if asked.re_aim:
            turned = replace(view, heading_deg=bearing)
            found.append((turned, heading, -1, asked.re_aim_cost_idr))
        for index, lens in enumerate(lenses if asked.swap else ()):
            new = lens.view(
                range_m=view.max_range_m, target_height_m=view.target_height_m, height_m=view.height_m
            )  # fmt: skip
            new = replace(new, x=view.x, y=view.y, heading_deg=bearing)
            found.append((new, heading, index, asked.re_aim_cost_idr + lens.price_idr))
    return found


def changes_in_order(
    problem: CoverageProblem, today: Sequence[int], changes: Sequence[tuple[int, int]]
) -> list[tuple[int, float]]:
    """In which order to change cameras, and what each change earns after those before it.

    `today`: the options of all cameras that may change, as they hang; `changes`: option before and
    after of those that do. Each time the change that earns most is next; a figure that was
    computed earlier counts until it comes first, so that few are computed twice.
    """
    times = np.zeros(problem.n_points, dtype=np.int64)
    views = [(problem.covers[old].indices, problem.covers[new].indices) for old, new in changes]
    for option in today:
        times[problem.covers[option].indices] += 1

    def earned(place: int) -> float:
        old, new = views[place]
        lost = np.setdiff1d(old[times[old] == 1], new)
        return float(problem.weights[new[times[new] == 0]].sum() - problem.weights[lost].sum())

    heap = [(-earned(place), place) for place in range(len(changes))]
    heapq.heapify(heap)
    order: list[tuple[int, float]] = []
    while heap:
        _stale, place = heapq.heappop(heap)
        now = earned(place)
        if heap and -now > heap[0][0]:
            heapq.heappush(heap, (-now, place))
            continue
        old, new = views[place]
        times[old] -= 1
        times[new] += 1
        order.append((place, now))
    return order
