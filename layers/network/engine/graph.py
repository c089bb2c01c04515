"""The road graph: links between junctions, both directions of each, and their geometry.

A link is a stretch of one road from junction to junction, drawn once. Its two directed edges are
2·link (as drawn) and 2·link + 1 (against); the reverse of edge e is e ^ 1. Both always exist as
numbers; whether a vehicle may use one is a matter of `layers.network.costing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from layers.geo.crs import GEOD, local_projection, utm_srid
from layers.network.engine.arrays import NO_NODE, RoadArrays
from layers.network.engine.turns import ResolvedTurns, resolve_turns, turn_tables
from layers.network.osm_tags import ROAD_NODE_KINDS

COORDINATE_STEP_DEG = 1e-7
#: A link is never shorter than this, so that places along it are always defined.
MIN_LINK_M = 0.01


@dataclass(frozen=True)
class Graph:
    """Topology, attributes and geometry of L links, N nodes and S search states.

    Links: `node_a`, `node_b` (L,) int32 ends; `length_m` (L,) float64 geodesic; `road_id`,
    `way_id` (L,) int64; `road_class`, `access` (L,) uint8; `oneway` (L,) int8; `maxspeed_kph` (L,)
    float32; `stops` (L, 2, 5) uint8: how many points of each of `ROAD_NODE_KINDS` an edge passes,
    its head included, its tail not.
    Geometry: vertices of link i are `vertex_offset[i]:vertex_offset[i + 1]` of `lonlat` (V, 2)
    degrees, `xy` (V, 2) metres in EPSG:`srid`, and `along_m` (V,) metres from the link's start.
    Nodes: `node_lonlat` (N, 2); `node_blocked` (N,) bool, where a barrier lets nobody through;
    edges that leave node i are `out_offset[i]:out_offset[i + 1]` of `out_edge`.
    States: the 2L edges, then copies of edges on which a restriction over several ways has begun;
    `state_edge` (S,) int32. Transitions state → next are CSR `next_offset`, `next_state`; the same
    the other way round are `prev_offset`, `prev_state`. `free_*` are those without restrictions.
    """

    srid: int
    node_a: NDArray[np.int32]
    node_b: NDArray[np.int32]
    length_m: NDArray[np.float64]
    road_id: NDArray[np.int64]
    way_id: NDArray[np.int64]
    road_class: NDArray[np.uint8]
    access: NDArray[np.uint8]
    oneway: NDArray[np.int8]
    maxspeed_kph: NDArray[np.float32]
    stops: NDArray[np.uint8]
    vertex_offset: NDArray[np.int64]
    lonlat: NDArray[np.float64]
    xy: NDArray[np.float64]
    along_m: NDArray[np.float64]
    node_lonlat: NDArray[np.float64]
    node_blocked: NDArray[np.bool_]
    state_edge: NDArray[np.int32]
    out_offset: NDArray[np.int64]
    out_edge: NDArray[np.int32]
    next_offset: NDArray[np.int64]
    next_state: NDArray[np.int32]
    prev_offset: NDArray[np.int64]
    prev_state: NDArray[np.int32]
    free_next_offset: NDArray[np.int64]
    free_next_state: NDArray[np.int32]
    free_prev_offset: NDArray[np.int64]
    free_prev_state: NDArray[np.int32]
    #: Restrictions in force, and those left out with the reason, by count.
    turn_report: dict[str, int]

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @cached_property
    def most_leaving(self) -> int:
        """The greatest number of edges that leave one node."""
        return int(np.diff(self.out_offset).max(initial=0))

    @property
    def link_count(self) -> int:
        """Number of links."""
        return len(self.node_a)

    @property
    def edge_count(self) -> int:
        """Number of directed edges, both directions of every link."""
        return 2 * len(self.node_a)

    def edge_tail(self, edge: int) -> int:
        """Node at which a directed edge begins."""
        return int(self.node_b[edge >> 1] if edge & 1 else self.node_a[edge >> 1])

    def edge_head(self, edge: int) -> int:
        """Node at which a directed edge ends."""
        return int(self.node_a[edge >> 1] if edge & 1 else self.node_b[edge >> 1])

    def link_lonlat(self, link: int) -> NDArray[np.float64]:
        """Vertices of a link as drawn, (n, 2) degrees."""
        return self.lonlat[self.vertex_offset[link] : self.vertex_offset[link + 1]]


def build_graph(roads: RoadArrays, *, srid: int | None = None) -> Graph:
    """Build the graph of a road network.

    Roads that carry node ids meet where they share one; roads without meet only where their ends
    have the same coordinates (to 1e-7 degrees). Lines that merely cross do not meet: a flyover has
    no junction with what passes below. Lengths are geodesic metres on WGS 84 (Karney 2013,
    10.1007/s00190-012-0578-z). `srid` is the metric working CRS, by default the UTM zone of the
    middle of the data.
    """
    node_of_vertex, keys = _shared_nodes(roads)
    first = np.zeros(len(node_of_vertex), dtype=bool)
    last = np.zeros(len(node_of_vertex), dtype=bool)
    first[roads.offset[:-1]] = True
    last[roads.offset[1:] - 1] = True

    kind_of_node = _point_kinds(roads, keys)
    forced = np.zeros(len(keys), dtype=bool)
    forced[kind_of_node == ROAD_NODE_KINDS.index("barrier")] = True
    via = np.array(
        [r.via_node for r in roads.restrictions if r.via_node is not None], dtype=np.int64
    )
    forced[_positions(keys, via)] = True
    uses = np.bincount(node_of_vertex, minlength=len(keys))
    junction = first | last | (uses[node_of_vertex] > 1) | forced[node_of_vertex]

    begin = np.flatnonzero(junction & ~last)
    end = np.flatnonzero(junction & ~first)
    road = np.searchsorted(roads.offset, begin, side="right") - 1

    middle = np.median(roads.lonlat[begin], axis=0)
    srid = srid or utm_srid(float(middle[0]), float(middle[1]))
    all_xy = local_projection(srid).to_local(roads.lonlat)
    order = np.argsort(_morton((all_xy[begin] + all_xy[end]) / 2), kind="stable")
    begin, end, road = begin[order], end[order], road[order]

    size = end - begin + 1
    vertex_offset = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    gather = np.repeat(begin - vertex_offset[:-1], size) + np.arange(vertex_offset[-1])
    lonlat = roads.lonlat[gather]
    step_m = np.zeros(len(gather))
    inside = np.ones(len(gather), dtype=bool)
    inside[vertex_offset[:-1]] = False
    to = np.flatnonzero(inside)
    step_m[to] = GEOD.inv(lonlat[to - 1, 0], lonlat[to - 1, 1], lonlat[to, 0], lonlat[to, 1])[2]
    running = np.cumsum(step_m)
    along_m = running - np.repeat(running[vertex_offset[:-1]], size)
    length_m = np.maximum(along_m[vertex_offset[1:] - 1], MIN_LINK_M)

    nodes, ends = np.unique(
        np.concatenate([node_of_vertex[begin], node_of_vertex[end]]), return_inverse=True
    )
    node_a = ends[: len(begin)].astype(np.int32)
    node_b = ends[len(begin) :].astype(np.int32)
    node_lonlat = np.empty((len(nodes), 2))
    node_lonlat[node_a] = roads.lonlat[begin]
    node_lonlat[node_b] = roads.lonlat[end]
    node_blocked = kind_of_node[nodes] == ROAD_NODE_KINDS.index("barrier")

    resolved: ResolvedTurns = resolve_turns(
        roads.restrictions,
        node_a=node_a,
        node_b=node_b,
        node_key=keys[nodes],
        way_id=roads.way_id[road],
        oneway=roads.oneway[road],
        lonlat=lonlat,
        vertex_offset=vertex_offset,
    )
    free = turn_tables(node_a, node_b, node_blocked, ())
    bound = turn_tables(node_a, node_b, node_blocked, resolved.banned) if resolved.banned else free
    return Graph(
        srid=srid,
        node_a=node_a,
        node_b=node_b,
        length_m=length_m,
        road_id=roads.road_id[road],
        way_id=roads.way_id[road],
        road_class=roads.road_class[road],
        access=roads.access[road],
        oneway=roads.oneway[road],
        maxspeed_kph=roads.maxspeed_kph[road],
        stops=_stops(kind_of_node[node_of_vertex[gather]], vertex_offset),
        vertex_offset=vertex_offset,
        lonlat=lonlat,
        xy=all_xy[gather],
        along_m=along_m,
        node_lonlat=node_lonlat,
        node_blocked=node_blocked,
        out_offset=free.out_offset,
        out_edge=free.out_edge,
        state_edge=bound.state_edge,
        next_offset=bound.next_offset,
        next_state=bound.next_state,
        prev_offset=bound.prev_offset,
        prev_state=bound.prev_state,
        free_next_offset=free.next_offset,
        free_next_state=free.next_state,
        free_prev_offset=free.prev_offset,
        free_prev_state=free.prev_state,
        turn_report=resolved.report,
    )


def _shared_nodes(roads: RoadArrays) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Node number of every vertex, and the sorted keys of the nodes (OSM ids where there are)."""
    key = roads.node_id.copy()
    bare = np.flatnonzero(key == NO_NODE)
    if len(bare):
        is_end = np.zeros(len(key), dtype=bool)
        is_end[roads.offset[:-1]] = True
        is_end[roads.offset[1:] - 1] = True
        place = _coordinate_key(roads.lonlat)
        named = np.flatnonzero(roads.node_id != NO_NODE)
        # Keys of its own for every bare vertex, from the far end of the range.
        key[bare] = NO_NODE + 1 + np.arange(len(bare))
        ends = bare[is_end[bare]]
        places, index = np.unique(place[ends], return_index=True)
        representative = key[ends[index]]
        if len(named):
            named_places, named_index = np.unique(place[named], return_index=True)
            at = np.searchsorted(named_places, places)
            at[at == len(named_places)] = 0
            hit = named_places[at] == places
            representative[hit] = roads.node_id[named[named_index[at[hit]]]]
        key[ends] = representative[np.searchsorted(places, place[ends])]
    keys, node_of_vertex = np.unique(key, return_inverse=True)
    return node_of_vertex.astype(np.int64), keys


