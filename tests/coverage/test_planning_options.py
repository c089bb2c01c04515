"""What a planner may ask for: places, distances, prices, modes, and cameras that are there."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import Point

from layers.assets.models import Camera, Site
from layers.coverage.analysis import coverage_analyse
from layers.coverage.models import Plan
from layers.coverage.planning.asked import PlanAsked
from layers.coverage.planning.gains import plan_gains, site_gain_at
from layers.coverage.planning.options import RE_AIM_COST_IDR, SITE_COST_IDR
from layers.errors import Infeasible, InvalidInput, NotFound
from layers.geo.crs import geodesic_m
from tests.coverage.test_planning import AS_OF, build, model, place, plan, quarter
from tests.factories import make_camera

__all__ = ["quarter"]


def covered() -> float:
    """Demand that the active cameras see now."""
    return float(coverage_analyse(as_of=AS_OF)["demand_covered"]["detect"])


def spots(made: dict[str, Any]) -> list[tuple[float, float]]:
    """Places of a plan's sites."""
    return [(site["lon"], site["lat"]) for site in made["sites"]]


def turn(made: dict[str, Any]) -> None:
    """Existing cameras turned and replaced as a plan says."""
    for row in made["re_aimed"]:
        changes: dict[str, Any] = {"heading_deg": row["heading_deg"], "heading_source": "stated"}
        if row["model"]:
            from layers.assets.models import CameraModel

            changes |= {
                "model": CameraModel.objects.get(name=row["model"]), "fov_deg": None, "tilt_deg": None,
            }  # fmt: skip
        assert Camera.objects.filter(pk=row["camera"]).update(**changes) == 1


@pytest.mark.django_db
def test_a_planners_own_points_are_the_only_candidates_without_corners(quarter: None) -> None:
    given = np.array(
        [place(40.0, 97.0), place(150.0, 97.0), place(52.0, 97.0), place(97.0, 5000.0)]
    )
    Site.objects.create(code="S", name="S", geom=Point(*place(150.0, 106.0), srid=4326))
    made = plan(sites=9, candidates_extra=given, corners=False)
    assert made["candidates"] == 1
    assert geodesic_m(*spots(made)[0], *given[0]) < 0.05
    reasons = {(row["lon"], row["lat"]): row["reason"] for row in made["candidates_refused"]}
    assert [reasons[tuple(np.round(point, 7).tolist())] for point in given[1:]] == [
        "closer than 20 m to a site that is there", "closer than 30 m to another candidate",
        "no unseen demand in reach",
    ]  # fmt: skip
    zone = shapely.box(*place(30.0, 90.0), *place(60.0, 110.0))
    made = plan(sites=1, candidates_extra=given[:1], forbidden=[zone])
    assert made["candidates_refused"][0]["reason"] == "in a forbidden zone"
    with pytest.raises(InvalidInput, match="no place is left"):
        plan(sites=1, corners=False)


@pytest.mark.django_db
@pytest.mark.parametrize("apart_m", [30.0, 120.0, 200.0])
def test_new_sites_keep_the_distance_asked_for(quarter: None, apart_m: float) -> None:
    make_camera("OLD", lon=place(97.0, 97.0)[0], lat=place(97.0, 97.0)[1])
    made = plan(sites=10_000, min_distance_m=apart_m, site_distance_m=90.0, gap=0.0)
    assert len(made["sites"]) > 1
    assert min(geodesic_m(*a, *b) for a, b in combinations(spots(made), 2)) >= apart_m - 0.02
    assert min(geodesic_m(*spot, *place(97.0, 97.0)) for spot in spots(made)) >= 89.98


@pytest.mark.django_db
def test_models_headings_heights_and_prices_are_those_asked_for(quarter: None) -> None:
    model("A-wide", 3_200_000, 1920, 2.8)
    model("B-sharp", 14_500_000, 3840, 2.8)
    unpriced = model("C-free", 0, 1920, 4.0)
    made = plan(
        sites=2, models=("B-sharp", "C-free"), headings_deg=(45.0, 225.0, 405.0),
        cameras_per_site=2, mount_height_m=8.0, site_cost_idr=10, camera_cost_idr=7,
        site_yearly_cost_idr=1000,
    )  # fmt: skip
    cameras = [camera for site in made["sites"] for camera in site["cameras"]]
    assert {camera["model"] for camera in cameras} <= {"B-sharp", "C-free"}
    assert {camera["heading_deg"] for camera in cameras} <= {45.0, 225.0}
    assert {camera["mount_height_m"] for camera in cameras} == {8.0}
    assert max(len(site["cameras"]) for site in made["sites"]) <= 2
    price = {"B-sharp": 14_500_000, "C-free": 7}
    assert made["cost_idr"] == 20 + sum(price[camera["model"]] for camera in cameras)
    assert made["yearly_cost_idr"] == 2000
    assert {row["name"]: row["priced"] for row in made["models"]} == {"B-sharp": True, "C-free": False}  # fmt: skip
    unpriced.kind = "ptz"
    unpriced.save()
    with pytest.raises(InvalidInput, match="not a fixed camera"):
        plan(sites=1, models=("C-free",))
    with pytest.raises(NotFound, match="no camera model"):
        plan(sites=1, models=("Z",))


