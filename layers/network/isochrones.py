"""Isochrones: the roads reached within some minutes, exactly, and a polygon as their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import contourpy
import numpy as np
import shapely
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from layers.errors import InvalidInput
from layers.geo.crs import local_projection
from layers.network.answers import place_at
from layers.network.costing import DEFAULT_COSTING, Costing
from layers.network.engine.closing import ClosedRoads
from layers.network.engine.ends import Arrivals, departures
from layers.network.engine.reach import Reach, raster
from layers.network.engine.search import INF, run
from layers.network.engine.snapping import MAX_SNAP_M
from layers.network.router import LonLat, Place, Router

#: Side of a cell of the picture, at least; ground this many cells off a road belongs to it.
CELL_M = 25.0
RINGS = 4
MAX_CELLS_A_SIDE = 900
#: Times this far from the limit count alike when the outline is drawn between two cells, seconds.
EDGE_S = 20.0
#: Weight of the soonest time in a cell against the latest: higher draws in more of what is not reached.
SOON_SHARE = 0.7
MAX_MINUTES = 240.0

_NOWHERE = Arrivals(
    -1, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float64), np.empty(0, dtype=np.float64)
)


@dataclass(frozen=True)
class Isochrone:
    """What is reached within `minutes`: a picture (MultiPolygon, degrees) and road metres, exact."""

    minutes: float
    polygon: shapely.MultiPolygon
    street_m: float


def reach_from(
    router: Router,
    starts: Sequence[LonLat],
    *,
    limit_s: float,
    costing: Costing = DEFAULT_COSTING,
    closed: ClosedRoads | None = None,
    max_m: float = MAX_SNAP_M,
) -> tuple[Reach, list[Place]]:
    """Times along the roads from the nearest of `starts` (degrees), up to `limit_s` inclusive.

    Raises `Unroutable` where a start has no road within `max_m`.
    """
    closed = closed or router.open_roads
    costed = router.costed(costing)
    snapped = router.snap(list(starts), costing=costing, closed=closed, leaving=True, max_m=max_m)
    places = [
        place_at(snapped, number)
        if snapped.link[number] >= 0
        else router.place(start, costing=costing, closed=closed, leaving=True, max_m=max_m)
        for number, start in enumerate(starts)
    ]
    time_s = costed.forth.time_s
    leaving = departures(router.graph, time_s, closed, snapped, _NOWHERE)
    entry_s = np.full(router.graph.edge_count, INF)
    with router.workspace() as workspace:
        run(
            workspace,
            costed.forth,
            closed.edge,
            leaving.seats.edge,
            leaving.seats.rest_s,
            unit_s=np.empty(0),
            limit_s=limit_s,
        )
        states, labels = workspace.labels()
    np.minimum.at(entry_s, costed.forth.state_edge[states], labels)
    edge, at_m = _standing(router, places, time_s)
    return Reach(router.graph, time_s, closed, limit_s, entry_s, edge, at_m), places


def _standing(
    router: Router, places: Sequence[Place], time_s: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Edges on which the starts lie, in both directions where legal, and the metres driven there."""
    edges: list[int] = []
    at: list[float] = []
    for place in places:
        whole = float(router.graph.length_m[place.link])
        for edge, here in (
            (2 * place.link, place.along_m),
            (2 * place.link + 1, whole - place.along_m),
        ):
            if np.isfinite(time_s[edge]):
                edges.append(edge)
                at.append(here)
        for edge in router.edges_leaving(place):
            if np.isfinite(time_s[edge]):
                edges.append(edge)
                at.append(0.0)
    return np.array(edges, dtype=np.int32), np.array(at, dtype=np.float64)


