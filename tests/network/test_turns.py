"""Restrictions against answers that remember the whole way driven."""

from __future__ import annotations

import heapq
from itertools import pairwise

import numpy as np
import pytest

from layers.network.engine.turns import edge_ends, turn_tables
from layers.network.router import UnitAt
from tests.network.small import PLAIN, Town, at

KINDS = ("no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry",
         "only_left_turn", "only_right_turn", "only_straight_on")  # fmt: skip


def remembering_times(
    head: np.ndarray, tail: np.ndarray, banned: list[tuple[int, ...]], start: int
) -> dict[int, int]:
    """Fewest edges driven to the end of each edge, by a search whose state is the last edges driven,
    as many as the longest restriction can ask about."""
    memory = max((len(sequence) for sequence in banned), default=2) - 1
    best: dict[int, int] = {}
    queue = [(1, (start,))]
    seen = set()
    while queue:
        cost, driven = heapq.heappop(queue)
        if driven in seen:
            continue
        seen.add(driven)
        best.setdefault(driven[-1], cost)
        for edge in np.flatnonzero(tail == head[driven[-1]]).tolist():
            full = (*driven, edge)
            if not any(full[-len(sequence) :] == sequence for sequence in banned):
                heapq.heappush(queue, (cost + 1, full[-memory:]))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_transitions_obey_any_set_of_forbidden_sequences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes, links = 7, 12
    node_a = rng.integers(0, nodes, links).astype(np.int32)
    node_b = rng.integers(0, nodes, links).astype(np.int32)
    tail, head = edge_ends(node_a, node_b)
    banned = []
    for _ in range(12):
        walk = [int(rng.integers(0, 2 * links))]
        for _ in range(int(rng.integers(1, 5))):
            walk.append(int(rng.choice(np.flatnonzero(tail == head[walk[-1]]))))
        banned.append(tuple(walk))
    tables = turn_tables(node_a, node_b, np.zeros(nodes, dtype=bool), banned)
    for start in range(0, 2 * links, 5):
        found = {start: 1}
        frontier, seen, cost = [start], {start}, 1
        while frontier:
            cost += 1
            following = []
            for state in frontier:
                low, high = tables.next_offset[state : state + 2]
                for other in tables.next_state[low:high].tolist():
                    if other not in seen:
                        seen.add(other)
                        following.append(other)
                        found.setdefault(int(tables.state_edge[other]), cost)
            frontier = following
        assert found == remembering_times(head, tail, banned, start)
    back = {
        (int(p), state)
        for state in range(len(tables.state_edge))
        for p in tables.prev_state[tables.prev_offset[state] : tables.prev_offset[state + 1]]
    }
    forth = {
        (state, int(n))
        for state in range(len(tables.state_edge))
        for n in tables.next_state[tables.next_offset[state] : tables.next_offset[state + 1]]
    }
    assert back == forth


def random_town(rng: np.random.Generator) -> Town:
    """A wobbly lattice with one-ways, limits, points and restrictions over nodes and ways."""
    side = 5
    nodes = {
        r * side + c: (c * 100 + float(rng.normal(0, 12)), r * 100 + float(rng.normal(0, 12)))
        for r in range(side)
        for c in range(side)
    }
    town = Town(nodes)
    way = 100
    for r in range(side):
        for c in range(side):
            for other in ((r, c + 1), (r + 1, c)):
                if max(other) < side and rng.random() < 0.9:
                    way += 1
                    town.way(
                        way,
                        [r * side + c, other[0] * side + other[1]],
                        oneway=str(rng.choice(["no", "no", "forward", "backward"])),
                        maxspeed_kph=float(rng.choice([18.0, 36.0, 72.0])),
                    )
    for node in rng.choice(side * side, 4, replace=False).tolist():
        town.point(node, str(rng.choice(["gate", "traffic_signals", "stop", "barrier"])))
    ends = {w: set(road["nodes"]) for w, road in town.network.ways.items()}
    ways = list(ends)
    for _ in range(14):
        first = int(rng.choice(ways))
        near = [w for w in ways if ends[w] & ends[first] and w != first]
        second = int(rng.choice(near))
        (node,) = ends[first] & ends[second]
        town.turn(str(rng.choice(KINDS)), first, second, node=int(node))
    return town


