"""Porto, read once: the network as it lies in the file, and the router built of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.network.costing import DEFAULT_CLASS_KPH, DEFAULT_COSTING
from layers.network.engine.graph import build_graph
from layers.network.router import Router
from tests.network.osm_reading import OsmNetwork, read_osm
from tests.oracles.routing import RoutingOracle


@pytest.fixture(scope="session")
def porto(shared_data: Path) -> OsmNetwork:
    return read_osm(shared_data / "osm" / "porto_r5.osm.pbf")


@pytest.fixture(scope="session")
def porto_router(porto: OsmNetwork) -> Router:
    return Router(build_graph(porto.arrays()))


def oracle_of(porto: OsmNetwork, router: Router, **more: object) -> RoutingOracle:
    return RoutingOracle(
        porto.ways, porto.lonlat, porto.restrictions, porto.points,
        class_kph=DEFAULT_CLASS_KPH, costing=DEFAULT_COSTING, srid=router.graph.srid, **more,
    )  # fmt: skip


@pytest.fixture(scope="session")
def porto_oracle(porto: OsmNetwork, porto_router: Router) -> RoutingOracle:
    return oracle_of(porto, porto_router)


@pytest.fixture(autouse=True)
def _english(english: None) -> None:
    """The words that these tests look for are the source's."""
