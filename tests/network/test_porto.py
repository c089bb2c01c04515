"""Porto: ten soonest of 500 units against scipy on a turn-expanded graph of its own."""

from __future__ import annotations

import numpy as np
import pytest

from layers.geo.crs import GEOD
from layers.network.engine.closing import close_roads
from layers.network.engine.connectivity import components
from layers.network.router import Router, UnitAt
from tests.network.conftest import oracle_of
from tests.network.osm_reading import OsmNetwork
from tests.oracles.routing import RoutingOracle

pytestmark = pytest.mark.real_data
INCIDENTS, UNITS, COUNT = 300, 500, 10


def near_roads(router: Router, rng: np.random.Generator, n: int) -> list[tuple[float, float]]:
    """Places strewn about the streets, some 50 m off them."""
    at = router.graph.lonlat[rng.integers(0, len(router.graph.lonlat), n)]
    return [(float(x), float(y)) for x, y in at + rng.normal(0, 5e-4, (n, 2))]


def test_graph_is_what_the_file_holds(porto_router: Router) -> None:
    graph = porto_router.graph
    assert graph.turn_report["in force"] > 320
    parts = components(graph)
    assert parts.largest_share > 0.99
    legal = int(np.isfinite(porto_router.costed().forth.time_s).sum())
    print(f"{len(graph.node_lonlat)} nodes, {legal} directed edges, {parts.count} parts")


def test_ten_soonest_equal_an_independent_dijkstra(
    porto_router: Router, porto_oracle: RoutingOracle
) -> None:
    rng = np.random.default_rng(27)
    units = near_roads(porto_router, rng, UNITS)
    points = near_roads(porto_router, rng, INCIDENTS)
    here = [UnitAt(i, *xy) for i, xy in enumerate(units)]
    lonlat = np.array(units)
    wrong_first, wrong_three, delay_s = 0, 0, []
    truth = porto_oracle.etas(points, units, limit_s=1500)
    for row, point in zip(truth, points, strict=True):
        order = np.argsort(row, kind="stable")
        if not np.isfinite(row[order[COUNT - 1]]):
            row = porto_oracle.etas([point], units)[0]
            order = np.argsort(row, kind="stable")
        answer = porto_router.nearest(point, here, count=COUNT)
        mine = np.array([eta.eta_s for eta in answer.etas])
        reachable = int(min(COUNT, np.isfinite(row).sum()))
        assert len(mine) == reachable
        np.testing.assert_allclose(mine, row[order[:reachable]], atol=0.1)
        np.testing.assert_allclose(mine, row[[eta.key for eta in answer.etas]], atol=0.1)
        straight = GEOD.inv(
            np.full(UNITS, point[0]), np.full(UNITS, point[1]), lonlat[:, 0], lonlat[:, 1]
        )[2]
        by_line = np.argsort(straight, kind="stable")
        if reachable:
            wrong_first += int(row[by_line[0]] > mine[0] + 0.1)
            wrong_three += int(set(by_line[:3]) != {eta.key for eta in answer.etas[:3]})
            delay_s.append(row[by_line[0]] - mine[0])
    late = np.array(delay_s)[np.array(delay_s) > 0.1]
    print(
        f"straight-line nearest: first unit wrong in {wrong_first / INCIDENTS:.0%}, "
        f"first three in {wrong_three / INCIDENTS:.0%}; "
        f"median delay when wrong {np.median(late):.0f} s"
    )
    assert wrong_first > 0


def test_with_485_of_500_busy_still_exact(
    porto_router: Router, porto_oracle: RoutingOracle
) -> None:
    rng = np.random.default_rng(30)
    free = near_roads(porto_router, rng, UNITS)[:15]
    points = near_roads(porto_router, rng, 20)
    for row, point in zip(porto_oracle.etas(points, free), points, strict=True):
        answer = porto_router.nearest(point, [UnitAt(i, *xy) for i, xy in enumerate(free)])
        order = np.argsort(row, kind="stable")[: len(answer.etas)]
        np.testing.assert_allclose([eta.eta_s for eta in answer.etas], row[order], atol=0.1)
        assert len(answer.etas) == min(COUNT, int(np.isfinite(row).sum()))


def test_forty_random_closures_equal_recomputation_and_reopening_restores(
    porto: OsmNetwork, porto_router: Router
) -> None:
    rng = np.random.default_rng(29)
    graph = porto_router.graph
    units = [UnitAt(i, *xy) for i, xy in enumerate(near_roads(porto_router, rng, 40))]
    points = near_roads(porto_router, rng, 8)
    before = {p: porto_router.nearest(p, units) for p in points}
    # Close what the answers use, so that every closure matters.
    used = np.unique(
        np.concatenate(
            [eta.route.edges[2:-2] >> 1 for answer in before.values() for eta in answer.etas[:4]]
        )
    )
    node_of = {xy: node for node, xy in porto.lonlat.items()}
    shut = rng.choice(used, 40, replace=False).tolist()
    ends = set()
    for link in shut:
        line = graph.link_lonlat(link)
        ends.add(frozenset((node_of[tuple(line[0])], node_of[tuple(line[-1])])))
    # The oracle shuts every piece between the same two junctions: so does the engine here.
    pairs = {}
    for link in range(graph.link_count):
        pairs.setdefault((int(graph.node_a[link]), int(graph.node_b[link])), []).append(link)
    every = set()
    for link in shut:
        a, b = int(graph.node_a[link]), int(graph.node_b[link])
        every |= set(pairs.get((a, b), [])) | set(pairs.get((b, a), []))
    closed = close_roads(graph, [(link, 0.0, float(graph.length_m[link])) for link in every])
    truth = oracle_of(porto, porto_router, closed=ends).etas(
        points, [(u.lon, u.lat) for u in units]
    )
    changed = 0
    for row, point in zip(truth, points, strict=True):
        answer = porto_router.nearest(point, units, closed=closed)
        np.testing.assert_allclose(
            [eta.eta_s for eta in answer.etas], np.sort(row)[: len(answer.etas)], atol=0.1
        )
        changed += [eta.eta_s for eta in answer.etas] != [eta.eta_s for eta in before[point].etas]
    assert changed >= 4
    for point in points:
        after = porto_router.nearest(point, units)
        assert [(e.key, e.eta_s, e.distance_m) for e in after.etas] == [
            (e.key, e.eta_s, e.distance_m) for e in before[point].etas
        ]
