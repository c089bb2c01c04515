"""Cameras that a plan turns: reviewed one by one, carried into the inventory, and worth what was promised."""

from __future__ import annotations

from typing import Any

import pytest

from layers.assets.models import AssetStatus, Camera
from layers.coverage.analysis import coverage_analyse
from layers.coverage.plans import installation, review
from layers.coverage.plans.models import Plan, PlanStep
from layers.coverage.plans.selectors import plan_detail, plan_list
from layers.coverage.plans.services import plan_created
from layers.coverage.plans.turns import turn_review
from layers.errors import Conflict, Forbidden, Infeasible, InvalidInput, NotFound
from tests.coverage.plans.conftest import People, stored_plan, stored_turn
from tests.coverage.plans.test_lifecycle import go
from tests.coverage.test_planning import AS_OF, model, place, plan, quarter
from tests.factories import make_camera

__all__ = ["quarter"]
State = Plan.State


def covered() -> float:
    """Demand that the active cameras see now."""
    return float(coverage_analyse(as_of=AS_OF)["demand_covered"]["detect"])


@pytest.mark.parametrize("swap", [False, True])
def test_the_turns_that_stand_bring_what_they_promise(quarter: None, people: People, swap: bool) -> None:  # fmt: skip
    """ACCEPTANCE 26 for cameras that are there: planned, one refused, the rest turned, measured."""
    model("A-wide", 3_200_000, 1920, 2.8)
    for number, at in enumerate(((2.0, 30.0), (110.0, 99.0), (97.0, 2.0))):
        lon, lat = place(*at)
        make_camera(f"OLD-{number}", lon=lon, lat=lat, heading_deg=(90.0, 45.0, 225.0)[number], mount_height_m=5.0, tilt_deg=10.0)  # fmt: skip
    before = covered()
    made = plan(sites=1, re_aim=not swap, swap=swap, gap=0.0, requested_by=people.planner)
    kept = plan_created(made["plan"], user=people.planner)
    turns = list(kept.turns.order_by("order"))
    assert len(turns) >= 2
    assert sum(turn.gain for turn in turns) == pytest.approx(made["re_aim_gain"])
    go(kept, State.SENT, people.planner)
    out = turns[0]
    turn_review(kept.pk, out.pk, "refuse", version=out.version, reason="tertutup pohon", user=people.police)  # fmt: skip
    told = plan_detail(kept.pk, user=people.planner)
    assert told["turned"][0]["gain"] == 0.0
    assert told["turned_cameras"] == len(turns) - 1
    assert told["gain"] < made["objective"]
    assert (told["gain"], told["cost_idr"]) == (
        pytest.approx(plan_list(user=people.planner)[0]["gain"]),
        plan_list(user=people.planner)[0]["cost_idr"],
    )
    review.sites_endorse(kept.pk, user=people.police)
    for state in (State.STUDY, State.BUDGETED, State.APPROVED):
        go(kept, state, people.planner)
    installation.plan_build(kept.pk, user=people.planner)
    installation.plan_confirm(kept.pk, user=people.planner)
    kept.refresh_from_db()
    assert kept.state == State.APPROVED
    with pytest.raises(Infeasible, match=str(len(turns) - 1)):
        go(kept, State.INSTALLED, people.planner)
    assert len(installation.plan_turned(kept.pk, user=people.planner)) == len(turns) - 1
    kept.refresh_from_db()
    assert kept.state == State.INSTALLED
    assert covered() - before == pytest.approx(told["gain"], abs=0.01)
    untouched = Camera.objects.get(pk=out.camera_id)
    assert (untouched.heading_deg, untouched.tilt_deg) == (out.from_heading_deg, 10.0)
    for turn in turns[1:]:
        camera = Camera.objects.get(pk=turn.camera_id)
        assert camera.heading_deg == turn.heading_deg
        assert (camera.model is not None, camera.tilt_deg) == ((True, None) if swap else (False, 10.0))  # fmt: skip
    steps = PlanStep.objects.filter(plan=kept, kind="turned")
    assert {step.details["from"]["heading_deg"] for step in steps} == {turn.from_heading_deg for turn in turns[1:]}  # fmt: skip


@pytest.fixture
def turning(people: People, street: Any) -> Plan:
    """A plan of one turned camera and no site."""
    kept = stored_plan(people.planner, at_m=())
    stored_turn(kept, make_camera("KAM-7", heading_deg=0.0))
    return kept


def test_who_reviews_a_turn_and_when(turning: Plan, people: People) -> None:
    turn = turning.turns.get()

    def act(name: str, who: Any, **asked: Any) -> Any:
        turn.refresh_from_db()
        return turn_review(turning.pk, turn.pk, name, **{"version": turn.version, "user": who, "reason": "alasan", **asked})  # fmt: skip

    with pytest.raises(NotFound):
        act("refuse", people.police)
    go(turning, State.SENT, people.planner)
    with pytest.raises(Forbidden):
        act("refuse", people.planner)
    with pytest.raises(InvalidInput):
        act("refuse", people.police, reason=" ")
    with pytest.raises(NotFound):
        act("explode", people.police)
    with pytest.raises(NotFound):
        turn_review(turning.pk, 10**30, "endorse", version=1, user=people.police)
    with pytest.raises(Infeasible, match="1"):
        go(turning, State.STUDY, people.planner)
    assert act("refuse", people.police).review == "refused"
    row = plan_list(user=people.police)[0]
    assert (row["turns"], row["turns_pending"], row["sites"]) == (1, 0, 0)
    with pytest.raises(Conflict, match="Penghubung"):
        act("endorse", people.police, version=1)
    with pytest.raises(Infeasible):
        go(turning, State.STUDY, people.planner)
    act("reopen", people.police)
    act("endorse", people.police)
    go(turning, State.STUDY, people.planner)
    with pytest.raises(Conflict):
        act("refuse", people.police)
    assert act("take-out", people.planner).review == "withdrawn"


def test_a_turn_is_carried_out_once_and_only_on_a_camera_in_service(turning: Plan, people: People) -> None:  # fmt: skip
    with pytest.raises(Conflict):
        installation.plan_turned(turning.pk, user=people.planner)
    go(turning, State.SENT, people.planner)
    assert review.sites_endorse(turning.pk, user=people.police) == 1
    for state in (State.STUDY, State.BUDGETED, State.APPROVED):
        go(turning, state, people.planner)
    with pytest.raises(NotFound):
        installation.plan_turned(turning.pk, turn_ids=[10**9], user=people.planner)
    Camera.objects.update(status=AssetStatus.FAILED)
    with pytest.raises(Conflict, match="KAM-7"):
        installation.plan_turned(turning.pk, user=people.planner)
    Camera.objects.update(status=AssetStatus.ACTIVE)
    assert len(installation.plan_turned(turning.pk, user=people.planner)) == 1
    assert Camera.objects.get().heading_deg == 180.0
    turning.refresh_from_db()
    assert turning.state == State.INSTALLED
    with pytest.raises(Conflict):
        installation.plan_turned(turning.pk, user=people.planner)
