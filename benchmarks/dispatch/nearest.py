"""Ten soonest of 500 units: the engine beside scipy and the straight line, in one run.

    From the project root, with the environment's python:
    python -m benchmarks.dispatch.nearest ../shared/data/osm/porto_r5.osm.pbf [--incidents 300]
        [--peer-python PYTHON] [--database postgresql://superuser@host/scratch]

Every request snaps the incident, moves one unit in ten, applies the closures in force and finds the
ten soonest with distance and route. scipy answers from a turn-expanded graph of its own with the
incidents already snapped, which flatters it, and so do the peers: igraph and routingkit-cch by a
python that has them (`--peer-python`), pgRouting and `<->` in a scratch database (`--database`).
Before anything is timed, the engine's answers are held against plain Dijkstra, and every peer's
against scipy on the same graph. Times are milliseconds: of the thread's own processor
time, which a busy machine does not swell, and of the wall clock.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
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


def scipy_times(
    oracle: RoutingOracle, sources: np.ndarray, targets: np.ndarray
) -> tuple[Spent, np.ndarray]:
    """Seconds of each query and (queries, units) distances, on the graph that the peers get."""
    n = len(oracle.base)
    graph = csr_matrix((oracle.cost, (oracle.rows, oracle.cols)), (n, n))
    spent, found = [], []
    for source in sources.tolist():
        begun = now_s()
        row = dijkstra(graph, indices=source)
        spent.append(tuple(now_s() - begun))
        found.append(row[targets])
    return spent, np.array(found)


def exactness(
    router: Router, oracle: RoutingOracle, points: np.ndarray, units: np.ndarray
) -> dict[str, float]:
    """The engine's ten soonest beside plain Dijkstra, and the straight line's errors beside both."""
    here = [UnitAt(i, float(x), float(y)) for i, (x, y) in enumerate(units)]
    asked = [(float(x), float(y)) for x, y in points]
    truth = oracle.etas(asked, [(float(x), float(y)) for x, y in units])
    worst_s, wrong_first = 0.0, 0
    for row, point in zip(truth, asked, strict=True):
        mine = np.array([eta.eta_s for eta in router.nearest(point, here, count=COUNT).etas])
        best = np.sort(row)[: len(mine)]
        worst_s = max(worst_s, float(np.abs(mine - best).max(initial=0.0)))
        there = np.tile(point, (len(units), 1))
        line = np.argmin(GEOD.inv(there[:, 0], there[:, 1], units[:, 0], units[:, 1])[2])
        wrong_first += bool(len(mine)) and bool(row[line] > best[0] + 0.1)
    return {
        "incidents": len(asked),
        "largest_error_s": round(worst_s, 4),
        "first_wrong_by_straight_line": round(wrong_first / len(asked), 3),
    }


def problem_of(
    oracle: RoutingOracle, points: np.ndarray, units: np.ndarray
) -> dict[str, np.ndarray]:
    """One graph and one set of questions for scipy and the peers: states of pieces, snapped before."""

    def state(place: np.ndarray, *, leaving: bool) -> int:
        places, _ = oracle.snap((float(place[0]), float(place[1])), leaving=leaving)
        return int(places[0][0]["number"])

    tails = [oracle.lonlat[oracle.pieces[number]["nodes"][0]] for number in oracle.base]
    return {
        "tail": oracle.rows, "head": oracle.cols, "cost_s": oracle.cost, "lonlat": np.array(tails),
        "source": np.array([state(point, leaving=False) for point in points]),
        "target": np.array([state(unit, leaving=True) for unit in units]),
        "point_lonlat": points, "unit_lonlat": units,
    }  # fmt: skip


def peer_times(
    name: str, python: str, problem: dict[str, np.ndarray], truth: np.ndarray, *more: str
) -> dict[str, object]:
    """A peer's figures, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "problem.npz"), Path(folder, "answer.npz")
        np.savez(asked, **problem)
        script = str(Path(__file__).with_name("peers.py"))
        done = subprocess.run(
            [python, script, name, str(asked), str(answered), *more], capture_output=True, text=True
        )
        if done.returncode:
            return {"not_run": (done.stderr.strip().splitlines() or ["?"])[-1][:200]}
        answer = dict(np.load(answered))
    figures: dict[str, object] = dict(summary_ms([tuple(row) for row in answer["spent_s"]]))
    figures["queries"] = len(answer["spent_s"])
    figures["built_s"] = round(float(answer["built_s"][1]), 2)
    if name != "straight":
        want = truth[: len(answer["found_s"])]
        both = np.isfinite(want) & np.isfinite(answer["found_s"])
        figures["same_reached"] = bool((np.isfinite(want) == np.isfinite(answer["found_s"])).all())
        figures["largest_error_s"] = round(
            float(np.abs(want[both] - answer["found_s"][both]).max()), 3
        )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--incidents", type=int, default=300)
    parser.add_argument("--peer-python", default="", help="a python with igraph, routingkit-cch")
    parser.add_argument("--database", default="", help="a scratch database, as its superuser")
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
    exact = exactness(router, oracle, points[:30], units)
    problem = problem_of(oracle, points[:60], units)
    peer, truth = scipy_times(oracle, problem["source"], problem["target"])
    peers: dict[str, object] = {}
    if options.peer_python:
        for name in ("igraph", "routingkit_cch"):
            peers[name] = peer_times(name, options.peer_python, problem, truth)
    if options.database:
        for name in ("pgrouting", "straight"):
            peers[name] = peer_times(name, sys.executable, problem, truth, options.database)
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
        "exactness": exact,
        "peers": peers,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
