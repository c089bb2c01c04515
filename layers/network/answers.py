"""Answers of the router: places, drives, times, and who cannot get there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from layers.geo.crs import GEOD
from layers.network.costing import DEFAULT_COSTING, Costing
from layers.network.engine.graph import Graph
from layers.network.engine.snapping import Snapped

#: Speed by which straight-line answers guess a time, over the detour that roads make.
STRAIGHT_LINE_KPH = 30.0
STRAIGHT_LINE_DETOUR = 1.3

LonLat = tuple[float, float]


@dataclass(frozen=True)
class UnitAt:
    """A unit and where it is, degrees; `key` is the caller's own."""

    key: Hashable
    lon: float
    lat: float
    costing: Costing = DEFAULT_COSTING


@dataclass(frozen=True)
class Place:
    """A point brought on to the road.

    `lon`, `lat` on the road; `distance_m` from the point asked for; `connected` is False on an
    island that the main network cannot reach (or leave); `passed_over_m` is the distance of a
    nearer road on an island that was passed over for this one, else None.
    """

    lon: float
    lat: float
    distance_m: float
    connected: bool
    passed_over_m: float | None
    link: int
    along_m: float


@dataclass(frozen=True)
class Route:
    """A drive along directed edges, from `first_m` on the first to `last_m` on the last (metres in
    driving direction)."""

    graph: Graph = field(repr=False)
    edges: NDArray[np.int32]
    first_m: float
    last_m: float

    @cached_property
    def distance_m(self) -> float:
        """Geodesic metres along the road."""
        if not len(self.edges):
            return 0.0
        whole = self.graph.length_m[self.edges[:-1] >> 1]
        return float(np.add.reduce(whole)) - self.first_m + self.last_m

    @cached_property
    def coordinates(self) -> list[list[float]]:
        """Vertices of the line driven, degrees, longitude first; at least two."""
        pieces: list[NDArray[np.float64]] = []
        final = len(self.edges) - 1
        for place, edge in enumerate(self.edges.tolist()):
            length = float(self.graph.length_m[edge >> 1])
            low = self.first_m if place == 0 else 0.0
            high = self.last_m if place == final else length
            pieces.append(_cut(self.graph, edge, low, high))
        if not pieces:
            return []
        line = np.concatenate(pieces)
        keep = np.ones(len(line), dtype=bool)
        keep[1:] = np.any(line[1:] != line[:-1], axis=1)
        line = line[keep] if keep.sum() > 1 else line[:2]
        return line.tolist()

    @cached_property
    def road_ids(self) -> list[int]:
        """Roads driven, in order, each once in a row."""
        ids = self.graph.road_id[self.edges >> 1].tolist()
        return [road for place, road in enumerate(ids) if place == 0 or ids[place - 1] != road]


@dataclass(frozen=True)
class Eta:
    """A unit's way to the point: seconds, metres and the drive."""

    key: Hashable
    eta_s: float
    distance_m: float
    place: Place
    route: Route = field(repr=False)


@dataclass(frozen=True)
class Unreachable:
    """A unit that cannot get there. `no_road`: no road of the point's network is near the unit;
    `no_route`: none leads from it to the point."""

    key: Hashable
    reason: Literal["no_road", "no_route"]
    place: Place | None


@dataclass(frozen=True)
class Nearest:
    """Answer of `Router.nearest`: soonest first; `farther` are the units beyond the count asked
    for, whose times were not worked out."""

    place: Place
    etas: list[Eta]
    unreachable: list[Unreachable]
    farther: list[Hashable]


@dataclass(frozen=True)
class StraightLine:
    """A unit by straight distance; `guess_s` is a guess, to be labelled as one."""

    key: Hashable
    straight_m: float
    guess_s: float
    by_road: Literal[False] = False


def straight_line(
    point: LonLat, units: Sequence[UnitAt], *, count: int | None = 10
) -> list[StraightLine]:
    """Units by straight distance: the stand-in while there is no routing graph, never a road time.

    `guess_s` supposes `STRAIGHT_LINE_KPH` over `STRAIGHT_LINE_DETOUR` times the geodesic distance.
    """
    if not units:
        return []
    lonlat = np.array([(unit.lon, unit.lat) for unit in units], dtype=np.float64)
    here = np.tile(np.asarray(point, dtype=np.float64), (len(units), 1))
    distance = GEOD.inv(here[:, 0], here[:, 1], lonlat[:, 0], lonlat[:, 1])[2]
    order = np.argsort(distance, kind="stable")[: len(units) if count is None else count]
    guess = distance * STRAIGHT_LINE_DETOUR * 3.6 / STRAIGHT_LINE_KPH
    return [StraightLine(units[i].key, float(distance[i]), float(guess[i])) for i in order]


def place_at(snapped: Snapped, number: int) -> Place:
    """One of the snapped points, which must have a link."""
    passed_over = float(snapped.passed_over_m[number])
    return Place(
        lon=float(snapped.lonlat[number, 0]),
        lat=float(snapped.lonlat[number, 1]),
        distance_m=float(snapped.distance_m[number]),
        connected=bool(snapped.connected[number]),
        passed_over_m=None if np.isnan(passed_over) else passed_over,
        link=int(snapped.link[number]),
        along_m=float(snapped.along_m[number]),
    )


def _cut(graph: Graph, edge: int, low_m: float, high_m: float) -> NDArray[np.float64]:
    """Line of an edge between two places in driving direction, (n, 2) degrees."""
    low, high = graph.vertex_offset[edge >> 1], graph.vertex_offset[(edge >> 1) + 1]
    line, along = graph.lonlat[low:high], graph.along_m[low:high]
    if edge & 1:
        line, along = line[::-1], graph.length_m[edge >> 1] - along[::-1]
    inner = (along > low_m) & (along < high_m)
    ends = [[np.interp(at, along, line[:, axis]) for axis in (0, 1)] for at in (low_m, high_m)]
    return np.concatenate([ends[:1], line[inner], ends[1:]])
