"""Turn restrictions: found on the graph, and built into the transitions between search states.

A restriction forbids a sequence of directed edges. One over a node forbids a pair, and the pair is
left out of the transitions. One over ways forbids a longer sequence, and whoever has driven its
beginning must be remembered: each proper beginning of two edges or more becomes a state of its own,
a copy of its last edge, as in the automaton of Aho & Corasick (1975, 10.1145/360825.360855).
`only_*` forbids every other way on from its last via.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.network.engine.arrays import Restriction

#: Longest way (in links) that is followed between the two ends of a restriction over ways.
MAX_VIA_LINKS = 40
_IDEAL_LEFT_DEG = {"left_turn": 90.0, "right_turn": -90.0, "straight_on": 0.0, "u_turn": 180.0}

#: Directed edges driven one after another.
Edges = tuple[int, ...]


@dataclass(frozen=True)
class ResolvedTurns:
    """`banned`: forbidden sequences of directed edges; `report`: what became of the restrictions."""

    banned: tuple[Edges, ...]
    report: dict[str, int]


@dataclass(frozen=True)
class TurnTables:
    """Transitions between states as CSR, forth (`next_*`) and back (`prev_*`); `out_*`: the edges
    that leave each node."""

    out_offset: NDArray[np.int64]
    out_edge: NDArray[np.int32]
    state_edge: NDArray[np.int32]
    next_offset: NDArray[np.int64]
    next_state: NDArray[np.int32]
    prev_offset: NDArray[np.int64]
    prev_state: NDArray[np.int32]


class _Links:
    """Look-ups that the restrictions need: links by way, edges at a node, bearings."""

    def __init__(
        self,
        node_a: NDArray[np.int32],
        node_b: NDArray[np.int32],
        node_key: NDArray[np.int64],
        way_id: NDArray[np.int64],
        oneway: NDArray[np.int8],
        lonlat: NDArray[np.float64],
        vertex_offset: NDArray[np.int64],
    ) -> None:
        self.node_a, self.node_b, self.node_key = node_a, node_b, node_key
        self.oneway, self.lonlat, self.vertex_offset = oneway, lonlat, vertex_offset
        self._by_way = np.argsort(way_id, kind="stable")
        self._ways = way_id[self._by_way]
        tail, _ = edge_ends(node_a, node_b)
        self._by_tail = np.argsort(tail, kind="stable")
        self._tails = tail[self._by_tail]

    def of_way(self, way: int) -> list[int]:
        low, high = np.searchsorted(self._ways, [way, way + 1])
        return [int(link) for link in self._by_way[low:high]]

    def node(self, key: int) -> int | None:
        at = int(np.searchsorted(self.node_key, key))
        return at if at < len(self.node_key) and self.node_key[at] == key else None

    def leaving(self, node: int) -> list[int]:
        low, high = np.searchsorted(self._tails, [node, node + 1])
        return [int(edge) for edge in self._by_tail[low:high]]

    def head(self, edge: int) -> int:
        return int(self.node_a[edge >> 1] if edge & 1 else self.node_b[edge >> 1])

    def legal(self, edge: int) -> bool:
        sign = self.oneway[edge >> 1]
        return bool(sign <= 0 if edge & 1 else sign >= 0)

    def edges_of_way(self, way: int, *, tail: int | None = None) -> list[int]:
        """Legal directed edges of a way; with `tail`, those that begin there."""
        edges = [e for link in self.of_way(way) for e in (2 * link, 2 * link + 1) if self.legal(e)]
        return edges if tail is None else [e for e in edges if self.head(e ^ 1) == tail]

    def left_deg(self, edge: int, then: int) -> float:
        """Angle turned from one edge into the next, left positive, in (-180, 180] degrees."""
        turned = self._bearing(then, at_start=True) - self._bearing(edge, at_start=False)
        return 180.0 - (180.0 - (-turned)) % 360.0

    def _bearing(self, edge: int, *, at_start: bool) -> float:
        link = edge >> 1
        points = self.lonlat[self.vertex_offset[link] : self.vertex_offset[link + 1]]
        if edge & 1:
            points = points[::-1]
        first, second = (points[0], points[1]) if at_start else (points[-2], points[-1])
        east = (second[0] - first[0]) * np.cos(np.radians(first[1]))
        return float(np.degrees(np.arctan2(east, second[1] - first[1])))


def edge_ends(
    node_a: NDArray[np.int32], node_b: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Tail and head node of the 2L directed edges."""
    tail = np.empty(2 * len(node_a), dtype=np.int32)
    head = np.empty_like(tail)
    tail[0::2], tail[1::2] = node_a, node_b
    head[0::2], head[1::2] = node_b, node_a
    return tail, head


