"""Turned cameras of a plan: the police's review of each, the planner's taking out, and the inventory."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.policies import Can
from layers.assets.models import AssetStatus, Camera
from layers.audit.actor import recorded
from layers.coverage.plans.gains import gains_refresh
from layers.coverage.plans.lifecycle import THINNED
from layers.coverage.plans.models import STANDING, Plan, Review, StepKind
from layers.coverage.plans.steps import (
    check_version,
    plan_changed,
    plan_locked,
    refuse_state,
    step_add,
    text_of,
)
from layers.coverage.plans.turn_model import PlanTurn
from layers.errors import Conflict, NotFound

#: Act of the police, or of the planner → the review it leads to, and its step.
REVIEWS = {
    "endorse": (Review.ENDORSED, StepKind.ENDORSED),
    "refuse": (Review.REFUSED, StepKind.REFUSED),
    "reopen": (Review.PENDING, StepKind.REOPENED),
    "take-out": (Review.WITHDRAWN, StepKind.TAKEN_OUT),
}


def turn_review(
    plan_id: int, turn_id: int, act: str, *, version: int, user: Any, reason: str = ""
) -> PlanTurn:
    """Endorse, refuse or reopen the turning of a camera (police), or take it out (planner); gains follow."""
    if act not in REVIEWS:
        raise NotFound(_("a turned camera cannot {act}").format(act=repr(act)), value=act, remedy=", ".join(REVIEWS))  # fmt: skip
    review, kind = REVIEWS[act]
    mine = review == Review.WITHDRAWN
    with recorded():
        plan = plan_locked(plan_id, user=user, ability=Can.PLAN_SITES if mine else Can.REVIEW_SITES)
        if mine:
            refuse_state(plan, THINNED, _("taking a turned camera out"))
        else:
            refuse_state(plan, (Plan.State.SENT,), _("a review"))
        turn = _turn_locked(plan, turn_id, version=version)
        if turn.review == Review.WITHDRAWN or (mine and not turn.standing):
            raise Conflict(_("the camera was taken out of the plan"), value=turn.code)
        text = text_of(reason, needed=review in {Review.REFUSED, Review.WITHDRAWN})
        if turn.review == review and turn.review_reason == text:
            return turn
        stood, before = turn.standing, turn.review
        turn.review, turn.review_reason = review, text
        turn.reviewed_at = None if review == Review.PENDING else timezone.now()
        _saved(plan, turn, "review", "review_reason", "reviewed_at")
        if stood != turn.standing:
            gains_refresh(plan)
        step_add(kind, plan=plan, user=user, text=text, before=before, after=review, place=turn.geom, details={"camera": turn.code})  # fmt: skip
        plan_changed(plan, "turn", turn=turn.pk, review=review)
    turn.refresh_from_db()
    return turn


def turns_endorse(plan: Plan, *, text: str, user: Any) -> int:
    """Endorse every turn of a locked plan that nobody has reviewed yet; how many they were."""
    turns = list(plan.turns.filter(review=Review.PENDING).order_by("order"))
    for turn in turns:
        turn.review, turn.review_reason, turn.reviewed_at = Review.ENDORSED, text, timezone.now()
        turn.version += 1
        step_add(StepKind.ENDORSED, plan=plan, user=user, text=text, before=Review.PENDING, after=Review.ENDORSED, place=turn.geom, details={"camera": turn.code})  # fmt: skip
    PlanTurn.objects.bulk_update(turns, ["review", "review_reason", "reviewed_at", "version"])
    return len(turns)


def turns_carry_out(plan: Plan, turn_ids: list[int] | None, *, text: str, user: Any) -> list[PlanTurn]:  # fmt: skip
    """Write into the inventory how cameras of a locked approved plan hang now that the crew was there.

    A new model hangs at the height of the old one, without tilt. What was carried out before stays
    as it is. `Conflict` for a camera that is gone or not in service any more: nothing is written.
    """
    rows: QuerySet[PlanTurn] = plan.turns.filter(review__in=STANDING).order_by("order")
    if turn_ids is not None:
        rows = rows.filter(pk__in=turn_ids)
        missing = set(turn_ids) - set(rows.values_list("pk", flat=True))
        if missing:
            raise NotFound(_("the plan has no turned camera {n}").format(n=min(missing)), value=min(missing))  # fmt: skip
    done = []
    for turn in rows.filter(done_at__isnull=True).select_related("model"):
        camera = Camera.objects.select_for_update().filter(pk=turn.camera_id or 0, status=AssetStatus.ACTIVE).first()  # fmt: skip
        if camera is None:
            raise Conflict(
                _("camera {code} is not in service any more").format(code=turn.code),
                value=turn.code,
                remedy=_("put it in service first"),
            )
        before = _hangs(camera)
        camera.heading_deg = turn.heading_deg
        camera.heading_source = Camera.HeadingSource.CONFIRMED
        if turn.replaced:
            camera.model, camera.fov_deg, camera.tilt_deg = turn.model, None, None
        camera.save(update_fields=["heading_deg", "heading_source", "model", "fov_deg", "tilt_deg", "updated_at"])  # fmt: skip
        turn.done_at = timezone.now()
        turn.version += 1
        turn.save(update_fields=["done_at", "version"])
        step_add(
            StepKind.TURNED, plan=plan, user=user, text=text, place=turn.geom,
            details={"camera": turn.code, "from": before, "to": _hangs(camera)},
        )  # fmt: skip
        done.append(turn)
    return done


def _hangs(camera: Camera) -> dict[str, Any]:
    return {
        "heading_deg": camera.heading_deg, "model": camera.model.name if camera.model else None,
        "fov_deg": camera.fov_deg, "tilt_deg": camera.tilt_deg,
    }  # fmt: skip


def turn_rows(plan: Plan) -> list[dict[str, Any]]:
    """Turned cameras of a plan as pages, API and documents tell them, refused ones included."""
    return [
        {
            "id": turn.pk, "order": turn.order, "camera": turn.camera_id, "code": turn.code,
            "lon": turn.geom.x, "lat": turn.geom.y, "from_heading_deg": turn.from_heading_deg,
            "heading_deg": turn.heading_deg, "model": _new_model(turn), "gain": turn.gain,
            "cost_idr": turn.cost_idr, "review": turn.review,
            "review_name": str(turn.get_review_display()), "reason": turn.review_reason,
            "standing": turn.standing, "done_at": turn.done_at, "version": turn.version,
        }
        for turn in plan.turns.select_related("model").order_by("order")
    ]  # fmt: skip


def _new_model(turn: PlanTurn) -> str | None:
    """Name of the model that replaces the camera's own; None where it keeps it."""
    from layers.coverage.planning.options import BUILT_IN_MODEL

    if not turn.replaced:
        return None
    return turn.model.name if turn.model is not None else BUILT_IN_MODEL


def _turn_locked(plan: Plan, turn_id: int, *, version: int) -> PlanTurn:
    turn = plan.turns.filter(pk=turn_id).first() if abs(turn_id) < 2**62 else None
    if turn is None:
        raise NotFound(_("the plan has no turned camera {n}").format(n=turn_id), value=turn_id)
    check_version(turn, version)
    return turn


def _saved(plan: Plan, turn: PlanTurn, *names: str) -> None:
    turn.version += 1
    plan.version += 1
    turn.save(update_fields=["version", *names])
    plan.save(update_fields=["version"])
