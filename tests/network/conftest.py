"""Porto, read once: the network as it lies in the file, and the router built of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.network.engine.graph import build_graph
from layers.network.router import Router
from tests.network.osm_reading import OsmNetwork, read_osm


@pytest.fixture(scope="session")
def porto(shared_data: Path) -> OsmNetwork:
    return read_osm(shared_data / "osm" / "porto_r5.osm.pbf")


@pytest.fixture(scope="session")
def porto_router(porto: OsmNetwork) -> Router:
    return Router(build_graph(porto.arrays()))
