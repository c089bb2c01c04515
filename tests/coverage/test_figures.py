"""Figures of a run: states, levels, sums, redundancy, tiles, and the same numbers again."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from django.db.models import Count, F, Sum

from layers.assets.models import AssetStatus, Camera, WifiHotspot
from layers.catalog.registry import get_layer
from layers.coverage.analysis import coverage_analyse
from layers.coverage.city import scene_around
from layers.coverage.figures.ground import ground_pack, ground_unpack, run_ground
from layers.coverage.figures.losses import losses_of
from layers.coverage.figures.merge import tiles_merge
from layers.coverage.figures.models import CoverageLoss
from layers.coverage.figures.order import order_of_run, run_order
from layers.coverage.figures.tiles import (
    look_at,
    seen_pack,
    seen_unpack,
    tile_boxes,
    tile_pack,
    tile_unpack,
)
from layers.coverage.figures.totals import run_figures
from layers.coverage.models import CoverageRun, CoverageStreet, DemandProfile
from layers.coverage.regions import visible_regions
from layers.coverage.visibility import sight_lines
from layers.incidents.models import Incident, IncidentType
from layers.network.models import Road
from layers.places.models import Place
from tests.coverage.test_analysis import LAT, LON, place, street
from tests.factories import make_area, make_building, make_camera, make_incident

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
LEVELS = ("monitor", "detect", "observe", "recognise", "identify")


def town(blocks: int = 5, seed: int = 4) -> None:
    """Streets every 120 m, a block of houses in each square, cameras on corners, two kecamatan of two kelurahan."""
    rng = random.Random(seed)
    side = 120.0
    for k in range(blocks + 1):
        street(f"Jalan Timur {k}", (0.0, k * side), (blocks * side, k * side))
        street(f"Jalan Utara {k}", (k * side, 0.0), (k * side, blocks * side))
    for i in range(blocks):
        for j in range(blocks):
            west, south = place(i * side + 12, j * side + 12)
            east, north = place(i * side + 60 + rng.uniform(0, 45), j * side + 108)
            make_building((west, south, east, north), height_m=rng.choice([3.0, 6.0, 12.0]))
    for k in range(20):
        x, y = rng.randint(0, blocks) * side + 2.0, rng.randint(0, blocks) * side + 2.0
        lon, lat = place(x, y)
        make_camera(
            f"C{k:02d}", lon=lon, lat=lat, heading_deg=rng.uniform(0, 360), fov_deg=rng.choice([60.0, 90.0, 360.0]),
            mount_height_m=rng.choice([4.0, 6.0, 8.0]), kind="ptz" if k == 3 else "fixed",
        )  # fmt: skip
    (west, south), (middle, _), (east, north) = place(-300, -300), place(310, 0), place(900, 900)
    upper = place(0, 290)[1]
    city = make_area("35.73", box=(west, south, east, north))
    left = make_area("35.73.01", level="kecamatan", parent=city, box=(west, south, middle, north))
    right = make_area("35.73.02", level="kecamatan", parent=city, box=(middle, south, east, north))
    for code, parent, box in (
        ("35.73.01.1001", left, (west, south, middle, upper)),
        ("35.73.01.1002", left, (west, upper, middle, north)),
        ("35.73.02.1001", right, (middle, south, east, upper)),
        ("35.73.02.1002", right, (middle, upper, east, north)),
    ):
        make_area(
            code, level="kelurahan", parent=parent, box=box, population=rng.randint(900, 9000)
        )
    for k in range(40):
        lon, lat = place(rng.uniform(0, blocks * side), rng.uniform(0, blocks * side))
        make_incident(
            f"N-{k}", lon=lon, lat=lat, reported_at=MOMENT - timedelta(days=rng.uniform(0, 700))
        )


def shown(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures without what tells one run from another."""
    return {key: value for key, value in figures.items() if key not in {"run", "seconds"}}


