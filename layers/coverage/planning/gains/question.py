"""The ground, moment and sites that a question about gains is asked on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
from django.utils import timezone

from layers.coverage.city import ASSUMPTIONS, levels_of
from layers.coverage.demand import Profile, profile_named
from layers.coverage.models import Plan, PlanSite
from layers.coverage.planning.gains.turned import turned_cameras
from layers.coverage.planning.ground import Ground, known_ground
from layers.errors import InvalidInput, NotFound


def ground_of(plan_id: int, ignoring: Collection[int]) -> tuple[Plan, Ground]:
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        raise NotFound(f"no plan {plan_id}", value=plan_id, remedy="choose one of the plans listed")
    asked = plan.parameters
    ground = known_ground(
        area_code=asked.get("area"),
        level=plan.level,
        least_px_per_m=float(asked["levels"][plan.level]),
        profile=Profile(**asked["profile"]),
        as_of=datetime.fromisoformat(asked["as_of"]),
        ignoring=sorted({*ignoring, *turned_cameras(plan)}),
    )
    return plan, ground


def ground_today(
    level: str, area_code: str | None, profile_name: str | None, as_of: datetime | None,
    ignoring: Collection[int],
) -> Ground:  # fmt: skip
    edition, levels = levels_of()
    if level not in levels:
        raise InvalidInput(
            f"no level {level!r} in {edition}",
            value=level,
            remedy=f"choose one of {', '.join(levels)}",
        )
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    return known_ground(
        area_code=area_code, level=level, least_px_per_m=levels[level],
        profile=profile_named(profile_name), as_of=as_of or hour, ignoring=ignoring,
    )  # fmt: skip


def sites_counted(plan: Plan, without: Collection[int]) -> list[PlanSite]:
    """The plan's sites that count, in its order, with their cameras."""
    sites = list(plan.sites.order_by("order").prefetch_related("cameras__model"))
    unknown = set(without) - {site.pk for site in sites}
    if unknown:
        raise NotFound(
            f"plan {plan.pk} has no site {min(unknown)}",
            value=min(unknown),
            remedy="choose one of the plan's sites",
        )
    return [site for site in sites if site.pk not in without]


def backup_of(plan: Plan) -> float:
    return float(plan.parameters.get("backup_share") or 0.0)


def figures_beside(plan: Plan | None, ground: Ground) -> dict[str, Any]:
    """What the numbers stand beside; `as_planned` where cameras see what they saw for the plan."""
    covered = sum(
        float(part.streets.demand[part.now[ground.level] > 0].sum()) for part in ground.parts
    )
    return {
        "level": ground.level,
        "demand": sum(float(part.streets.demand.sum()) for part in ground.parts),
        "covered_before": covered,
        "as_planned": plan is not None
        and bool(np.isclose(plan.covered_before, covered, rtol=1e-9, atol=0.01)),
        "assumptions": list(ASSUMPTIONS),
    }
