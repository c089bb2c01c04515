"""Cover: counted on reached streets as an independent Dijkstra reaches them; alternatives and moves
as enumeration finds them."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.test import Client
from django.utils import timezone

from layers.assets.models import Station
from layers.dispatch.cover import ground as ground_room
from layers.dispatch.cover.alternatives import Cells, Standing
from layers.dispatch.cover.demand import demand_from
from layers.dispatch.cover.ground import Ground, ground_of, places_on
from layers.dispatch.cover.service import cover_standing
from layers.dispatch.cover.standing import LIMIT_MINUTES, Cover, moves_up, without
from layers.dispatch.cover.times import Start, times_from
from layers.dispatch.models import Assignment, RunCard, Unit, UnitPosition, UnitStatus
from layers.dispatch.rules import AgencyRule
from layers.dispatch.run_cards import recommendation_for
from layers.errors import InvalidInput, NotFound
from layers.incidents.models import IncidentType
from layers.network.models import RoadClosure
from layers.places.models import Area
from tests.dispatch.streets import LAT, LON
from tests.dispatch.test_run_cards import unit
from tests.factories import make_agency, make_incident, make_station, make_unit, make_user
from tests.network.small import PLAIN, at
from tests.network.test_closure_services import lattice
from tests.network.test_store import load


@pytest.fixture(autouse=True)
def no_demand() -> Any:
    demand_from(None)
    yield
    demand_from(None)


def area(code: str, corners: tuple[float, float, float, float], population: int | None) -> Area:
    west, south = at(*corners[:2])
    east, north = at(*corners[2:])
    shape = MultiPolygon(Polygon.from_bbox((west, south, east, north)), srid=4326)
    return Area.objects.create(
        code=code, name=code, level="kelurahan", population=population, geom=shape
    )


@pytest.fixture
def town(db: None, tmp_path: Path, settings: Any) -> Any:
    """The lattice of 1.2 km with two kelurahan, west and east of x = 575 m."""
    settings.NCC_GRAPH_DIR = tmp_path / "graphs"
    found, _pairs = lattice()
    load(found.network)
    area("W", (-20, -20, 575, 1220), 6000)
    area("E", (575, -20, 1220, 1220), 2000)
    return found


def test_times_and_people_equal_an_independent_dijkstra(town: Any) -> None:
    from layers.network.store import routers

    router = routers(build=True).at(*at(0, 0))
    ground = ground_of(router)
    lonlat = places_on(router, ground.link.astype(np.int64), ground.along_m)
    starts = [town.network.lonlat[n] for n in (0, 40, 77)]
    times = times_from(
        router, router.open_roads, ground, [Start(*xy, PLAIN) for xy in starts], limit_s=90.0
    )
    some = np.random.default_rng(5).choice(len(lonlat), 120, replace=False)
    truth = town.oracle().etas([tuple(lonlat[i]) for i in some], starts)
    for row, piece in zip(truth, some, strict=True):
        for start in range(3):
            if row[start] <= 89.9:
                assert times[start, piece] == pytest.approx(row[start], abs=0.1)
            elif row[start] > 90.1:
                assert math.isinf(times[start, piece])
    # Every street metre and every person is on exactly one piece.
    whole = float(router.graph.length_m.sum())
    assert ground.street_m.sum() == pytest.approx(whole, rel=1e-9)
    assert ground.street_m.max() <= ground_room.PIECE_M + 1e-6
    for number, people in enumerate((2000, 6000)):  # by code: E, W
        assert ground.people[ground.area == number].sum() == pytest.approx(people)
    reached = np.isfinite(times[0])
    cover = Cover.of(ground, times[:1])
    assert cover.shares([1.5])["people"]["1.5"] == pytest.approx(
        ground.people[reached].sum() / 8000, abs=1e-4
    )


def invented(rng: np.random.Generator, pieces: int, units: int) -> tuple[Ground, np.ndarray]:
    ground = Ground(
        -1, np.zeros(pieces, dtype=np.int32), np.zeros(pieces), rng.uniform(5, 50, pieces),
        rng.integers(0, 9, pieces).astype(float), None, rng.integers(0, 5, pieces),
        [(f"K{i}", f"Kelurahan {i}") for i in range(5)],
    )  # fmt: skip
    times = rng.uniform(0, 2600, (units, pieces)).astype(np.float32)
    times[times > 2000] = np.inf
    return ground, times


def test_sets_of_units_are_judged_as_on_the_pieces_themselves() -> None:
    rng = np.random.default_rng(6)
    for count in (3, 40):
        ground, times = invented(rng, 300, count)
        standing = Standing([unit(i) for i in range(count)], times)
        cells = Cells(standing, ground, LIMIT_MINUTES)
        for _ in range(25):
            sent = set(rng.choice(count, rng.integers(0, count), replace=False).tolist())
            cover = standing.cover(ground, sent)
            outside, share = cells.value(sent)
            assert -outside == len(cover.outside())
            assert share == pytest.approx(cover.weight_within(LIMIT_MINUTES) / ground.weight.sum())


def test_the_first_move_is_the_best_of_all_and_none_pushes_an_area_out() -> None:
    rng = np.random.default_rng(7)
    tried = 0
    for _ in range(40):
        ground, times = invented(rng, 60, 4)
        times = np.where(rng.random(times.shape) < 0.55, np.inf, times).astype(np.float32)
        posts = rng.uniform(0, 1500, (4, 3, 60)).astype(np.float32)
        out = Cover.of(ground, times).outside()
        best = None
        for mover, post in product(range(4), range(3)):
            left = np.vstack([without(times, [mover]), posts[mover, post][None]])
            after = Cover.of(ground, left)
            if after.outside() - out or len(after.outside()) >= len(out):
                continue
            key = (-len(after.outside()), after.weight_within(LIMIT_MINUTES))
            best = max(best or key, key)
        moves = moves_up(ground, times, posts, wanted=out)
        assert bool(moves) == (best is not None)
        if best is not None:
            tried += 1
            first = moves[0].after
            assert (-len(first.outside()), first.weight_within(LIMIT_MINUTES)) == best
            assert not first.outside() - out
    assert tried >= 5


def test_after_a_dispatch_the_kelurahan_that_falls_out_is_named_with_a_move_back(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One unit at each end; 15 minutes would cover the whole town, so the limit is made 2 minutes.
    for name in ("alternatives", "service", "standing"):
        monkeypatch.setattr(f"layers.dispatch.cover.{name}.LIMIT_MINUTES", 2.0, raising=False)
    own = make_agency("damkar")
    speeds = dict.fromkeys(("residential",), 36.0 / 0.9)
    AgencyRule.objects.create(agency=own, class_kph=speeds)
    west, east = at(150, 600), at(1050, 600)
    for name, place, sites in (("W", west, 2), ("E", east, 1)):
        for n in range(sites):
            make_unit(f"{name}-{n}", lon=place[0], lat=place[1], agency=own)
    for code, place in (("POS-W", west), ("POS-E", east)):
        make_station(code, lon=place[0], lat=place[1])
    make_unit("BUSY", status="en_route")
    before = cover_standing(kind="fire", minutes=[2.0], build=True)["kinds"]["fire"]
    assert (before["units"], before["not_available"]) == (3, 1)
    assert before["now"]["people"]["2"] > 0.97
    assert before["after"] is None
    answer = cover_standing(kind="fire", minutes=[2.0], without_units=["e-0"], build=True)
    fire = answer["kinds"]["fire"]
    assert answer["without"] == ["E-0"]
    assert fire["lost"] == ["E"]
    assert fire["after"]["people"]["2"] < fire["now"]["people"]["2"] - 0.05
    rows = {row["code"]: row for row in fire["areas"]}
    assert (rows["E"]["within"], rows["E"]["within_after"]) == (True, False)
    assert rows["W"]["within_after"] is True
    (move,) = fire["moves"]
    assert move["unit"] in ("W-0", "W-1")
    assert move["to"]["code"] == "POS-E"
    assert [area["code"] for area in move["brings_back"]] == ["E"]
    assert move["eta_s"] == pytest.approx(90, rel=0.05)  # 900 m at 36 km/h
    assert move["after"]["people"]["2"] > move["before"]["people"]["2"]
    assert "demand" in fire["now"]
    # Sent for real, and driven away: the same is told of the incident, counted from its station.
    gone = Unit.objects.get(callsign="E-0")
    gone.station = Station.objects.get(code="POS-E")
    gone.status = UnitStatus.objects.get(code="en_route")
    gone.save()
    UnitPosition.objects.update_or_create(unit=gone, defaults={"geom": Point(*west, srid=4326)})
    incident = make_incident("N-1", lon=west[0], lat=west[1])
    Assignment.objects.create(unit=gone, incident=incident, dispatched_at=timezone.now())
    told = cover_standing(incident_id=incident.pk, minutes=[2.0], build=True)
    assert (told["without"], list(told["kinds"])) == (["E-0"], ["fire"])
    assert {**told["kinds"]["fire"], "not_available": 1} == fire
    # One ordered to stand in counts there from the order on, and is not moved a second time.
    Unit.objects.filter(callsign=move["unit"]).update(post=Station.objects.get(code="POS-E"))
    ordered = cover_standing(incident_id=incident.pk, minutes=[2.0], build=True)["kinds"]["fire"]
    assert (ordered["lost"], ordered["moves"]) == ([], [])
    assert ordered["now"] == fire["now"]
    assert ordered["after"]["people"] == move["after"]["people"]
    (order,) = ordered["ordered"]
    assert (order["unit"], order["to"]["code"]) == (move["unit"], "POS-E")
    assert order["eta_s"] == move["eta_s"]
    Unit.objects.update(post=None)
    quiet = make_incident("N-2", lon=west[0], lat=west[1])
    assert cover_standing(incident_id=quiet.pk, build=True)["kinds"] == {}
    with pytest.raises(NotFound, match="incident"):
        cover_standing(incident_id=quiet.pk + 1)
    Assignment.objects.all().delete()
    gone.status = UnitStatus.objects.get(code="available")
    gone.save()
    UnitPosition.objects.filter(unit=gone).update(geom=Point(*east, srid=4326))
    # Nobody left to move: what is lost is said, and no move is invented.
    alone = cover_standing(
        kind="fire", minutes=[2.0], without_units=["E-0", "W-0", "W-1"], build=True
    )["kinds"]["fire"]
    assert alone["lost"] == ["E", "W"]
    assert alone["moves"] == []
    assert alone["after"]["streets"]["2"] == 0


def test_the_second_nearest_is_shown_where_it_keeps_more_of_the_city(town: Any) -> None:
    kind = IncidentType.objects.create(code="api", name="Api", group="fire")
    RunCard.objects.create(incident_type=kind, alarm_level=1, kind="fire", count=1)
    # The soonest is the only one of the east; two stand in the west, a little farther off.
    own = make_agency("damkar")
    slow = {"residential": 10.0}
    AgencyRule.objects.create(agency=own, class_kph=slow, speed_factor=0.3)
    for name, x in (("EAST", 900), ("WEST-1", 150), ("WEST-2", 150)):
        place = at(x, 600)
        make_unit(name, lon=place[0], lat=place[1], agency=own)
    lon, lat = at(560, 600)
    answer = recommendation_for(type_code="api", lon=lon, lat=lat, build=True)
    assert [u["callsign"] for u in answer["lines"][0]["units"]] == ["EAST"]
    (other,) = answer["alternatives"]
    assert other["lines"] == [["WEST-1"]]
    (swap,) = other["swaps"]
    assert swap["instead_of"] == "EAST"
    assert 0 < swap["extra_s"] <= 300
    minutes = f"{other['minutes']:g}"
    kept = other["cover"]["fire"]["people"][minutes]
    assert kept > answer["cover"]["fire"]["after"]["people"][minutes] + 0.005
    assert kept <= answer["cover"]["fire"]["now"]["people"][minutes]
    plain = recommendation_for(type_code="api", lon=lon, lat=lat, alternatives=False, build=True)
    assert (plain["alternatives"], plain["cover"]) == ([], None)


def test_a_closure_and_a_helper_change_the_cover(town: Any) -> None:
    place = at(0, 0)
    make_unit("A", lon=place[0], lat=place[1], agency=make_agency("damkar"))

    def shares() -> dict[str, float]:
        return cover_standing(kind="fire", minutes=[1.0], build=True)["kinds"]["fire"]["now"][
            "streets"
        ]

    before = shares()
    row = RoadClosure.objects.create(
        kind="flood", reason="x", starts_at="2020-01-01T00:00:00Z",
        geom=Polygon.from_bbox((*at(10, -10), *at(140, 10))),
    )  # fmt: skip
    assert shares()["1"] < before["1"]
    row.delete()
    assert shares() == before
    AgencyRule.objects.create(agency=make_agency("damkar"), sending="aid")
    assert shares()["1"] == 0.0


def test_demand_is_handed_in_and_counted(town: Any) -> None:
    demand_from(lambda lonlat, length: length * (lonlat[:, 0] > at(575, 0)[0]))
    place = at(1200, 600)
    make_unit("A", lon=place[0], lat=place[1])
    found = cover_standing(kind="fire", minutes=[1.0, 15.0], build=True)
    fire = found["kinds"]["fire"]["now"]
    assert fire["demand"]["1"] > fire["streets"]["1"] > 0
    assert fire["demand"]["15"] == 1.0
    assert found["totals"]["demand"] < found["totals"]["street_m"]


@pytest.mark.django_db
def test_the_address_keeps_to_rights_and_refuses_nonsense(cross: None, client: Client) -> None:
    make_unit("A", lat=LAT - 0.001, agency=make_agency("damkar"))
    make_station("POS", lon=LON, lat=LAT)
    cover_standing(build=True)
    assert client.get("/api/v1/cover").status_code == 401
    client.force_login(make_user("p", ("planner", make_agency("ncc"))))
    assert client.get("/api/v1/cover").status_code == 403
    client.force_login(make_user("d", ("dispatcher", make_agency("ncc"))))
    answer = client.get("/api/v1/cover", {"minutes": "5,15", "without": "A"}).json()
    assert answer["kinds"]["fire"]["now"]["streets"] == {"5": 1.0, "15": 1.0}
    assert answer["kinds"]["fire"]["after"]["streets"] == {"5": 0.0, "15": 0.0}
    for bad in ({"minutes": "x"}, {"minutes": "0"}, {"minutes": "90"}, {"kind": "taxi"}):
        assert client.get("/api/v1/cover", bad).status_code == 422
    assert client.get("/api/v1/cover", {"without": "NOBODY"}).status_code == 404
    other = make_user("kab", ("dispatcher", make_agency("kab", government="35.07")))
    client.force_login(other)
    assert client.get("/api/v1/cover", {"without": "A"}).status_code == 404
    with pytest.raises(InvalidInput):
        cover_standing(minutes=[])
    with pytest.raises(NotFound, match="NOBODY"):
        cover_standing(without_units=["NOBODY"])