def resolve_turns(
    restrictions: Sequence[Restriction],
    *,
    node_a: NDArray[np.int32],
    node_b: NDArray[np.int32],
    node_key: NDArray[np.int64],
    way_id: NDArray[np.int64],
    oneway: NDArray[np.int8],
    lonlat: NDArray[np.float64],
    vertex_offset: NDArray[np.int64],
) -> ResolvedTurns:
    """Find on the graph the edges that each restriction speaks of.

    Restrictions that except emergency vehicles, whose ways are not on the graph, or whose members do
    not touch are left out and counted by reason. Where a way runs through the via node, so that it
    could mean two edges, the pair is taken whose angle fits the kind best.
    """
    links = _Links(node_a, node_b, node_key, way_id, oneway, lonlat, vertex_offset)
    banned: dict[Edges, None] = {}
    report: Counter[str] = Counter()
    for restriction in restrictions:
        if "emergency" in restriction.except_modes:
            report["excepts emergency vehicles"] += 1
            continue
        if restriction.via_ways:
            found = _over_ways(links, restriction)
        else:
            found = _over_node(links, restriction)
        if isinstance(found, str):
            report[found] += 1
            continue
        report["in force"] += 1
        for sequence in found:
            if restriction.kind.startswith("only_"):
                for other in links.leaving(links.head(sequence[-2])):
                    if other != sequence[-1]:
                        banned[(*sequence[:-1], other)] = None
            else:
                banned[sequence] = None
    return ResolvedTurns(tuple(banned), dict(report))


def _over_node(links: _Links, restriction: Restriction) -> list[Edges] | str:
    node = links.node(restriction.via_node) if restriction.via_node is not None else None
    if node is None:
        return "via node is not on a road for vehicles"
    arriving = [e for e in links.edges_of_way(restriction.from_way) if links.head(e) == node]
    leaving = links.edges_of_way(restriction.to_way, tail=node)
    pairs = [(e, f) for e in arriving for f in leaving]
    turn = restriction.kind.partition("_")[2]
    if restriction.from_way == restriction.to_way:
        back = turn == "u_turn"
        pairs = [(e, f) for e, f in pairs if (e ^ 1 == f) == back]
        if back:
            return list(pairs) or "ways do not touch or are one-way the other way"
    if not pairs:
        return "ways do not touch or are one-way the other way"
    if len(pairs) == 1 or turn not in _IDEAL_LEFT_DEG:
        return list(pairs)
    return [min(pairs, key=lambda pair: _misfit_deg(links, pair[0], pair[1], turn))]


def _misfit_deg(links: _Links, edge: int, then: int, turn: str) -> float:
    off = abs(links.left_deg(edge, then) - _IDEAL_LEFT_DEG[turn])
    return min(off, 360.0 - off)


def _over_ways(links: _Links, restriction: Restriction) -> list[Edges] | str:
    ways = (*restriction.via_ways, restriction.to_way)
    found: list[Edges] = []
    for edge in links.edges_of_way(restriction.from_way):
        found.extend(_walks(links, (edge,), ways))
    if not found:
        return "ways do not touch or are one-way the other way"
    shortest = min(len(sequence) for sequence in found)
    return [sequence for sequence in found if len(sequence) == shortest]


def _walks(links: _Links, driven: Edges, ways: Sequence[int]) -> Iterator[Edges]:
    """Ways on from `driven` along each of `ways` in turn, at least one link of each."""
    for edge in links.edges_of_way(ways[0], tail=links.head(driven[-1])):
        if edge in driven or (edge == driven[-1] ^ 1 and len(ways) > 1):
            continue
        if len(ways) == 1:
            yield (*driven, edge)
            continue
        walk: Edges = (*driven, edge)
        while len(walk) < MAX_VIA_LINKS:
            yield from _walks(links, walk, ways[1:])
            onward = [
                e
                for e in links.edges_of_way(ways[0], tail=links.head(walk[-1]))
                if e != walk[-1] ^ 1 and e not in walk
            ]
            if not onward:
                break
            walk = (*walk, onward[0])


