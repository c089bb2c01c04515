"""Demo units on the road: on the network, at its speed, and to the incident they are sent to."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from layers.dispatch.models import Unit, UnitPosition
from layers.dispatch.positions.simulation import Drive, Simulation
from layers.geo.crs import geodesic_m
from layers.network.store import routers
from tests import city
from tests.factories import make_incident, make_station, make_unit

pytestmark = pytest.mark.django_db


def test_a_drive_takes_its_time_and_ends_where_it_leads() -> None:
    drive = Drive.along([[112.6, -7.9], [112.61, -7.9], [112.61, -7.89]], seconds=100)
    whole = geodesic_m(112.6, -7.9, 112.61, -7.9) + geodesic_m(112.61, -7.9, 112.61, -7.89)
    assert drive.metres[-1] == pytest.approx(whole)
    assert not drive.advance(50)
    assert drive.done_m == pytest.approx(whole / 2)
    assert drive.place()[2] == pytest.approx(90, abs=1) or drive.place()[2] == pytest.approx(
        0, abs=1
    )
    assert drive.advance(50.001)
    assert drive.place()[:2] == pytest.approx((112.61, -7.89))


@pytest.fixture
def streets(settings: Any, tmp_path: Any) -> Any:
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"
    steps = (-4, -2, 0, 2, 4)
    for offset in steps:
        for near, far in pairwise(steps):
            city.street(f"Jalan {offset} barat-timur", (near, offset), (far, offset))
            city.street(f"Jalan {offset} utara-selatan", (offset, near), (offset, far))
    return routers(build=True).at(city.LON, city.LAT)


def test_a_unit_keeps_to_the_roads_and_drives_to_its_incident(streets: Any) -> None:
    unit = make_unit("DAMKAR-1", lon=city.LON, lat=city.LAT)
    told: list[tuple[int, str]] = []
    rows = list(Unit.objects.select_related("station", "position"))
    simulation = Simulation(rows, streets, seed=3, told=lambda number, step: told.append((number, step)))  # fmt: skip
    now = timezone.now() - timedelta(seconds=600)
    places = set()
    for _tick in range(60):
        now += timedelta(seconds=5)
        assert simulation.step(5, now) == 1
        place = UnitPosition.objects.get(unit=unit)
        places.add((place.geom.x, place.geom.y))
        assert streets.place((place.geom.x, place.geom.y)).distance_m < 25
    assert len(places) > 10
    incident = make_incident("N-9", lon=city.LON + 0.0015, lat=city.LAT)
    assignment: Any = apps.get_model("layers.Assignment")
    sent = assignment.objects.create(unit=unit, incident=incident, dispatched_at=now)
    for _tick in range(55):
        now += timedelta(seconds=5)
        simulation.step(5, now)
    assert told == [(sent.pk, "en_route"), (sent.pk, "on_scene")]
    place = UnitPosition.objects.get(unit=unit)
    assert geodesic_m(place.geom.x, place.geom.y, incident.geom.x, incident.geom.y) < 60


def test_a_unit_that_stands_in_drives_to_its_post_and_waits_there(streets: Any) -> None:
    post = make_station("POS-T", lon=city.LON + 0.003, lat=city.LAT + 0.002)
    unit = make_unit("DAMKAR-1", lon=city.LON - 0.003, lat=city.LAT, post=post)
    simulation = Simulation(list(Unit.objects.select_related("station", "position")), streets, seed=3)  # fmt: skip
    now = timezone.now() - timedelta(seconds=900)
    for _tick in range(100):
        now += timedelta(seconds=5)
        simulation.step(5, now)
    place = UnitPosition.objects.get(unit=unit)
    assert geodesic_m(place.geom.x, place.geom.y, post.geom.x, post.geom.y) < 60