def test_covered_and_uncovered_are_all_street_and_levels_nest() -> None:
    town()
    figures = coverage_analyse(as_of=MOMENT, level="monitor")
    for total, seen, unseen in (
        ("street_m", "street_covered_m", "street_uncovered_m"),
        ("demand", "demand_covered", "demand_uncovered"),
    ):
        for level in LEVELS:
            assert figures[seen][level] + figures[unseen][level] == pytest.approx(
                figures[total], abs=1e-6
            )
        values = [figures[seen][level] for level in LEVELS]
        assert values == sorted(values, reverse=True)
        assert values[0] > values[1] > 0
    ground = [figures["visible_m2"][level] for level in ("visible", *LEVELS)]
    assert ground == sorted(ground, reverse=True)
    rows = CoverageStreet.objects.filter(run_id=figures["run"])
    for rank, level in enumerate(LEVELS):
        stored = rows.filter(seen_level__in=LEVELS[rank:]).aggregate(s=Sum("length_m"))["s"] or 0.0
        assert stored == pytest.approx(figures["street_covered_m"][level], abs=1e-6)
    by_number = {
        "none": rows.filter(cameras=0), "one": rows.filter(cameras=1), "more": rows.filter(cameras__gt=1),
    }  # fmt: skip
    for name, chosen in by_number.items():
        stored = chosen.aggregate(s=Sum("demand"))["s"]
        assert stored == pytest.approx(figures["seen_by"]["demand"][name], abs=1e-6)


def test_kecamatan_and_city_are_the_sums_of_their_parts() -> None:
    town()
    figures = coverage_analyse(as_of=MOMENT)
    rows = {row["code"]: row for row in figures["areas"]}
    assert len(rows) == 7
    for parent in ("35.73.01", "35.73.02", "35.73"):
        parts = [row for row in rows.values() if row["parent"] == parent]
        assert len(parts) == 2
        for key in ("street_m", "street_covered_m", "demand", "demand_covered", "area_m2", "cameras", "people"):  # fmt: skip
            assert rows[parent][key] == pytest.approx(sum(row[key] for row in parts), abs=1e-8)
        for level in LEVELS:
            for key, value in rows[parent]["by_level"][level].items():
                total = sum(row["by_level"][level][key] for row in parts)
                assert value == pytest.approx(total, rel=1e-12, abs=1e-8)
    city, out = rows["35.73"], figures["outside"]
    assert city["street_m"] + out["street_m"] == pytest.approx(figures["street_m"], abs=1e-5)
    assert city["by_level"]["detect"]["m2"] + out["m2"] == pytest.approx(
        figures["visible_m2"]["detect"], abs=1e-4
    )
    assert 0 < figures["people_covered"]["detect"] < figures["people"]


def test_two_states_of_a_camera_reopen_the_gap_and_planned_never_counts() -> None:
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    make_camera("C")
    before = coverage_analyse(as_of=MOMENT)
    worst = before["gaps"][0]["demand_uncovered"]
    for status in (AssetStatus.FAILED, AssetStatus.RETIRED, AssetStatus.PLANNED, AssetStatus.MAINTENANCE):  # fmt: skip
        Camera.objects.update(status=status)
        after = coverage_analyse(as_of=MOMENT)
        assert after["demand_covered"]["monitor"] == 0.0
        assert after["reachable"]["street_covered_m"]["monitor"] == 0.0
        assert after["gaps"][0]["demand_uncovered"] > worst
        assert after["excluded"] == [{"code": "C", "reason": str(status)}]
        loss = CoverageLoss.objects.get(run_id=after["run"], kind="camera")
        assert (loss.rank, loss.street_m, loss.reason) == (None, 0.0, str(status))
    Camera.objects.update(status=AssetStatus.ACTIVE)
    assert shown(coverage_analyse(as_of=MOMENT)) == shown(before)
    make_camera("P", status=AssetStatus.PLANNED, heading_deg=180.0)
    assert coverage_analyse(as_of=MOMENT)["street_covered_m"] == before["street_covered_m"]


def test_a_level_gains_nothing_from_a_second_camera_that_sees_the_same() -> None:
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    first = make_camera("A")
    one = coverage_analyse(as_of=MOMENT)
    make_camera("B", site=first.site)
    two = coverage_analyse(as_of=MOMENT)
    assert two["demand_covered"] == one["demand_covered"]
    assert two["seen_by"]["street_m"]["one"] == 0.0
    camera = CoverageLoss.objects.get(run_id=two["run"], kind="camera", code="A")
    site = CoverageLoss.objects.get(run_id=two["run"], kind="site")
    assert camera.lost_street_m == 0.0
    assert camera.street_m == pytest.approx(one["street_covered_m"]["detect"], abs=1e-9)
    assert site.lost_street_m == pytest.approx(one["street_covered_m"]["detect"], abs=1e-9)
    assert site.cameras == 2


