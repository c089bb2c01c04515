"""Travel times by scipy's Dijkstra on a turn-expanded graph built from dictionaries, and nothing shared.

The rules are those of docs/routing.md, written down a second time. Slow on purpose.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from pyproj import Geod, Transformer
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

GEOD = Geod(ellps="WGS84")
NEVER_AGAINST = {"motorway", "motorway_link", "trunk", "trunk_link"}
AT_NODE_M = 0.5
PREFER_M = 50.0
IDEAL = {"left_turn": 90, "right_turn": -90, "straight_on": 0, "u_turn": 180}


class RoutingOracle:
    """Independent answers on ways given as dicts.

    `ways`: id → {nodes, road_class, oneway, maxspeed_kph, access}; `lonlat`: node → (lon, lat);
    `points`: node → kind; `class_kph`: class → km/h; `costing`: attributes as documented.
    `closed`: set of frozenset of two node ids: closed junction-to-junction pieces (all of them).
    """

    def __init__(
        self, ways: dict, lonlat: dict, restrictions: list, points: dict, *,
        class_kph: dict, costing: Any, srid: int, closed: set[frozenset] = frozenset(),
    ) -> None:  # fmt: skip
        self.costing, self.lonlat, self.points = costing, lonlat, points
        uses = Counter(node for way in ways.values() for node in way["nodes"])
        forced = {r.via_node for r in restrictions} | {
            n for n, k in points.items() if k == "barrier"
        }
        self.pieces: list[dict] = []  # directed
        for way_id, way in ways.items():
            if way["access"] not in costing.access:
                continue
            nodes = way["nodes"]
            cut = [
                i
                for i, node in enumerate(nodes)
                if i in (0, len(nodes) - 1) or uses[node] > 1 or node in forced
            ]
            for i, j in pairwise(cut):
                run = nodes[i : j + 1]
                if frozenset((run[0], run[-1])) in closed:
                    continue
                self._add(
                    way_id, way, run, against=way["oneway"] == "backward", class_kph=class_kph
                )
                self._add(
                    way_id, way, run[::-1], against=way["oneway"] == "forward", class_kph=class_kph
                )
        for number, piece in enumerate(self.pieces):
            piece["number"] = number
        self.leaving = defaultdict(list)
        self.arriving = defaultdict(list)
        for piece in self.pieces:
            self.leaving[piece["nodes"][0]].append(piece)
            self.arriving[piece["nodes"][-1]].append(piece)
        self._restrict(restrictions)
        self._arcs()
        self._index(srid)

    def _add(self, way_id: int, way: dict, run: list, *, against: bool, class_kph: dict) -> None:
        c = self.costing
        if against and (not c.against_oneway or way["road_class"] in NEVER_AGAINST):
            return
        if way["maxspeed_kph"] is not None:
            kph = way["maxspeed_kph"] * c.limit_factor
        else:
            kph = class_kph[way["road_class"]] * c.speed_factor
        if against:
            kph = min(kph, c.against_oneway_kph)
        line = [self.lonlat[node] for node in run]
        length = max(GEOD.line_length([p[0] for p in line], [p[1] for p in line]), 0.01)
        delay = sum(
            getattr(c, f"{self.points[node]}_s", 0.0) for node in run[1:] if node in self.points
        )
        self.pieces.append(
            {"way": way_id, "nodes": run, "length": length, "time": length / kph * 3.6 + delay}
        )

    @staticmethod
    def _back(piece: dict, other: dict) -> bool:
        return piece["way"] == other["way"] and piece["nodes"] == other["nodes"][::-1]

    def _angle(self, piece: dict, then: dict, kind: str) -> float:
        def bearing(a: int, b: int) -> float:
            (x1, y1), (x2, y2) = self.lonlat[a], self.lonlat[b]
            return math.degrees(math.atan2((x2 - x1) * math.cos(math.radians(y1)), y2 - y1))

        left = bearing(*piece["nodes"][-2:]) - bearing(*then["nodes"][:2])
        off = abs(left - IDEAL[kind]) % 360
        return min(off, 360 - off)

    def _restrict(self, restrictions: list) -> None:
        self.no_pair: set[tuple[int, int]] = set()
        self.over_ways: list[tuple[str, list[dict]]] = []
        for r in restrictions:
            if "emergency" in r.except_modes:
                continue
            kind = r.kind.split("_", 1)[1]
            if r.via_ways:
                chains = self._chains(r)
                least = min((len(chain) for chain in chains), default=0)
                self.over_ways += [(r.kind, chain) for chain in chains if len(chain) == least]
                continue
            pairs = [
                (p, q)
                for p in self.arriving[r.via_node] if p["way"] == r.from_way
                for q in self.leaving[r.via_node] if q["way"] == r.to_way
            ]  # fmt: skip
            if r.from_way == r.to_way:
                pairs = [(p, q) for p, q in pairs if self._back(p, q) == (kind == "u_turn")]
            elif len(pairs) > 1 and kind in IDEAL:
                pairs = [min(pairs, key=lambda pq, kind=kind: self._angle(*pq, kind))]
            if r.from_way == r.to_way and kind != "u_turn" and len(pairs) > 1:
                pairs = [min(pairs, key=lambda pq, kind=kind: self._angle(*pq, kind))]
            for p, q in pairs:
                if r.kind.startswith("only_"):
                    for other in self.leaving[r.via_node]:
                        if other is not q:
                            self.no_pair.add((p["number"], other["number"]))
                else:
                    self.no_pair.add((p["number"], q["number"]))

    def _chains(self, r: Any) -> list[list[dict]]:
        """Sequences from → via ways in order → to, found by breadth-first growth."""
        ways = [*r.via_ways, r.to_way]
        grown = [([p], 0) for p in self.pieces if p["way"] == r.from_way]
        done = []
        for _ in range(12):
            following = []
            for chain, stage in grown:
                for q in self.leaving[chain[-1]["nodes"][-1]]:
                    if q in chain:
                        continue
                    back = self._back(chain[-1], q)
                    if stage > 0 and q["way"] == ways[stage - 1] and stage < len(ways) and not back:
                        following.append(([*chain, q], stage))
                    if q["way"] == ways[stage]:
                        if stage + 1 == len(ways):
                            done.append([*chain, q])
                        elif not back:
                            following.append(([*chain, q], stage + 1))
            grown = following
        return done

    def _arcs(self) -> None:
        """Reverse arcs e → p, weight time[e] + turn(p, e); layers of copies for way restrictions."""
        self.base = list(range(len(self.pieces)))
        copy_of: dict[tuple[int, int], int] = {}
        for layer, (_, chain) in enumerate(self.over_ways):
            for piece in chain[1:-1]:
                copy_of[layer, piece["number"]] = len(self.base)
                self.base.append(piece["number"])
        rows, cols, cost = [], [], []

        def arc(p: int, e: int) -> None:
            q = self.pieces[self.base[e]]
            back = self._back(self.pieces[self.base[p]], q)
            rows.append(e)
            cols.append(p)
            cost.append(q["time"] + (self.costing.u_turn_s if back else 0.0) + 1e-12)

        def onward(p: dict) -> list[int]:
            head = p["nodes"][-1]
            blocked = self.points.get(head) == "barrier"
            return [
                q["number"]
                for q in self.leaving[head]
                if (p["number"], q["number"]) not in self.no_pair
                and (not blocked or self._back(p, q))
            ]

        enters = defaultdict(dict)
        for layer, (_, chain) in enumerate(self.over_ways):
            enters[chain[0]["number"]][chain[1]["number"]] = copy_of[layer, chain[1]["number"]]
        for p in self.pieces:
            for q in onward(p):
                arc(p["number"], enters[p["number"]].get(q, q))
        for layer, (kind, chain) in enumerate(self.over_ways):
            inner = [piece["number"] for piece in chain[1:-1]]
            for place, number in enumerate(inner):
                last = place == len(inner) - 1
                for q in onward(self.pieces[number]):
                    if last and (q == chain[-1]["number"]) != kind.startswith("only_"):
                        continue
                    follows = not last and q == inner[place + 1]
                    arc(copy_of[layer, number], copy_of[layer, q] if follows else q)
        n = len(self.base)
        self.rows, self.cols, self.cost = np.array(rows), np.array(cols), np.array(cost)
        _, label = connected_components(
            csr_matrix((self.cost, (self.rows, self.cols)), (n, n)), connection="strong"
        )
        main = np.argmax(np.bincount(label))
        graph = csr_matrix((np.ones(len(rows)), (self.rows, self.cols)), (n, n))
        start = int(np.flatnonzero(label == main)[0])
        self.reaches_main = np.isfinite(dijkstra(graph, indices=start, unweighted=True))
        self.from_main = np.isfinite(dijkstra(graph.T.tocsr(), indices=start, unweighted=True))

    def _index(self, srid: int) -> None:
        self.project = Transformer.from_crs(4326, srid, always_xy=True)
        self.lines = shapely.linestrings(
            *[
                np.array(v)
                for v in (
                    [xy for p in self.pieces for xy in self._xy(p)],
                )
            ],
            indices=np.repeat(np.arange(len(self.pieces)), [len(p["nodes"]) for p in self.pieces]),
        )  # fmt: skip
        self.tree = shapely.STRtree(self.lines)

    def _xy(self, piece: dict) -> list[tuple[float, float]]:
        if not hasattr(self, "_node_xy"):
            nodes = list(self.lonlat)
            x, y = self.project.transform(*np.array([self.lonlat[n] for n in nodes]).T)
            self._node_xy = dict(zip(nodes, zip(x, y, strict=True), strict=True))
        return [self._node_xy[node] for node in piece["nodes"]]

    def snap(self, point: tuple[float, float], *, leaving: bool) -> tuple[list, float]:
        """Places (piece, share driven) of the nearest road, and its distance in metres."""
        here = shapely.Point(*self.project.transform(*point))
        near = self.tree.query(here.buffer(2000))
        far = shapely.distance(self.lines[near], here)
        fine = (self.reaches_main if leaving else self.from_main)[: len(self.pieces)]
        good = near[fine[near]]
        good_far = far[fine[near]]
        if not len(near):
            return [], math.inf
        if len(good) and good_far.min() <= far.min() + PREFER_M:
            near, far = good, good_far
        best = self.pieces[near[np.argmin(far)]]
        line = self.lines[best["number"]]
        share = line.project(here) / line.length if line.length else 0.0
        if share * best["length"] <= AT_NODE_M:
            node = best["nodes"][0]
        elif (1 - share) * best["length"] <= AT_NODE_M:
            node = best["nodes"][-1]
        else:
            both = [(best, share)]
            both += [(p, 1 - share) for p in self.arriving[best["nodes"][0]] if self._back(best, p)]
            return both, float(far.min())
        if leaving:
            return [(p, 0.0) for p in self.leaving[node]], float(far.min())
        return [(p, 1.0) for p in self.arriving[node]], float(far.min())

    def etas(
        self, points: list[tuple[float, float]], units: list[tuple[float, float]], *,
        limit_s: float = math.inf,
    ) -> np.ndarray:  # fmt: skip
        """(points, units) seconds, inf where unreachable (or past the limit)."""
        n = len(self.base)
        rows, cols, cost = [self.rows], [self.cols], [self.cost]
        targets = [self.snap(point, leaving=False)[0] for point in points]
        starts = [self.snap(unit, leaving=True)[0] for unit in units]
        incoming = csr_matrix((np.arange(1, len(self.rows) + 1), (self.rows, self.cols)), (n, n))
        layers = defaultdict(list)
        for state, number in enumerate(self.base):
            layers[number].append(state)
        for i, places in enumerate(targets):
            for piece, share in places:
                for state in layers[piece["number"]]:
                    arcs = incoming.data[incoming.indptr[state] : incoming.indptr[state + 1]] - 1
                    rows.append(np.full(len(arcs), n + i))
                    cols.append(self.cols[arcs])
                    cost.append(self.cost[arcs] - (1 - share) * piece["time"])
        # Several ways from one point into one state: the least counts, not their sum.
        r, c, w = (np.concatenate(v) for v in (rows, cols, cost))
        order = np.lexsort((w, c, r))
        r, c, w = r[order], c[order], w[order]
        first = np.ones(len(r), dtype=bool)
        first[1:] = (r[1:] != r[:-1]) | (c[1:] != c[:-1])
        size = n + len(points)
        graph = csr_matrix((w[first], (r[first], c[first])), (size, size))
        result = np.full((len(points), len(units)), np.inf)
        for i, places in enumerate(targets):
            label = dijkstra(graph, indices=n + i, limit=limit_s)
            for j, begin in enumerate(starts):
                best = math.inf
                for piece, share in begin:
                    best = min(best, (1 - share) * piece["time"] + label[piece["number"]])
                    for other, upto in places:
                        if other is piece and upto >= share:
                            best = min(best, (upto - share) * piece["time"])
                same_node = {p["nodes"][0] for p, s in begin if s == 0.0} & {
                    p["nodes"][-1] for p, s in places if s == 1.0
                }
                result[i, j] = 0.0 if same_node else best
        return result

    def network_points(self, rng: np.random.Generator, n: int) -> list[tuple[dict, float]]:
        """Places (piece, share driven) strewn evenly over the length of the network."""
        length = np.array([piece["length"] for piece in self.pieces])
        chosen = rng.choice(len(length), n, p=length / length.sum())
        shares = rng.random(n).tolist()
        return [(self.pieces[i], share) for i, share in zip(chosen.tolist(), shares, strict=True)]

    def lonlat_of(self, places: list[tuple[dict, float]]) -> np.ndarray:
        """(n, 2) degrees of places."""
        xy = shapely.get_coordinates(
            [self.lines[p["number"]].interpolate(share, normalized=True) for p, share in places]
        )
        lon, lat = self.project.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
        return np.column_stack([lon, lat])

    def times_from(
        self, start: tuple[float, float], places: list[tuple[dict, float]], *, limit_s: float
    ) -> np.ndarray:
        """Seconds from a start to places, the soonest of both directions; inf past the limit."""
        n = len(self.base)
        time = np.array([self.pieces[number]["time"] for number in self.base])
        # Reverse arcs e → p turned about, and re-weighted from "head of p" to "tail of p".
        cost = self.cost - time[self.rows] + time[self.cols]
        begin = self.snap(start, leaving=True)[0]
        rows, cols, costs = [self.cols], [self.rows], [cost]
        for piece, share in begin:
            arcs = np.flatnonzero(self.cols == piece["number"])
            rows.append(np.full(len(arcs), n))
            cols.append(self.rows[arcs])
            costs.append(cost[arcs] - share * piece["time"])
        r, c, w = (np.concatenate(v) for v in (rows, cols, costs))
        order = np.lexsort((w, c, r))
        r, c, w = r[order], c[order], w[order]
        first = np.ones(len(r), dtype=bool)
        first[1:] = (r[1:] != r[:-1]) | (c[1:] != c[:-1])
        graph = csr_matrix((w[first], (r[first], c[first])), (n + 1, n + 1))
        label = dijkstra(graph, indices=n, limit=limit_s)[:n]
        tail = np.full(len(self.pieces), np.inf)
        np.minimum.at(tail, np.array(self.base), label)
        for piece, share in begin:
            if share == 0.0:
                tail[piece["number"]] = 0.0
        result = np.full(len(places), np.inf)
        for i, (piece, share) in enumerate(places):
            ways = [(piece, share)]
            ways += [
                (p, 1 - share) for p in self.arriving[piece["nodes"][0]] if self._back(piece, p)
            ]
            for p, s in ways:
                result[i] = min(result[i], tail[p["number"]] + s * p["time"])
                for q, from_share in begin:
                    if q is p and s >= from_share:
                        result[i] = min(result[i], (s - from_share) * p["time"])
        result[result > limit_s] = np.inf
        return result
