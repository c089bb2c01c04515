"""What the proposed cameras of a plan would see, past the buildings that stand today."""

from __future__ import annotations

from typing import Any

import shapely

from layers.coverage.plans.models import STANDING, Plan, PlanCamera

#: Coordinates of drawn regions are kept to this (degrees, about a decimetre).
_GRID_DEG = 1e-6


def plan_views(plan: Plan, *, site_ids: list[int] | None = None) -> list[dict[str, Any]]:
    """The region each proposed camera sees at the plan's level: `{"camera", "site", "region"}`.

    Regions are shapely (multi)polygons in degrees. Ground flat, no trees.
    """
    # The engine takes seconds to import: only those who use it pay.
    from layers.coverage.camera import camera_at
    from layers.coverage.city import DEFAULT_RANGE_M, DEFAULT_WIDTH_PX, scene_around
    from layers.coverage.regions import visible_regions
    from layers.places.frames import frame_at, zone_groups

    rows = PlanCamera.objects.filter(site__plan=plan, site__review__in=STANDING).select_related("site", "model")  # fmt: skip
    if site_ids is not None:
        rows = rows.filter(site_id__in=site_ids)
    cameras = list(rows.order_by("site__order", "pk"))
    least = (plan.parameters.get("levels") or {}).get(plan.level)
    if not cameras or least is None:
        return []
    places = [(camera.site.geom.x, camera.site.geom.y) for camera in cameras]
    found: list[dict[str, Any]] = []
    for _srid, indices in zone_groups(places):
        mine = [cameras[i] for i in indices]
        spots = [places[i] for i in indices]
        frame = frame_at(*spots[0])
        views = [
            camera_at(
                frame, lon, lat, heading_deg=camera.heading_deg, height_m=camera.mount_height_m,
                hfov_deg=camera.fov_deg, max_range_m=DEFAULT_RANGE_M,
                image_width_px=float(camera.model.image_width_px if camera.model else DEFAULT_WIDTH_PX),
            )
            for camera, (lon, lat) in zip(mine, spots, strict=True)
        ]  # fmt: skip
        scene = scene_around(frame, sorted(set(spots)), range_m=DEFAULT_RANGE_M)
        for camera, by_level in zip(mine, visible_regions(scene, views, {plan.level: float(least)}), strict=True):  # fmt: skip
            region = shapely.set_precision(
                frame.geometries_to_lonlat(by_level[plan.level].simplify(0.3)), _GRID_DEG
            )
            found.append({"camera": camera.pk, "site": camera.site_id, "region": region})
    return found