def test_what_a_failure_costs_is_what_is_missing_once_it_failed() -> None:
    town()
    figures = coverage_analyse(as_of=MOMENT, level="monitor")
    run = figures["run"]
    losses = list(CoverageLoss.objects.filter(run_id=run, kind="camera", rank__isnull=False))
    assert [row.lost_demand for row in losses] == sorted(
        (row.lost_demand for row in losses), reverse=True
    )
    for row in losses[:3]:
        Camera.objects.filter(code=row.code).update(status=AssetStatus.FAILED)
        without = coverage_analyse(as_of=MOMENT, level="monitor")
        Camera.objects.filter(code=row.code).update(status=AssetStatus.ACTIVE)
        for key, lost in (("street", row.lost_street_m), ("demand", row.lost_demand)):
            name = "street_covered_m" if key == "street" else "demand_covered"
            missing = figures[name]["monitor"] - without[name]["monitor"]
            assert missing == pytest.approx(lost, abs=1e-6)
    sole = (
        CoverageStreet.objects.filter(run_id=run).exclude(sole_code="")
        .values("sole_code").annotate(metres=Sum("length_m"), n=Count("pk"))
    )  # fmt: skip
    assert {row["sole_code"]: pytest.approx(row["metres"], abs=1e-6) for row in sole} == {
        row.code: row.lost_street_m for row in losses if row.lost_street_m > 0
    }


def test_ptz_reach_and_what_it_watches_now_are_two_numbers() -> None:
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    street("Jalan Selatan", (0.0, -1.0), (0.0, -201.0))
    make_camera("P", kind="ptz", fov_deg=60.0)
    figures = coverage_analyse()
    assert figures["turning"] == 1
    now, reach = figures["street_covered_m"], figures["reachable"]["street_covered_m"]
    assert all(reach[level] >= now[level] for level in LEVELS)
    assert reach["detect"] == pytest.approx(2 * now["detect"], rel=0.1)
    south = CoverageStreet.objects.filter(run_id=figures["run"], seen_level="").exclude(reach_level="")  # fmt: skip
    assert south.aggregate(s=Sum("length_m"))["s"] == pytest.approx(
        reach["monitor"] - now["monitor"], abs=1e-6
    )
    layer = get_layer("reach_streets")
    assert layer.rows is not None
    drawn = layer.rows(CoverageStreet.objects.all()).aggregate(s=Sum("length_m"))["s"]
    assert drawn == pytest.approx(reach["detect"] - now["detect"], abs=1e-6)


def test_reordered_and_split_demand_changes_not_one_digit() -> None:
    town(3)
    kind = IncidentType.objects.get(code="fire")
    Incident.objects.update(reported_at=MOMENT - timedelta(days=10))
    before = coverage_analyse(as_of=MOMENT)
    rows = list(Incident.objects.values("number", "geom", "reported_at"))
    Incident.objects.all().delete()
    random.Random(1).shuffle(rows)
    half = IncidentType.objects.create(code="half", name="½", severity=kind.severity / 2)
    for at, row in enumerate(rows):
        # Every other incident comes as two halves at its place.
        for part, kept in enumerate([kind] if at % 2 else [half, half]):
            Incident.objects.create(
                number=f"{row['number']}-{part}", type=kept, initial_type=kept, geom=row["geom"],
                reported_at=row["reported_at"],
            )  # fmt: skip
    assert shown(coverage_analyse(as_of=MOMENT)) == shown(before)


