"""From an approved plan to poles that count: planned first, then active; the promise is what is measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from layers.assets.models import AssetStatus, Camera, Site
from layers.coverage.analysis import coverage_analyse
from layers.coverage.plans import installation, review
from layers.coverage.plans.models import Plan, PlanStep
from layers.coverage.plans.selectors import plan_detail
from layers.coverage.plans.services import plan_created
from layers.errors import Conflict, Infeasible, NotFound
from tests.coverage.plans.conftest import People, place
from tests.coverage.plans.test_lifecycle import go

State = Plan.State
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def approve(plan: Plan, people: People) -> Plan:
    """Through the police, the study and the budget."""
    go(plan, State.SENT, people.planner)
    review.sites_endorse(plan.pk, user=people.police)
    for state in (State.STUDY, State.BUDGETED, State.APPROVED):
        go(plan, state, people.planner)
    plan.refresh_from_db()
    return plan


def test_sites_enter_as_planned_and_go_into_service_one_by_one(draft: Plan, people: People) -> None:
    with pytest.raises(Conflict):
        installation.plan_build(draft.pk, user=people.planner)
    approve(draft, people)
    first, *rest = list(draft.sites.order_by("order"))
    with pytest.raises(Conflict):
        installation.plan_confirm(draft.pk, user=people.planner)
    installation.plan_build(draft.pk, site_ids=[first.pk], user=people.planner)
    pole = Site.objects.get()
    assert (pole.status, pole.code) == (AssetStatus.PLANNED, f"R{draft.pk}-001")
    assert set(Camera.objects.values_list("status", flat=True)) == {AssetStatus.PLANNED}
    installation.plan_build(draft.pk, user=people.planner)
    installation.plan_build(draft.pk, user=people.planner)
    assert Site.objects.count() == Camera.objects.count() == 3
    with pytest.raises(Conflict):
        go(draft, State.REJECTED, people.planner)
    installation.plan_confirm(draft.pk, site_ids=[first.pk], user=people.planner)
    assert sorted(Camera.objects.values_list("status", flat=True)) == ["active", "planned", "planned"]  # fmt: skip
    told = plan_detail(draft.pk, user=people.planner)
    assert (told["built"], told["confirmed"], told["state"]) == (3, 1, "approved")
    with pytest.raises(Infeasible, match="2"):
        go(draft, State.INSTALLED, people.planner)
    installation.plan_confirm(draft.pk, user=people.planner)
    draft.refresh_from_db()
    assert draft.state == State.INSTALLED
    assert set(Site.objects.values_list("status", flat=True)) == {AssetStatus.ACTIVE}
    assert PlanStep.objects.filter(plan=draft, kind="confirmed").count() == 3
    assert len(rest) == 2


def test_a_refused_site_is_never_built(draft: Plan, people: People) -> None:
    go(draft, State.SENT, people.planner)
    out = draft.sites.get(order=2)
    review.site_refuse(draft.pk, out.pk, version=out.version, reason="tidak", user=people.police)
    review.sites_endorse(draft.pk, user=people.police)
    for state in (State.STUDY, State.BUDGETED, State.APPROVED):
        go(draft, state, people.planner)
    with pytest.raises(NotFound):
        installation.plan_build(draft.pk, site_ids=[out.pk], user=people.planner)
    assert len(installation.plan_build(draft.pk, user=people.planner)) == 2
    assert Site.objects.count() == 2


def test_the_gain_promised_after_the_review_is_the_gain_measured(
    people: People, street: Any
) -> None:
    """ACCEPTANCE 26 through the whole life: planned, one site moved, one refused, built, measured."""
    from layers.coverage.planning.service import plan_sites

    made = plan_sites(sites=4, as_of=AS_OF, time_limit_s=20.0, requested_by=people.planner)
    plan = plan_created(made["plan"], user=people.planner)
    assert made["objective"] > 0
    before = coverage_analyse(level="detect", as_of=AS_OF)["demand_covered"]["detect"]
    site = plan.sites.order_by("order")[1]
    lon, lat = place(113.0, 4.0)
    review.site_move(plan.pk, site.pk, lon=lon, lat=lat, version=site.version, user=people.planner)
    go(plan, State.SENT, people.planner)
    out = plan.sites.order_by("order")[0]
    review.site_refuse(plan.pk, out.pk, version=out.version, reason="tidak", user=people.police)
    review.sites_endorse(plan.pk, user=people.police)
    promised = plan_detail(plan.pk, user=people.planner)["gain"]
    assert 0 < promised < made["objective"]
    for state in (State.STUDY, State.BUDGETED, State.APPROVED):
        go(plan, state, people.planner)
    installation.plan_build(plan.pk, user=people.planner)
    assert coverage_analyse(level="detect", as_of=AS_OF)["demand_covered"]["detect"] == pytest.approx(before)  # fmt: skip
    installation.plan_confirm(plan.pk, user=people.planner)
    after = coverage_analyse(level="detect", as_of=AS_OF)["demand_covered"]["detect"]
    assert after - before == pytest.approx(promised, abs=0.01)
