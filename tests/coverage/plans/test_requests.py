"""Requests: who makes, sees and ends them; how they follow their plan."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.gis.geos import Point

from layers.coverage.plans import installation, requests, review, services
from layers.coverage.plans.models import Plan, PlanSite, RequestState, SiteRequest
from layers.coverage.plans.selectors import request_detail, request_list
from layers.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.coverage.plans.conftest import People, place
from tests.coverage.plans.test_lifecycle import go

State = Plan.State


def ask(user: Any, *, east_m: float = 0.0, source: str = "agency") -> SiteRequest:
    """A request along the street."""
    lon, lat = place(east_m, 3.0)
    return requests.request_create(
        lon=lon, lat=lat, source=source, requester="Dishub", reason="rawan kecelakaan", user=user
    )


def test_a_request_knows_its_street_kelurahan_and_government(people: People, street: Any) -> None:
    made = ask(people.agency)
    assert (made.street, made.government, made.state) == ("Jalan Panjang", "35.73", "new")
    assert made.area is not None
    assert made.area.name == "Kelurahan Tengah"
    assert [step["text"] for step in request_detail(made.pk, user=people.agency)["steps"]] == ["rawan kecelakaan"]  # fmt: skip


def test_who_sees_which_request(people: People, street: Any) -> None:
    mine, theirs = ask(people.agency), ask(people.police, source="police")
    seen = {
        who: {row["request"] for row in request_list(user=getattr(people, who))}
        for who in ("planner", "executive", "agency", "police", "other_agency", "cctv", "dispatcher", "neighbour", "nobody")
    }  # fmt: skip
    assert seen["planner"] == seen["executive"] == {mine.pk, theirs.pk}
    assert seen["agency"] == {mine.pk}
    assert seen["police"] == {theirs.pk}
    for who in ("other_agency", "cctv", "dispatcher", "neighbour", "nobody"):
        assert seen[who] == set(), who
    with pytest.raises(NotFound):
        request_detail(mine.pk, user=people.police)


@pytest.mark.parametrize("who", ["executive", "dispatcher", "nobody"])
def test_who_may_not_ask(people: People, street: Any, who: str) -> None:
    with pytest.raises(Forbidden):
        ask(getattr(people, who))


def test_a_request_needs_a_reason_a_body_and_a_place(people: People, street: Any) -> None:
    given = {"lon": 112.63, "lat": -7.98, "source": "agency", "requester": "Dishub", "reason": "x"}
    for wrong in ({"reason": " "}, {"requester": ""}, {"source": "me"}, {"lon": 200.0}):
        with pytest.raises(InvalidInput):
            requests.request_create(**{**given, **wrong}, user=people.agency)  # type: ignore[arg-type]
    assert not SiteRequest.objects.exists()


def test_only_those_who_asked_withdraw_and_only_planners_decline(
    people: People, street: Any
) -> None:
    made = ask(people.agency)
    for user in (people.planner, people.police):
        with pytest.raises((Forbidden, NotFound)):
            requests.request_withdraw(made.pk, version=made.version, reason="x", user=user)
    with pytest.raises(Forbidden):
        requests.request_decline(made.pk, version=made.version, reason="x", user=people.agency)
    gone = requests.request_withdraw(made.pk, version=made.version, reason="sudah ada", user=people.agency)  # fmt: skip
    assert gone.state == RequestState.WITHDRAWN
    with pytest.raises(Conflict):
        requests.request_decline(made.pk, version=gone.version, reason="x", user=people.planner)
    stale = ask(people.agency)
    with pytest.raises(Conflict):
        requests.request_withdraw(stale.pk, version=99, reason="x", user=people.agency)


def tie(plan: Plan, request: SiteRequest, order: int, user: Any) -> PlanSite:
    """The request taken up by a site of the plan, as a fresh plan takes it."""
    site = plan.sites.get(order=order)
    site.request, site.source = request, PlanSite.Source.REQUEST
    site.save()
    requests.request_step(request, RequestState.PLANNED, user=user, text="masuk rencana", plan=plan)
    return site


def test_a_request_follows_its_plan_to_the_pole(draft: Plan, people: People) -> None:
    kept, refused = ask(people.agency, east_m=-200.0), ask(people.agency)
    tie(draft, kept, 1, people.planner)
    out = tie(draft, refused, 2, people.planner)
    with pytest.raises(Conflict):
        requests.request_decline(kept.pk, version=kept.version, reason="x", user=people.planner)
    go(draft, State.SENT, people.planner)
    review.site_refuse(draft.pk, out.pk, version=out.version, reason="sudah terpantau", user=people.police)  # fmt: skip
    refused.refresh_from_db()
    assert refused.state == RequestState.DECLINED
    assert request_detail(refused.pk, user=people.agency)["steps"][-1]["text"] == "sudah terpantau"
    review.sites_endorse(draft.pk, user=people.police)
    for state in (State.STUDY, State.BUDGETED, State.APPROVED):
        go(draft, state, people.planner)
    kept.refresh_from_db()
    assert kept.state == RequestState.APPROVED
    installation.plan_build(draft.pk, user=people.planner)
    installation.plan_confirm(draft.pk, user=people.planner)
    kept.refresh_from_db()
    assert kept.state == RequestState.INSTALLED


def test_a_fresh_plan_ties_the_requests_it_stands_on(people: People, street: Any) -> None:
    made = ask(people.agency)
    plan = Plan.objects.create(level="detect", created_by=people.planner)
    PlanSite.objects.create(plan=plan, order=1, gain=1, cost_idr=1, geom=Point(made.geom.x, made.geom.y, srid=4326))  # fmt: skip
    services.plan_created(plan.pk, user=people.planner, requests=[made.pk])
    site = plan.sites.get()
    made.refresh_from_db()
    assert (site.request_id, site.source, made.state) == (made.pk, "request", "planned")


def test_a_rejected_plan_declines_what_it_held(draft: Plan, people: People) -> None:
    made = ask(people.agency)
    tie(draft, made, 1, people.planner)
    go(draft, State.REJECTED, people.planner, "tidak ada dana")
    made.refresh_from_db()
    assert made.state == RequestState.DECLINED
