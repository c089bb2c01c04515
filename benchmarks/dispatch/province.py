"""A province: an invented lattice of two million directed edges, ten soonest of 500 units.

python -m benchmarks.dispatch.province [--side 720]
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from layers.geo.crs import local_projection
from layers.network.engine.arrays import RoadArrays
from layers.network.engine.graph import build_graph
from layers.network.osm_tags import ROAD_CLASSES
from layers.network.router import Router, UnitAt

SRID = 32749


def lattice(side: int, rng: np.random.Generator) -> RoadArrays:
    """Streets between `side` × `side` junctions about 200 m apart, every tenth line an arterial,
    every eighth link one-way."""
    row, column = np.divmod(np.arange(side * side), side)
    xy = np.column_stack([500_000 + column * 200.0, 9_100_000 + row * 200.0])
    lonlat = local_projection(SRID).to_lonlat(xy + rng.normal(0, 25, xy.shape))
    east = np.flatnonzero(column < side - 1)
    north = np.flatnonzero(row < side - 1)
    ends = np.concatenate(
        [np.column_stack([east, east + 1]), np.column_stack([north, north + side])]
    )
    arterial = np.concatenate([row[east] % 10 == 0, column[north] % 10 == 0])
    n = len(ends)
    kinds = np.where(arterial, ROAD_CLASSES.index("secondary"), ROAD_CLASSES.index("residential"))
    return RoadArrays(
        road_id=np.arange(n, dtype=np.int64),
        way_id=np.arange(n, dtype=np.int64),
        road_class=kinds.astype(np.uint8),
        oneway=np.where(rng.random(n) < 0.125, 1, 0).astype(np.int8),
        maxspeed_kph=np.full(n, np.nan, dtype=np.float32),
        access=np.zeros(n, dtype=np.uint8),
        offset=np.arange(0, 2 * n + 1, 2, dtype=np.int64),
        node_id=ends.reshape(-1).astype(np.int64),
        lonlat=lonlat[ends.reshape(-1)],
        point_node_id=np.empty(0, dtype=np.int64),
        point_kind=np.empty(0, dtype=np.uint8),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=720)
    options = parser.parse_args()
    rng = np.random.default_rng(8)
    roads = lattice(options.side, rng)
    begun = time.perf_counter()
    router = Router(build_graph(roads, srid=SRID))
    router.costed()
    built_s = time.perf_counter() - begun
    nodes = router.graph.node_lonlat
    units = [
        UnitAt(i, float(x), float(y))
        for i, (x, y) in enumerate(nodes[rng.integers(0, len(nodes), 500)])
    ]
    spent = []
    for x, y in nodes[rng.integers(0, len(nodes), 103)]:
        begun = np.array([time.thread_time(), time.perf_counter()])
        router.nearest((float(x) + 1e-4, float(y)), units, count=10)
        spent.append(np.array([time.thread_time(), time.perf_counter()]) - begun)
    cpu_ms, wall_ms = np.array(spent[3:]).T * 1e3
    print(
        json.dumps(
            {
                "directed_edges": router.graph.edge_count,
                "built_s": round(built_s, 1),
                "cpu_median_ms": round(float(np.median(cpu_ms)), 2),
                "cpu_p99_ms": round(float(np.percentile(cpu_ms, 99)), 2),
                "wall_median_ms": round(float(np.median(wall_ms)), 2),
                "wall_p99_ms": round(float(np.percentile(wall_ms, 99)), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
