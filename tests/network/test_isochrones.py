"""Isochrones: reached roads exact, the picture good enough, shorter inside longer."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely

from layers.errors import InvalidInput, Unroutable
from layers.network.engine.closing import close_roads
from layers.network.isochrones import isochrones, reach_from
from layers.network.router import Router
from tests.network.small import PLAIN, Town, at, crossing
from tests.oracles.routing import RoutingOracle


def test_reached_metres_are_exact_on_a_crossing() -> None:
    router = crossing().router()
    reach, places = reach_from(router, [at(0, 0)], limit_s=120, costing=PLAIN)
    assert places[0].distance_m < 0.01
    # 10 m/s: 15 s reach 150 m of each arm; 30 s all arms and 100 m either way of the square.
    assert reach.reached_m(15) == pytest.approx(600, rel=1e-3)
    assert reach.reached_m(30) == pytest.approx(800 + 8 * 100, rel=1e-3)
    assert reach.reached_m(60) == pytest.approx(2400, rel=1e-3)


def test_a_start_partway_on_a_one_way_reaches_only_ahead() -> None:
    town = Town({1: (0, 0), 2: (1000, 0), 3: (2000, 0)})
    router = town.way(1, [1, 2], oneway="forward").way(2, [2, 3], oneway="forward").router()
    reach, _ = reach_from(router, [at(400, 3)], limit_s=200, costing=PLAIN)
    assert reach.reached_m(30) == pytest.approx(300, rel=1e-3)
    assert reach.reached_m(100) == pytest.approx(1000, rel=1e-3)
    link = np.flatnonzero(router.graph.way_id == 1).astype(np.int32)
    ahead, behind = reach.times_at(np.repeat(link, 2), np.array([500.0, 300.0]))
    assert ahead == pytest.approx(10, rel=1e-3)
    assert math.isinf(behind)


def test_several_starts_count_a_road_once() -> None:
    town = Town({1: (0, 0), 2: (1000, 0)}).way(1, [1, 2])
    router = town.router()
    reach, _ = reach_from(router, [at(300, 0), at(400, 0)], limit_s=60, costing=PLAIN)
    assert reach.reached_m(10) == pytest.approx(300, rel=1e-3)
    assert reach.reached_m(60) == pytest.approx(1000, rel=1e-3)


def test_a_closure_bounds_what_is_reached() -> None:
    town = Town({1: (0, 0), 2: (1000, 0), 3: (2000, 0)}).way(1, [1, 2]).way(2, [2, 3])
    router = town.router()
    link = int(np.flatnonzero(router.graph.way_id == 2)[0])
    assert router.graph.link_lonlat(link)[0, 0] == pytest.approx(at(1000, 0)[0])
    along = (300.0, 400.0)
    closed = close_roads(router.graph, [(link, *along)])
    reach, _ = reach_from(router, [at(500, 0)], limit_s=600, costing=PLAIN, closed=closed)
    assert reach.reached_m(600) == pytest.approx(1300, rel=1e-3)
    assert reach.reached_m(100) == pytest.approx(1300, rel=1e-3)


@pytest.mark.parametrize("minutes", [[], [0], [-5], [5, 1000], [math.nan]])
def test_senseless_minutes_are_refused(minutes: list[float]) -> None:
    with pytest.raises(InvalidInput, match="minutes"):
        isochrones(crossing().router(), [at(0, 0)], minutes)


def test_a_start_off_the_network_is_said() -> None:
    with pytest.raises(Unroutable, match="no open road"):
        isochrones(crossing().router(), [at(9000, 0)], [5])


def test_answers_keep_the_order_asked_for() -> None:
    found = isochrones(crossing().router(), [at(0, 0)], [1, 0.25, 0.5], costing=PLAIN)
    assert [i.minutes for i in found] == [1, 0.25, 0.5]
    assert found[1].street_m < found[2].street_m < found[0].street_m
    assert found[0].polygon.covers(found[2].polygon)


@pytest.mark.real_data
def test_porto_picture_against_an_independent_dijkstra(
    porto_router: Router, porto_oracle: RoutingOracle
) -> None:
    rng = np.random.default_rng(32)
    places = porto_oracle.network_points(rng, 20_000)
    lonlat = porto_oracle.lonlat_of(places)
    points = shapely.points(lonlat)
    snapped = porto_router.snap(lonlat)
    # Points on islands are brought to a connected road farther off: another place.
    here = (snapped.distance_m < 0.01) & np.isnan(snapped.passed_over_m)
    assert here.mean() > 0.99
    counts = np.zeros((3, 3))
    for start in ((-8.6109, 41.1496), (-8.6480, 41.1830), (-8.5810, 41.1620), (-8.6250, 41.1210)):
        truth = porto_oracle.times_from(start, places, limit_s=900)
        reach, _ = reach_from(porto_router, [start], limit_s=900)
        mine = reach.times_at(snapped.link, snapped.along_m)
        np.testing.assert_allclose(mine[here], truth[here], atol=0.1)
        found = isochrones(porto_router, [start], [5, 10, 15])
        for row, isochrone in enumerate(found):
            assert isochrone.polygon.is_valid
            shapely.prepare(isochrone.polygon)
            drawn = shapely.intersects(isochrone.polygon, points)
            reached = truth <= isochrone.minutes * 60
            counts[row] += (drawn & reached).sum(), reached.sum(), drawn.sum()
        for shorter, longer in pairwise(found):
            assert longer.polygon.covers(shorter.polygon)
            assert longer.polygon.area > shorter.polygon.area
    recall, precision = counts[:, 0] / counts[:, 1], counts[:, 0] / counts[:, 2]
    print(f"5, 10, 15 minutes: recall {recall.round(3)}, precision {precision.round(3)}")
    assert recall.min() >= 0.97
    assert precision.min() >= 0.9