def turn_tables(
    node_a: NDArray[np.int32],
    node_b: NDArray[np.int32],
    node_blocked: NDArray[np.bool_],
    banned: Sequence[Edges],
) -> TurnTables:
    """Transitions of the turn-expanded graph without the forbidden sequences.

    From every edge one may go on to every edge that leaves its head, itself reversed included (a
    U-turn, priced by the vehicle's costing). At a blocked node only the U-turn is left.
    """
    tail, head = edge_ends(node_a, node_b)
    edges = np.arange(len(tail), dtype=np.int32)
    by_tail = np.argsort(tail, kind="stable").astype(np.int32)
    degree = np.bincount(tail, minlength=len(node_blocked))
    start = np.concatenate([[0], np.cumsum(degree)])

    stuck = node_blocked[head]
    count = np.where(stuck, 1, degree[head])
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    at = np.repeat(start[head] - offset[:-1], count) + np.arange(offset[-1])
    target = by_tail[np.minimum(at, len(by_tail) - 1)]
    target[offset[:-1][stuck]] = edges[stuck] ^ 1
    state_edge = edges
    if banned:
        rows, state_edge = _remembering_rows(
            banned, tail, head, by_tail, start, node_blocked, edges
        )
        offset, target = _with_rows(offset, target, rows, len(state_edge))
    back_offset, back = _reversed(offset, target, len(state_edge))
    return TurnTables(
        start.astype(np.int64), by_tail, state_edge, offset, target, back_offset, back
    )


def _remembering_rows(
    banned: Sequence[Edges],
    tail: NDArray[np.int32],
    head: NDArray[np.int32],
    by_tail: NDArray[np.int32],
    start: NDArray[np.int64],
    node_blocked: NDArray[np.bool_],
    edges: NDArray[np.int32],
) -> tuple[dict[int, list[int]], NDArray[np.int32]]:
    """Rows that differ from the plain ones (state → next states), and the edge of every state."""
    forbidden = set(banned)
    state_of: dict[Edges, int] = {}
    for sequence in banned:
        for length in range(2, len(sequence)):
            state_of.setdefault(sequence[:length], len(edges) + len(state_of))

    def row(driven: Edges) -> list[int]:
        last = driven[-1]
        node = head[last]
        if node_blocked[node]:
            onward = [last ^ 1]
        else:
            onward = [int(e) for e in by_tail[start[node] : start[node + 1]]]
        targets = []
        for edge in onward:
            full = (*driven, edge)
            suffixes = [full[i:] for i in range(len(full) - 1)]
            if any(suffix in forbidden for suffix in suffixes):
                continue
            targets.append(next((state_of[s] for s in suffixes if s in state_of), edge))
        return targets

    rows = {sequence[0]: row(sequence[:1]) for sequence in banned}
    # A pair that is forbidden from a copied edge is found there too: rows look at every suffix.
    rows |= {state: row(driven) for driven, state in state_of.items()}
    copies = np.array([driven[-1] for driven in state_of], dtype=np.int32)
    return rows, np.concatenate([edges, copies])


def _with_rows(
    offset: NDArray[np.int64], target: NDArray[np.int32], rows: dict[int, list[int]], states: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The CSR with some rows replaced and others appended."""
    pieces: list[NDArray[np.int32]] = []
    count = np.zeros(states, dtype=np.int64)
    count[: len(offset) - 1] = np.diff(offset)
    changed = sorted(rows)
    for state in changed:
        count[state] = len(rows[state])
    plain = len(offset) - 1
    kept_from = 0
    for state in changed:
        upto = offset[min(state, plain)]
        pieces.append(target[kept_from:upto])
        pieces.append(np.array(rows[state], dtype=np.int32))
        kept_from = int(offset[min(state + 1, plain)])
    pieces.append(target[kept_from:])
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), np.concatenate(pieces)


def _reversed(
    offset: NDArray[np.int64], target: NDArray[np.int32], states: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    source = np.repeat(np.arange(states, dtype=np.int32), np.diff(offset))
    order = np.argsort(target, kind="stable")
    count = np.bincount(target, minlength=states)
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64), source[order]
