"""Small invented networks in metres around a corner of Malang."""

from __future__ import annotations

from collections.abc import Sequence

from layers.geo.crs import local_projection
from layers.network.costing import DEFAULT_CLASS_KPH, Costing
from layers.network.engine.arrays import Restriction
from layers.network.engine.graph import build_graph
from layers.network.router import Router
from tests.network.osm_reading import OsmNetwork
from tests.oracles.routing import RoutingOracle

SRID = 32749
ORIGIN = (678_000.0, 9_117_000.0)
#: 36 km/h everywhere is 10 m/s; no delays but U-turns of 30 s.
PLAIN = Costing("plain", class_kph=(36.0,) * len(DEFAULT_CLASS_KPH), u_turn_s=30.0)


def at(x_m: float, y_m: float) -> tuple[float, float]:
    """Degrees of a place given in metres east and north of the corner."""
    lon, lat = local_projection(SRID).to_lonlat([(ORIGIN[0] + x_m, ORIGIN[1] + y_m)])[0]
    return float(lon), float(lat)


class Town:
    """A network drawn by hand: nodes by number and metres, ways by node numbers."""

    def __init__(self, nodes: dict[int, tuple[float, float]]) -> None:
        self.network = OsmNetwork(lonlat={n: at(*xy) for n, xy in nodes.items()})

    def way(self, way: int, nodes: Sequence[int], **attributes: object) -> Town:
        self.network.ways[way] = {
            "nodes": list(nodes),
            "road_class": "residential",
            "oneway": "no",
            "maxspeed_kph": None,
            "access": "yes",
            **attributes,
        }
        return self

    def turn(self, kind: str, way: int, to: int, *, node: int | None = None, ways: tuple = (),
             but: tuple = ()) -> Town:  # fmt: skip
        self.network.restrictions.append(Restriction(kind, way, to, node, ways, but))
        return self

    def point(self, node: int, kind: str) -> Town:
        self.network.points[node] = kind
        return self

    def router(self) -> Router:
        return Router(build_graph(self.network.arrays(), srid=SRID))

    def oracle(self, costing: Costing = PLAIN, **more: object) -> RoutingOracle:
        network = self.network
        return RoutingOracle(
            network.ways, network.lonlat, network.restrictions, network.points,
            class_kph=dict(zip(DEFAULT_CLASS_KPH, costing.class_kph, strict=True)),
            costing=costing, srid=SRID, **more,
        )  # fmt: skip


def crossing() -> Town:
    """Four arms of 200 m on node 0 (ways 1 west, 2 north, 3 east, 4 south), and a detour of
    streets around it (way 5, a square through the ends of the arms)."""
    town = Town(
        {0: (0, 0), 1: (-200, 0), 2: (0, 200), 3: (200, 0), 4: (0, -200),
         5: (-200, 200), 6: (200, 200), 7: (200, -200), 8: (-200, -200)}
    )  # fmt: skip
    town.way(1, [1, 0]).way(2, [0, 2]).way(3, [0, 3]).way(4, [4, 0])
    return town.way(5, [1, 5, 2, 6, 3, 7, 4, 8, 1])
