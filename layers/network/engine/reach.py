"""How far one gets in a time: the times at which edges are entered, and a raster of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.network.engine.closing import ClosedRoads
from layers.network.engine.graph import Graph
from layers.network.engine.search import INF

#: Roads that begin farther than this outside a raster are not drawn on it unless they are reached.
FAR_M = 1000.0


@dataclass(frozen=True)
class Reach:
    """Times from one or more starts along the roads, in seconds, up to `limit_s`.

    `entry_s` (2L,) is when the tail of each directed edge is passed, inf where it is not;
    `start_edge` (k,) int32 and `start_m` (k,) are edges on which a start lies, and where.
    """

    graph: Graph
    time_s: NDArray[np.float64]
    closed: ClosedRoads
    limit_s: float
    entry_s: NDArray[np.float64]
    start_edge: NDArray[np.int32]
    start_m: NDArray[np.float64]

    def times_at(
        self, link: NDArray[np.int32], along_m: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Seconds to n places on the network (link and metres from its start); inf beyond the limit."""
        out = np.empty(len(link))
        chain_first, chain_next = self.start_chains()
        _times_at(
            np.ascontiguousarray(link, dtype=np.int32), np.ascontiguousarray(along_m),
            self.graph.length_m, self.time_s, self.entry_s, self.closed.of_link,
            self.closed.from_m, self.closed.to_m, chain_first, chain_next, self.start_edge,
            self.start_m, out,
        )  # fmt: skip
        out[out > self.limit_s] = INF
        return out

    def links(self) -> NDArray[np.int64]:
        """Links on which anything is reached, ascending."""
        edges = np.concatenate([np.flatnonzero(np.isfinite(self.entry_s)), self.start_edge])
        return np.unique(edges >> 1)

    def stretches(
        self, limit_s: float
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
        """Stretches reached within `limit_s` (inclusive): link, metres from and metres to along it;
        no two of one link overlap."""
        links = self.links()
        chain_first, chain_next = self.start_chains()
        room = 2 * len(links) + len(self.start_edge)
        link, low, high = np.empty(room, dtype=np.int32), np.empty(room), np.empty(room)
        count = _stretches(
            links, limit_s, self.graph.length_m, self.time_s, self.entry_s, self.closed.of_link,
            self.closed.from_m, self.closed.to_m, chain_first, chain_next, self.start_m,
            link, low, high,
        )  # fmt: skip
        return link[:count], low[:count], high[:count]

    def reached_m(self, limit_s: float) -> float:
        """Metres of road reached within `limit_s` (inclusive), each counted once."""
        _, low, high = self.stretches(limit_s)
        return float((high - low).sum())

    def start_chains(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        first = np.full(self.graph.edge_count, -1, dtype=np.int32)
        following = np.full(len(self.start_edge), -1, dtype=np.int32)
        for place, edge in enumerate(self.start_edge.tolist()):
            following[place], first[edge] = first[edge], place
        return first, following


@njit(cache=True, nogil=True)
def _time_at(  # type: ignore[no-untyped-def]
    link, along_m, length_m, time_s, entry_s, of_link, from_m, to_m,
    start_first, start_next, start_edge, start_m,
):  # fmt: skip
    best = INF
    whole = length_m[link]
    number = of_link[link]
    for side in range(2):
        edge = 2 * link + side
        if not time_s[edge] < INF:
            continue
        at = along_m if side == 0 else whole - along_m
        begins, ends = INF, -INF
        if number >= 0:
            begins = from_m[number] if side == 0 else whole - to_m[number]
            ends = to_m[number] if side == 0 else whole - from_m[number]
        if entry_s[edge] < INF and at <= begins:
            best = min(best, entry_s[edge] + at / whole * time_s[edge])
        start = start_first[edge]
        while start >= 0:
            if start_m[start] <= at and (at <= begins or start_m[start] >= ends):
                best = min(best, (at - start_m[start]) / whole * time_s[edge])
            start = start_next[start]
    return best


@njit(cache=True, nogil=True)
def _upto(edge, at_m, spare_s, length_m, time_s, of_link, from_m, to_m):  # type: ignore[no-untyped-def]
    """How far one gets on an edge from a place on it: metres in driving direction."""
    link = edge >> 1
    whole = length_m[link]
    upto = min(whole, at_m + spare_s / time_s[edge] * whole)
    number = of_link[link]
    if number >= 0:
        begins = from_m[number] if edge & 1 == 0 else whole - to_m[number]
        ends = to_m[number] if edge & 1 == 0 else whole - from_m[number]
        if at_m < ends:
            upto = min(upto, begins)
    return upto


@njit(cache=True, nogil=True)
def _stretches(  # type: ignore[no-untyped-def]
    links, limit_s, length_m, time_s, entry_s, of_link, from_m, to_m,
    start_first, start_next, start_m, out_link, out_low, out_high,
):  # fmt: skip
    count = 0
    for link in links:
        whole = length_m[link]
        begin = count
        for side in range(2):
            edge = 2 * link + side
            if not time_s[edge] < INF:
                continue
            at, spare = 0.0, limit_s - entry_s[edge]
            start = start_first[edge]
            while True:
                if spare >= 0.0:
                    upto = _upto(edge, at, spare, length_m, time_s, of_link, from_m, to_m)
                    if upto > at:
                        low = at if side == 0 else whole - upto
                        high = upto if side == 0 else whole - at
                        place = count
                        while place > begin and out_low[place - 1] > low:
                            out_low[place], out_high[place] = (
                                out_low[place - 1],
                                out_high[place - 1],
                            )
                            place -= 1
                        out_low[place], out_high[place] = low, high
                        out_link[count] = link
                        count += 1
                if start < 0:
                    break
                at, spare = start_m[start], limit_s
                start = start_next[start]
        kept = begin
        for i in range(begin, count):
            if kept > begin and out_low[i] <= out_high[kept - 1]:
                out_high[kept - 1] = max(out_high[kept - 1], out_high[i])
            else:
                out_low[kept], out_high[kept] = out_low[i], out_high[i]
                kept += 1
        count = kept
    return count


@njit(cache=True, nogil=True)
def _times_at(  # type: ignore[no-untyped-def]
    link, along_m, length_m, time_s, entry_s, of_link, from_m, to_m,
    start_first, start_next, start_edge, start_m, out,
):  # fmt: skip
    for i in range(len(link)):
        out[i] = _time_at(
            link[i], along_m[i], length_m, time_s, entry_s, of_link, from_m, to_m,
            start_first, start_next, start_edge, start_m,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _raster(  # type: ignore[no-untyped-def]
    vertex_offset, xy, along, length_m, time_s, entry_s, of_link, from_m, to_m,
    start_first, start_next, start_edge, start_m,
    links, x0, y0, cell_m, rings, never_s, least, most,
):  # fmt: skip
    rows, columns = least.shape
    ring = np.full((rows, columns), -1, dtype=np.int16)
    queue = np.empty(rows * columns, dtype=np.int32)
    size = 0
    for link in links:
        if not (time_s[2 * link] < INF or time_s[2 * link + 1] < INF):
            continue
        reached = (
            entry_s[2 * link] < INF
            or entry_s[2 * link + 1] < INF
            or start_first[2 * link] >= 0
            or start_first[2 * link + 1] >= 0
        )
        plain = of_link[link] < 0 and start_first[2 * link] < 0 and start_first[2 * link + 1] < 0
        head_s, per_m, back_s, back_per_m = INF, 0.0, INF, 0.0
        if entry_s[2 * link] < INF and time_s[2 * link] < INF:
            head_s, per_m = entry_s[2 * link], time_s[2 * link] / length_m[link]
        if entry_s[2 * link + 1] < INF and time_s[2 * link + 1] < INF:
            back_s = entry_s[2 * link + 1] + time_s[2 * link + 1]
            back_per_m = time_s[2 * link + 1] / length_m[link]
        for v in range(vertex_offset[link], vertex_offset[link + 1] - 1):
            dx, dy = xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1]
            steps = int(np.ceil(np.hypot(dx, dy) / (cell_m * 0.5))) + 1
            for k in range(steps + 1):
                share = k / steps
                column = int(np.floor((xy[v, 0] + share * dx - x0) / cell_m))
                row = int(np.floor((xy[v, 1] + share * dy - y0) / cell_m))
                if not (0 <= row < rows and 0 <= column < columns):
                    continue
                value = never_s
                if reached:
                    at = along[v] + share * (along[v + 1] - along[v])
                    if plain:
                        # The same as `_time_at` where nothing is closed and nothing starts.
                        value = min(never_s, head_s + at * per_m, back_s - at * back_per_m)
                    else:
                        value = min(
                            never_s,
                            _time_at(
                                link, at, length_m, time_s, entry_s, of_link, from_m, to_m,
                                start_first, start_next, start_edge, start_m,
                            ),
                        )  # fmt: skip
                if ring[row, column] < 0:
                    ring[row, column] = 0
                    queue[size] = row * columns + column
                    size += 1
                    least[row, column] = most[row, column] = value
                elif value < least[row, column]:
                    least[row, column] = value
                elif value > most[row, column]:
                    most[row, column] = value
    # Ground beside the roads takes the time of the nearest cell with a road, some rings out.
    head = 0
    while head < size:
        row, column = queue[head] // columns, queue[head] % columns
        head += 1
        if ring[row, column] >= rings:
            continue
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(column - 1, 0), min(column + 2, columns)):
                if ring[r, c] < 0:
                    ring[r, c] = ring[row, column] + 1
                    least[r, c], most[r, c] = least[row, column], most[row, column]
                    queue[size] = r * columns + c
                    size += 1


def raster(
    reach: Reach, *, low: NDArray[np.float64], shape: tuple[int, int], cell_m: float, rings: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Soonest and latest times on the roads in square cells (rows, columns) from `low` metres on.

    Times are at most twice the limit. Ground within `rings` cells of a road takes the times of the
    nearest such cell; the rest is twice the limit.
    """
    never_s = 2.0 * reach.limit_s
    least, most = np.full(shape, never_s), np.full(shape, never_s)
    first, following = reach.start_chains()
    graph, closed = reach.graph, reach.closed
    begins = graph.xy[graph.vertex_offset[:-1]]
    high = low + cell_m * np.array([shape[1], shape[0]])
    near = np.all((begins > low - FAR_M) & (begins < high + FAR_M), axis=1)
    near[reach.links()] = True
    _raster(
        graph.vertex_offset, graph.xy, graph.along_m, graph.length_m, reach.time_s,
        reach.entry_s, closed.of_link, closed.from_m, closed.to_m, first, following,
        reach.start_edge, reach.start_m, np.flatnonzero(near), float(low[0]), float(low[1]),
        cell_m, rings, never_s, least, most,
    )  # fmt: skip
    return least, most
