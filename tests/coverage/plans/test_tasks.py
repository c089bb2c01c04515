"""Asking for a plan: once for a double click, with limits, with requests that are open to the planner."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.gis.geos import LineString

from layers.coverage.plans import tasks
from layers.coverage.plans.models import Plan, PlanSite
from layers.coverage.plans.tasks import PLAN, plan_order
from layers.errors import Forbidden, Infeasible, InvalidInput, NotFound
from layers.geo.crs import geodesic_m
from layers.jobs.models import Job
from layers.jobs.registry import JobCancelled, job_kind_get
from layers.network.models import Road
from tests.coverage.plans.conftest import People, place
from tests.coverage.plans.test_requests import ask

ASKED: dict[str, Any] = {"name": "A", "sites": 2, "budget_idr": None, "level": "detect", "time_limit_s": 10.0}  # fmt: skip


def test_a_double_click_gives_one_job_and_another_question_another(people: People) -> None:
    first = plan_order(dict(ASKED), user=people.planner)
    assert plan_order(dict(ASKED), user=people.planner).pk == first.pk
    assert plan_order({**ASKED, "sites": 3}, user=people.planner).pk != first.pk
    assert Job.objects.filter(kind=PLAN).count() == 2


def test_what_cannot_be_asked(people: People, street: Any) -> None:
    with pytest.raises(InvalidInput):
        plan_order({**ASKED, "sites": None}, user=people.planner)
    with pytest.raises(NotFound):
        plan_order({**ASKED, "requests_required": [10**6]}, user=people.planner)
    for user in (people.police, people.executive, people.agency, people.nobody):
        with pytest.raises(Forbidden):
            plan_order(dict(ASKED), user=user)
    theirs = ask(people.agency)
    with pytest.raises(NotFound):
        plan_order({**ASKED, "requests_extra": [theirs.pk]}, user=people.neighbour)
    assert not Job.objects.exists()


BOW_TIE = [place(-40.0, -40.0), place(40.0, 40.0), place(40.0, -40.0), place(-40.0, 40.0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"required": [place(0.0, 0.0)[::-1]]}, {"forbidden": [BOW_TIE]}, {"forbidden": [BOW_TIE[:2]]},
        {"level": "blurry"}, {"area": "99.99"}, {"models": ["none such"]}, {"headings_deg": []}, {"profile": "none such"},
        {"required": [place(0.0, 0.0)], "forbidden": [[place(-9.0, -9.0), place(9.0, -9.0), place(9.0, 9.0), place(-9.0, 9.0)]]},
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_a_job_waits(people: People, street: Any, client: Any, wrong: dict[str, Any]) -> None:  # fmt: skip
    client.force_login(people.planner)
    answer = client.post("/api/v1/planning/plans", {**ASKED, **wrong}, content_type="application/json")  # fmt: skip
    assert answer.status_code in {404, 409, 422}, answer.content
    assert answer.json()["message"]
    assert not Job.objects.exists()


def test_requests_points_and_candidates_meet_in_one_plan(people: People, street: Any) -> None:
    request = ask(people.agency, east_m=-150.0)
    mine = place(150.0, 4.0)
    zone = [place(-40.0, -40.0), place(40.0, -40.0), place(40.0, 40.0), place(-40.0, 40.0)]
    asked = {**ASKED, "sites": 3, "required": [mine], "requests_required": [request.pk], "forbidden": [zone]}  # fmt: skip
    job = plan_order(json.loads(json.dumps(asked)), user=people.planner)
    made = job_kind_get(PLAN).chunk(job, job.params)
    plan = Plan.objects.get(pk=made["plan"])
    assert (plan.government, plan.created_by, plan.state) == ("35.73", people.planner, "draft")
    by_source = {site.source: site for site in plan.sites.all()}
    assert set(by_source) == {"planner", "request", "optimiser"}
    assert by_source["request"].request_id == request.pk
    spot = by_source[PlanSite.Source.PLANNER].geom
    assert geodesic_m(*mine, spot.x, spot.y) < 0.05
    for site in plan.sites.all():
        assert geodesic_m(*place(0.0, 0.0), site.geom.x, site.geom.y) > 39.0
    request.refresh_from_db()
    assert request.state == "planned"


def _stopped_at(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """The job is called off as soon as a line with these words was told."""
    told: list[str] = []
    plain = tasks._reporter

    def reporter(job: Job, limit_s: float) -> Any:
        report = plain(job, limit_s)

        def said(line: str) -> None:
            told.append(line)
            report(line)

        return said

    def called_off(job: Job) -> bool:
        return any(words in line for line in told)

    def checkpoint(job: Job) -> None:
        if called_off(job):
            raise JobCancelled

    monkeypatch.setattr(tasks, "_reporter", reporter)
    monkeypatch.setattr(tasks, "job_cancelled", called_off)
    monkeypatch.setattr(tasks, "job_checkpoint", checkpoint)


def test_called_off_in_its_search_the_best_plan_found_is_kept_with_its_bound(
    people: People, street: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(-5, 6):
        Road.objects.create(
            name=f"Jalan Lintang {step}", road_class="residential",
            geom=LineString([place(step * 61.0 + 7.0, north) for north in (-150.0, -70.0, 60.0, 160.0)], srid=4326),
        )  # fmt: skip
    asked = {**ASKED, "sites": None, "budget_idr": 137_000_000, "min_distance_m": 12.0, "gap": 0.0}
    job = plan_order(dict(asked), user=people.planner)
    best = Plan.objects.get(pk=job_kind_get(PLAN).chunk(job, job.params)["plan"])
    _stopped_at(monkeypatch, "gain ")
    job = plan_order({**asked, "name": "B"}, user=people.planner)
    made = job_kind_get(PLAN).chunk(job, job.params)
    plan = Plan.objects.get(pk=made["plan"])
    assert made["stopped_early"] is True
    assert plan.status == "cancelled"
    assert plan.cost_idr <= 137_000_000
    assert 0 < plan.objective <= best.objective * (1 + 1e-9)
    assert plan.bound >= best.objective * (1 - 1e-9)
    assert plan.gap == pytest.approx((plan.bound - plan.objective) / plan.bound)
    assert plan.steps.get().kind == "created"


def test_called_off_before_the_search_nothing_is_stored(
    people: People, street: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stopped_at(monkeypatch, "sight lines")
    job = plan_order(dict(ASKED), user=people.planner)
    with pytest.raises(JobCancelled):
        job_kind_get(PLAN).chunk(job, job.params)
    assert not Plan.objects.exists()


def test_what_a_job_refuses_is_said_in_the_language_of_who_asked(
    people: People, street: Any
) -> None:
    asked = {**ASKED, "sites": 1, "required": [place(0.0, 4.0), place(150.0, 4.0)]}
    for language, words in (("id", "2 titik wajib"), ("en", "2 sites are required")):
        people.planner.language = language
        people.planner.save(update_fields=["language"])
        job = plan_order({**asked, "name": language}, user=people.planner)
        with pytest.raises(Infeasible, match=words):
            job_kind_get(PLAN).chunk(job, job.params)


def test_the_bar_follows_the_stages_and_never_goes_back(people: People, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    told: list[int] = []
    monkeypatch.setattr(tasks, "job_progress", lambda job, *, done, **_: told.append(done))
    report = tasks._reporter(plan_order(dict(ASKED), user=people.planner), 60.0)
    for line in (
        "cutting the streets of EPSG:32749 into pieces",
        "sight lines from 8,000 candidates to 74,627 street pieces",
        "sight lines from 2,000 of 8,000 candidates", "sight lines from 8,000 of 8,000 candidates",
        "8,000 candidates, 178,646 cameras, 74,627 demand points",
        "gain 417,157 of at most 655,311",
    ):  # fmt: skip
        report(line)
    assert told == [15, 40, 52, 90, 90, 90]
