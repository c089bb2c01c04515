"""Gains of a plan's sites and of a pin, against analyses of the city with the cameras standing."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.db import transaction

from layers.assets.models import Camera, Site
from layers.coverage.analysis import coverage_analyse
from layers.coverage.demand import profile_named
from layers.coverage.models import PlanSite
from layers.coverage.planning.gains import plan_gains, site_gain_at
from layers.coverage.planning.ground import known_ground
from layers.coverage.siting import best_cameras
from layers.errors import InvalidInput, NotFound
from tests.coverage.test_planning import AS_OF, LAT, LON, build, model, place, plan, quarter
from tests.factories import make_building, make_camera

__all__ = ["quarter"]


def covered(level: str = "detect") -> float:
    """Demand that the active cameras see now."""
    return float(coverage_analyse(level=level, as_of=AS_OF)["demand_covered"][level])


def stand(row: dict[str, Any], lon: float, lat: float) -> None:
    """The cameras of a pin, standing and active."""
    pole = Site.objects.create(code="PIN", name="PIN", geom=Point(lon, lat, srid=4326))
    for number, camera in enumerate(row["cameras"]):
        Camera.objects.create(
            code=f"PIN{number}", name="PIN", site=pole, geom=pole.geom, heading_source="stated",
            heading_deg=camera["heading_deg"], fov_deg=camera["fov_deg"],
            mount_height_m=camera["mount_height_m"],
        )  # fmt: skip


@pytest.mark.django_db
def test_gains_of_an_untouched_plan_are_those_stored(quarter: None) -> None:
    model("A-wide", 3_200_000, 1920, 2.8)
    model("B-sharp", 14_500_000, 3840, 2.8)
    make_camera("OLD", mount_height_m=6.0)
    made = plan(sites=4, level="recognise")
    found = plan_gains(made["plan"])
    sites = PlanSite.objects.filter(plan=made["plan"]).order_by("order")
    assert list(found["sites"]) == [site.pk for site in sites]
    assert list(found["sites"].values()) == pytest.approx([site.gain for site in sites], rel=1e-9)
    assert found["objective"] == pytest.approx(made["objective"], rel=1e-9)
    assert found["as_planned"]
    assert found["covered_before"] == pytest.approx(covered("recognise"), abs=0.01)


@pytest.mark.django_db
def test_gains_of_moved_and_refused_sites_are_what_an_analysis_measures(quarter: None) -> None:
    make_camera("OLD", mount_height_m=6.0)
    made = plan(sites=4)
    first, second, third, _fourth = PlanSite.objects.filter(plan=made["plan"]).order_by("order")
    aside = place(70.0, 150.0)
    tried = plan_gains(made["plan"], moved={second.pk: aside}, without=[third.pk])
    PlanSite.objects.filter(pk=second.pk).update(geom=Point(*aside, srid=4326))
    found = plan_gains(made["plan"], without=[third.pk])
    assert found["sites"] == tried["sites"]
    assert third.pk not in found["sites"]
    assert found["sites"][first.pk] == pytest.approx(first.gain, rel=1e-9)
    assert sum(found["sites"].values()) == pytest.approx(found["objective"], rel=1e-12)
    before = covered()
    third.cameras.all().delete()
    build(made["plan"])
    after = covered()
    assert after - before == pytest.approx(found["objective"], abs=0.01)
    Camera.objects.filter(geom=first.geom, code__startswith="P").update(status="failed")
    assert after - covered() == pytest.approx(found["losses"][first.pk], abs=0.01)


@pytest.mark.django_db
def test_cameras_built_from_the_plan_can_be_taken_as_not_there(quarter: None) -> None:
    made = plan(sites=3)
    build(made["plan"])
    built = list(Camera.objects.filter(code__startswith="P").values_list("pk", flat=True))
    assert plan_gains(made["plan"])["objective"] == 0.0
    assert not plan_gains(made["plan"])["as_planned"]
    again = plan_gains(made["plan"], ignoring_cameras=built)
    assert again["objective"] == pytest.approx(made["objective"], rel=1e-9)


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["best", "stated"])
def test_gain_of_a_pin_is_what_an_analysis_measures(quarter: None, asked: str) -> None:
    made = plan(sites=2)
    build(made["plan"])
    lon, lat = place(97.0, 160.0)
    cameras = [{"heading_deg": 10.0}, {"heading_deg": 200.0, "mount_height_m": 4.0}]
    built = list(Camera.objects.values_list("pk", flat=True))
    found = site_gain_at(
        made["plan"], lon, lat, cameras=None if asked == "best" else cameras, ignoring_cameras=built
    )
    assert found["cost_idr"] == 25_000_000 + 8_000_000 * len(found["cameras"])
    assert found["street"].startswith("Jalan")
    before = covered()
    stand(found, lon, lat)
    assert covered() - before == pytest.approx(found["gain"], abs=0.01)
    Camera.objects.filter(pk__in=built).update(status="retired")
    assert covered() == pytest.approx(found["alone"], abs=0.01)
    assert found["alone"] >= found["gain"] > 0


@pytest.mark.django_db
def test_pin_without_a_plan_and_beside_fewer_sites(quarter: None) -> None:
    made = plan(sites=2)
    first = PlanSite.objects.filter(plan=made["plan"]).order_by("order").first()
    assert first is not None
    spot = (first.geom.x, first.geom.y)
    alone = site_gain_at(None, *spot, as_of=AS_OF)
    assert alone["gain"] == alone["alone"] == pytest.approx(first.gain, rel=1e-9)
    assert site_gain_at(made["plan"], *spot)["gain"] == pytest.approx(0.0, abs=1e-9)
    back = site_gain_at(made["plan"], *spot, without=[first.pk])
    assert 0 < back["gain"] <= alone["gain"]
    one = site_gain_at(None, *spot, as_of=AS_OF, cameras_per_site=1)
    each = [site_gain_at(None, *spot, as_of=AS_OF, cameras=[{"heading_deg": h}])["gain"] for h in range(0, 360, 30)]  # fmt: skip
    assert one["gain"] == pytest.approx(max(each), rel=1e-12)


@pytest.mark.django_db
def test_gains_follow_the_city(quarter: None) -> None:
    made = plan(sites=1)
    site = PlanSite.objects.get(plan=made["plan"])
    make_camera("NEW", lon=site.geom.x, lat=site.geom.y, fov_deg=360.0, mount_height_m=6.0)
    now = plan_gains(made["plan"])
    assert now["objective"] < made["objective"]
    assert not now["as_planned"]
    assert now["covered_before"] == pytest.approx(covered(), abs=0.01)


@pytest.mark.django_db
def test_what_is_not_there_is_said(quarter: None) -> None:
    made = plan(sites=1)
    with pytest.raises(NotFound, match="no plan 0"):
        plan_gains(0)
    with pytest.raises(NotFound, match="has no site 0"):
        plan_gains(made["plan"], without=[0])
    with pytest.raises(InvalidInput, match="swapped"):
        site_gain_at(made["plan"], -7.98, 112.63)
    with pytest.raises(NotFound, match="model kamera"):
        site_gain_at(None, *place(0, 0), cameras=[{"heading_deg": 0, "model": "none such"}])
    with pytest.raises(InvalidInput, match="heading"):
        site_gain_at(None, *place(0, 0), cameras=[{}])


@pytest.mark.django_db(transaction=True)
def test_ground_is_remembered_until_a_layer_changes(quarter: None) -> None:
    asked: dict[str, Any] = {
        "area_code": None, "level": "detect", "least_px_per_m": 25.0, "as_of": AS_OF,
        "profile": profile_named(None),
    }  # fmt: skip
    first = known_ground(**asked)
    assert known_ground(**asked) is first
    camera = make_camera("NEW", mount_height_m=6.0)
    second = known_ground(**asked)
    assert second is not first
    assert int((second.parts[0].now["detect"] > 0).sum()) > 0
    ignoring = known_ground(**asked, ignoring=[camera.pk])
    assert int((ignoring.parts[0].now["detect"] > 0).sum()) == 0
    with transaction.atomic():
        make_building((LON, LAT, LON + 0.001, LAT + 0.001))
        assert known_ground(**asked) is not known_ground(**asked)


def test_best_cameras_equal_enumeration() -> None:
    random = np.random.default_rng(5)
    for _ in range(60):
        options, points = int(random.integers(1, 9)), int(random.integers(1, 25))
        seen = [np.flatnonzero(random.random(points) < 0.3).astype(np.int32) for _ in range(options)]  # fmt: skip
        weights = random.integers(0, 9, points).astype(float)
        cost = random.integers(1, 9, options).tolist()
        price, most = float(random.choice([0.0, 0.7])), int(random.integers(1, 4))

        def value(chosen: Any, seen: Any = seen, weights: Any = weights, cost: Any = cost, price: float = price) -> float:  # fmt: skip
            points = np.unique(np.concatenate([seen[i] for i in chosen]))
            return float(weights[points].sum() - price * sum(cost[i] for i in chosen))

        best = max(
            value(some)
            for size in range(1, min(most, options) + 1)
            for some in itertools.combinations(range(options), size)
        )
        chosen = best_cameras(seen, weights, cost, rupiah_price=price, cameras=most)
        assert len(chosen) <= most
        if best > 0:
            assert value(chosen) == pytest.approx(best)
        else:
            assert chosen == []