def isochrones(
    router: Router,
    starts: Sequence[LonLat],
    minutes: Sequence[float],
    *,
    costing: Costing = DEFAULT_COSTING,
    closed: ClosedRoads | None = None,
    max_m: float = MAX_SNAP_M,
) -> list[Isochrone]:
    """Isochrones from the nearest of `starts`, in the order of `minutes`, shorter inside longer.

    The polygon is drawn by marching squares (Lorensen & Cline 1987, 10.1145/37402.37422) over a
    grid of times; count people and streets on the reached roads (`reach_from`), not in the polygon.
    Raises `InvalidInput` for minutes out of (0, 240], `Unroutable` where a start has no road.
    """
    if not minutes or not all(0 < m <= MAX_MINUTES for m in minutes):
        raise InvalidInput(
            _("minutes must be above 0 and at most {most}").format(most=format(MAX_MINUTES, ".0f")),
            value=list(minutes),
            remedy=_("ask for instance for 5, 10 and 15"),
        )
    longest_s = max(minutes) * 60.0
    reach, _places = reach_from(
        router, starts, limit_s=longest_s, costing=costing, closed=closed, max_m=max_m
    )
    pictures = _pictures(router, reach, sorted({m * 60.0 for m in minutes}))
    return [Isochrone(m, pictures[m * 60.0], reach.reached_m(m * 60.0)) for m in minutes]


def _pictures(
    router: Router, reach: Reach, limits_s: list[float]
) -> dict[float, shapely.MultiPolygon]:
    graph = router.graph
    inside = np.zeros(graph.link_count, dtype=bool)
    inside[reach.links()] = True
    vertices = graph.xy[np.repeat(inside, np.diff(graph.vertex_offset))]
    margin = (RINGS + 2) * CELL_M
    low, high = vertices.min(axis=0) - margin, vertices.max(axis=0) + margin
    cell_m = max(CELL_M, float((high - low).max()) / MAX_CELLS_A_SIDE)
    columns, rows = (int(side // cell_m) + 2 for side in high - low)
    least, most = raster(reach, low=low, shape=(rows, columns), cell_m=cell_m, rings=RINGS)
    for field in (least, most):
        field[[0, -1], :] = 2.0 * reach.limit_s
        field[:, [0, -1]] = 2.0 * reach.limit_s
    x = low[0] + (np.arange(columns) + 0.5) * cell_m
    y = low[1] + (np.arange(rows) + 0.5) * cell_m
    to_lonlat = local_projection(graph.srid).to_lonlat
    found: dict[float, shapely.MultiPolygon] = {}
    inner = shapely.MultiPolygon()
    for limit_s in limits_s:
        # Both fields fall as the limit grows, so that a shorter isochrone lies inside a longer one.
        soon, late = (np.clip(field - limit_s, -EDGE_S, EDGE_S) for field in (least, most))
        outline = _outline(x, y, SOON_SHARE * soon + (1.0 - SOON_SHARE) * late)
        picture = shapely.transform(outline, to_lonlat)
        if not picture.is_valid:
            picture = _multi(_repaired(picture))
        if not inner.is_empty and not picture.covers(inner):
            picture = _multi(shapely.union(picture, inner))
        found[limit_s] = inner = picture
    return found


def _outline(
    x: NDArray[np.float64], y: NDArray[np.float64], field: NDArray[np.float64]
) -> shapely.MultiPolygon:
    generator = contourpy.contour_generator(x, y, field, fill_type=contourpy.FillType.OuterOffset)
    points, offsets = generator.filled(-2 * EDGE_S, 0.0)
    polygons = []
    for ring_points, ring_offsets in zip(points, offsets, strict=True):
        rings = [ring_points[a:b] for a, b in pairwise(ring_offsets)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.MultiPolygon(polygons)


def _repaired(geometry: shapely.Geometry) -> shapely.Geometry:
    # Rings of marching squares touch themselves at single points at most.
    return shapely.make_valid(geometry, method="structure", keep_collapsed=False)


def _multi(geometry: shapely.Geometry) -> shapely.MultiPolygon:
    parts = [
        part
        for part in shapely.get_parts(geometry)
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    return shapely.MultiPolygon(parts)
