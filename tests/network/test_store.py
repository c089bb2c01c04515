"""The graph built from rows, mapped from files, and in step with what is committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.contrib.gis.geos import LineString, Point, Polygon
from django.utils import timezone

from layers.errors import Unavailable, Unroutable
from layers.network import store
from layers.network.closures import closed_roads, closures_active
from layers.network.models import Road, RoadClosure, RoadNode, TurnRestriction
from layers.network.router import Router, UnitAt
from tests.network.osm_reading import OsmNetwork
from tests.network.small import PLAIN, Town, at, crossing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def graph_folder(tmp_path: Path, settings: object) -> Iterator[Path]:
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"
    store._loaded = store._folder = None
    yield settings.NCC_GRAPH_DIR
    store._loaded = store._folder = None


def load(network: OsmNetwork) -> None:
    Road.objects.bulk_create(
        Road(
            osm_id=way,
            road_class=road["road_class"],
            oneway=road["oneway"],
            maxspeed_kph=road["maxspeed_kph"],
            access=road["access"],
            node_ids=road["nodes"],
            geom=LineString([network.lonlat[node] for node in road["nodes"]], srid=4326),
        )
        for way, road in network.ways.items()
    )
    TurnRestriction.objects.bulk_create(
        TurnRestriction(
            osm_id=number, kind=r.kind, from_way=r.from_way, to_way=r.to_way, via_node=r.via_node,
            via_ways=list(r.via_ways), except_modes=list(r.except_modes),
        )
        for number, r in enumerate(network.restrictions)
    )  # fmt: skip
    RoadNode.objects.bulk_create(
        RoadNode(osm_id=node, kind=kind, geom=Point(network.lonlat[node], srid=4326))
        for node, kind in network.points.items()
    )


def moved(town: Town, lon: float, lat: float, first_id: int) -> OsmNetwork:
    """The same town elsewhere, under other ids."""
    here = np.array(at(0, 0))
    shift = np.array([lon, lat]) - here
    network = OsmNetwork()
    network.lonlat = {
        n + first_id: tuple((np.array(p) + shift).tolist()) for n, p in town.network.lonlat.items()
    }
    for way, road in town.network.ways.items():
        network.ways[way + first_id] = {**road, "nodes": [n + first_id for n in road["nodes"]]}
    return network


def times(router: Router) -> list[float]:
    units = [UnitAt(i, *at(-150 + 60 * i, 5), PLAIN) for i in range(6)]
    return [eta.eta_s for eta in router.nearest(at(0, 120), units).etas]


def test_graph_from_rows_equals_graph_from_arrays_and_is_mapped_from_files(
    graph_folder: Path,
) -> None:
    town = crossing().turn("no_left_turn", 1, 2, node=0).point(4, "traffic_signals")
    load(town.network)
    built = store.graph_build()
    assert built["regions"][0]["turns"] == {"in force": 1}
    assert built["regions"][0]["parts"] == 1
    assert built["regions"][0]["joined_by_nodes"] == 1.0
    router = store.routers().at(*at(0, 0))
    assert times(router) == pytest.approx(times(town.router()), abs=1e-9)
    assert not router.graph.length_m.flags.writeable
    assert isinstance(router.graph.length_m.base, np.memmap)
    stamp = next(graph_folder.glob("*/graph.json")).stat().st_mtime_ns
    store.graph_build()
    assert next(graph_folder.glob("*/graph.json")).stat().st_mtime_ns == stamp


def test_no_roads_is_unavailable_and_not_out_of_date() -> None:
    assert store.graph_current()
    with pytest.raises(Unavailable, match="import roads"):
        store.routers()


@pytest.mark.django_db(transaction=True)
def test_a_change_makes_it_out_of_date_until_it_is_built_again(graph_folder: Path) -> None:
    load(crossing().network)
    assert not store.graph_current()
    first = store.routers(build=True)
    assert first.current
    assert store.graph_current()
    assert store.routers() is first
    with_sign = crossing().turn("no_left_turn", 1, 2, node=0)
    TurnRestriction.objects.create(osm_id=1, kind="no_left_turn", from_way=1, via_node=0, to_way=2)
    assert not store.graph_current()
    old = store.routers()
    assert not old.current
    assert times(old.at(*at(0, 0))) == pytest.approx(times(crossing().router()))
    new = store.routers(build=True)
    assert new.current
    assert times(new.at(*at(0, 0))) == pytest.approx(times(with_sign.router()))
    for number in range(3):
        Road.objects.filter(osm_id=1).update(maxspeed_kph=20 + number)
        assert not store.graph_current()
        store.routers(build=True)
    assert len(list(graph_folder.glob("*/graph.json"))) == 2


def test_cities_far_apart_are_networks_of_their_own_in_their_own_zone() -> None:
    load(crossing().network)
    load(moved(crossing(), -8.61, 41.15, 1000))
    load(moved(crossing(), 7.42, 43.73, 2000))
    found = store.routers(build=True)
    assert len(found.regions) == 3
    for lonlat, srid in (((-8.61, 41.15), 32629), ((7.42, 43.73), 32632), (at(0, 0), 32749)):
        router = found.at(*lonlat)
        assert router.graph.srid == srid
        assert router.place(lonlat).distance_m < 0.01
    with pytest.raises(Unroutable, match="no roads are loaded"):
        found.at(0.0, 0.0)


def test_closures_take_effect_at_once_and_reopening_restores_identical_times() -> None:
    town = crossing()
    load(town.network)
    router = store.routers(build=True).at(*at(0, 0))
    start, end = at(-150, 0), at(150, 0)

    def drive_s() -> float:
        closed = closed_roads(router)
        return router.route(start, end, costing=PLAIN, closed=closed).eta_s

    before = drive_s()
    now = timezone.now()
    flood = Polygon([at(90, -10), at(110, -10), at(110, 10), at(90, 10), at(90, -10)], srid=4326)
    row = RoadClosure.objects.create(
        kind="flood", reason="Genangan", starts_at=now - timedelta(minutes=1), geom=flood
    )
    # Up the north arm, by the square to the far end of the east arm, and back along it.
    assert drive_s() == pytest.approx(15 + 20 + 40 + 5, rel=1e-3)
    row.lifted_at = timezone.now()
    row.save()
    assert drive_s() == before
    RoadClosure.objects.update(lifted_at=None, ends_at=timezone.now())
    assert drive_s() == before
    RoadClosure.objects.update(starts_at=now + timedelta(hours=1), ends_at=None)
    assert drive_s() == before
    assert closures_active(at=now + timedelta(hours=1)).count() == 1


def test_a_point_in_the_flood_is_brought_to_its_edge() -> None:
    load(crossing().network)
    router = store.routers(build=True).at(*at(0, 0))
    flood = Polygon([at(50, -10), at(110, -10), at(110, 10), at(50, 10), at(50, -10)], srid=4326)
    RoadClosure.objects.create(
        kind="flood", reason="Genangan", starts_at=timezone.now() - timedelta(1), geom=flood
    )
    closed = closed_roads(router)
    place = router.place(at(70, 0), closed=closed)
    assert place.distance_m == pytest.approx(20, abs=0.2)
    assert place.lon == pytest.approx(at(50, 0)[0], abs=1e-6)
    units = [UnitAt("west", *at(-100, 0), PLAIN), UnitAt("east", *at(150, 0), PLAIN)]
    etas = router.nearest(at(45, 0), units, closed=closed).etas
    assert [eta.key for eta in etas] == ["west", "east"]
    assert etas[0].eta_s == pytest.approx(14.5, rel=1e-3)
    assert etas[1].eta_s == pytest.approx(5 + 40 + 20 + 4.5, rel=1e-3)


@pytest.mark.parametrize(
    ("wkt", "shut"),
    [
        ([(20, 1), (180, 1)], {3}),  # along the east arm, not the streets it touches
        ([(100, -30), (100, 30)], {3}),  # a barricade across it
        ([(-190, 0), (190, 0)], {1, 3}),
        ([(100, 50), (150, 90)], set()),
    ],
)
def test_drawn_lines_close_what_they_run_along_or_bar(
    wkt: list[tuple[float, float]], shut: set[int]
) -> None:
    load(crossing().network)
    router = store.routers(build=True).at(*at(0, 0))
    RoadClosure.objects.create(
        reason="Pawai",
        starts_at=timezone.now() - timedelta(1),
        geom=LineString([at(*xy) for xy in wkt], srid=4326),
    )
    closed = closed_roads(router)
    assert {int(router.graph.way_id[link]) for link in np.flatnonzero(closed.of_link >= 0)} == shut


def test_a_point_closes_the_junction_or_the_nearest_road() -> None:
    load(crossing().network)
    router = store.routers(build=True).at(*at(0, 0))

    def ways(*xy: float) -> set[int]:
        RoadClosure.objects.all().delete()
        RoadClosure.objects.create(
            reason="Pohon tumbang", starts_at=timezone.now() - timedelta(1),
            geom=Point(at(*xy), srid=4326),
        )  # fmt: skip
        closed = closed_roads(router)
        return {int(router.graph.way_id[link]) for link in np.flatnonzero(closed.of_link >= 0)}

    assert ways(1, 1) == {1, 2, 3, 4}
    assert ways(100, 20) == {3}
    assert ways(100, 60) == set()


def test_roads_without_nodes_are_said_not_to_hang_together() -> None:
    for x in range(4):
        Road.objects.create(
            road_class="residential",
            geom=LineString([at(x * 100, -50), at(x * 100, 50)], srid=4326),
        )
    Road.objects.create(road_class="primary", geom=LineString([at(-50, 0), at(350, 0)], srid=4326))
    region = store.graph_build()["regions"][0]
    assert region["parts"] == 5
    assert region["joined_by_nodes"] == 0.0
    assert json.dumps(region)


def test_worker_builds_when_roads_changed() -> None:
    from layers.jobs.models import Job
    from layers.network.upkeep import JOB, routing_graph_build, routing_graph_check

    routing_graph_check()
    assert not Job.objects.exists()
    load(crossing().network)
    routing_graph_check()
    routing_graph_check()
    job = Job.objects.get(kind=JOB)
    assert routing_graph_build(job, {})["regions"][0]["links"] == 8
    assert store.graph_current()


@pytest.mark.django_db(transaction=True)
def test_a_failed_build_is_not_asked_for_again_until_roads_change() -> None:
    from layers.jobs.models import Job, JobState
    from layers.network.upkeep import routing_graph_check

    load(crossing().network)
    routing_graph_check()
    Job.objects.update(state=JobState.FAILED, finished_at=timezone.now())
    routing_graph_check()
    assert Job.objects.count() == 1
    Road.objects.filter(osm_id=1).update(maxspeed_kph=25)
    routing_graph_check()
    assert Job.objects.count() == 2
