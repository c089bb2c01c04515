"""Closed stretches of road as masks and intervals that a search can take with each request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.geo.crs import local_projection
from layers.network.engine.graph import Graph
from layers.network.engine.snapping import SnapGrid, links_near

#: A drawn line closes the roads that run along it within this distance, metres.
LINE_TOLERANCE_M = 8.0
#: A link runs along a drawn line when it gains at least this share of its own length on it.
ALONG_SHARE = 0.7
MIN_ALONG_M = 2.0
#: A point closes the roads within this distance, or the nearest one within `POINT_REACH_M`.
POINT_RADIUS_M = 5.0
POINT_REACH_M = 30.0

Stretch = tuple[int, float, float]


@dataclass(frozen=True)
class ClosedRoads:
    """Stretches closed to vehicles in both directions.

    `edge` (2L,) uint8 is 1 where an edge cannot be driven from end to end; `of_link` (L,) int32 is
    the number of a link's closed stretch or -1; `from_m`, `to_m` (c,) bound the stretches, metres
    from the link's start. Who stands on a closed link beside the stretch may still leave it.
    """

    edge: NDArray[np.uint8]
    of_link: NDArray[np.int32]
    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Number of links with a closed stretch."""
        return len(self.from_m)


def close_roads(graph: Graph, stretches: Iterable[Stretch] = ()) -> ClosedRoads:
    """Close (link, from metres, to metres); several on one link close all that lies between them."""
    merged: dict[int, tuple[float, float]] = {}
    for link, low, high in stretches:
        low, high = max(0.0, low), min(float(graph.length_m[link]), high)
        if link in merged:
            low, high = min(low, merged[link][0]), max(high, merged[link][1])
        merged[link] = (low, high)
    edge = np.zeros(graph.edge_count, dtype=np.uint8)
    of_link = np.full(graph.link_count, -1, dtype=np.int32)
    links = np.array(list(merged), dtype=np.int64)
    edge[2 * links] = 1
    edge[2 * links + 1] = 1
    of_link[links] = np.arange(len(links))
    bounds = np.array(list(merged.values()), dtype=np.float64).reshape(-1, 2)
    return ClosedRoads(edge, of_link, bounds[:, 0].copy(), bounds[:, 1].copy())


def stretches_of(graph: Graph, grid: SnapGrid, geometry: shapely.Geometry) -> Iterator[Stretch]:
    """Stretches of road that a drawn closure (degrees, WGS 84) means.

    A polygon closes what lies inside it. A line closes what runs along it within
    `LINE_TOLERANCE_M`; one that runs along nothing is a barricade and closes the roads it crosses.
    A point closes the roads within `POINT_RADIUS_M`, or else the nearest within `POINT_REACH_M`.
    Heights are not looked at: a closure drawn under a bridge closes the bridge as well.
    """
    projection = local_projection(graph.srid)
    local = shapely.transform(shapely.force_2d(geometry), projection.to_local)
    if not np.isfinite(shapely.bounds(local)).all():
        return
    for part in shapely.get_parts(local, return_index=False):
        if part.geom_type == "GeometryCollection":
            parts = list(shapely.get_parts(part))
        else:
            parts = [part]
        for single in parts:
            if single.is_empty:
                continue
            if single.geom_type == "Polygon":
                yield from _inside(graph, grid, single)
            elif single.geom_type == "Point":
                yield from _at_point(graph, grid, single)
            else:
                yield from _along(graph, grid, shapely.LineString(single.coords))


def _near(
    graph: Graph, grid: SnapGrid, area: shapely.Geometry
) -> tuple[NDArray[np.int32], NDArray[np.object_]]:
    bounds = np.array(area.bounds)
    links = links_near(graph, grid, bounds[:2], bounds[2:])
    lines = np.array(
        [
            shapely.LineString(graph.xy[graph.vertex_offset[i] : graph.vertex_offset[i + 1]])
            for i in links.tolist()
        ],
        dtype=object,
    )
    hit = shapely.intersects(lines, area) if len(lines) else np.zeros(0, dtype=bool)
    return links[hit], lines[hit]


def _span(line: shapely.LineString, part: shapely.Geometry, length_m: float) -> tuple[float, float]:
    """Metres from the link's start between which a part of its line lies."""
    if line.length <= 0:
        return 0.0, length_m
    at = shapely.line_locate_point(line, shapely.points(shapely.get_coordinates(part)))
    return (
        float(at.min() / line.length * length_m),
        float(at.max() / line.length * length_m),
    )


def _inside(graph: Graph, grid: SnapGrid, area: shapely.Polygon) -> Iterator[Stretch]:
    shapely.prepare(area)
    links, lines = _near(graph, grid, area)
    for link, line in zip(links.tolist(), lines, strict=True):
        part = shapely.intersection(line, area)
        if part.length > 0:
            yield (link, *_span(line, part, float(graph.length_m[link])))


def _at_point(graph: Graph, grid: SnapGrid, point: shapely.Point) -> Iterator[Stretch]:
    found = list(_inside(graph, grid, point.buffer(POINT_RADIUS_M)))
    if not found:
        links, lines = _near(graph, grid, point.buffer(POINT_REACH_M))
        if len(links):
            nearest = lines[int(np.argmin(shapely.distance(lines, point)))]
            on_road = shapely.line_interpolate_point(
                nearest, shapely.line_locate_point(nearest, point)
            )
            found = list(_inside(graph, grid, on_road.buffer(POINT_RADIUS_M)))
    yield from found


def _along(graph: Graph, grid: SnapGrid, drawn: shapely.LineString) -> Iterator[Stretch]:
    band = drawn.buffer(LINE_TOLERANCE_M, cap_style="flat")
    links, lines = _near(graph, grid, band)
    beside: list[Stretch] = []
    for link, line in zip(links.tolist(), lines, strict=True):
        for piece in shapely.get_parts(shapely.intersection(line, band)):
            if piece.geom_type != "LineString" or piece.length < MIN_ALONG_M:
                continue
            ends = shapely.points(shapely.get_coordinates(piece)[[0, -1]])
            gained = float(np.ptp(shapely.line_locate_point(drawn, ends)))
            if gained >= ALONG_SHARE * piece.length:
                beside.append((link, *_span(line, piece, float(graph.length_m[link]))))
    if beside:
        yield from beside
        return
    for link, line in zip(links.tolist(), lines, strict=True):
        crossing = shapely.intersection(line, drawn)
        if not crossing.is_empty:
            low, high = _span(line, crossing, float(graph.length_m[link]))
            yield link, low - 1.0, high + 1.0