@pytest.mark.django_db
def test_the_most_promising_candidates_are_considered_where_fewer_are_allowed(
    quarter: None,
) -> None:
    everything = plan(sites=3, gap=0.0)
    some = plan(sites=3, gap=0.0, most_candidates=8)
    assert some["candidates"] == 8 < some["candidates_found"] == everything["candidates"]
    assert "the bound holds for these" in some["candidates_note"]
    assert "candidates_note" not in everything
    assert some["objective"] <= everything["objective"] * (1 + 1e-9)


@pytest.mark.django_db
def test_fewest_sites_for_a_share_of_all_demand(quarter: None) -> None:
    make_camera("OLD", mount_height_m=6.0)
    made = plan(share=0.4, min_distance_m=60.0)
    assert made["status"] == "optimal"
    assert len(made["sites"]) == made["least_sites"] > 1
    assert made["share_reached"] >= 0.4
    reached = (made["covered_before"] + made["objective"]) / made["demand"]
    assert made["share_reached"] == pytest.approx(reached, rel=1e-4)
    fewer = plan(sites=len(made["sites"]) - 1, min_distance_m=60.0, gap=0.0)
    assert (fewer["covered_before"] + fewer["bound"]) / fewer["demand"] < 0.4
    build(made["plan"])
    assert covered() / made["demand"] == pytest.approx(made["share_reached"], rel=1e-4)
    again = plan(share=0.4, min_distance_m=60.0)
    assert (again["sites"], again["status"], again["least_sites"]) == ([], "optimal", 0)


@pytest.mark.django_db
def test_a_share_out_of_reach_is_explained_with_the_share_that_can_be_had(quarter: None) -> None:
    most = plan(sites=10_000, gap=0.0, min_distance_m=150.0, cameras_per_site=16)
    with pytest.raises(Infeasible, match=r"of the demand is seen, less than the 100\.00%") as told:
        plan(share=1.0, min_distance_m=150.0, cameras_per_site=16)
    assert told.value.value == pytest.approx(most["objective"] / most["demand"], rel=1e-6)
    assert not Plan.objects.filter(parameters__share=1.0).exists()


@pytest.mark.django_db
def test_backup_counts_what_two_sites_see(quarter: None) -> None:
    camera = make_camera("OLD", mount_height_m=6.0, fov_deg=100.0)
    make_camera("TWIN", site=camera.site, mount_height_m=6.0, fov_deg=100.0)
    made = plan(sites=12, backup_share=0.5, gap=0.05)
    runs = [coverage_streets(made["plan"], count) for count in range(13)]
    demand, times = runs[0]
    for count, site in enumerate(made["sites"], start=1):
        gained = sum(
            float((demand * ((new[1] >= level) & (old[1] < level)) * share).sum())
            for new, old in [(runs[count], runs[count - 1])]
            for level, share in ((1, 1.0), (2, 0.5))
        )
        assert site["gain"] == pytest.approx(gained, rel=1e-9)
    assert made["seen_twice_gain"] > 0
    assert made["seen_once_gain"] + made["seen_twice_gain"] == pytest.approx(made["objective"])
    once = float(demand[(runs[12][1] >= 1) & (times == 0)].sum())
    assert made["seen_once_gain"] == pytest.approx(once, rel=1e-9)
    found = plan_gains(made["plan"])
    assert list(found["sites"].values()) == pytest.approx([s["gain"] for s in made["sites"]])


