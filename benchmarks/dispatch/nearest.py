"""Ten soonest of 500 units: the engine beside scipy and the straight line, in one run.

    From the project root, with the environment's python:
    python -m benchmarks.dispatch.nearest ../shared/data/osm/porto_r5.osm.pbf [--incidents 300]

Every request snaps the incident, moves one unit in ten, applies the closures in force and finds the
ten soonest with distance and route. scipy answers from a turn-expanded graph of its own with the
incidents already snapped, which flatters it. Times are milliseconds: of the thread's own processor
time, which a busy machine does not swell, and of the wall clock.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import time
from pathlib import Path

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from layers.geo.crs import GEOD
from layers.network.costing import DEFAULT_CLASS_KPH, DEFAULT_COSTING
from layers.network.engine.closing import close_roads, stretches_of
from layers.network.engine.graph import build_graph
from layers.network.router import Router, UnitAt
from tests.network.osm_reading import read_osm
from tests.oracles.routing import RoutingOracle

UNITS, COUNT = 500, 10


Spent = list[tuple[float, float]]


def now_s() -> np.ndarray:
    return np.array([time.thread_time(), time.perf_counter()])


def summary_ms(spent: Spent) -> dict[str, float]:
    ms = np.array(spent) * 1e3
    found = {}
    for column, clock in enumerate(("cpu", "wall")):
        found[f"{clock}_median_ms"] = round(float(np.median(ms[:, column])), 2)
        found[f"{clock}_p99_ms"] = round(float(np.percentile(ms[:, column], 99)), 2)
    return found


def p99(spent: Spent) -> float:
    return float(np.percentile(np.array(spent)[:, 0], 99))


def near_roads(router: Router, rng: np.random.Generator, n: int) -> np.ndarray:
    at = router.graph.lonlat[rng.integers(0, len(router.graph.lonlat), n)]
    return at + rng.normal(0, 5e-4, (n, 2))


def engine_times(
    router: Router, points: np.ndarray, units: np.ndarray, rng: np.random.Generator, busy: int
) -> Spent:
    """Seconds of each request, of the processor and by the wall clock."""
    middle = router.graph.lonlat.mean(axis=0)
    flood = shapely.Point(middle).buffer(0.002)
    closed = close_roads(router.graph, stretches_of(router.graph, router.grid, flood))
    spent: Spent = []
    here = units.copy()
    for point in points:
        moving = rng.choice(len(here), len(here) // 10, replace=False)
        here[moving] += rng.normal(0, 1e-5, (len(moving), 2))
        free = [UnitAt(i, float(x), float(y)) for i, (x, y) in enumerate(here[busy:])]
        begun = now_s()
        found = router.nearest((float(point[0]), float(point[1])), free, count=COUNT, closed=closed)
        routes = [eta.route.coordinates for eta in found.etas[:1]]
        spent.append(tuple(now_s() - begun))
        assert len(routes) <= 1
    return spent


def scipy_times(oracle: RoutingOracle, points: np.ndarray) -> Spent:
    n = len(oracle.base)
    graph = csr_matrix((oracle.cost, (oracle.rows, oracle.cols)), (n, n))
    spent = []
    for point in points:
        places, _ = oracle.snap((float(point[0]), float(point[1])), leaving=False)
        begun = now_s()
        dijkstra(graph, indices=places[0][0]["number"])
        spent.append(tuple(now_s() - begun))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--incidents", type=int, default=300)
    options = parser.parse_args()
    network = read_osm(options.path)
    begun = time.perf_counter()
    router = Router(build_graph(network.arrays()))
    built_s = time.perf_counter() - begun
    oracle = RoutingOracle(
        network.ways, network.lonlat, network.restrictions, network.points,
        class_kph=DEFAULT_CLASS_KPH, costing=DEFAULT_COSTING, srid=router.graph.srid,
    )  # fmt: skip
    rng = np.random.default_rng(4)
    units, points = near_roads(router, rng, UNITS), near_roads(router, rng, options.incidents)
    engine_times(router, points[:3], units, rng, 0)
    engine = engine_times(router, points, units, rng, 0)
    busy = engine_times(router, points[:100], units, rng, 485)
    peer = scipy_times(oracle, points[: min(100, len(points))])
    begun = time.perf_counter()
    for point in points:
        there = np.tile(point, (UNITS, 1))
        np.argsort(GEOD.inv(there[:, 0], there[:, 1], units[:, 0], units[:, 1])[2])[:COUNT]
    straight_s = (time.perf_counter() - begun) / len(points)
    shut = []
    for _ in range(20):
        at = near_roads(router, rng, 1)[0]
        begun = now_s()
        drawn = shapely.Point(at).buffer(0.001)
        close_roads(router.graph, stretches_of(router.graph, router.grid, drawn))
        shut.append(tuple(now_s() - begun))
    result = {
        "machine": f"{platform.machine()}, {platform.python_version()}",
        "links": router.graph.link_count,
        "states": len(router.graph.state_edge),
        "graph_built_s": round(built_s, 2),
        "engine": summary_ms(engine),
        "engine_485_busy": summary_ms(busy),
        "scipy": summary_ms(peer),
        "straight_line_ms": round(straight_s * 1e3, 2),
        "closure_in_force": summary_ms(shut),
        "p99_ratio_cpu": round(p99(engine) / p99(peer), 3),
        "peers_not_installed": [
            name for name in ("igraph", "routingkit_cch") if not importlib.util.find_spec(name)
        ],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