@pytest.mark.parametrize("seed", range(25))
def test_random_towns_equal_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    town = random_town(rng)
    spots = [at(*xy) for xy in rng.uniform(-20, 420, (24, 2)).tolist()]
    points, units = spots[:6], spots[6:]
    router = town.router()
    truth = town.oracle().etas(points, units)
    here = [UnitAt(i, *xy, PLAIN) for i, xy in enumerate(units)]
    for row, point in zip(truth, points, strict=True):
        answer = router.nearest(point, here, count=None)
        mine = np.full(len(units), np.inf)
        for eta in answer.etas:
            mine[eta.key] = eta.eta_s
        np.testing.assert_allclose(mine, row, atol=1e-3)
        assert {u.key for u in answer.unreachable} == set(np.flatnonzero(np.isinf(row)))
        for count in (1, 3, 10):
            soonest = [eta.eta_s for eta in router.nearest(point, here, count=count).etas]
            np.testing.assert_allclose(soonest, np.sort(row)[: len(soonest)], atol=1e-3)
            assert len(soonest) == min(count, int(np.isfinite(row).sum()))


@pytest.mark.parametrize("seed", range(12))
def test_one_restriction_over_ways_equals_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(2000 + seed)
    town = random_town(rng)
    town.network.restrictions.clear()
    ends = {w: set(road["nodes"]) for w, road in town.network.ways.items()}
    while True:
        first, via, last = (int(w) for w in rng.choice(list(ends), 3, replace=False))
        if ends[first] & ends[via] and ends[via] & ends[last] and not ends[first] & ends[last]:
            break
    town.turn(str(rng.choice(["no_u_turn", "only_u_turn"])), first, last, ways=(via,))
    spots = [at(*xy) for xy in rng.uniform(-20, 420, (24, 2)).tolist()]
    truth = town.oracle().etas(spots[:6], spots[6:])
    router = town.router()
    for row, point in zip(truth, spots[:6], strict=True):
        etas = router.nearest(point, [UnitAt(i, *xy, PLAIN) for i, xy in enumerate(spots[6:])]).etas
        for eta in etas:
            assert eta.eta_s == pytest.approx(row[eta.key], abs=1e-3)


def test_route_says_what_its_time_says() -> None:
    rng = np.random.default_rng(7)
    router = random_town(rng).router()
    time_s = router.costed(PLAIN).forth.time_s
    checked = 0
    for _ in range(40):
        start, end = (at(*xy) for xy in rng.uniform(0, 400, (2, 2)).tolist())
        answer = router.nearest(end, [UnitAt(0, *start, PLAIN)])
        for eta in answer.etas:
            edges, whole = eta.route.edges.tolist(), router.graph.length_m
            if not edges:
                continue
            driven = whole[eta.route.edges >> 1].copy()
            driven[-1] = eta.route.last_m
            driven[0] -= eta.route.first_m
            seconds = sum(
                float(m / whole[e >> 1] * time_s[e]) for m, e in zip(driven, edges, strict=True)
            )
            turns = sum(PLAIN.u_turn_s for a, b in pairwise(edges) if a ^ 1 == b)
            assert seconds + turns == pytest.approx(eta.eta_s, abs=1e-6)
            line = eta.route.coordinates
            assert line[0] == pytest.approx([eta.place.lon, eta.place.lat], abs=1e-5)
            assert line[-1] == pytest.approx([answer.place.lon, answer.place.lat], abs=1e-5)
            checked += 1
    assert checked > 10