def coverage_streets(plan_id: int, count: int) -> tuple[Any, Any]:
    """Demand of each street piece, and from how many places it is seen with the plan's first
    sites built: one piece and one place at a time, by `sight_lines` alone."""
    from layers.coverage.city import camera_watcher, scene_around
    from layers.coverage.demand import Profile
    from layers.coverage.planning.ground import known_ground
    from layers.coverage.visibility import sight_lines

    stored = Plan.objects.get(pk=plan_id)
    ground = known_ground(
        area_code=None, level="detect", least_px_per_m=25.0, as_of=AS_OF,
        profile=Profile(**stored.parameters["profile"]),
    )  # fmt: skip
    part = ground.parts[0]
    poles: dict[tuple[float, float], set[int]] = {}
    cameras = list(Camera.objects.filter(status="active"))
    for site in stored.sites.order_by("order")[:count]:
        cameras += [
            Camera(
                geom=site.geom, model=row.model, heading_deg=row.heading_deg, fov_deg=row.fov_deg,
                mount_height_m=row.mount_height_m, heading_source="stated",
            )
            for row in site.cameras.all()
        ]  # fmt: skip
    scene = scene_around(part.frame, [place(150.0, 150.0)], range_m=900.0)
    for camera in cameras:
        view = camera_watcher(camera, part.frame).view
        assert view is not None
        lines = sight_lines(scene, [view], part.streets.xy)
        seen = poles.setdefault((camera.geom.x, camera.geom.y), set())
        seen.update(lines.point[lines.px_per_m >= 25.0].tolist())
    times = np.zeros(len(part.streets), dtype=int)
    for seen in poles.values():
        times[sorted(seen)] += 1
    return part.streets.demand, times


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["re_aim", "swap", "both"])
def test_cameras_that_are_there_are_turned_before_poles_are_bought(quarter: None, how: str) -> None:
    model("A-wide", 3_200_000, 1920, 2.8)
    wall = place(2.0, 30.0)
    make_camera("WALL", lon=wall[0], lat=wall[1], heading_deg=90.0, mount_height_m=5.0)
    make_camera("GOOD", lon=place(97.0, 97.0)[0], lat=place(97.0, 97.0)[1], fov_deg=60.0)
    ptz = make_camera("PTZ", lon=place(194.0, 194.0)[0], lat=place(194.0, 194.0)[1], kind="ptz")
    before = covered()
    asked: dict[str, Any] = {
        "re_aim": how != "swap", "swap": how != "re_aim", "budget_idr": 4 * RE_AIM_COST_IDR + 7_000_000,
    }  # fmt: skip
    made = plan(**asked)
    assert made["sites"] == []
    assert made["re_aimed"]
    assert ptz.pk not in {row["camera"] for row in made["re_aimed"]}
    assert made["cost_idr"] == sum(row["cost_idr"] for row in made["re_aimed"]) <= asked["budget_idr"]  # fmt: skip
    assert made["objective"] == pytest.approx(made["re_aim_gain"])
    assert plan_gains(made["plan"])["re_aim_gain"] == pytest.approx(made["re_aim_gain"])
    turn(made)
    assert covered() - before == pytest.approx(made["objective"], abs=0.01)
    assert made["objective"] > 0
    if how == "re_aim":
        assert all(row["model"] is None for row in made["re_aimed"])


@pytest.mark.django_db
def test_changes_that_bring_next_to_nothing_are_left_out(quarter: None) -> None:
    for number in range(6):
        lon, lat = place(30.0 + 40.0 * number, 97.0 * (number % 3) + 1.0)
        make_camera(f"OLD-{number}", lon=lon, lat=lat, heading_deg=90.0, mount_height_m=5.0)
    before = covered()
    free = plan(sites=2, re_aim=True, re_aim_least_share=0.0, gap=0.0)
    least = sorted(row["gain"] for row in free["re_aimed"])[-2] + 1.0
    made = plan(sites=2, re_aim=True, re_aim_least_share=least / free["demand"], gap=0.0)
    assert 0 < len(made["re_aimed"]) < len(free["re_aimed"])
    assert made["objective"] < free["objective"] <= made["bound"] * (1 + 1e-9)
    assert made["gap"] == pytest.approx(1 - made["objective"] / made["bound"])
    assert made["status"] == "stalled"
    assert made["cost_idr"] == sum(row["cost_idr"] for row in [*made["sites"], *made["re_aimed"]])
    turn(made)
    build(made["plan"])
    whole = covered()
    assert whole - before == pytest.approx(made["objective"], abs=0.01)
    for row in made["re_aimed"]:
        # As it hung before, with all the rest as planned: at least that much is lost.
        Camera.objects.filter(pk=row["camera"]).update(heading_deg=row["from_heading_deg"])
        assert whole - covered() >= least - 0.01
        Camera.objects.filter(pk=row["camera"]).update(heading_deg=row["heading_deg"])


@pytest.mark.django_db
def test_a_limit_that_the_sight_lines_overrun_is_told(quarter: None) -> None:
    made = plan(sites=1, time_limit_s=0.001)
    assert any("sight lines alone took" in note for note in made["notes"])
    assert made["bound"] > made["objective"] >= 0
    assert not any("sight lines alone took" in note for note in plan(sites=1)["notes"])


