"""The two ends of a drive: edges on which a point is arrived at, and on which units set off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.network.engine.closing import ClosedRoads
from layers.network.engine.graph import Graph
from layers.network.engine.search import INF, Seats
from layers.network.engine.snapping import Snapped

#: A place this near to a junction is the junction: whoever gets there by any road has arrived.
AT_JUNCTION_M = 0.5
NO_EDGE = -1
#: A unit that stands where the point is.
ALREADY_THERE = -2


@dataclass(frozen=True)
class Arrivals:
    """Edges that lead to a place, open as far as it, with `at_m` driven on them when it is reached.

    `node` is the junction that the place is, or -1; `edge` (k,) int32, `at_m`, `spent_s` (k,).
    """

    node: int
    edge: NDArray[np.int32]
    at_m: NDArray[np.float64]
    spent_s: NDArray[np.float64]


@dataclass(frozen=True)
class Departures:
    """Seats of units, where each stands on its edge (`at_m`), and drives that need no search.

    `direct_edge` (U,) int32 is the edge that a unit and the point share (-1: none, -2: the unit is
    there), driven from `direct_from_m` to the point in `direct_s` seconds.
    """

    seats: Seats
    at_m: NDArray[np.float64]
    direct_edge: NDArray[np.int32]
    direct_from_m: NDArray[np.float64]
    direct_s: NDArray[np.float64]


@njit(cache=True, nogil=True)
def _node_at(link, along_m, length_m, node_a, node_b):  # type: ignore[no-untyped-def]
    if along_m <= AT_JUNCTION_M:
        return node_a[link]
    if length_m[link] - along_m <= AT_JUNCTION_M:
        return node_b[link]
    return -1


@njit(cache=True, nogil=True)
def _clear(edge, low_m, high_m, length_m, of_link, from_m, to_m):  # type: ignore[no-untyped-def]
    """Whether no closed stretch lies between two places of an edge, in driving direction."""
    number = of_link[edge >> 1]
    if number < 0:
        return True
    if edge & 1:
        whole = length_m[edge >> 1]
        low_m, high_m = whole - high_m, whole - low_m
    return low_m >= to_m[number] or high_m <= from_m[number]


@njit(cache=True, nogil=True)
def _arrivals(  # type: ignore[no-untyped-def]
    link, along_m, length_m, node_a, node_b, out_offset, out_edge, time_s, of_link, from_m, to_m,
    edges, at, spent,
):  # fmt: skip
    node = _node_at(link, along_m, length_m, node_a, node_b)
    count = 0
    through = 2 if node < 0 else out_offset[node + 1] - out_offset[node]
    for i in range(through):
        if node < 0:
            edge = 2 * link + i
            here = along_m if i == 0 else length_m[link] - along_m
        else:
            edge = out_edge[out_offset[node] + i] ^ 1
            here = length_m[edge >> 1]
        if time_s[edge] < INF and _clear(edge, 0.0, here, length_m, of_link, from_m, to_m):
            edges[count], at[count] = edge, here
            spent[count] = here / length_m[edge >> 1] * time_s[edge]
            count += 1
    return node, count


@njit(cache=True, nogil=True)
def _departures(  # type: ignore[no-untyped-def]
    links, along_m, length_m, node_a, node_b, out_offset, out_edge, time_s, of_link, from_m, to_m,
    target_node, target_edge, target_at, edges, units, rest, at, direct_edge, direct_from, direct_s,
):  # fmt: skip
    count = 0
    for unit in range(len(links)):
        link = links[unit]
        if link < 0:
            continue
        node = _node_at(link, along_m[unit], length_m, node_a, node_b)
        if node >= 0 and node == target_node:
            direct_edge[unit], direct_s[unit] = ALREADY_THERE, 0.0
        through = 2 if node < 0 else out_offset[node + 1] - out_offset[node]
        for i in range(through):
            if node < 0:
                edge = 2 * link + i
                here = along_m[unit] if i == 0 else length_m[link] - along_m[unit]
            else:
                edge = out_edge[out_offset[node] + i]
                here = 0.0
            if not time_s[edge] < INF:
                continue
            whole = length_m[edge >> 1]
            if _clear(edge, here, whole, length_m, of_link, from_m, to_m):
                edges[count], units[count], at[count] = edge, unit, here
                rest[count] = (whole - here) / whole * time_s[edge]
                count += 1
            for k in range(len(target_edge)):
                if target_edge[k] == edge and target_at[k] >= here:
                    if not _clear(edge, here, target_at[k], length_m, of_link, from_m, to_m):
                        continue
                    value = (target_at[k] - here) / whole * time_s[edge]
                    if value < direct_s[unit]:
                        direct_edge[unit], direct_from[unit], direct_s[unit] = edge, here, value
    return count


def arrivals(
    graph: Graph, time_s: NDArray[np.float64], closed: ClosedRoads, link: int, along_m: float
) -> Arrivals:
    """Every legal way to arrive at a place on the network."""
    room = graph.most_leaving + 2
    edge, at, spent = np.empty(room, dtype=np.int32), np.empty(room), np.empty(room)
    node, count = _arrivals(
        link, along_m, graph.length_m, graph.node_a, graph.node_b, graph.out_offset,
        graph.out_edge, time_s, closed.of_link, closed.from_m, closed.to_m, edge, at, spent,
    )  # fmt: skip
    return Arrivals(int(node), edge[:count], at[:count], spent[:count])


def departures(
    graph: Graph,
    time_s: NDArray[np.float64],
    closed: ClosedRoads,
    snapped: Snapped,
    target: Arrivals,
) -> Departures:
    """Every legal way for snapped units to set off, and those that need not leave their edge."""
    units = len(snapped.link)
    room = units * (graph.most_leaving + 2)
    edge, unit = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    rest, at = np.empty(room), np.empty(room)
    direct_edge = np.full(units, NO_EDGE, dtype=np.int32)
    direct_from, direct_s = np.zeros(units), np.full(units, INF)
    count = _departures(
        snapped.link, snapped.along_m, graph.length_m, graph.node_a, graph.node_b,
        graph.out_offset, graph.out_edge, time_s, closed.of_link, closed.from_m, closed.to_m,
        target.node, target.edge, target.at_m, edge, unit, rest, at, direct_edge, direct_from,
        direct_s,
    )  # fmt: skip
    return Departures(
        Seats(edge[:count], unit[:count], rest[:count]),
        at[:count],
        direct_edge,
        direct_from,
        direct_s,
    )
