"""The life of a plan: every step that is, every step that is not, who takes it, and who changed it first."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from layers.access.policies import restrict
from layers.audit.models import Change
from layers.coverage.plans import installation, review, services
from layers.coverage.plans.lifecycle import REQUEST_STEPS, TRANSITIONS
from layers.coverage.plans.models import Plan, PlanSite, PlanStep, RequestState, Review
from layers.coverage.plans.selectors import decisions_released, plan_detail, plan_list
from layers.errors import Conflict, Forbidden, Infeasible, InvalidInput, NotFound
from layers.events.models import Event
from tests.coverage.plans.conftest import People, place, stored_plan

State = Plan.State


def go(plan: Plan, to: str, user: Any, reason: str = "alasan") -> Plan:
    """One step with the version as it is."""
    plan.refresh_from_db()
    return services.plan_move_on(plan.pk, to=to, version=plan.version, reason=reason, user=user)


def sent(plan: Plan, people: People) -> Plan:
    """The plan with the police, every site endorsed."""
    go(plan, State.SENT, people.planner)
    review.sites_endorse(plan.pk, user=people.police)
    plan.refresh_from_db()
    return plan


def force(plan: Plan, state: str) -> None:
    """A plan put into a state past the services, as the constraints allow it."""
    Plan.objects.filter(pk=plan.pk).update(
        state=state, sent_at=None if state == State.DRAFT else "2026-01-02T00:00:00Z"
    )
    plan.refresh_from_db()


#: What the press and the rules say happens to a plan, written down once more by hand.
ALLOWED = {
    ("draft", "sent"), ("draft", "rejected"), ("sent", "draft"), ("sent", "study"), ("sent", "rejected"),
    ("study", "sent"), ("study", "budgeted"), ("study", "rejected"), ("budgeted", "study"),
    ("budgeted", "approved"), ("budgeted", "rejected"), ("approved", "installed"), ("approved", "rejected"),
}  # fmt: skip


def test_every_pair_of_states_is_either_in_the_table_or_refused(
    draft: Plan, people: People
) -> None:
    assert {(step.before, step.after) for step in TRANSITIONS} == ALLOWED
    PlanSite.objects.filter(plan=draft).update(review=Review.ENDORSED, reviewed_at="2026-01-02T00:00:00Z")  # fmt: skip
    for before in State.values:
        for after in State.values:
            force(draft, before)
            if (before, after) in ALLOWED - {("approved", "installed")}:
                assert go(draft, after, people.planner).state == after
            else:
                with pytest.raises((Conflict, Infeasible)):
                    go(draft, after, people.planner)
                draft.refresh_from_db()
                assert draft.state == before


def test_each_step_keeps_its_author_time_and_reason(draft: Plan, people: People) -> None:
    go(draft, State.SENT, people.planner, "mohon tinjauan")
    step = PlanStep.objects.filter(plan=draft).latest("id")
    assert (step.state_before, step.state_after, step.text) == ("draft", "sent", "mohon tinjauan")
    assert (step.author, step.author_name) == (people.planner, "Rara")
    assert step.at is not None
    with pytest.raises(InvalidInput):
        go(draft, State.STUDY, people.planner, "  ")
    for change in ("UPDATE layers_planstep SET text = 'x'", "DELETE FROM layers_planstep"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:  # fmt: skip
            cursor.execute(change)
    assert Change.objects.filter(table_name="layers_plan", row_id=str(draft.pk), action="U").exists()  # fmt: skip


def test_a_plan_reaches_the_study_only_once_every_site_is_reviewed(
    draft: Plan, people: People
) -> None:
    go(draft, State.SENT, people.planner)
    with pytest.raises(Infeasible, match="3"):
        go(draft, State.STUDY, people.planner)
    for site in draft.sites.all():
        review.site_refuse(draft.pk, site.pk, version=site.version, reason="bukan prioritas", user=people.police)  # fmt: skip
    with pytest.raises(Infeasible):
        go(draft, State.STUDY, people.planner)


@pytest.mark.parametrize("who", ["police", "executive", "agency", "cctv", "dispatcher", "neighbour", "nobody"])  # fmt: skip
def test_only_planners_of_the_government_move_a_plan_on(
    draft: Plan, people: People, who: str
) -> None:
    with pytest.raises((Forbidden, NotFound)):
        go(draft, State.SENT, getattr(people, who))
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


@pytest.mark.parametrize("who", ["planner", "executive", "agency", "cctv", "dispatcher", "neighbour"])  # fmt: skip
def test_only_the_police_review(draft: Plan, people: People, who: str) -> None:
    go(draft, State.SENT, people.planner)
    site = draft.sites.first()
    assert site is not None
    with pytest.raises((Forbidden, NotFound)):
        review.site_endorse(draft.pk, site.pk, version=site.version, user=getattr(people, who))
    with pytest.raises((Forbidden, NotFound)):
        review.site_move(draft.pk, site.pk, lon=site.geom.x, lat=site.geom.y, version=site.version, reason="x", user=getattr(people, who))  # fmt: skip


def seen_by(user: Any) -> set[int]:
    return {row["plan"] for row in plan_list(user=user)}


def test_who_sees_a_draft_and_who_sees_it_once_it_was_sent(draft: Plan, people: People) -> None:
    assert seen_by(people.planner) == seen_by(people.other_planner) == {draft.pk}
    others = ("police", "executive", "agency", "cctv", "dispatcher", "neighbour", "nobody")
    assert not set().union(*(seen_by(getattr(people, who)) for who in others))
    with pytest.raises(NotFound):
        plan_detail(draft.pk, user=people.police)
    go(draft, State.SENT, people.planner)
    assert seen_by(people.police) == seen_by(people.executive) == {draft.pk}
    for who in ("agency", "cctv", "dispatcher", "neighbour", "nobody"):
        assert not seen_by(getattr(people, who)), who
        assert not restrict(getattr(people, who), PlanSite.objects.all()).exists(), who
    go(draft, State.DRAFT, people.planner, "ditarik")
    assert not seen_by(people.police)


def test_events_of_a_draft_reach_planners_alone(draft: Plan, people: People) -> None:
    from layers.access.event_rules import event_scope
    from layers.events.selectors import EventRow

    def heard(user: Any) -> set[str]:
        scope = event_scope(user)
        rows = [
            EventRow(id=e.pk, kind=e.kind, layer=e.layer, object_id=e.object_id, agency_id=e.agency_id,
                     area_id=e.area_id, visibility=e.visibility, payload=e.payload, at=e.at)
            for e in Event.objects.filter(kind__startswith="plan.")
        ]  # fmt: skip
        return {row.kind for row in rows if scope.allows(row)}

    assert heard(people.planner) == {"plan.created"}
    assert heard(people.police) == heard(people.neighbour) == heard(people.agency) == set()
    go(draft, State.SENT, people.planner)
    assert heard(people.police) == {"plan.state"}
    assert heard(people.neighbour) == heard(people.agency) == set()


def test_two_planners_never_overwrite_each_other(draft: Plan, people: People) -> None:
    first, second = draft.sites.order_by("order")[:2]
    east = place(-150.0, 0.0)
    review.site_move(draft.pk, first.pk, lon=east[0], lat=east[1], version=first.version, user=people.planner)  # fmt: skip
    with pytest.raises(Conflict, match="Rara"):
        review.site_move(draft.pk, first.pk, lon=east[0], lat=east[1] + 0.001, version=first.version, user=people.other_planner)  # fmt: skip
    kept = PlanSite.objects.get(pk=first.pk)
    assert (kept.geom.x, kept.geom.y) == pytest.approx(east)
    # Another site is free: the two work side by side.
    north = place(0.0, 5.0)
    review.site_move(draft.pk, second.pk, lon=north[0], lat=north[1], version=second.version, user=people.other_planner)  # fmt: skip
    # Who sends must have seen it all.
    with pytest.raises(Conflict):
        services.plan_move_on(draft.pk, to=State.SENT, version=draft.version, reason="x", user=people.planner)  # fmt: skip
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_a_moved_site_gains_what_the_street_there_is_worth(draft: Plan, people: People) -> None:
    """Against lengths counted by hand: a camera 6 m up, 90° wide, looking along the street to the east."""
    site = draft.sites.get(order=3)
    before = review.site_move(draft.pk, site.pk, lon=place(201.0, 0.0)[0], lat=place(201.0, 0.0)[1], version=site.version, user=people.planner)  # fmt: skip
    # 38.4 m is where 1920 px over 90° fall to 25 px/m; the far end of the street is at 300 m.
    assert 20.0 <= before.gain <= 45.0
    far = place(200.0, 400.0)
    moved = review.site_move(draft.pk, site.pk, lon=far[0], lat=far[1], version=before.version, user=people.planner)  # fmt: skip
    assert moved.gain == 0.0
    assert moved.review == Review.PENDING
    assert moved.proposed_geom is not None
    total = plan_detail(draft.pk, user=people.planner)["gain"]
    assert total == pytest.approx(sum(s.gain for s in draft.sites.all()))
    step = PlanStep.objects.filter(site=site, kind="moved").latest("id")
    assert step.details["to"] == pytest.approx(list(far))
    assert step.details["gain"] == 0.0


def test_two_on_one_spot_gain_nothing_twice_and_a_refusal_hands_the_gain_on(
    draft: Plan, people: People
) -> None:
    one, two = draft.sites.order_by("order")[:2]
    review.site_move(draft.pk, two.pk, lon=one.geom.x, lat=one.geom.y, version=two.version, user=people.planner)  # fmt: skip
    one.refresh_from_db(), two.refresh_from_db()
    assert one.gain > 0.0 == two.gain
    go(draft, State.SENT, people.planner)
    review.site_refuse(draft.pk, one.pk, version=one.version, reason="milik warga", user=people.police)  # fmt: skip
    before = one.gain
    one.refresh_from_db(), two.refresh_from_db()
    assert one.gain == 0.0
    assert two.gain == pytest.approx(before)


def test_the_police_move_with_a_reason_and_may_take_it_back(draft: Plan, people: People) -> None:
    go(draft, State.SENT, people.planner)
    site = draft.sites.get(order=2)
    spot = place(20.0, 0.0)
    with pytest.raises(InvalidInput):
        review.site_move(draft.pk, site.pk, lon=spot[0], lat=spot[1], version=site.version, user=people.police)  # fmt: skip
    moved = review.site_move(draft.pk, site.pk, lon=spot[0], lat=spot[1], version=site.version, reason="dekat pos", user=people.police)  # fmt: skip
    assert (moved.review, moved.review_reason) == (Review.MOVED, "dekat pos")
    back = review.site_reopen(draft.pk, site.pk, version=moved.version, user=people.police)
    assert (back.review, back.reviewed_at) == (Review.PENDING, None)


def test_nobody_reviews_or_edits_outside_the_right_state(draft: Plan, people: People) -> None:
    site = draft.sites.get(order=1)
    with pytest.raises(NotFound):
        review.site_endorse(draft.pk, site.pk, version=site.version, user=people.police)
    sent(draft, people)
    go(draft, State.STUDY, people.planner)
    site.refresh_from_db()
    for act in (
        lambda: review.site_refuse(draft.pk, site.pk, version=site.version, reason="x", user=people.police),
        lambda: review.site_move(draft.pk, site.pk, lon=112.6, lat=-7.9, version=site.version, user=people.planner),
        lambda: review.site_add(draft.pk, lon=112.6, lat=-7.9, version=draft.version, user=people.planner),
        lambda: services.plan_release(draft.pk, version=Plan.objects.get(pk=draft.pk).version, reason="x", user=people.planner),
        lambda: installation.plan_build(draft.pk, user=people.planner),
    ):  # fmt: skip
        with pytest.raises(Conflict):
            act()
    out = review.site_take_out(draft.pk, site.pk, version=site.version, reason="anggaran", user=people.planner)  # fmt: skip
    assert out.review == Review.WITHDRAWN


def test_comments_are_pinned_and_kept(draft: Plan, people: People) -> None:
    services.plan_comment(draft.pk, text="lihat pohon", place=(112.63, -7.98), user=people.planner)
    with pytest.raises(NotFound):
        services.plan_comment(draft.pk, text="x", user=people.police)
    with pytest.raises(Forbidden):
        services.plan_comment(draft.pk, text="x", user=people.executive)
    steps = plan_detail(draft.pk, user=people.planner)["steps"]
    assert steps[-1]["text"] == "lihat pohon"
    assert steps[-1]["place"] == [112.63, -7.98]


def test_the_public_sees_decisions_only_once_released(
    draft: Plan, people: People, client: Any
) -> None:
    def public() -> list[dict[str, Any]]:
        return client.get("/api/v1/planning/decisions").json()["decisions"]

    go(draft, State.SENT, people.planner)
    site = draft.sites.get(order=1)
    review.site_refuse(draft.pk, site.pk, version=site.version, reason="di tanah warga", user=people.police)  # fmt: skip
    review.sites_endorse(draft.pk, user=people.police)
    for state in (State.STUDY, State.BUDGETED, State.APPROVED):
        go(draft, state, people.planner, "SK 12/2026")
        assert public() == []
    draft.refresh_from_db()
    services.plan_release(draft.pk, version=draft.version, reason="siaran pers", user=people.planner)  # fmt: skip
    (told,) = public()
    assert told["decision"] == "approved"
    assert told["reason"] == "SK 12/2026"
    assert [(s["decision"], s["reason"]) for s in told["sites"]] == [
        ("refused", "di tanah warga"), ("approved", ""), ("approved", ""),
    ]  # fmt: skip
    body = str(told)
    assert "gain" not in body
    assert "Penghubung Polresta" not in body
    assert decisions_released() != []
    with pytest.raises(Conflict):
        services.plan_release(draft.pk, version=Plan.objects.get(pk=draft.pk).version, reason="x", user=people.planner)  # fmt: skip


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "approved"}, {"state": "unknown", "sent_at": "2026-01-01T00:00:00Z"},
        {"released_at": "2026-01-01T00:00:00Z"}, {"version": 0},
    ],
)  # fmt: skip
def test_the_database_holds_the_life_together(draft: Plan, broken: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan.objects.filter(pk=draft.pk).update(**broken)


@pytest.mark.parametrize(
    "broken",
    [
        {"review": "refused", "reviewed_at": "2026-01-01T00:00:00Z"}, {"review": "endorsed"},
        {"confirmed_at": "2026-01-01T00:00:00Z"}, {"review": "maybe", "reviewed_at": "2026-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_the_database_holds_a_review_together(draft: Plan, broken: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanSite.objects.filter(plan=draft, order=1).update(**broken)


def test_the_states_of_requests_form_a_path_that_ends() -> None:
    assert set(REQUEST_STEPS) == set(RequestState.values)
    ends = {state for state, after in REQUEST_STEPS.items() if not after}
    assert ends == {"installed", "declined", "withdrawn"}


def test_a_plan_of_a_neighbour_is_theirs(people: People, street: Any) -> None:
    theirs = stored_plan(people.neighbour)
    Plan.objects.filter(pk=theirs.pk).update(government="35.07")
    assert seen_by(people.neighbour) == {theirs.pk}
    assert not seen_by(people.planner)


def test_of_comments_on_a_draft_planners_alone_read(draft: Plan, people: People) -> None:
    services.plan_comment(draft.pk, text="pendapat awal", user=people.planner)
    go(draft, State.SENT, people.planner)
    services.plan_comment(draft.pk, text="di muka polisi", user=people.planner)
    go(draft, State.DRAFT, people.planner, "ditarik")
    services.plan_comment(draft.pk, text="antarkita", user=people.other_planner)
    go(draft, State.SENT, people.planner, "dikirim lagi")
    services.plan_comment(draft.pk, text="tiang miring", user=people.police)

    def said(user: Any) -> list[str]:
        return [step["text"] for step in plan_detail(draft.pk, user=user)["steps"] if step["kind"] == "comment"]  # fmt: skip

    for who in ("police", "executive"):
        assert said(getattr(people, who)) == ["di muka polisi", "tiang miring"], who
    everything = ["pendapat awal", "di muka polisi", "antarkita", "tiang miring"]
    assert said(people.planner) == said(people.other_planner) == everything
    states = [step["after"] for step in plan_detail(draft.pk, user=people.police)["steps"] if step["kind"] == "state"]  # fmt: skip
    assert states == ["sent", "draft", "sent"]


def test_renaming_is_a_step_of_its_own_and_the_public_reads_the_decisions_reason(
    draft: Plan, people: People
) -> None:
    go(draft, State.REJECTED, people.planner, "belum ada dana")
    draft.refresh_from_db()
    services.plan_rename(draft.pk, name="  Titik baru 2027 ", version=draft.version, user=people.planner)  # fmt: skip
    draft.refresh_from_db()
    assert draft.name == "Titik baru 2027"
    step = draft.steps.latest("id")
    assert (step.kind, step.author) == ("renamed", people.planner)
    assert "Rencana" in step.text
    with pytest.raises(InvalidInput):
        services.plan_rename(draft.pk, name=" ", version=draft.version, user=people.planner)
    services.plan_release(draft.pk, version=draft.version, reason="rapat", user=people.planner)
    assert decisions_released()[0]["reason"] == "belum ada dana"
    draft.refresh_from_db()
    with pytest.raises(Conflict):
        services.plan_rename(draft.pk, name="Lain", version=draft.version, user=people.planner)