@pytest.mark.django_db
def test_turned_cameras_and_new_poles_add_up(quarter: None) -> None:
    wall = place(2.0, 30.0)
    make_camera("WALL", lon=wall[0], lat=wall[1], heading_deg=90.0, mount_height_m=5.0)
    yard = place(110.0, 99.0)
    make_camera("YARD", lon=yard[0], lat=yard[1], heading_deg=0.0, mount_height_m=5.0)
    before = covered()
    made = plan(sites=3, re_aim=True, gap=0.0)
    gains = [site["gain"] for site in made["sites"]]
    assert len(gains) == 3
    assert made["re_aim_gain"] + sum(gains) == pytest.approx(made["objective"], rel=1e-9)
    assert made["objective"] <= made["bound"] * (1 + 1e-9)
    alone = plan(sites=3, gap=0.0)
    assert made["objective"] >= alone["objective"] * (1 - 1e-9)
    found = plan_gains(made["plan"])
    assert found["objective"] == pytest.approx(made["objective"], rel=1e-9)
    assert list(found["sites"].values()) == pytest.approx(gains, rel=1e-9)
    gained, known = 0.0, before
    for row in made["re_aimed"]:
        turn({"re_aimed": [row]})
        now = covered()
        assert row["gain"] == pytest.approx(now - known, abs=0.01)
        assert row["from_heading_deg"] == 90.0 or row["code"] != "WALL"
        gained, known = gained + row["gain"], now
    assert gained == pytest.approx(made["re_aim_gain"], abs=0.01)
    lon, lat = place(0.0, 194.0)
    pin = site_gain_at(made["plan"], lon, lat)
    assert 0 <= pin["gain"] <= pin["alone"]
    build(made["plan"])
    assert covered() - before == pytest.approx(made["objective"], abs=0.01)


@pytest.mark.django_db
def test_a_turning_camera_counts_by_where_it_looks(quarter: None) -> None:
    lon, lat = place(97.0, 97.0)
    make_camera("PTZ", lon=lon, lat=lat, kind="ptz", heading_deg=0.0, fov_deg=60.0)
    made = plan(sites=2, gap=0.0)
    assert made["covered_before"] == pytest.approx(covered(), abs=0.01)
    reach = coverage_analyse(as_of=AS_OF)["reachable"]["demand_covered"]["detect"]
    assert made["covered_before"] < reach


@pytest.mark.django_db
def test_poor_answers_say_why(quarter: None) -> None:
    assert f"costs Rp {SITE_COST_IDR + 8_000_000:,}" in plan(budget_idr=5)["notes"][0]
    assert "candidates" in plan(sites=10_000)["notes"][0]
    assert plan(sites=2)["notes"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"share": 0.5, "sites": 3}, "fewest sites are sought without"),
        ({"share": 0.0}, "share is 0"),
        ({"sites": 1, "backup_share": 1.5}, "value of a second view is 1.5"),
        ({"sites": 1, "min_distance_m": 0.0}, "distance between new sites is 0"),
        ({"sites": 1, "cameras_per_site": 0}, "cameras per site is 0"),
        ({"sites": 1, "headings_deg": ()}, "0 headings"),
        ({"sites": 1, "models": ()}, "no camera model is chosen"),
        ({"sites": 1, "re_aim": True, "backup_share": 0.5}, "cannot be asked for together"),
        ({"sites": 1, "candidates_extra": [[-7.9, 112.6]]}, "swapped"),
        ({"sites": 1, "candidates_extra": [[10.0, 50.0]]}, "the place 10.0 50.0"),
        ({"sites": 1, "site_cost_idr": -1}, "cost of a site is -1"),
    ],
)
def test_what_cannot_be_meant_is_refused(quarter: None, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        plan(**asked)
    assert not Plan.objects.exists()


@pytest.mark.django_db
def test_a_stored_plan_can_be_asked_for_again(quarter: None) -> None:
    zone = shapely.box(*place(150.0, -200.0), *place(900.0, 900.0))
    made = plan(
        sites=2, budget_idr=200_000_000, forbidden=[zone], required=[place(30.0, 30.0)],
        candidates_extra=[place(40.0, 97.0)], headings_deg=(0.0, 90.0, 180.0), min_distance_m=50.0,
    )  # fmt: skip
    stored = json.loads(json.dumps(Plan.objects.get(pk=made["plan"]).parameters))
    asked = PlanAsked.from_params(stored)
    again = plan(**{**asked.__dict__, "time_limit_s": 30.0})
    assert again["sites"] == made["sites"]
    assert again["objective"] == made["objective"]


@pytest.mark.django_db
def test_a_stopped_plan_keeps_what_is_required_and_a_bound(quarter: None) -> None:
    best = plan(sites=3, gap=0.0)["objective"]
    wanted = [place(30.0, 30.0)]
    made = plan(sites=3, required=wanted, should_stop=lambda: True)
    assert made["status"] == "cancelled"
    assert geodesic_m(*spots(made)[0], *wanted[0]) < 0.05
    assert made["objective"] <= best * (1 + 1e-9) <= made["bound"] * (1 + 2e-9)
    assert "stopped before" in made["notes"][0]
