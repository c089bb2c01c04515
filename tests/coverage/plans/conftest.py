"""A small town with a plan in it, and the people who handle plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, Point

from layers.access.models import Grant, Role, User
from layers.assets.models import Camera
from layers.coverage.plans.models import Plan, PlanCamera, PlanSite
from layers.coverage.plans.services import plan_created
from layers.coverage.plans.turn_model import PlanTurn
from layers.geo.crs import GEOD
from layers.network.models import Road
from tests.factories import MALANG, make_agency, make_area

LON, LAT = MALANG


def place(east_m: float, north_m: float) -> tuple[float, float]:
    """Degrees of a point so many metres from the middle of the town."""
    lon, lat, _ = GEOD.fwd(LON, LAT, 90.0, east_m)
    lon, lat, _ = GEOD.fwd(lon, lat, 0.0, north_m)
    return float(lon), float(lat)


def account(name: str, *grants: tuple[str, Any], **fields: Any) -> User:
    """An account that nobody logs in to by password: hashing ten of them takes seconds."""
    user = User.objects.create(username=name, password="!", **fields)
    for role, agency in grants:
        Grant.objects.create(user=user, role=role, agency=agency, reason="test")
    return user


@dataclass
class People:
    """Accounts by what they do."""

    planner: Any
    other_planner: Any
    police: Any
    executive: Any
    agency: Any
    other_agency: Any
    cctv: Any
    dispatcher: Any
    neighbour: Any
    nobody: Any


@pytest.fixture
def people(db: None) -> People:
    """One account for each role that plans concern, and those they do not."""
    city, police, dishub = make_agency("diskominfo"), make_agency("polresta"), make_agency("dishub")
    kabupaten = make_agency("kabmalang", government="35.07")
    return People(
        planner=account("perencana", (Role.PLANNER, city), first_name="Rara"),
        other_planner=account("perencana2", (Role.PLANNER, city), first_name="Tio"),
        police=account("polisi", (Role.POLICE_LIAISON, police), first_name="Penghubung Polresta"),
        executive=account("pimpinan", (Role.EXECUTIVE, city)),
        agency=account("operator", (Role.AGENCY_OPERATOR, dishub)),
        other_agency=account("operator2", (Role.AGENCY_OPERATOR, make_agency("dlh"))),
        cctv=account("cctv", (Role.CCTV_OPERATOR, city)),
        dispatcher=account("dispatcher", (Role.DISPATCHER, city)),
        neighbour=account("kab", (Role.PLANNER, kabupaten)),
        nobody=account("nobody"),
    )


@pytest.fixture
def street(db: None) -> Road:
    """A straight street of 600 m through the middle, in one kelurahan."""
    make_area()
    make_area("35.73.02.1001", level="kelurahan", name="Kelurahan Tengah", box=(LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01))  # fmt: skip
    return Road.objects.create(
        name="Jalan Panjang", road_class="residential",
        geom=LineString([place(step * 50.0, 0.0) for step in range(-6, 7)], srid=4326),
    )  # fmt: skip


PROFILE = {
    "name": "test", "street_weight": 1.0, "incident_weight": 0.0, "population_weight": 0.0,
    "place_weight": 0.0, "kernel_m": 100.0, "half_life_days": 365.0, "piece_m": 10.0,
}  # fmt: skip


def stored_plan(user: Any, *, at_m: tuple[float, ...] = (-200.0, 0.0, 200.0), **fields: Any) -> Plan:  # fmt: skip
    """A draft with one camera looking east on each pole along the street, as the engine stores it."""
    fields.setdefault("name", "Rencana")
    plan = Plan.objects.create(
        level="detect", objective=30.0, bound=33.0, gap=1 / 11, demand=600.0, created_by=user,
        cost_idr=33_000_000 * len(at_m), yearly_cost_idr=6_000_000 * len(at_m), status="optimal",
        parameters={
            "levels": {"detect": 25.0}, "profile": PROFILE, "as_of": "2026-01-01T00:00:00+00:00",
            "edition": "IEC 62676-4:2014", "sites": len(at_m), "candidates": 9, "demand_points": 60,
            "site_cost_idr": 25_000_000, "mount_height_m": 6.0, "area": None,
        },
        **fields,
    )  # fmt: skip
    for order, east_m in enumerate(at_m, start=1):
        site = PlanSite.objects.create(
            plan=plan, order=order, gain=10.0, cost_idr=33_000_000, street="Jalan Panjang",
            geom=Point(*place(east_m, 0.0), srid=4326),
        )  # fmt: skip
        PlanCamera.objects.create(site=site, heading_deg=90.0, fov_deg=90.0, mount_height_m=6.0)
    return plan_created(plan.pk, user=user)


def stored_turn(plan: Plan, camera: Camera, *, heading_deg: float = 180.0, **fields: Any) -> PlanTurn:  # fmt: skip
    """A camera that the plan turns from where it looks now."""
    values: dict[str, Any] = {
        "order": plan.turns.count() + 1, "code": camera.code, "gain": 20.0, "cost_idr": 500_000,
        "from_heading_deg": camera.heading_deg or 0.0, "geom": camera.geom,
    }  # fmt: skip
    return PlanTurn.objects.create(plan=plan, camera=camera, heading_deg=heading_deg, **values | fields)  # fmt: skip


@pytest.fixture
def draft(people: People, street: Road) -> Plan:
    """A draft of three sites along the street."""
    return stored_plan(people.planner)
