"""Existing cameras that a plan turns or replaces: their review, and that the crew was there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.api.planning import Change
from layers.coverage.plans import installation, selectors, turns

router = new_router("planning")


class TurnsIn(Schema):
    """Some of the plan's turned cameras; all without a list."""

    turns: list[int] | None = Field(None, max_length=10_000)
    reason: str = Field("", max_length=2000)


@router.post("/planning/plans/{plan_id}/turns/{turn_id}/{act}")
@open_to(Can.PLAN_SITES, Can.REVIEW_SITES)
def turn_act(
    request: HttpRequest, plan_id: int, turn_id: int, act: str, change: Change
) -> dict[str, Any]:
    """`endorse`, `refuse` or `reopen` the turning of a camera, or `take-out` of the plan."""
    turns.turn_review(
        plan_id, turn_id, act, version=change.version, reason=change.reason, user=request.user
    )
    return selectors.plan_detail(plan_id, user=request.user)


@router.post("/planning/plans/{plan_id}/turned")
@open_to(Can.PLAN_SITES)
def turned(request: HttpRequest, plan_id: int, done: TurnsIn) -> dict[str, Any]:
    """The crew was there: cameras hang as planned in the inventory."""
    installation.plan_turned(plan_id, turn_ids=done.turns, reason=done.reason, user=request.user)
    return selectors.plan_detail(plan_id, user=request.user)