def test_zero_missing_and_negative_weights() -> None:
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    make_incident("A", lon=LON, lat=LAT, reported_at=MOMENT - timedelta(days=1))
    make_camera("C")
    zero = DemandProfile.objects.create(
        name="Nol", street_weight=0, incident_weight=0, population_weight=0, place_weight=0
    )
    figures = coverage_analyse(as_of=MOMENT, profile_name=zero.name)
    assert figures["demand"] == 0.0
    assert figures["demand_covered"]["detect"] == 0.0
    assert figures["street_covered_m"]["detect"] > 0
    assert figures["gaps"] == []
    # Without incidents and places their weights have nothing to multiply: street alone is left.
    Incident.objects.all().delete()
    bare = coverage_analyse(as_of=MOMENT)
    assert bare["demand"] == pytest.approx(bare["street_m"], rel=1e-12)
    make_area("35.73", population=None)
    assert coverage_analyse(as_of=MOMENT)["demand"] == pytest.approx(bare["street_m"], rel=1e-9)


def test_kinds_severity_and_window_weigh_as_the_formula_says() -> None:
    road = street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    del road
    for code, severity, days in (("mild", 1.0, 10), ("grave", 3.0, 10), ("old", 1.0, 400)):
        kind = IncidentType.objects.create(code=code, name=code, severity=severity)
        lon, lat = place(0.0, {"mild": 40.0, "grave": 100.0, "old": 160.0}[code])
        row = make_incident(
            f"N-{code}", lon=lon, lat=lat, reported_at=MOMENT - timedelta(days=days)
        )
        Incident.objects.filter(pk=row.pk).update(type=kind)

    def weights(**changes: Any) -> np.ndarray[Any, Any]:
        """Demand of each piece beyond its metres, and the hand-made sum of kernels beside it."""
        DemandProfile.objects.update_or_create(
            name="P", defaults={"place_weight": 0.0, "population_weight": 0.0, "kernel_m": 50.0, **changes},
        )  # fmt: skip
        order = run_order(profile_name="P", as_of=MOMENT)
        (part, _), *_ = run_ground(order, lambda line: None)
        middle, length = part.streets.xy, part.streets.length_m
        profile = order.profile
        density = np.zeros(len(length))
        for code, severity, days in (("mild", 1.0, 10), ("grave", 3.0, 10), ("old", 1.0, 400)):
            if profile.window_days is not None and days > profile.window_days:
                continue
            at = part.frame.to_local(
                [place(0.0, {"mild": 40.0, "grave": 100.0, "old": 160.0}[code])]
            )[0]
            d = np.hypot(*(middle - at).T) / 50.0
            weight = severity**profile.severity_exponent * profile.incident_kinds.get(code, 1.0)
            density += (
                np.where(d < 1, (1 - d**2) ** 2, 0.0)
                * weight
                * 0.5 ** (days / profile.half_life_days)
            )
        mean = (density * length).sum() / length.sum()
        expected = length * (1 + (density / mean if mean > 0 else 0.0))
        assert part.streets.demand == pytest.approx(expected, rel=1e-9)
        return part.streets.demand

    plain = weights()
    assert not np.allclose(weights(severity_exponent=0.0), plain)
    assert not np.allclose(weights(severity_exponent=1.0, incident_kinds={"grave": 0.0}), plain)
    window = weights(incident_kinds={}, window_days=365.0)
    assert not np.allclose(window, plain)
    # An incident exactly as old as the window counts (<=).
    assert np.array_equal(weights(window_days=400.0), plain)


def test_places_weigh_by_kind_within_their_own_reach() -> None:
    street("Jalan Utara", (0.0, 1.0), (0.0, 200.9))
    from django.contrib.gis.geos import Point

    Place.objects.create(name="Pasar", kind="marketplace", geom=Point(*place(0, 50), srid=4326))
    Place.objects.create(name="Bank", kind="bank", geom=Point(*place(0, 150), srid=4326))
    base = {"incident_weight": 0.0, "population_weight": 0.0, "place_weight": 1.0}
    DemandProfile.objects.create(name="Biasa", **base)
    DemandProfile.objects.create(
        name="Bank", place_kinds={"bank": 2.0}, place_kernel_m=20.0, **base
    )

    def peak(name: str) -> float:
        (part, _), *_ = run_ground(run_order(profile_name=name, as_of=MOMENT), lambda line: None)
        best = part.streets.xy[np.argmax(part.streets.demand / part.streets.length_m)]
        return float(part.frame.to_lonlat([best])[0][1])

    assert peak("Biasa") == pytest.approx(place(0, 50)[1], abs=1e-4)
    assert peak("Bank") == pytest.approx(place(0, 150)[1], abs=1e-4)


