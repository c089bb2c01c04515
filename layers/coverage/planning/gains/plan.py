"""What the sites of a stored plan gain where they stand now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from layers.coverage.planning.gains.question import (
    backup_of,
    figures_beside,
    ground_of,
    sites_counted,
)
from layers.coverage.planning.gains.turned import take_turned
from layers.coverage.planning.gains.views import places_of, seen_by_sites
from layers.coverage.planning.gains.worth import Worth


def plan_gains(
    plan_id: int,
    *,
    without: Collection[int] = (),
    moved: Mapping[int, tuple[float, float]] | None = None,
    ignoring_cameras: Collection[int] = (),
) -> dict[str, Any]:
    """Gains of a plan's sites where they stand now, by the sight lines it was made with.

    Demand, levels and moment are those stored with the plan; cameras and buildings are today's.
    `without`: sites (primary keys) left out, because they are refused or taken off. `moved`: places
    (longitude, latitude) to try for sites, nothing is stored. `ignoring_cameras`: cameras taken as
    not there, those built from this very plan above all.

    Existing cameras that the plan turns or replaces hang as planned; `turns` maps each turn that
    stands to what it adds to those before it, `re_aim_gain` is the sum. `sites` maps each site counted, in the plan's order, to what it adds to the ones before it, and
    adds up with it to `objective`; `losses` maps it to what would be lost without it. Raises `NotFound`
    for an unknown plan or site and `InvalidInput` for a place that is none.
    """
    plan, ground = ground_of(plan_id, ignoring_cameras)
    sites = sites_counted(plan, without)
    places = places_of(sites, moved or {})
    seen = seen_by_sites(ground, sites, places)
    worth = Worth(ground, backup_of(plan))
    turned = take_turned(plan, ground, worth, ignoring_cameras)
    gains, objective = {}, sum(turned.values())
    for site in sites:
        gains[site.pk] = worth.take(seen[site.pk])
        objective += gains[site.pk]
    return {
        "plan": plan.pk,
        "sites": gains,
        "turns": turned,
        "re_aim_gain": sum(turned.values()),
        "losses": {site.pk: worth.loss(seen[site.pk]) for site in sites},
        "objective": objective,
        **figures_beside(plan, ground),
    }
