"""What the demonstration city's planning begins with: a life cycle that a newcomer can read."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.gis.geos import LineString, Point

from layers.access.models import Role
from layers.coverage.plans.demo import demo_requests_create
from layers.coverage.plans.models import Plan, SiteRequest
from layers.coverage.plans.selectors import plan_detail, plan_list
from layers.coverage.plans.tasks import SAMPLE_PLAN
from layers.jobs.models import Job
from layers.jobs.registry import job_kind_get
from layers.network.models import Road
from layers.places.models import Place
from tests.coverage.plans.conftest import LAT, LON, account, place
from tests.factories import make_agency, make_area


@pytest.fixture
def klojen(db: None) -> None:
    """Streets and public places of a small Klojen, and the accounts of the demonstration city."""
    make_area()
    make_area("35.73.02", level="kecamatan", name="Klojen", box=(LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01))  # fmt: skip
    for step in range(-3, 4):
        for ends in ([(step * 90.0, -300.0), (step * 90.0, 300.0)], [(-300.0, step * 90.0), (300.0, step * 90.0)]):  # fmt: skip
            Road.objects.create(name=f"Jalan {step}", road_class="residential", geom=LineString([place(*at) for at in ends], srid=4326))  # fmt: skip
    for number, kind in enumerate(("marketplace", "hospital", "school", "park", "university")):
        Place.objects.create(name=kind, kind=kind, geom=Point(*place(number * 60.0 - 120.0, 40.0), srid=4326))  # fmt: skip
    account("perencana", (Role.PLANNER, make_agency("diskominfo")))
    account("polisi", (Role.POLICE_LIAISON, make_agency("polresta")))
    account("operator-dishub", (Role.AGENCY_OPERATOR, make_agency("dishub")))
    account("admin-dishub", (Role.AGENCY_ADMIN, make_agency("dishub")))


def test_a_newcomer_finds_requests_and_a_plan_in_review(klojen: None) -> None:
    assert demo_requests_create() == 5
    assert demo_requests_create() == 0
    assert set(SiteRequest.objects.values_list("source", flat=True)) == set(SiteRequest.Source.values)  # fmt: skip
    job = Job(kind=SAMPLE_PLAN)
    made = job_kind_get(SAMPLE_PLAN).chunk(job, {})
    plan = Plan.objects.get(pk=made["plan"])
    assert plan.state == "sent"
    reviews = list(plan.sites.order_by("order").values_list("review", flat=True))
    assert reviews[:5] == ["endorsed"] * 4 + ["refused"]
    assert set(reviews[5:]) == {"pending"}
    police = plan.steps.filter(kind="endorsed").first().author  # type: ignore[union-attr]
    assert police is not None
    assert police.username == "polisi"
    detail: dict[str, Any] = plan_detail(plan.pk, user=police)
    assert [step["text"] for step in detail["steps"] if step["kind"] == "comment"] == ["Titik lain kami tinjau minggu ini."]  # fmt: skip
    assert job_kind_get(SAMPLE_PLAN).chunk(job, {}) == {"plan": None}
    assert len(plan_list(user=police)) == 1