def _coordinate_key(lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
    steps = np.rint(lonlat / COORDINATE_STEP_DEG).astype(np.int64)
    return (steps[:, 0] + 1_800_000_000) * 1_800_000_001 + steps[:, 1] + 900_000_000


def _positions(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places in sorted `keys` of those of `wanted` that are there."""
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0
    return at[keys[at] == wanted] if len(wanted) else at


def _point_kinds(roads: RoadArrays, keys: NDArray[np.int64]) -> NDArray[np.int8]:
    """Place in `ROAD_NODE_KINDS` for every node, -1 where nothing stands."""
    kind = np.full(len(keys), -1, dtype=np.int8)
    if len(roads.point_node_id):
        known = np.isin(roads.point_node_id, keys)
        kind[np.searchsorted(keys, roads.point_node_id[known])] = roads.point_kind[known]
    return kind


def _stops(kind: NDArray[np.int8], vertex_offset: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(L, 2, 5) points passed by the edge as drawn and by the one against it, tail left out."""
    stops = np.zeros((len(vertex_offset) - 1, 2, len(ROAD_NODE_KINDS)), dtype=np.uint8)
    for code in range(len(ROAD_NODE_KINDS)):
        here = (kind == code).astype(np.int64)
        total = np.add.reduceat(here, vertex_offset[:-1])
        stops[:, 0, code] = np.minimum(total - here[vertex_offset[:-1]], 255)
        stops[:, 1, code] = np.minimum(total - here[vertex_offset[1:] - 1], 255)
    return stops


def _morton(xy: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Z-order of points (Morton 1966), 20 bits an axis: neighbours on the ground lie close in memory."""
    low = xy.min(axis=0)
    span = max(float((xy.max(axis=0) - low).max()), 1.0)
    cell = ((xy - low) / span * ((1 << 20) - 1)).astype(np.uint64)
    code = np.zeros(len(xy), dtype=np.uint64)
    for axis in (0, 1):
        bits = cell[:, axis]
        for shift, mask in (
            (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
            (2, 0x3333333333333333), (1, 0x5555555555555555),
        ):  # fmt: skip
            bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
        code |= bits << np.uint64(axis)
    return code
