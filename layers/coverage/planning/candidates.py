"""Where a pole may stand: street corners, kept apart, and the places a person asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from layers.assets.models import AssetStatus, Site
from layers.coverage.demand import Streets
from layers.places.frames import Frame

#: Candidates are at least (>=) this far from each other (m).
SPACING_M = 30.0
#: A street is offered a pole between its corners where none stands closer than this (m).
BETWEEN_CORNERS_M = 60.0
#: No candidate stands closer than (<) this to a site that is there already (m).
APART_FROM_SITES_M = 20.0
#: Most candidates a plan considers; those with most unseen demand in reach are kept.
MOST_CANDIDATES = 4000
#: Vertices closer than this are one corner (m).
_SAME_VERTEX_M = 0.05
#: Decimals of a degree a site is recorded with (about 1 cm).
DEGREE_DECIMALS = 7


@dataclass(frozen=True, eq=False)
class Poles:
    """Candidate poles of one zone, by longitude and latitude.

    `lonlat` (n, 2) degrees as they are recorded; `xy` (n, 2) metres of the frame; `required` (n,).
    """

    lonlat: NDArray[np.float64]
    xy: NDArray[np.float64]
    required: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lonlat)

    def only(self, keep: NDArray[np.bool_]) -> Poles:
        """The poles of a mask."""
        return Poles(self.lonlat[keep], self.xy[keep], self.required[keep])


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
    *,
    required: NDArray[np.float64],
    forbidden: NDArray[np.object_],
) -> Poles:
    """Candidates of one zone: required places, corners, street ends, then places between corners.

    `required` (n, 2) degrees, kept whatever stands near them; `forbidden` shapely polygons in
    degrees, edge included. The order of roads in the database does not matter.
    """
    corners, degree = street_corners(streets)
    between = streets.xy
    must = frame.to_local(required)
    xy = np.concatenate([must, corners, between])
    rank = np.concatenate(
        [np.zeros(len(must)), np.where(degree >= 3, 1, 2), np.full(len(between), 3)]
    )
    lonlat = np.concatenate([required.reshape(-1, 2), frame.to_lonlat(xy[len(must) :])])
    lonlat = np.round(lonlat, DEGREE_DECIMALS)
    allowed = np.ones(len(xy), dtype=bool)
    optional = rank > 0
    taken = _site_places(frame)
    if len(taken) and len(xy):
        distance, _ = cKDTree(taken).query(xy, distance_upper_bound=APART_FROM_SITES_M)
        allowed &= ~(optional & (distance < APART_FROM_SITES_M))
    if len(forbidden):
        points = shapely.points(lonlat)
        inside, _ = shapely.STRtree(points).query(forbidden, predicate="intersects")[::-1]
        mask = np.zeros(len(xy), dtype=bool)
        mask[inside] = True
        allowed &= ~(optional & mask)
    xy, rank, lonlat = xy[allowed], rank[allowed], lonlat[allowed]
    order = np.lexsort((lonlat[:, 1], lonlat[:, 0], rank))
    apart = np.where(rank == 3, BETWEEN_CORNERS_M, np.where(rank == 0, 0.1, SPACING_M))
    kept = keep_apart(xy, order, apart_m=apart)
    kept = kept[np.lexsort((lonlat[kept, 1], lonlat[kept, 0]))]
    return Poles(lonlat[kept], frame.to_local(lonlat[kept]), rank[kept] == 0)


def demand_in_reach(
    poles: Poles, points_xy: NDArray[np.float64], weights: NDArray[np.float64], *, reach_m: float
) -> NDArray[np.float64]:
    """Demand within `reach_m` of each pole, walls left aside: what it could gain at the very most."""
    if not len(points_xy) or not len(poles):
        return np.zeros(len(poles))
    near = cKDTree(points_xy).query_ball_point(poles.xy, reach_m, return_sorted=True)
    return np.array([float(weights[found].sum()) if found else 0.0 for found in near])


def _site_places(frame: Frame) -> NDArray[np.float64]:
    sites = Site.objects.exclude(status=AssetStatus.RETIRED).order_by("pk")
    places = [(point.x, point.y) for point in sites.values_list("geom", flat=True)]
    return frame.to_local(np.array(places, dtype=np.float64).reshape(-1, 2))
