"""Where a pole may stand: street corners, kept apart, and the places a person asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from layers.assets.models import AssetStatus, Site
from layers.coverage.demand import Streets
from layers.coverage.kernels.slicing import weight_near
from layers.coverage.planning.asked import SPACING_M, PlanAsked
from layers.coverage.visibility import PointGrid
from layers.places.frames import Frame

#: A street is offered a pole between its corners where none stands closer than this (m).
BETWEEN_CORNERS_M = 60.0
#: Two candidates this near (m) are one place.
_SAME_PLACE_M = 0.1
#: Vertices closer than this are one corner (m).
_SAME_VERTEX_M = 0.05
#: Decimals of a degree a site is recorded with (about 1 cm).
DEGREE_DECIMALS = 7


@dataclass(frozen=True, eq=False)
class Poles:
    """Candidate poles of one zone, by longitude and latitude.

    `lonlat` (n, 2) degrees as they are recorded; `xy` (n, 2) metres of the frame; `required` (n,);
    `promise` (n,) unseen demand in reach, walls left aside: what a pole could gain at the very
    most. `refused` places that were asked for as candidates and cannot be, with the reason.
    """

    lonlat: NDArray[np.float64]
    xy: NDArray[np.float64]
    required: NDArray[np.bool_]
    promise: NDArray[np.float64]
    refused: tuple[dict[str, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.lonlat)

    def only(self, keep: NDArray[np.bool_]) -> Poles:
        """The poles of a mask."""
        return Poles(
            self.lonlat[keep], self.xy[keep], self.required[keep], self.promise[keep], self.refused
        )


def street_corners(streets: Streets) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices where streets meet or end: (n, 2) metres, and how many stretches of street meet.

    Three or more (>=) make a corner, one is the end of a street; a vertex with two is a bend.
    """
    coords, line = shapely.get_coordinates(streets.lines, return_index=True)
    if not len(coords):
        return np.empty((0, 2)), np.empty(0, dtype=np.int64)
    inner = np.ones(len(coords), dtype=np.int64) * 2
    inner[np.flatnonzero(np.diff(line, prepend=-1))] = 1
    inner[np.flatnonzero(np.diff(line, append=line[-1] + 1))] = 1
    key = np.round(coords / _SAME_VERTEX_M).astype(np.int64)
    _, first, group = np.unique(key, axis=0, return_index=True, return_inverse=True)
    degree = np.bincount(group.reshape(-1), weights=inner).astype(np.int64)
    kept = np.flatnonzero(degree != 2)
    return coords[first[kept]], degree[kept]


