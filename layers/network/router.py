"""Who gets there soonest by road: travel times, distances and routes for units and points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count as counting
from threading import Lock

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from layers.errors import InvalidInput, Unroutable
from layers.network.answers import (
    Eta,
    LonLat,
    Nearest,
    Place,
    Route,
    StraightLine,
    UnitAt,
    Unreachable,
    place_at,
    straight_line,
)
from layers.network.costing import DEFAULT_COSTING, Costing, edge_times_s
from layers.network.engine.closing import ClosedRoads, close_roads
from layers.network.engine.connectivity import main_network
from layers.network.engine.ends import (
    AT_JUNCTION_M,
    Arrivals,
    Departures,
    arrivals,
    departures,
)
from layers.network.engine.graph import Graph
from layers.network.engine.search import INF, Tables, Workspace, WorkspacePool, run
from layers.network.engine.snapping import MAX_SNAP_M, SnapGrid, Snapped, build_grid, snap_points

__all__ = [
    "Costed",
    "Eta",
    "LonLat",
    "Nearest",
    "Place",
    "Route",
    "Router",
    "StraightLine",
    "UnitAt",
    "Unreachable",
    "straight_line",
]


_serials = counting(1)


@dataclass(frozen=True)
class Costed:
    """The graph as one costing sees it: transitions with seconds, usable and connected links (L,)."""

    costing: Costing
    forth: Tables
    back: Tables
    usable: NDArray[np.bool_]
    arrive: NDArray[np.bool_]
    depart: NDArray[np.bool_]


class Router:
    """Travel times on one graph; safe to share between threads."""

    def __init__(self, graph: Graph, *, grid: SnapGrid | None = None) -> None:
        self.graph = graph
        self.grid = grid or build_grid(graph)
        #: Tells this router from every other one of the process.
        self.serial = next(_serials)
        self.open_roads = close_roads(graph)
        self._pool = WorkspacePool(len(graph.state_edge))
        self._costed: dict[Costing, Costed] = {}
        self._units_before: dict[
            Costing, tuple[ClosedRoads, float, NDArray[np.float64], Snapped]
        ] = {}
        self._lock = Lock()
        self._copies: dict[int, list[int]] = defaultdict(list)
        for state in range(graph.edge_count, len(graph.state_edge)):
            self._copies[int(graph.state_edge[state])].append(state)

    def costed(self, costing: Costing = DEFAULT_COSTING) -> Costed:
        """The graph under a costing, worked out once."""
        found = self._costed.get(costing)
        if found is None:
            with self._lock:
                found = self._costed.get(costing) or self._cost(costing)
                self._costed[costing] = found
        return found

    def _cost(self, costing: Costing) -> Costed:
        g = self.graph
        time_s = edge_times_s(g, costing)
        time_s.setflags(write=False)
        turn_s = costing.u_turn_s
        if costing.obeys_turn_restrictions:
            forth = Tables(g.next_offset, g.next_state, g.state_edge, time_s, turn_s)
            back = Tables(g.prev_offset, g.prev_state, g.state_edge, time_s, turn_s)
        else:
            edges = g.state_edge[: g.edge_count]
            forth = Tables(g.free_next_offset, g.free_next_state, edges, time_s, turn_s)
            back = Tables(g.free_prev_offset, g.free_prev_state, edges, time_s, turn_s)
        usable: NDArray[np.bool_] = np.asarray(np.isfinite(time_s).reshape(-1, 2).any(axis=1))
        arrive, depart = main_network(forth, back)
        return Costed(costing, forth, back, usable, arrive, depart)

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Scratch arrays for one search of the caller's own; not kept after the block."""
        workspace = self._pool.take()
        try:
            yield workspace
        finally:
            self._pool.give_back(workspace)

    def edges_leaving(self, place: Place) -> list[int]:
        """Edges that leave the junction that a place is; none for a place between junctions."""
        g = self.graph
        if place.along_m <= AT_JUNCTION_M:
            node = int(g.node_a[place.link])
        elif float(g.length_m[place.link]) - place.along_m <= AT_JUNCTION_M:
            node = int(g.node_b[place.link])
        else:
            return []
        return [int(edge) for edge in g.out_edge[g.out_offset[node] : g.out_offset[node + 1]]]

    def snap(
        self,
        lonlat: Sequence[LonLat] | NDArray[np.float64],
        *,
        costing: Costing = DEFAULT_COSTING,
        closed: ClosedRoads | None = None,
        leaving: bool = False,
        max_m: float = MAX_SNAP_M,
    ) -> Snapped:
        """Nearest usable open places of (n, 2) degrees.

        `leaving`: prefer roads from which the main network can be reached (where a unit starts)
        instead of those it reaches (where an incident is).
        """
        costed, closed = self.costed(costing), closed or self.open_roads
        return snap_points(
            self.graph,
            self.grid,
            np.asarray(lonlat, dtype=np.float64).reshape(-1, 2),
            usable=costed.usable,
            connected=costed.depart if leaving else costed.arrive,
            closure=closed.of_link,
            closed_from_m=closed.from_m,
            closed_to_m=closed.to_m,
            max_m=max_m,
        )

    def place(
        self,
        point: LonLat,
        *,
        costing: Costing = DEFAULT_COSTING,
        closed: ClosedRoads | None = None,
        leaving: bool = False,
        max_m: float = MAX_SNAP_M,
    ) -> Place:
        """One point on the road; raises `Unroutable` where no road is within `max_m`."""
        if not (abs(point[0]) <= 180 and abs(point[1]) <= 90):
            raise InvalidInput(
                _("longitude {lon}, latitude {lat} is not on Earth").format(
                    lon=point[0], lat=point[1]
                ),
                value=point,
                remedy=_("give degrees in WGS 84, longitude first"),
            )
        snapped = self.snap([point], costing=costing, closed=closed, leaving=leaving, max_m=max_m)
        if snapped.link[0] < 0:
            raise Unroutable(
                _("no open road for vehicles within {most} m of {lon}, {lat}").format(
                    most=f"{max_m:.0f}", lon=f"{point[0]:.6f}", lat=f"{point[1]:.6f}"
                ),
                value=point,
                remedy=_("choose a point nearer to a road, or import the roads of that area"),
            )
        return place_at(snapped, 0)

    def nearest(
        self,
        point: LonLat,
        units: Sequence[UnitAt],
        *,
        count: int | None = 10,
        closed: ClosedRoads | None = None,
        max_m: float = MAX_SNAP_M,
    ) -> Nearest:
        """The `count` units (None: all) that reach `point` soonest, exactly, soonest first.

        Times in seconds by each unit's own costing, ties in the order of `units`. Units that cannot
        get there are named in `unreachable`. Raises `Unroutable` where the point has no road.
        """
        closed = closed or self.open_roads
        groups = _by_costing(units)
        wanted = len(units) if count is None else max(0, count)
        etas: list[tuple[float, int, Eta]] = []
        unreachable: dict[int, Unreachable] = {}
        place: Place | None = None
        for costing, numbers in sorted(groups.items(), key=lambda item: -len(item[1])):
            # Who comes later than `wanted` others already known need not be looked for.
            limit_s = INF
            if 0 < wanted <= len(etas):
                limit_s = sorted(item[0] for item in etas)[wanted - 1]
            here = self.place(point, costing=costing, closed=closed, max_m=max_m)
            place = place or here
            members = [units[number] for number in numbers]
            found, cut_off = self._nearest_of(
                here, members, wanted, costing, closed, max_m, limit_s
            )
            etas.extend((eta.eta_s, numbers[i], eta) for i, eta in found)
            unreachable |= {numbers[i]: item for i, item in cut_off}
        if place is None:
            place = self.place(point, closed=closed, max_m=max_m)
        etas.sort(key=lambda item: item[:2])
        rest = np.ones(len(units), dtype=bool)
        rest[[number for _, number, _ in etas[:wanted]]] = False
        rest[list(unreachable)] = False
        return Nearest(
            place=place,
            etas=[eta for _, _, eta in etas[:wanted]],
            unreachable=[unreachable[number] for number in sorted(unreachable)],
            farther=[units[number].key for number in np.flatnonzero(rest).tolist()],
        )

    def _nearest_of(
        self,
        target: Place,
        units: Sequence[UnitAt],
        count: int,
        costing: Costing,
        closed: ClosedRoads,
        max_m: float,
        limit_s: float,
    ) -> tuple[list[tuple[int, Eta]], list[tuple[int, Unreachable]]]:
        """Soonest units of one costing within `limit_s` (inclusive), and those certain not to get
        there, by their place."""
        costed = self.costed(costing)
        time_s = costed.back.time_s
        lonlat = np.empty((len(units), 2))
        lonlat[:, 0] = [unit.lon for unit in units]
        lonlat[:, 1] = [unit.lat for unit in units]
        snapped = self._snap_units(lonlat, costing, closed, max_m)
        ends = arrivals(self.graph, time_s, closed, target.link, target.along_m)
        starts = departures(self.graph, time_s, closed, snapped, ends)
        seed_state, seed_end = self._seeds(ends, costed)
        unit_s = starts.direct_s.copy()
        with self.workspace() as workspace:
            unit_seat = run(
                workspace,
                costed.back,
                closed.edge,
                seed_state,
                ends.spent_s[seed_end],
                unit_s=unit_s,
                seats=starts.seats,
                count=count,
                limit_s=limit_s,
            )
            order = np.argsort(unit_s, kind="stable")[:count]
            found = []
            in_time = np.isfinite(unit_s[order]) & (unit_s[order] <= limit_s)
            for number in order[in_time].tolist():
                route = self._drive(workspace, number, unit_seat, starts, ends, seed_end)
                place = place_at(snapped, number)
                unit = units[number].key
                eta = Eta(unit, float(unit_s[number]), route.distance_m, place, route)
                found.append((number, eta))
        searched = limit_s == INF and (len(found) < count or count >= len(units))
        lost = np.full(len(units), searched)
        lost |= (snapped.link < 0) | self._cut_off(costed, target, snapped)
        lost &= ~np.isfinite(unit_s)
        cut_off: list[tuple[int, Unreachable]] = []
        for number in np.flatnonzero(lost).tolist():
            if snapped.link[number] < 0:
                cut_off.append((number, Unreachable(units[number].key, "no_road", None)))
            else:
                place = place_at(snapped, number)
                cut_off.append((number, Unreachable(units[number].key, "no_route", place)))
        return found, cut_off

    def _snap_units(
        self, lonlat: NDArray[np.float64], costing: Costing, closed: ClosedRoads, max_m: float
    ) -> Snapped:
        """Units on the road; those that have not moved since the last request keep their places."""
        last = self._units_before.get(costing)
        snapped: Snapped | None = None
        if last is not None and last[0] is closed and last[1] == max_m:
            before, was = last[2], last[3]
            if before.shape == lonlat.shape:
                moved = np.flatnonzero(np.any(before != lonlat, axis=1))
                snapped = was
                if len(moved):
                    now = self.snap(
                        lonlat[moved], costing=costing, closed=closed, leaving=True, max_m=max_m
                    )
                    snapped = was.replaced(moved, now)
        if snapped is None:
            snapped = self.snap(lonlat, costing=costing, closed=closed, leaving=True, max_m=max_m)
        self._units_before[costing] = (closed, max_m, lonlat, snapped)
        return snapped

    def _cut_off(self, costed: Costed, target: Place, snapped: Snapped) -> NDArray[np.bool_]:
        """Which units are proven not to get to a place from which the main network is reached:
        those that stand where that network cannot be reached."""
        length = self.graph.length_m[np.maximum(snapped.link, 0)]
        along = snapped.along_m
        between = (along > AT_JUNCTION_M) & (length - along > AT_JUNCTION_M)
        proven: NDArray[np.bool_] = between & ~snapped.connected & costed.depart[target.link]
        return proven

    def _seeds(self, ends: Arrivals, costed: Costed) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """States on the edges of `ends`, copies included, and which end each belongs to."""
        states: list[int] = []
        owner: list[int] = []
        for number, edge in enumerate(ends.edge.tolist()):
            copies = self._copies.get(edge, ()) if costed.costing.obeys_turn_restrictions else ()
            for state in (edge, *copies):
                states.append(state)
                owner.append(number)
        return np.array(states, dtype=np.int32), np.array(owner, dtype=np.int64)

    def _drive(
        self,
        workspace: Workspace,
        number: int,
        unit_seat: NDArray[np.int32],
        starts: Departures,
        ends: Arrivals,
        seed_end: NDArray[np.int64],
    ) -> Route:
        """The drive of one unit out of a finished search."""
        seat = int(unit_seat[number])
        if seat >= 0:
            states, seed = workspace.chain(int(starts.seats.edge[seat]))
            end = int(seed_end[seed])
            edges = np.append(self.graph.state_edge[states], ends.edge[end])
            return Route(self.graph, edges, float(starts.at_m[seat]), float(ends.at_m[end]))
        edge = int(starts.direct_edge[number])
        if edge < 0:
            return Route(self.graph, np.empty(0, dtype=np.int32), 0.0, 0.0)
        end = int(np.flatnonzero(ends.edge == edge)[0])
        first_m = float(starts.direct_from_m[number])
        return Route(self.graph, ends.edge[end : end + 1].copy(), first_m, float(ends.at_m[end]))

    def route(
        self,
        start: LonLat,
        end: LonLat,
        *,
        costing: Costing = DEFAULT_COSTING,
        closed: ClosedRoads | None = None,
        max_m: float = MAX_SNAP_M,
    ) -> Eta:
        """The quickest drive between two points; raises `Unroutable` where there is none."""
        unit = UnitAt("start", start[0], start[1], costing)
        answer = self.nearest(end, [unit], count=1, closed=closed, max_m=max_m)
        if not answer.etas:
            raise Unroutable(
                _("no road leads from {start} to {end}").format(
                    start=f"{start[0]:.6f}, {start[1]:.6f}", end=f"{end[0]:.6f}, {end[1]:.6f}"
                ),
                value=(start, end),
                remedy=_("lift a closure, or check the network between them for gaps and one-ways"),
            )
        return answer.etas[0]


def _by_costing(units: Sequence[UnitAt]) -> dict[Costing, list[int]]:
    """Places of the units of each costing; equal costings are told by identity first, which is quick."""
    first = units[0].costing if units else None
    if first is not None and all(unit.costing is first for unit in units):
        return {first: list(range(len(units)))}
    same: dict[int, list[int]] = defaultdict(list)
    for number, unit in enumerate(units):
        same[id(unit.costing)].append(number)
    groups: dict[Costing, list[int]] = {}
    for numbers in same.values():
        groups.setdefault(units[numbers[0]].costing, []).extend(numbers)
    return groups
