"""What a pole at a pin would add, with the best cameras for the place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings

from layers.coverage.analysis import RunPart
from layers.coverage.city import scene_around
from layers.coverage.models import Plan, PlanSite
from layers.coverage.planning.gains.question import (
    backup_of,
    figures_beside,
    ground_of,
    ground_today,
    sites_counted,
)
from layers.coverage.planning.gains.turned import take_turned
from layers.coverage.planning.gains.views import (
    part_at,
    places_of,
    proposed_camera,
    seen_by,
    seen_by_sites,
)
from layers.coverage.planning.gains.worth import Worth
from layers.coverage.planning.ground import Ground
from layers.coverage.planning.options import (
    CAMERA_COST_IDR,
    CAMERAS_PER_SITE,
    HEADINGS_DEG,
    MOUNT_HEIGHT_M,
    SITE_COST_IDR,
    Lens,
    lens_named,
    lenses_for,
)
from layers.coverage.sights import require_lonlat
from layers.coverage.siting import best_cameras
from layers.coverage.visibility import pole_sight, slice_camera
from layers.errors import InvalidInput


def site_gain_at(
    plan_id: int | None,
    lon: float,
    lat: float,
    *,
    cameras: Sequence[Mapping[str, Any]] | None = None,
    cameras_per_site: int | None = None,
    without: Collection[int] = (),
    ignoring_cameras: Collection[int] = (),
    level: str = "detect",
    area_code: str | None = None,
    profile_name: str | None = None,
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """What a pole at a point would add to the active cameras and a plan's sites; nothing is stored.

    `gain` beside the plan's sites except `without`, `alone` beside the active cameras only. Each of
    `cameras` has `heading_deg` and may have `model` (a name), `fov_deg` and `mount_height_m`.
    Without any the best of every heading and model of the price list are chosen, at most
    `cameras_per_site` (the plan's number), a camera only where it is worth its price in a plan
    within a budget. `plan_id` None asks about the city of today: `level`, `area_code`,
    `profile_name` and `as_of` (this hour) then say what counts; with a plan the plan says it.
    """
    require_lonlat(lon, lat)
    if plan_id is None:
        plan = None
        ground = ground_today(level, area_code, profile_name, as_of, ignoring_cameras)
        sites: list[PlanSite] = []
    else:
        plan, ground = ground_of(plan_id, ignoring_cameras)
        sites = sites_counted(plan, without)
    seen = seen_by_sites(ground, sites, places_of(sites, {}))
    backup = 0.0 if plan is None else backup_of(plan)
    alone, beside = Worth(ground, backup), Worth(ground, backup)
    if plan is not None:
        take_turned(plan, ground, alone, ignoring_cameras)
        take_turned(plan, ground, beside, ignoring_cameras)
    for site in sites:
        beside.take(seen[site.pk])
    number = part_at(ground, lon, lat)
    if cameras is None:
        chosen = _best_headings(ground, number, lon, lat, beside, plan, cameras_per_site)
    else:
        chosen = [_camera_asked(row) for row in cameras]
    rows = [proposed_camera(lon, lat, row) for row in chosen]
    views = seen_by(ground, rows)
    listed = [
        {name: value for name, value in row.items() if name != "record"} | {"alone": alone.value([view])}
        for row, view in zip(chosen, views, strict=True)
    ]  # fmt: skip
    street, area = _street_at(ground.parts[number], lon, lat)
    return {
        "plan": None if plan is None else plan.pk,
        "lon": lon,
        "lat": lat,
        "gain": beside.value(views),
        "alone": alone.value(views),
        "cameras": listed,
        "cost_idr": SITE_COST_IDR + sum(int(row["cost_idr"]) for row in chosen),
        "street": street,
        "area": area,
        **figures_beside(plan, ground),
    }


def _street_at(part: RunPart, lon: float, lat: float) -> tuple[str, str | None]:
    """Name of the street and code of the area of the piece nearest to a point."""
    streets = part.streets
    if not len(streets):
        return "", None
    offset = streets.xy - part.frame.to_local([(lon, lat)])[0]
    piece = int(np.argmin((offset**2).sum(axis=1)))
    index = int(streets.area[piece])
    return streets.names.get(int(streets.road[piece]), ""), (
        streets.areas[index].code if index >= 0 else None
    )


def _camera_asked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A camera of a question with everything filled in; `NotFound` for an unknown model."""
    if row.get("heading_deg") is None:
        raise InvalidInput("a camera has no heading", remedy="give heading_deg from true north")
    lens = lens_named(row.get("model"))
    return _camera_row(
        lens,
        float(row["heading_deg"]) % 360.0,
        float(row.get("mount_height_m") or MOUNT_HEIGHT_M),
        fov_deg=float(row.get("fov_deg") or lens.fov_deg),
    )


def _camera_row(
    lens: Lens, heading_deg: float, mount_height_m: float, *, fov_deg: float | None = None
) -> dict[str, Any]:
    return {
        "heading_deg": heading_deg, "model": lens.name, "record": lens.model,
        "fov_deg": lens.fov_deg if fov_deg is None else fov_deg, "mount_height_m": mount_height_m,
        "cost_idr": lens.price_idr,
    }  # fmt: skip


def _best_headings(
    ground: Ground, number: int, lon: float, lat: float, worth: Worth, plan: Plan | None,
    cameras_per_site: int | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The cameras that earn most at a place, less their price at the plan's price of a rupiah."""
    asked = plan.parameters if plan is not None else {}
    headings = [float(heading) for heading in asked.get("headings_deg") or HEADINGS_DEG]
    height_m = float(asked.get("mount_height_m") or MOUNT_HEIGHT_M)
    most = cameras_per_site or int(asked.get("cameras_per_site") or CAMERAS_PER_SITE)
    price = float(((plan.certificate if plan is not None else None) or {}).get("rupiah_price") or 0)
    lenses = lenses_for(
        ground.least_px_per_m,
        names=asked.get("models_asked"),
        camera_cost_idr=int(asked.get("camera_cost_idr") or CAMERA_COST_IDR),
    )
    part = ground.parts[number]
    range_m = max(lens.reach_m(ground.least_px_per_m) for lens in lenses)
    target_height_m = float(settings.NCC_TARGET_HEIGHT_M)
    sight = pole_sight(
        scene_around(part.frame, [(lon, lat)], range_m=range_m),
        part.frame.to_local([(lon, lat)]), height_m, ground.grids[number], range_m,
        target_height_m=target_height_m,
    )  # fmt: skip
    rows, seen = [], []
    for lens in lenses:
        view = lens.view(range_m=range_m, target_height_m=target_height_m, height_m=height_m)
        for heading in headings:
            bearing = part.frame.grid_bearing_deg(heading, lon, lat)
            points, px = slice_camera(sight, 0, replace(view, heading_deg=bearing))
            rows.append(_camera_row(lens, heading, height_m))
            seen.append(np.sort(points[px >= ground.least_px_per_m]))
    chosen = best_cameras(
        seen, worth.left(number), [row["cost_idr"] for row in rows],
        rupiah_price=price, cameras=most,
    )  # fmt: skip
    return [rows[i] for i in sorted(chosen, key=lambda i: (rows[i]["heading_deg"], rows[i]["model"]))]  # fmt: skip
