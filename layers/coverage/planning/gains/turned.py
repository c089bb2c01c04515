"""Existing cameras that a plan turns or replaces, taken in as planned."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from layers.assets.models import AssetStatus, Camera
from layers.coverage.models import Plan
from layers.coverage.planning.gains.views import seen_by
from layers.coverage.planning.gains.worth import Worth
from layers.coverage.planning.ground import Ground
from layers.coverage.planning.options import lens_named


def turned_cameras(plan: Plan) -> dict[int, dict[str, Any]]:
    """Existing cameras that a plan turns or replaces, by primary key."""
    return {int(row["camera"]): row for row in plan.parameters.get("re_aimed") or []}


def take_turned(plan: Plan, ground: Ground, worth: Worth, ignoring: Collection[int]) -> float:
    """Take in the existing cameras that a plan turns, as planned; what that earns more than today."""
    rows = turned_cameras(plan)
    cameras = Camera.objects.select_related("model").filter(
        pk__in=set(rows) - set(ignoring), status=AssetStatus.ACTIVE
    )
    now = list(cameras.order_by("pk"))
    if not now:
        return 0.0
    today = worth.value(seen_by(ground, now))
    planned = []
    for camera in now:
        row = rows[camera.pk]
        new = lens_named(row["model"]).model if row["model"] else camera.model
        planned.append(
            Camera(
                code="", name="", model=new, kind=camera.kind, status=camera.status,
                heading_deg=float(row["heading_deg"]), heading_source=Camera.HeadingSource.STATED,
                fov_deg=lens_named(row["model"]).fov_deg if row["model"] else camera.fov_deg,
                tilt_deg=None if row["model"] else camera.tilt_deg,
                mount_height_m=camera.mount_height_m, max_range_m=camera.max_range_m,
                geom=camera.geom,
            )
        )  # fmt: skip
    return worth.take(seen_by(ground, planned)) - today