def keep_apart(
    xy: NDArray[np.float64], order: NDArray[np.int64], *, apart_m: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Indices kept when points are taken in an order and each keeps `apart_m` from those before it.

    A point stays unless an earlier kept one is closer than (<) its own `apart_m`.
    """
    if not len(xy):
        return np.empty(0, dtype=np.int64)
    cell_m = float(apart_m.max())
    cells = np.floor(xy / cell_m).astype(np.int64).tolist()
    places = xy.tolist()
    taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
    kept = []
    for index in order.tolist():
        column, row = cells[index]
        x, y = places[index]
        least = float(apart_m[index]) ** 2
        near = (
            other
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            for other in taken.get((column + i, row + j), ())
        )
        if any((x - a) ** 2 + (y - b) ** 2 < least for a, b in near):
            continue
        taken.setdefault((column, row), []).append((x, y))
        kept.append(index)
    return np.array(kept, dtype=np.int64)


def candidate_poles(
    frame: Frame,
    streets: Streets,
    asked: PlanAsked,
    *,
    required: NDArray[np.float64],
    extra: NDArray[np.float64],
    worth: NDArray[np.float64],
    reach_m: float,
) -> Poles:
    """Candidates of one zone: required places, then places a planner adds, then corners, street
    ends and places between corners; each keeps the distance asked for from those before it.

    `required`, `extra` (n, 2) degrees, the former kept whatever stands near them; `worth` of each
    street piece, what a first view of it would earn. Where more than the usual distance is asked
    for, places with most of it in reach go first. Those without any are left out. The order of
    roads in the database does not matter.
    """
    corners, degree = street_corners(streets)
    between = streets.xy
    if not asked.corners:
        corners, degree, between = corners[:0], degree[:0], between[:0]
    given = np.concatenate([required.reshape(-1, 2), extra.reshape(-1, 2)])
    xy = np.concatenate([frame.to_local(given), corners, between])
    rank = np.concatenate(
        [
            np.zeros(len(required)), np.ones(len(extra)), np.where(degree >= 3, 2, 3),
            np.full(len(between), 4),
        ]
    )  # fmt: skip
    lonlat = np.concatenate([given, frame.to_lonlat(xy[len(given) :])])
    lonlat = np.round(lonlat, DEGREE_DECIMALS)
    why = np.full(len(xy), "", dtype=object)
    taken = _site_places(frame)
    if len(taken) and len(xy) and asked.site_distance_m > 0:
        distance, _ = cKDTree(taken).query(xy, distance_upper_bound=asked.site_distance_m)
        why[distance < asked.site_distance_m] = (
            f"closer than {asked.site_distance_m:g} m to a site that is there"
        )
    if len(asked.forbidden):
        points = shapely.points(lonlat)
        inside = shapely.STRtree(points).query(asked.forbidden, predicate="intersects")[1]
        why[inside] = "in a forbidden zone"
    promise = demand_in_reach(xy, PointGrid.of(streets.xy), worth, reach_m=reach_m)
    why[(promise <= 0.0) & (why == "")] = "no unseen demand in reach"
    why[rank == 0] = ""
    allowed = np.flatnonzero(why == "")
    apart = np.full(len(xy), asked.min_distance_m)
    apart[rank == 4] = np.maximum(BETWEEN_CORNERS_M, asked.min_distance_m)
    apart[rank == 0] = _SAME_PLACE_M
    wide = asked.min_distance_m > SPACING_M
    first = np.where(wide & (rank > 1), -promise, rank)
    order = np.lexsort((lonlat[:, 1], lonlat[:, 0], first, np.minimum(rank, 2) if wide else rank))
    order = order[np.isin(order, allowed)]
    kept = order[keep_apart(xy[order], np.arange(len(order)), apart_m=apart[order])]
    crowded = np.setdiff1d(np.flatnonzero((rank == 1) & (why == "")), kept)
    why[crowded] = f"closer than {asked.min_distance_m:g} m to another candidate"
    refused = [
        {"lon": float(lonlat[i, 0]), "lat": float(lonlat[i, 1]), "reason": str(why[i])}
        for i in np.flatnonzero((rank == 1) & (why != ""))
    ]
    kept = kept[np.lexsort((lonlat[kept, 1], lonlat[kept, 0]))]
    return Poles(
        lonlat[kept], frame.to_local(lonlat[kept]), rank[kept] == 0, promise[kept], tuple(refused)
    )


def demand_in_reach(
    places_xy: NDArray[np.float64],
    points: PointGrid,
    weights: NDArray[np.float64],
    *,
    reach_m: float,
) -> NDArray[np.float64]:
    """Weight of the points within `reach_m` (<=) of each place."""
    weighed = np.asarray(weights, dtype=np.float64)[points.cells.item]
    return np.asarray(weight_near(places_xy, points.cells, weighed, float(reach_m)))


def _site_places(frame: Frame) -> NDArray[np.float64]:
    sites = Site.objects.exclude(status=AssetStatus.RETIRED).order_by("pk")
    places = [(point.x, point.y) for point in sites.values_list("geom", flat=True)]
    return frame.to_local(np.array(places, dtype=np.float64).reshape(-1, 2))
