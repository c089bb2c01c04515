"""What sites gain where they stand now: the one door from plans to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layers.coverage.plans.models import STANDING, Plan, PlanCamera, PlanSite
from layers.coverage.plans.turn_model import PlanTurn


def _left_out(plan: Plan) -> list[int]:
    return list(plan.sites.exclude(review__in=STANDING).values_list("pk", flat=True))


def _own_cameras(plan: Plan) -> list[int]:
    """Cameras built from this plan: its gain is what they add, so they count as not there."""
    return list(
        PlanCamera.objects.filter(site__plan=plan, built_camera__isnull=False)
        .values_list("built_camera", flat=True)
    )  # fmt: skip


def gains_try(plan: Plan, *, moved: Mapping[int, tuple[float, float]]) -> dict[str, Any]:
    """Gains with sites tried at other places; nothing is stored."""
    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.planning.gains import plan_gains

    return plan_gains(
        plan.pk, without=_left_out(plan), moved=moved, ignoring_cameras=_own_cameras(plan)
    )


def gains_refresh(plan: Plan) -> dict[int, float]:
    """Recompute and store the gain of all that stands in a plan; the rest gains nothing. Those of its sites."""
    made = gains_try(plan, moved={})
    found = made["sites"]
    turns = list(plan.turns.all())
    for turn in turns:
        turn.gain = float(made["turns"].get(turn.pk, 0.0))
    PlanTurn.objects.bulk_update(turns, ["gain"])
    sites = list(plan.sites.all())
    for site in sites:
        if site.proposed_gain is None:
            site.proposed_gain = site.gain
        site.gain = float(found.get(site.pk, 0.0))
    PlanSite.objects.bulk_update(sites, ["gain", "proposed_gain"])
    return {site.pk: site.gain for site in sites}


def gain_at(
    lon: float, lat: float, *, level: str = "detect", plan_id: int | None = None
) -> dict[str, Any]:
    """What a pole at a point would add, with the best cameras for it."""
    from layers.coverage.planning.gains import site_gain_at

    return site_gain_at(plan_id, lon, lat, level=level)