def test_a_run_is_reproduced_from_its_stored_parameters() -> None:
    town()
    DemandProfile.objects.create(
        name="Malam", incident_weight=3.0, kernel_m=70.0, half_life_days=90.0, window_days=500.0,
        severity_exponent=0.5, incident_kinds={"fire": 2.0},
    )  # fmt: skip
    first = coverage_analyse(profile_name="Malam", level="observe", area_code="35.73.01")
    DemandProfile.objects.filter(name="Malam").update(incident_weight=0.0, name="Lain")
    make_incident("later", lon=LON, lat=LAT, reported_at=datetime(2030, 1, 1, tzinfo=UTC))
    run = CoverageRun.objects.get(pk=first["run"])
    again = coverage_analyse(order=order_of_run(run), repeats=run)
    assert shown(again) == shown(first)
    stored = CoverageRun.objects.get(pk=again["run"])
    assert stored.repeats_id == run.pk
    same = ("profile", "as_of", "area", "edition", "level", "levels", "subject")
    assert {key: stored.parameters[key] for key in same} == {key: run.parameters[key] for key in same}  # fmt: skip
    rows = [
        list(CoverageStreet.objects.filter(run_id=number).order_by("pk").values_list("road_id", "start_m", "length_m", "demand", "cameras"))
        for number in (run.pk, again["run"])
    ]  # fmt: skip
    assert rows[0] == rows[1]


def test_tiles_in_any_order_and_over_the_wire_give_the_same_to_the_last_digit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town()
    monkeypatch.setattr("layers.coverage.figures.tiles.WIDEST_M", 1000.0)
    monkeypatch.setattr("layers.coverage.figures.tiles.NARROWEST_M", 60.0)
    monkeypatch.setattr("layers.coverage.figures.tiles.tile_boxes.__kwdefaults__", {"most": 3})
    order = run_order(as_of=MOMENT)
    (part, tiles), *_ = run_ground(order, lambda line: None)
    assert len(tiles) > 8
    count = len(order.levels)
    plain = tiles_merge(part, count, [look_at(tile) for tile in tiles])
    expected = run_figures(order, [(part, plain)])
    run = CoverageRun(pk=1)
    costs = [
        (row.code, row.rank, row.lost_demand) for row in losses_of(order, run, [(part, plain)])
    ]
    sent = [seen_unpack(seen_pack(look_at(tile_unpack(tile_pack(tile))))) for tile in tiles]
    for seed in range(3):
        random.Random(seed).shuffle(sent)
        copy = ground_unpack(ground_pack(part))
        merged = tiles_merge(copy, count, sent)
        assert run_figures(order, [(copy, merged)]) == expected
        assert costs == [(row.code, row.rank, row.lost_demand) for row in losses_of(order, run, [(copy, merged)])]  # fmt: skip


