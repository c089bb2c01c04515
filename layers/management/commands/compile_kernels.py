"""`compile_kernels`: compile the engines once, so that nobody's first answer waits for it."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any

import numpy as np

from layers.coverage.regions import warm_up
from layers.coverage.siting import warm_up as siting_warm_up
from layers.geo.kernels import compiling
from layers.management.base import JsonCommand
from layers.network.costing import costing_for
from layers.network.engine.arrays import RoadArraysBuilder
from layers.network.engine.graph import build_graph
from layers.network.isochrones import isochrones
from layers.network.router import Router, UnitAt


def _read_only(whole: Any) -> Any:
    """Arrays as they are when mapped from a file: the compiler keeps those apart."""
    for item in fields(whole):
        value = getattr(whole, item.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return whole


def compile_routing() -> None:
    """Run the router once over two crossing streets."""
    roads = RoadArraysBuilder()
    roads.add_road(
        1,
        [(112.60, -7.98), (112.61, -7.98), (112.62, -7.98)],
        road_class="primary",
        node_ids=[1, 2, 3],
    )
    roads.add_road(
        2,
        [(112.61, -7.97), (112.61, -7.98), (112.61, -7.99)],
        road_class="residential",
        node_ids=[4, 2, 5],
    )
    router = Router(_read_only(build_graph(roads.build())))
    _read_only(router.grid)
    costing = costing_for("fire")
    router.nearest(
        (112.615, -7.98),
        [UnitAt(1, 112.61, -7.975, costing), UnitAt(2, 112.605, -7.98, costing)],
        count=1,
    )
    isochrones(router, [(112.61, -7.98)], [1.0])


class Command(JsonCommand):
    """Compiles into NUMBA_CACHE_DIR; seconds when that is done already."""

    help = "Compile the routing, visibility and siting kernels ahead of their first use."

    def answer(self, **options: Any) -> dict[str, Any]:
        began = time.monotonic()
        with compiling():
            compile_routing()
            warm_up()
            siting_warm_up()
        return {"seconds": round(time.monotonic() - began, 3)}