@pytest.mark.parametrize("most", [2, 5])
def test_tiles_together_are_the_uncut_answer(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    town()
    monkeypatch.setattr("layers.coverage.figures.tiles.WIDEST_M", 1000.0)
    monkeypatch.setattr("layers.coverage.figures.tiles.NARROWEST_M", 60.0)
    monkeypatch.setattr("layers.coverage.figures.tiles.tile_boxes.__kwdefaults__", {"most": most})
    order = run_order(as_of=MOMENT)
    (part, tiles), *_ = run_ground(order, lambda line: None)
    seen = tiles_merge(part, len(order.levels), [look_at(tile) for tile in tiles])
    views: list[Any] = [looker.view for looker in part.lookers]
    scene = scene_around(part.frame, [(x.lon, x.lat) for x in part.lookers], range_m=200.0)
    lines = sight_lines(scene, views, part.streets.xy)
    for rank, least in enumerate(order.levels.values()):
        uncut = np.zeros(len(part), dtype=bool)
        uncut[lines.point[lines.px_per_m >= least]] = True
        assert np.array_equal(seen.best > rank, uncut)
    hit = lines.px_per_m >= order.levels["detect"]
    pairs = {*zip(lines.point[hit].tolist(), lines.camera[hit].tolist(), strict=True)}
    assert {tuple(pair) for pair in seen.pairs.tolist()} == pairs
    assert len(seen.pairs) == len(pairs)
    regions = visible_regions(scene, views, order.levels)
    for column, name in enumerate(["visible", *order.levels]):
        union = shapely.union_all([region[name] for region in regions])
        assert seen.m2[0, column] == pytest.approx(union.area, rel=1e-9)


def test_tile_boxes_hold_every_box_and_share_no_ground() -> None:
    rng = np.random.default_rng(2)
    middle = rng.normal(0, 3000, (400, 2))
    boxes = np.column_stack([middle - 151.0, middle + 151.0])
    boxes[::50] = np.nan
    cells = tile_boxes(boxes, most=20)
    squares = shapely.box(*np.array(cells).T)
    assert shapely.union_all(squares).area == pytest.approx(sum(map(shapely.area, squares)))
    whole = shapely.union_all(squares)
    for box in boxes[np.isfinite(boxes).all(axis=1)]:
        assert whole.contains(shapely.box(*box))
    assert all(a[1] <= b[1] for a, b in pairwise(cells))
    assert tile_boxes(np.full((3, 4), np.nan)) == []


def test_wifi_reach_against_plain_distances() -> None:
    town()
    rng = random.Random(9)
    from django.contrib.gis.geos import Point

    for k in range(6):
        WifiHotspot.objects.create(
            code=f"W{k}", name=f"Wifi {k}", reach_m=[40.0, 60.0, None, 80.0, 50.0, 30.0][k],
            status="failed" if k == 5 else "active",
            geom=Point(*place(rng.uniform(0, 600), rng.uniform(0, 600)), srid=4326),
        )  # fmt: skip
    figures = coverage_analyse(subject="wifi", as_of=MOMENT)
    assert figures["cameras"] == 4
    assert {row["code"]: row["reason"] for row in figures["excluded"]} == {
        "W2": "reach unknown", "W5": "failed",
    }  # fmt: skip
    (part, _), *_ = run_ground(run_order(subject="wifi", as_of=MOMENT), lambda line: None)
    near = np.zeros(len(part), dtype=bool)
    disks = []
    for row in WifiHotspot.objects.filter(status="active", reach_m__isnull=False):
        x, y = part.frame.to_local([(row.geom.x, row.geom.y)])[0]
        near |= np.hypot(*(part.streets.xy - (x, y)).T) <= row.reach_m
        disks.append(shapely.Point(x, y).buffer(row.reach_m, quad_segs=400))
    assert figures["street_covered_m"]["within"] == pytest.approx(
        part.streets.length_m[near].sum(), abs=1e-6
    )
    assert figures["demand_covered"]["within"] == pytest.approx(
        part.streets.demand[near].sum(), abs=1e-6
    )
    assert figures["visible_m2"]["within"] == pytest.approx(shapely.union_all(disks).area, rel=2e-4)
    people = 0.0
    for number, area in enumerate(part.areas[:4]):
        mine = part.streets.area == number
        share = part.streets.length_m[mine & near].sum() / part.streets.length_m[mine].sum()
        people += area.population * share
    assert figures["people_covered"]["within"] == pytest.approx(people, rel=1e-9)


def test_a_camera_more_moves_no_street() -> None:
    town(2)
    before = coverage_analyse(as_of=MOMENT)
    make_camera("NEW", lon=place(500, 500)[0], lat=place(500, 500)[1])
    after = coverage_analyse(as_of=MOMENT)
    assert (after["street_m"], after["demand"]) == (before["street_m"], before["demand"])
    roads = Road.objects.count()
    kept = CoverageStreet.objects.filter(run_id=after["run"]).values("road_id").distinct().count()
    assert kept == roads
    assert math.isclose(
        CoverageStreet.objects.filter(run_id=after["run"]).aggregate(s=Sum(F("length_m")))["s"],
        after["street_m"], abs_tol=1e-6,
    )  # fmt: skip


def test_an_order_is_all_a_run_depends_on() -> None:
    town(1)
    order = run_order(as_of=MOMENT)
    sharper = replace(order, levels={"detect": 50.0}, level="detect")
    plain, sharp = coverage_analyse(order=order), coverage_analyse(order=sharper)
    assert sharp["street_covered_m"]["detect"] <= plain["street_covered_m"]["detect"]
    assert list(sharp["street_covered_m"]) == ["detect"]
